"""What stands in the cells of the data exploration notebook, where no table changes it.

Order, and what is left out for which table, is decided in `_exploration`.
"""

from __future__ import annotations

IMPORTS = """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

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

HELPERS = '''
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

ASSOCIATION_TEXT = """
## Which columns go with the target?

Mutual information of each column with the target, as a share of the target's entropy: 0 says
nothing about it, 1 tells it exactly. It sees dependence of any shape, one column at a time.
Computed on a sample; numbers, dates and lengths of texts in ten quantile bins, the 20 most
frequent levels of categories; corrected for what chance alone would give (Miller and Madow).
"""

ASSOCIATION_BODY = '''

def association_with_target(name):
    column = sample[name]
    is_number = name in MEASURED and column.nunique() > 20
    codes = quantile_bins(as_number(column)) if is_number else frequent(column)
    by_chance = (pd.Series(codes).nunique() - 1) * (len(set(target_codes)) - 1) / (2 * len(sample))
    return max(mutual_info_score(target_codes, codes) - by_chance, 0) / max(entropy, 1e-12)


entropy = mutual_info_score(target_codes, target_codes)
association = pd.Series({name: association_with_target(name) for name in FEATURES})
association = association.sort_values(ascending=False, kind="stable")


def strongest_of(names):
    """The columns to draw of some: strongest association first."""
    chosen = set(names)
    return [name for name in association.index if name in chosen][:MAX_CHARTS]


association.round(4).to_frame("association with the target").head(100)
'''

ASSOCIATION = {
    "classification": "target_codes = pd.factorize(sample[TARGET])[0]\n" + ASSOCIATION_BODY,
    "regression": "target_codes = quantile_bins(sample[TARGET])\n" + ASSOCIATION_BODY,
}

ASSOCIATION_CHART = """
shown = association.head(MAX_CHARTS)[::-1]
figure, axes = plt.subplots(figsize=(7, 0.6 + 0.22 * len(shown)))
axes.barh(np.arange(len(shown)), shown, color=BLUE)
axes.set_yticks(np.arange(len(shown)), [short(name) for name in shown.index])
axes.xaxis.set_major_formatter("{x:.1%}")
axes.set_title(f"Association with {short(TARGET)} ({len(shown)} of {len(association)} columns)")
plt.show()
"""

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

CORRELATION_TEXT = """
## Correlations between numeric columns

Rank correlation (Spearman) on the sample, of the columns with the strongest association with the
target. Below: the pairs that say nearly the same.
"""

CORRELATION = """
correlation = sample[numeric_shown].astype(float).corr("spearman")
size = 2.5 + 0.27 * len(numeric_shown)
figure, axes = plt.subplots(figsize=(size + 1, size))
image = axes.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1)
labels = [short(name) for name in numeric_shown]
axes.set_xticks(range(len(numeric_shown)), labels, rotation=90)
axes.set_yticks(range(len(numeric_shown)), labels)
axes.spines[:].set_visible(False)
axes.set_title(f"Rank correlation ({len(numeric_shown)} of {len(NUMERIC)} numeric columns)")
figure.colorbar(image, shrink=0.6)
plt.show()
"""

CORRELATION_TABLE = """
pairs = [
    (name, other, correlation.loc[name, other])
    for position, name in enumerate(numeric_shown)
    for other in numeric_shown[position + 1 :]
]
pairs = pd.DataFrame(pairs, columns=["column", "other column", "correlation"])
pairs = pairs[pairs["correlation"].abs() > 0.8]
pairs.sort_values("correlation", key=np.abs, ascending=False).round(3).head(30)
"""

CATEGORICAL_TEXT = """
## Categorical columns

The charts show the ten most frequent values of the columns with the strongest association with
the target.
"""

CATEGORICAL_TABLE = """
categories = table[CATEGORICAL + BOOLEAN].astype("string")
described = pd.DataFrame(
    {
        "different values": categories.nunique(),
        "most frequent": [short(column.mode().get(0, "")) for _, column in categories.items()],
        "its share": categories.apply(lambda column: column.value_counts().max() / len(table)),
        "occur once": categories.apply(lambda column: (column.value_counts() == 1).sum()),
        "missing": categories.isna().mean(),
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

DATETIME_TABLE = """
times = table[DATETIME]
pd.DataFrame(
    {
        "first": times.min(),
        "last": times.max(),
        "different values": times.nunique(),
        "missing": times.isna().mean().round(4),
        "usual step": [times[name].sort_values().diff().median() for name in DATETIME],
    }
).head(100)
"""

DATETIME_CHART = """
datetime_shown = strongest_of(DATETIME)
for axes, name in zip(grid(len(datetime_shown), n_columns=2, width=6), datetime_shown):
    axes.hist(table[name].dropna(), bins=60, color=BLUE)
    axes.set_title(f"{short(name)}: rows over time")
    axes.tick_params(axis="x", rotation=30)
plt.show()
"""

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
