"""Cells of a trial's notebook that draw its forecasts and how they err, as source text."""

FORECASTS_TEXT = """\
# %% [markdown]
# ## How it errs
#
# Forecasts of all windows beside what came: of many series the worst, the median and the best by
# MASE, with the interval between the lowest and the highest quantile."""

FORECASTS = """\
if __name__ == "__main__":
    import matplotlib.pyplot as plt

    told = pd.concat(
        X.iloc[rows][["unique_id", "ds"]].assign(
            window=window,
            true=y[rows],
            forecast=prediction[:, 0],
            low=prediction[:, 1],
            high=prediction[:, -1],
            scaled_error=np.abs(y[rows] - prediction[:, 0]) / scale[rows, 0],
        )
        for window, (_, rows, prediction) in enumerate(results)
    )
    by_series = told.groupby("unique_id")["scaled_error"].mean().sort_values(ascending=False)
    shown = by_series.iloc[sorted({0, len(by_series) // 2, len(by_series) - 1})]
    figure, axes = plt.subplots(
        len(shown), figsize=(12, 3 * len(shown)), squeeze=False, layout="constrained"
    )
    for axis, (name, error) in zip(axes[:, 0], shown.items()):
        mine = told[told["unique_id"] == name]
        known = np.flatnonzero(X["unique_id"] == name)
        first = np.searchsorted(X["ds"].iloc[known], mine["ds"].min())
        known = known[max(0, first - 3 * HORIZON) :]
        axis.plot(X["ds"].iloc[known], y[known], color="black", linewidth=1, label=TARGET)
        for window, part in mine.groupby("window"):
            color = f"C{window % 10}"
            axis.plot(part["ds"], part["forecast"], color=color, label=f"window {window + 1}")
            axis.fill_between(part["ds"], part["low"], part["high"], color=color, alpha=0.2)
        axis.set_title(f"{name}: MASE {error:.3f}")
        axis.legend(loc="upper left")
    plt.show()"""

ERRORS = """\
if __name__ == "__main__":
    figure, ((steps, residuals), (kept, worst)) = plt.subplots(
        2, 2, figsize=(12, 8), layout="constrained"
    )
    step = told.groupby(["window", "unique_id"]).cumcount() + 1
    by_step = told["scaled_error"].groupby(step)
    low, high = by_step.quantile(0.25), by_step.quantile(0.75)
    steps.fill_between(low.index, low, high, alpha=0.2, label="middle half")
    steps.plot(by_step.mean(), marker="o", label="mean")
    steps.legend()
    steps.set(title="error by step of the horizon", xlabel="step", ylabel="error / seasonal naive")
    error = told["forecast"] - told["true"]
    most = error.abs().quantile(0.995) or 1.0
    residuals.hist(error.clip(-most, most), bins=np.linspace(-most, most, 61))
    residuals.set(title="residuals", xlabel="forecast - true", ylabel="rows")
    truth = np.concatenate([y[rows] for _, rows, _ in results])
    levels = np.concatenate([prediction[:, 1:] for _, _, prediction in results])
    kept.plot([0, 1], [0, 1], color="black", linestyle="--", label="as promised")
    kept.plot(LEVELS, (truth[:, None] <= levels).mean(axis=0), marker="o", label="kept")
    kept.set(title="coverage", xlabel="quantile", ylabel="share of rows at or below it")
    kept.legend()
    by_series.head(20)[::-1].plot.barh(ax=worst)
    worst.set(title="the worst series", xlabel="MASE", ylabel="")
    plt.show()"""


PARTS_TEXT = """\
# %% [markdown]
# What the first of these series is made of, by STL: a trend, a season that may change, and the
# rest."""

PARTS = """\
if __name__ == "__main__":
    from statsmodels.tsa.seasonal import STL

    rows = np.flatnonzero(X["unique_id"] == shown.index[0])[-20 * SEASON :]
    if 1 < SEASON <= len(rows) // 2:
        parts = STL(pd.Series(y[rows], X["ds"].iloc[rows]), period=SEASON).fit()
        parts.plot().set_size_inches(12, 8)
        plt.show()"""


def chart_cells() -> list[str]:
    """The cells, after those that run the program."""
    drawn = [FORECASTS_TEXT, f"# %%\n{FORECASTS}", f"# %%\n{ERRORS}"]
    return [*drawn, PARTS_TEXT, f"# %%\n{PARTS}"]
