"""Writes what the results say: ``python -m benchmarks.forecasting.report``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import summary
from benchmarks.catalog import OURS, read_catalog
from benchmarks.forecasting.run import COLUMNS, NUMERIC, RESULTS, TABLE
from benchmarks.report import REMARKS, cell, failures, gaps, markdown, versions
from benchmarks.results import budget_of, latest, read_results
from benchmarks.summary import Comparison

# What a failed run counts as.
NAIVE = "seasonal_naive"
# Somewhat late is reported; a run that took this many budgets has not kept to it, and failed.
MUCH = 1.5
# Errors: what a failed run has of them are those of the seasonal naive forecast.
ERRORS = ("result", "mase", "smape", "wape", "pinball", "mase_rolling")
# What an interval of 80 % should cover.
NOMINAL = 80.0
# That whose origin is the end of the training rows; what systems are compared by.
MAIN_FOLD = "0"
MEAN = "geometric mean"


def of_one_machine(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of each set from one kind of machine, so that no system had a faster one.

    Parameters
    ----------
    rows : DataFrame
        Results, perhaps of several kinds.

    Returns
    -------
    DataFrame
        Those of the kind on which most systems have a result for the set and the constraint; of
        kinds with as many, the one that was measured last.
    """
    keys = ["constraint", "task"]
    measured = rows.groupby([*keys, "machine"], as_index=False).agg(
        systems=("framework", "nunique"), last=("utc", "max")
    )
    chosen = measured.sort_values(["systems", "last"]).drop_duplicates(keys, keep="last")
    return rows.merge(chosen[[*keys, "machine"]], on=[*keys, "machine"])


def mark(rows: pd.DataFrame) -> pd.DataFrame:
    """Say which runs failed, those far over their budget among them, and give these naive errors.

    Parameters
    ----------
    rows : DataFrame
        Results of one fold, each set of one machine.

    Returns
    -------
    DataFrame
        With columns ``imputed`` and ``seconds`` (training and forecast).
    """
    rows = rows.assign(seconds=rows["training_duration"] + rows["predict_duration"])
    budgets = rows["seconds"] / rows["constraint"].map(budget_of)
    over = (budgets > MUCH) & (rows["framework"] != NAIVE)
    said = "took " + budgets.map("{:.1f}".format) + " times its budget"
    rows = rows.assign(result=rows["result"].mask(over), info=rows["info"].mask(over, said))
    filled = summary.impute(rows, NAIVE)
    naive = rows[rows["framework"] == NAIVE].groupby("task")
    failed = filled["imputed"]
    for column in ERRORS[1:]:
        means = filled["task"].map(naive[column].mean())
        filled[column] = filled[column].mask(failed, means)
    filled[["coverage", "width"]] = filled[["coverage", "width"]].mask(failed)
    return filled


def grid(comparison: Comparison, column: str) -> pd.DataFrame:
    """A column of the results: sets by systems, means over seeds."""
    means = comparison.paired.groupby(["task", "framework"])[column].mean().unstack()
    return means.reindex(index=comparison.grid.index, columns=comparison.grid.columns)


def build(
    comparison: Comparison,
    constraint: str,
    absent: Sequence[str],
    folds: pd.DataFrame | None = None,
) -> str:
    """Write the report of one constraint.

    Parameters
    ----------
    comparison : Comparison
        What was found.
    constraint : str
        What it was found with.
    absent : sequence of str
        Systems that have no row.
    folds : DataFrame, optional
        What `mark` gave of all folds.

    Returns
    -------
    str
        Markdown.
    """
    return "\n\n".join(_parts(comparison, constraint, absent, folds)) + "\n"


def _machines(rows: pd.DataFrame) -> str:
    """Where results come from; of several machines also which sets."""
    sets = rows.groupby("machine", sort=False)["task"].unique()
    if len(sets) == 1:
        return f"Machine: {sets.index[0]}."
    told = [f"{machine} ({', '.join(sorted(tasks))})" for machine, tasks in sets.items()]
    return f"Machines, one for each set: {'; '.join(told)}."


def _parts(
    comparison: Comparison,
    constraint: str,
    absent: Sequence[str],
    folds: pd.DataFrame | None,
) -> Iterable[str]:
    seeds = sorted(set(comparison.paired["seed"]))
    yield f"## {constraint}"
    yield (
        f"{_machines(comparison.rows)} Budget from the start of training to the forecast: "
        f"{budget_of(constraint):g} s. Sets compared: {len(comparison.peers)} of "
        f"{len(comparison.grid)}. Seeds: {', '.join(seeds) or 'none in common'}."
    )
    yield from gaps(comparison, absent)
    yield "### Overall"
    yield from _overall(comparison)
    yield "### MASE"
    yield (
        "Lower is better, the best of a set is bold. In brackets: the run failed or took more "
        f"than {MUCH:g} budgets, and counts as the seasonal naive forecast."
    )
    yield errors(comparison, "mase")
    yield "### sMAPE, percent"
    yield errors(comparison, "smape")
    yield "### WAPE, percent"
    yield errors(comparison, "wape")
    yield "### Pinball loss of the deciles, in units of MASE"
    yield errors(comparison, "pinball")
    yield "### Coverage of the interval of 80 %, percent, and its width in units of MASE"
    yield _coverages(comparison)
    rolled = comparison.paired.groupby("task")["windows"].max()
    if (rolled > 1).any():
        yield "### MASE over all windows of the longer test tables, of systems that roll"
        yield _rolling(comparison, list(rolled.index[rolled > 1]))
    if folds is not None and (folds["fold"] != MAIN_FOLD).any():
        yield "### MASE from several origins"
        yield (
            "Means over origins that are a horizon apart, of which the last is the one above. "
            "Systems are trained anew for each. The last column says from how many of them "
            f"{OURS} has a lower error than the seasonal naive forecast."
        )
        yield several_origins(folds, list(comparison.grid.columns))
    yield "### Seconds and memory"
    yield _costs(comparison)
    yield from failures(comparison.rows)
    yield "### Models that took part"
    yield _models(comparison.rows)
    yield "### Versions"
    yield markdown(["system", "version", "parameters"], versions(comparison.rows))


def _overall(comparison: Comparison) -> Iterable[str]:
    """The table of comparisons, over the sets that all systems have."""
    whole = comparison.peers
    if whole.empty:
        yield "No set has results of all systems."
        return
    mase = -whole
    means = summary.geometric_means(mase)
    ranks = summary.mean_ranks(whole)
    kept = grid(comparison, "coverage").loc[whole.index]
    header = ["system", f"MASE, {MEAN}", "mean rank"]
    columns: list[pd.Series] = [means, ranks]
    if NAIVE in whole:
        header.append("MASE / seasonal naive")
        columns.append(means / means[NAIVE])
    if OURS in whole and len(whole.columns) > 1:
        rates = summary.win_rates(whole)
        header += [f"{OURS} / it", f"{OURS}: wins-ties-losses"]
        counts = rates[["wins", "ties", "losses"]].astype(str).agg("-".join, axis=1)
        columns += [means[OURS] / means.drop(OURS), counts]
    header += ["pinball / seasonal naive", "mean coverage", "mean distance from 80 %"]
    columns += [_pinball_ratios(comparison), kept.mean(), (kept - NOMINAL).abs().mean()]
    rows = [
        [name, *(cell(one.get(name)) for one in columns)] for name in means.sort_values().index
    ]
    yield markdown(header, rows)
    yield (
        "Coverage is a mean over the sets for which a system gives an interval. A single series "
        "has a horizon of rows that depend on each other, so the coverage of one set says little."
    )


def _pinball_ratios(comparison: Comparison) -> pd.Series:
    """Geometric means of the loss in seasonal naive ones, of systems that always have it."""
    losses = grid(comparison, "pinball").loc[comparison.peers.index]
    if NAIVE not in losses:
        return pd.Series(dtype=float)
    ratios = losses.div(losses[NAIVE], axis=0).dropna(axis=1)
    return summary.geometric_means(ratios)


def errors(comparison: Comparison, column: str) -> str:
    """A table of errors, a row a set, and their geometric means over the sets that all have."""
    table = grid(comparison, column)
    imputed = _imputed(comparison)
    rows = []
    for task, row in table.iterrows():
        texts = [_shown(row, name, imputed.get((task, name), False)) for name in row.index]
        rows.append([str(task), *texts])
    whole = table.loc[comparison.peers.index]
    if len(whole):
        rows.append(
            [MEAN, *map(cell, summary.geometric_means(whole.clip(lower=np.finfo(float).tiny)))]
        )
    return markdown(["set", *table.columns], rows)


def _shown(row: pd.Series, name: str, imputed: bool) -> str:
    value = row[name]
    if imputed:
        return f"({cell(float(value))})" if value == value else "failed"
    return f"**{cell(float(value))}**" if value == row.min() else cell(float(value))


def _imputed(comparison: Comparison) -> pd.Series:
    return comparison.paired.groupby(["task", "framework"])["imputed"].any()


def _coverages(comparison: Comparison) -> str:
    covered, width = grid(comparison, "coverage"), grid(comparison, "width")
    rows = [
        [str(task), *(_interval(row[name], width.at[task, name]) for name in row.index)]
        for task, row in covered.iterrows()
    ]
    return markdown(["set", *covered.columns], rows)


def _interval(covered: float, width: float) -> str:
    return f"{covered:.0f} ({width:.2f})" if covered == covered else ""


def _rolling(comparison: Comparison, tasks: list[str]) -> str:
    """Only of those that forecast every window."""
    table = grid(comparison, "mase_rolling").loc[tasks]
    windows = grid(comparison, "windows").loc[tasks]
    most = windows.max(axis=1)
    table = table.where(windows.eq(most, axis=0))
    rows = [
        [str(task), f"{most[task]:.0f}", *(_shown(row, name, False) for name in row.index)]
        for task, row in table.iterrows()
    ]
    return markdown(["set", "windows", *table.columns], rows)


def several_origins(folds: pd.DataFrame, systems: Sequence[str]) -> str:
    """A table of means over the folds of each set that has several, of systems that have all.

    Parameters
    ----------
    folds : DataFrame
        What `mark` gave of all folds.
    systems : sequence of str
        Which, in this order.

    Returns
    -------
    str
        Markdown.
    """
    means = folds.groupby(["task", "fold", "framework"])["mase"].mean().unstack()
    means = means.reindex(columns=systems)
    header = ["set", "origins", *systems, f"{OURS} below {NAIVE}"]
    rows = []
    for task, table in means.groupby(level="task"):
        if len(table) == 1:
            continue
        texts = [cell(one) if one == one else "" for one in table.mean(skipna=False)]
        better = int((table[OURS] < table[NAIVE]).sum())
        rows.append([str(task), str(len(table)), *texts, f"{better} of {len(table)}"])
    return markdown(header, rows)


def _costs(comparison: Comparison) -> str:
    groups = comparison.rows.groupby("framework")
    shares = comparison.rows["seconds"] / comparison.rows["constraint"].map(budget_of)
    columns = [
        groups["seconds"].median(),
        groups["seconds"].max(),
        (shares > 1).groupby(comparison.rows["framework"]).sum(),
        groups["peak_memory_mb"].median(),
        groups["peak_memory_mb"].max(),
        groups["imputed"].sum(),
        groups.size(),
    ]
    header = ["system", "seconds, median", "most", "runs over budget", "MB, median", "most"]
    rows = [[name, *(cell(one[name]) for one in columns)] for name in comparison.grid.columns]
    return markdown([*header, "failed", "runs"], rows)


def _models(rows: pd.DataFrame) -> str:
    """What each system says it ran, with the number of runs in which it did."""
    texts = []
    for name, of_system in rows.groupby("framework", sort=False):
        counts = of_system["models"].str.split(", ").explode().value_counts()
        named = [f"{model} ({count})" for model, count in counts.items() if model]
        texts.append([str(name), ", ".join(named)])
    return markdown(["system", "models (runs)"], texts)


def write(
    table: pd.DataFrame,
    systems: Sequence[str],
    output: Path,
    *,
    constraints: Sequence[str] = (),
    machine: str | None = None,
) -> Path:
    """Write the report.

    Parameters
    ----------
    table : DataFrame
        Results; of repeated runs the last one counts.
    systems : sequence of str
        Which, in this order.
    output : Path
        Folder.
    constraints : sequence of str
        Which; all that have results by default.
    machine : str, optional
        Kind of machine; by default for each set that of `of_one_machine`.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    ValueError
        If there is nothing to report.
    """
    everything = latest(table)
    if everything.empty:
        raise ValueError("there are no results to report")
    shown = everything[everything["framework"].isin(systems)]
    chosen = shown[shown["machine"] == machine] if machine else of_one_machine(shown)
    if chosen.empty:
        raise ValueError(f"there are no results on {machine}")
    rows = pd.concat([mark(of_fold) for _, of_fold in chosen.groupby("fold")], ignore_index=True)
    parts = ["# Forecasts of Trialbook and its peers"]
    if (output / REMARKS).exists():
        parts.append((output / REMARKS).read_text("utf-8").strip())
    for name in constraints or sorted(set(rows["constraint"]), key=budget_of):
        folds = rows[rows["constraint"] == name]
        main_fold = folds[folds["fold"] == MAIN_FOLD]
        if main_fold.empty:
            where = f" on {machine}" if machine else ""
            raise ValueError(f"there are no results for {name}{where}")
        comparison = summary.compare(main_fold, {one: one for one in systems})
        absent = [one for one in systems if one not in set(main_fold["framework"])]
        parts.append(build(comparison, name, absent, folds))
    path = output / "report.md"
    path.write_text("\n\n".join(parts), "utf-8")
    return path


def main() -> int:
    """Write the report that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--systems", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--constraints", nargs="+", default=[], metavar="NAME", help="as 1m2c")
    parser.add_argument("--machine", help="kind of machine, as in the table of results")
    options = parser.parse_args()
    try:
        path = write(
            read_results(options.results / TABLE, COLUMNS, NUMERIC),
            [one.name for one in read_catalog(section="forecasters").choose(options.systems)],
            options.results,
            constraints=options.constraints,
            machine=options.machine,
        )
    except ValueError as error:
        parser.error(str(error))
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
