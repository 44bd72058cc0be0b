"""What stands in the cells of the data exploration notebook, where no table changes it.

Order, and what is left out for which table, is decided in `_exploration`.
"""

from __future__ import annotations

IMPORTS = """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

COLOURS = ["#2563a8", "#d9622b", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#555555"]
BLUE, GREY = COLOURS[0], "#c3cad2"
plt.rcParams.update(
    {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "figure.constrained_layout.use": True,
        "font.size": 8,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    }
)
pd.set_option("display.max_rows", 100, "display.max_colwidth", 200)
"""

HELPERS_TEXT = """
Helpers, used by the sections below.
"""

NAMES_AND_AXES = '''
def short(value, length=26):
    """A name or value on one line, its middle cut where long."""
    text = " ".join(str(value).split())
    return text if len(text) <= length else f"{text[: length // 2]}…{text[-length // 2 :]}"


def grid(n_charts, n_columns=4, width=3.2, height=2.2):
    """Axes for a number of charts, row by row."""
    n_columns = min(n_charts, n_columns)
    n_rows = -(-n_charts // n_columns)
    size = (max(width * n_columns, 5), height * n_rows + 0.3)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, squeeze=False)
    for unused in axes.flat[n_charts:]:
        unused.set_visible(False)
    return axes.flat[:n_charts]
'''

HELPERS = (
    NAMES_AND_AXES
    + '''

def as_number(column):
    """Numbers as they are, dates as days since the first, texts as their length."""
    if column.name in DATETIME:
        return (column - column.min()).dt.total_seconds() / 86_400
    if column.name in TEXT:
        return column.str.len()
    return column.astype(float)


def central(values, share=0.99):
    """The values without missing and extreme ones, so that a chart shows the rest."""
    low, high = values.quantile([(1 - share) / 2, (1 + share) / 2])
    return values[values.between(low, high)]


def quantile_bins(values, n_bins=10):
    """Number of the quantile bin that each value lies in; -1 where it is missing."""
    edges = np.unique(values.quantile(np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.where(values.isna(), -1, np.searchsorted(edges, values))


def frequent(column, n_levels=20):
    """Each value as text; rare ones as "(other)", missing ones as "(missing)"."""
    text = column.astype("string")
    levels = text.value_counts().index[:n_levels]
    return text.where(text.isin(levels) | text.isna(), "(other)").fillna("(missing)").astype(str)
'''
)

OVERVIEW = """
n_twice = table.duplicated().sum()
memory = table.memory_usage(deep=True).sum() / 2**20
print(f"{len(table):,} rows, {n_twice:,} of them repeat an earlier one; {memory:,.1f} MiB")
"""

MISSING_TEXT = """
## Missing values
"""

MISSING_TABLE = """
missing = table.isna().sum().sort_values(ascending=False)
missing = missing[missing > 0]
pd.DataFrame({"missing": missing, "share": (missing / len(table)).round(4)}).head(100)
"""

MISSING_CHART = """
if missing.empty:
    print("No value is missing.")
else:
    shares = (missing / len(table)).head(MAX_CHARTS)[::-1]
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.22 * len(shares)))
    axes.barh([short(name) for name in shares.index], shares, color=BLUE)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_title(f"Share of missing values ({len(shares)} of {len(missing)} columns with any)")
    plt.show()
"""

TARGET = {
    "classification": (
        """
classes = table[TARGET].value_counts()
pd.DataFrame({"rows": classes, "share": (classes / len(table)).round(4)}).head(100)
""",
        """
shown = classes.head(MAX_CHARTS)[::-1]
figure, axes = plt.subplots(figsize=(7, 0.8 + 0.22 * len(shown)))
bars = axes.barh(np.arange(len(shown)), shown, color=BLUE)
axes.bar_label(bars, [f"{n:,} ({n / len(table):.1%})" for n in shown], padding=3)
axes.set_yticks(np.arange(len(shown)), [short(label) for label in shown.index])
axes.margins(x=0.2)
axes.set_title(f"Rows of each class ({len(shown)} of {len(classes)} classes)")
plt.show()
""",
    ),
    "regression": (
        """
target = table[TARGET]
summary = target.describe(percentiles=[0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
pd.concat([summary, pd.Series({"skew": target.skew(), "zeros": (target == 0).mean()})])
""",
        """
left, right = grid(2, height=2.8)
left.hist(target, bins=60, color=BLUE)
left.set_title(f"{short(TARGET)}: all values")
right.hist(central(target), bins=60, color=BLUE)
right.set_title("the middle 99 %")
plt.show()
""",
    ),
}

NUMERIC_TEXT = """
## Numeric columns

The charts show the columns with the strongest association with the target, each without its most
extreme 1 % of values.
"""

NUMERIC_TABLE = """
numbers = table[NUMERIC].astype(float)
summary = numbers.describe().T.drop(columns="count")
summary["skew"] = numbers.skew()
summary["zeros"] = (numbers == 0).mean()
summary.round(3).head(100)
"""

OUTLIER_TEXT = """
### Outliers

Values beyond Tukey's outer fences: more than three interquartile ranges from the quartiles. Rows
count from 1 in the table of training rows. Where half of the values are one and the same, that
rule says nothing.
"""

OUTLIERS = """
outliers = []
for name in NUMERIC:
    values = table[name].astype(float).dropna()
    fences = outer_fences(values) if len(values) else None
    if fences is None:
        continue
    beyond = values[(values < fences[0]) | (values > fences[1])]
    if len(beyond):
        row = (beyond - values.median()).abs().idxmax()
        share = len(beyond) / len(values)
        outliers.append((name, len(beyond), share, *fences, beyond[row], row + 1))
heading = ["column", "outliers", "share", "below", "or above", "furthest", "in row"]
outliers = pd.DataFrame(outliers, columns=heading).set_index("column")
outliers.sort_values("share", ascending=False, kind="stable").round(4).head(100)
"""

NUMERIC_CHART = """
numeric_shown = strongest_of(NUMERIC)
for axes, name in zip(grid(len(numeric_shown)), numeric_shown):
    values = central(table[name].astype(float))
    if values.nunique() <= 12:
        counts = values.value_counts().sort_index()
        axes.bar([f"{value:g}" for value in counts.index], counts, color=BLUE)
    else:
        axes.hist(values, bins=40, color=BLUE)
    axes.set_title(short(name))
    axes.set_yticks([])
plt.show()
"""

CATEGORICAL_TEXT = """
## Categorical columns

The charts show the ten most frequent values of the columns with the strongest association with
the target.
"""

CATEGORICAL_TABLE = """
levels = {name: table[name].astype("string").value_counts() for name in CATEGORICAL + BOOLEAN}
described = pd.DataFrame(
    {
        "different values": {name: len(counts) for name, counts in levels.items()},
        "most frequent": {name: short(counts.index[0]) for name, counts in levels.items()},
        "its share": {name: counts.max() / len(table) for name, counts in levels.items()},
        "in less than 5 rows": {name: (counts < 5).sum() for name, counts in levels.items()},
        "entropy (bits)": {
            name: entropy(counts.to_numpy(dtype=float)) / np.log(2)
            for name, counts in levels.items()
        },
        "missing": table[CATEGORICAL + BOOLEAN].isna().mean(),
    }
)
described.round(3).head(100)
"""

CATEGORICAL_CHART = """
categorical_shown = strongest_of(CATEGORICAL + BOOLEAN)
for axes, name in zip(grid(len(categorical_shown)), categorical_shown):
    counts = frequent(table[name], n_levels=10).value_counts()[::-1]
    colours = [GREY if label in ("(other)", "(missing)") else BLUE for label in counts.index]
    axes.barh([short(label, 18) for label in counts.index], counts, color=colours)
    axes.set_title(short(name))
    axes.locator_params(axis="x", nbins=3)
plt.show()
"""

DATETIME_TEXT = """
## Dates and times

What they cover, the most frequent step from one time to the next different one, the longest
stretch with nothing in it, and how many times are hardly meant: placeholders such as 1900-01-01.
"""

DATETIME_TABLE = """
covered = {}
for name in DATETIME:
    moments = table[name].dropna().drop_duplicates().sort_values()
    steps = moments.diff().dropna()
    covered[name] = {
        "first": moments.min(),
        "last": moments.max(),
        "different values": len(moments),
        "missing": table[name].isna().mean(),
        "most frequent step": steps.mode().get(0, pd.NaT),
        "longest step": steps.max(),
        "hardly meant": (~moments.between("1900-01-02", "2100-01-01")).sum(),
    }
pd.DataFrame(covered).T.head(100)
"""

DATETIME_CHART = """
datetime_shown = strongest_of(DATETIME)
for axes, name in zip(grid(len(datetime_shown), n_columns=2, width=6), datetime_shown):
    axes.hist(table[name].dropna(), bins=60, color=BLUE)
    axes.set_title(f"{short(name)}: rows over time")
    axes.tick_params(axis="x", rotation=30)
plt.show()
"""

WEEK_CHART = """
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
for axes, name in zip(grid(len(datetime_shown)), datetime_shown):
    rows = table[name].dt.weekday.value_counts()
    axes.bar(days, rows.reindex(range(7), fill_value=0), color=BLUE)
    axes.set_title(f"{short(name)}: day of the week")
    axes.set_yticks([])
plt.show()
"""

TIME_TEXT = """
### The target over time

By the column of dates with the fewest missing cells, in 30 parts of equal length: a change of
level says that old rows may tell little of new ones.
"""

TIME_START = """
clock = table[DATETIME].isna().sum().idxmin()
shown = central(table[clock].astype("int64").where(table[clock].notna()).astype(float))
period = pd.to_datetime(pd.cut(shown, 30).map(lambda part: part.mid).astype(float))
figure, (above, below) = plt.subplots(2, figsize=(9, 4), height_ratios=(2, 1), sharex=True)
"""

TIME_END = """
below.plot(period.value_counts().sort_index(), color=GREY)
below.set_title("rows")
below.set_ylim(0)
plt.show()
"""

TIME_TARGET = {
    "classification": TIME_START
    + """
by_class = frequent(table[TARGET], n_levels=7)[period.index]
shares = pd.crosstab(period, by_class, normalize="index")
for label, colour in zip(by_class.value_counts().index, COLOURS):
    above.plot(shares[label], color=colour, label=short(label))
figure.legend(loc="outside center right", frameon=False)
above.set_title(f"Share of each class of {short(TARGET)}, by {short(clock)}")
"""
    + TIME_END,
    "regression": TIME_START
    + """
quartiles = table[TARGET][period.index].groupby(period).quantile([0.25, 0.5, 0.75]).unstack()
above.fill_between(quartiles.index, quartiles[0.25], quartiles[0.75], color=GREY)
above.plot(quartiles[0.5], color=COLOURS[1])
above.set_title(f"Median and middle half of {short(TARGET)}, by {short(clock)}")
"""
    + TIME_END,
}

TEXT_TABLE = """
texts = table[TEXT]
n_words = texts.apply(lambda column: column.str.split().str.len())
pd.DataFrame(
    {
        "different values": texts.nunique(),
        "missing": texts.isna().mean().round(4),
        "words: median": n_words.median(),
        "words: most": n_words.max(),
        "characters: median": texts.apply(lambda column: column.str.len().median()),
    }
).head(100)
"""

TEXT_CHART = """
text_shown = strongest_of(TEXT)
for axes, name in zip(grid(len(text_shown)), text_shown):
    axes.hist(central(n_words[name]), bins=40, color=BLUE)
    axes.set_title(f"{short(name)}: words")
    axes.set_yticks([])
plt.show()
"""

TEXT_WORDS = """
words = {}
for name in text_shown:
    found = sample[name].dropna().str.lower().str.findall(r"[^\\W\\d_]{4,}").map(set).explode()
    words[name] = [f"{word} ({n:,})" for word, n in found.value_counts().head(10).items()]
print(f"Words of four letters and more in most of {len(sample):,} texts")
pd.DataFrame.from_dict(words, orient="index").T.fillna("")
"""

TEXT_EXAMPLES = """
examples = [(name, text) for name in text_shown for text in sample[name].dropna().head(3)]
pd.DataFrame([(name, short(text, 200)) for name, text in examples], columns=["column", "example"])
"""

STRONGEST_TEXT = {
    "classification": """
## The strongest columns, and the target

The shares of the classes at each frequent level of a category, and in quantile bins of numbers,
dates and lengths of texts, with the number of rows in the sample. Classes beyond the seven most
frequent count as "(other)".
""",
    "regression": """
## The strongest columns, and the target

Numbers, dates (as days since the first) and lengths of texts: the sample, with the median of the
target in ten quantile bins. Categories: the
middle half of the target (bar) and its median at each frequent level, with the number of rows.
""",
}

STRONGEST = {
    "classification": '''
classes = frequent(sample[TARGET], n_levels=7)
labels = sorted(classes.unique(), key=lambda label: (label == "(other)", -sum(classes == label)))


def levels_of(name):
    """What a column is split into, as text, and the order to draw that in from below."""
    column = sample[name]
    if name not in MEASURED:
        levels = frequent(column, n_levels=8)
        return levels, levels.value_counts().index[::-1]
    levels = pd.Series("(missing)", index=column.index)
    numbers = as_number(column)
    for _, part in numbers.dropna().groupby(quantile_bins(numbers.dropna(), n_bins=8)):
        low, high = f"{part.min():,.6g}", f"{part.max():,.6g}"
        if name in DATETIME:
            low, high = f"{column[part.idxmin()]:%Y-%m-%d}", f"{column[part.idxmax()]:%Y-%m-%d}"
        levels[part.index] = low if low == high else f"{low} to {high}"
    return levels, numbers.groupby(levels).min().sort_values(ascending=False).index


def draw_against_target(axes, name):
    levels, order = levels_of(name)
    counts = pd.crosstab(levels, classes).loc[order, labels]
    n_rows = counts.sum(axis=1)
    shares = counts.div(n_rows, axis=0)
    left = np.zeros(len(shares))
    for label, colour in zip(labels, COLOURS):
        axes.barh(np.arange(len(shares)), shares[label], left=left, color=colour)
        left += shares[label].to_numpy()
    axes.set_yticks(
        np.arange(len(shares)), [f"{short(level, 24)} ({n_rows[level]:,})" for level in order]
    )
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_title(f"{short(name)}: characters" if name in TEXT else short(name))


strongest = association.index[:12]
charts = grid(len(strongest), n_columns=3, width=4.4, height=2.5)
for axes, name in zip(charts, strongest):
    draw_against_target(axes, name)
handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for _, colour in zip(labels, COLOURS)]
charts[0].figure.legend(
    handles,
    [short(label) for label in labels],
    loc="outside lower center",
    ncols=4,
    frameon=False,
    title=short(TARGET),
)
plt.show()
''',
    "regression": """
target = sample[TARGET].astype(float)
low, high = target.quantile([0.005, 0.995])


def draw_against_target(axes, name):
    column = sample[name]
    if name in MEASURED:
        values = central(as_number(column))
        axes.scatter(values, target[values.index], s=4, alpha=0.25, color=BLUE, linewidths=0)
        bins = quantile_bins(values)
        medians = target[values.index].groupby(bins).median()
        axes.plot(values.groupby(bins).median(), medians, color=COLOURS[1], linewidth=1.8)
        axes.set_ylim(low, high + (high == low))
    else:
        levels = frequent(column, n_levels=8)
        quartiles = target.groupby(levels).quantile([0.25, 0.5, 0.75]).unstack().sort_values(0.5)
        position = np.arange(len(quartiles))
        axes.barh(position, quartiles[0.75] - quartiles[0.25], left=quartiles[0.25], color=GREY)
        axes.scatter(quartiles[0.5], position, color=COLOURS[1], zorder=3)
        axes.use_sticky_edges = False
        n_rows = levels.value_counts()
        ticks = [f"{short(level, 16)} ({n_rows[level]:,})" for level in quartiles.index]
        axes.set_yticks(position, ticks)
    unit = ": days" if name in DATETIME else ": characters" if name in TEXT else ""
    axes.set_title(short(name) + unit)


strongest = association.index[:12]
for axes, name in zip(grid(len(strongest), n_columns=3, width=4.4, height=2.5), strongest):
    draw_against_target(axes, name)
plt.show()
""",
}
