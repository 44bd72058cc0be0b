"""What stands in the cells of the exploration notebook of series, where no table changes it.

Order, and what is left out for which series, is decided in `_exploration_series`.
"""

from __future__ import annotations

LOAD = """
table = pd.read_parquet(DATA)
table = table.drop(columns=[name for name in table if name.startswith("__fold_")])
by_series = table.groupby("unique_id", sort=True)[TARGET]
names = by_series.sum().abs().sort_values(ascending=False, kind="stable").index
table.head()
"""

LENGTHS_TEXT = """
## Series: how many, how long, and when
"""

LENGTHS = """
lengths = by_series.size()
times = table.groupby("unique_id")["ds"].agg(["min", "max"])
print(f"{len(lengths):,} series from {times['min'].min()} to {times['max'].max()}")
print(f"rows of a series: {lengths.min():,} to {lengths.max():,}, median {lengths.median():,.0f}")
n_late = (times["min"] > times["min"].min()).sum()
n_early = (times["max"] < times["max"].max()).sum()
print(f"{n_late:,} begin later than the first, {n_early:,} end before the last")
if len(lengths) > 1:
    left, right = grid(2, width=5)
    left.hist(lengths, bins=min(40, lengths.nunique() + 1), color=BLUE)
    left.set_title("rows of a series")
    running = table.groupby("ds").size()
    right.plot(running.index, running, color=BLUE)
    right.set_ylim(0)
    right.set_title("series that have a row, over time")
    right.tick_params(axis="x", rotation=30)
    plt.show()
"""

DESCRIBED = """
described = by_series.agg(["size", "mean", "std", "min", "max", "last"])
described = described.rename(columns={"size": "rows"})
described["zeros"] = by_series.apply(lambda values: (values == 0).mean())
described["below zero"] = by_series.apply(lambda values: (values < 0).mean())
same = by_series.diff().eq(0).groupby(table["unique_id"]).mean()
described["same as before"] = same  # rows with the value of the row before
print(f"{(described['std'] == 0).sum():,} series never change;", end=" ")
print(f"{(described['zeros'] > 0.5).sum():,} are zero in most rows")
described.loc[names].head(100)
"""

OVER_TIME_TEXT = """
## The series over time

The sum of all series, and those with the largest sums. Where the sum bends at its ends, look first
at how many series have a row there.
"""

NODES_OVER_TIME_TEXT = """
## The series over time

Those with the largest sums: the first is the sum of all leaves of the hierarchy.
"""

SUM_OVER_TIME = """
if len(names) > 1:
    figure, axes = plt.subplots(figsize=(10, 2.6))
    total = table.groupby("ds")[TARGET].sum()
    axes.plot(total.index, total, color=BLUE)
    axes.set_title(f"{short(TARGET)}: the sum of {len(names):,} series")
    plt.show()
"""

OVER_TIME = """
shown = names[:DRAWN]
charts = grid(len(shown), n_columns=2 if len(shown) > 1 else 1, width=5 if len(shown) > 1 else 10)
for axes, name in zip(charts, shown):
    mine = table[table["unique_id"] == name]
    axes.plot(mine["ds"], mine[TARGET], color=BLUE, linewidth=0.9)
    axes.set_title(short(name))
    axes.tick_params(axis="x", rotation=30)
plt.show()
"""

SEASON_TEXT = """
## Season

How far values are above or below the mean of the season around them, in standard deviations of
their series: median (line) and middle half (bar) of all rows by the calendar.
"""

SEASON = """
window = max(SEASON, 2)
around = by_series.transform(
    lambda values: values.rolling(window, center=True, min_periods=1).mean()
)
spread = by_series.transform("std").replace(0, np.nan)
swing = (table[TARGET] - around) / spread
parts = [part for part in CALENDAR if getattr(table["ds"].dt, part).nunique() > 1]
for axes, part in zip(grid(len(parts), n_columns=3, width=4.4, height=2.6), parts):
    place = getattr(table["ds"].dt, part)
    quartiles = swing.groupby(place).quantile([0.25, 0.5, 0.75]).unstack()
    axes.bar(
        quartiles.index, quartiles[0.75] - quartiles[0.25], bottom=quartiles[0.25], color=GREY
    )
    axes.plot(quartiles.index, quartiles[0.5], color=COLOURS[1], marker="o", markersize=3)
    axes.axhline(0, color="black", linewidth=0.6)
    if part == "weekday":
        axes.set_xticks(range(7), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    axes.set_title(f"by {part}")
plt.show()
"""

AUTOCORRELATION_TEXT = """
## Autocorrelation

How alike values are to those some rows before, of the values and of their changes from row to row:
the mean of the series (line) and their middle 80 % (band). A peak at the season says that it is
there; values that fall slowly say that there is a trend.
"""

AUTOCORRELATION = '''
def autocorrelation(values, n_lags):
    """Correlation of values with those of 1, 2, ... rows before."""
    values = values - values.mean()
    total = (values**2).sum()
    if not total > 0:
        return np.full(n_lags, np.nan)
    return np.array([(values[lag:] * values[:-lag]).sum() / total for lag in range(1, n_lags + 1)])


n_lags = int(min(max(2 * SEASON + 2, HORIZON, 12), lengths.max() // 2, 200))
chosen = lengths[names][lengths[names] > n_lags + 1].index[:MEASURED]
some = {name: by_series.get_group(name).to_numpy(dtype=float)[-LAST_ROWS:] for name in chosen}
found = {
    "values": np.array([autocorrelation(values, n_lags) for values in some.values()]),
    "changes": np.array([autocorrelation(np.diff(values), n_lags) for values in some.values()]),
}
lags = np.arange(1, n_lags + 1)
for axes, (what, each) in zip(grid(2, width=5, height=2.8), found.items()):
    each = each[np.isfinite(each).all(axis=1)]
    if not len(each):
        axes.set_title(f"autocorrelation of {what}: nothing changes")
        continue
    axes.fill_between(lags, *np.quantile(each, [0.1, 0.9], axis=0), color=GREY, alpha=0.6)
    axes.plot(lags, each.mean(axis=0), color=BLUE, marker=".", markersize=4)
    axes.axhline(0, color="black", linewidth=0.6)
    if SEASON > 1:
        for lag in range(SEASON, n_lags + 1, SEASON):
            axes.axvline(lag, color=COLOURS[1], linewidth=0.8, linestyle="--")
    axes.set(xlabel="rows before", title=f"autocorrelation of {what} ({len(each):,} series)")
plt.show()
'''

DECOMPOSITION_TEXT = """
## Trend, season and what is left

The largest series by STL (Cleveland et al., 1990): a trend, a season that may change, and what
neither explains. The table has, for each series, which share of the variance around the season the
trend explains, and around the trend the season: near 1 it is strong, near 0 there is none (Wang,
Smith and Hyndman, 2006).
"""

DECOMPOSITION = '''
def decomposed(values, robust=False):
    """Trend, season and remainder of the last rows of a series; robust takes longer."""
    found = STL(values[-LAST_ROWS:], period=SEASON, robust=robust).fit()
    return found.trend, found.seasonal, found.resid


long = [name for name in names if lengths[name] >= 2 * SEASON + 1]
if not long:
    print("No series has two seasons.")
else:
    mine = table[table["unique_id"] == long[0]].tail(LAST_ROWS)
    parts = decomposed(mine[TARGET].to_numpy(dtype=float), robust=True)
    figure, axes = plt.subplots(4, figsize=(10, 6), sharex=True)
    titles = ("values", "trend", "season", "remainder")
    for axis, what, values in zip(axes, titles, (mine[TARGET], *parts)):
        axis.plot(mine["ds"], values, color=BLUE, linewidth=0.9)
        axis.set_title(f"{short(long[0])}: {what}")
    plt.show()
'''

STRENGTHS = '''
def share_explained(part, remainder):
    """The share of the variance of both that the part explains."""
    both = np.var(part + remainder)
    return max(0.0, 1 - np.var(remainder) / both) if both > 0 else np.nan


strengths = {}
for name in long[:MEASURED]:
    trend, season, left = decomposed(by_series.get_group(name).to_numpy(dtype=float))
    strengths[name] = share_explained(trend, left), share_explained(season, left)
strengths = pd.DataFrame(strengths, index=["trend", "season"], dtype=float).T
if long:
    print("median of the series:", strengths.median().round(2).to_dict())
strengths.round(3).head(100)
'''

COVARIATES_TEXT = """
## What is known of the future

How columns go with the target within a series: the rank correlation of their values, and of their
changes from row to row, which no common trend can feign; median of the series.
"""

COVARIATES = """
related = {}
for name in COVARIATES:
    both = table[["unique_id", TARGET, name]].astype({TARGET: float, name: float})
    change = both.groupby("unique_id")[[TARGET, name]].diff()
    change.insert(0, "unique_id", both["unique_id"])
    related[name] = {}
    for what, pair in (("values", both), ("changes", change.dropna())):
        ranks = pair.groupby("unique_id")[[TARGET, name]].rank()
        each = ranks.groupby(pair["unique_id"]).apply(
            lambda part: part[TARGET].corr(part[name]) if (part.nunique() > 1).all() else np.nan,
            include_groups=False,
        )
        related[name][what] = each.median()
pd.DataFrame(related).T.round(3)
"""
