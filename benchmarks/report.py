"""Writes what the results say: ``python -m benchmarks.report``, Markdown with plots."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import plots, summary
from benchmarks.catalog import HERE, OURS, read_catalog
from benchmarks.results import budget_of, latest, read_results
from benchmarks.summary import Comparison

# What a person has to say of the results; the report begins with it.
REMARKS = "remarks.md"


def build(
    comparison: Comparison,
    constraint: str,
    machine: str,
    images: Sequence[str],
    hurried: Mapping[str, Comparison] = MappingProxyType({}),
    absent: Sequence[str] = (),
) -> str:
    """Write the report of one constraint.

    Parameters
    ----------
    comparison : Comparison
        What was found.
    constraint, machine : str
        What it was found with.
    images : sequence of str
        Plots to show, relative to the report.
    hurried : mapping of str to Comparison
        For shorter constraints, the same with our results under these.
    absent : sequence of str
        Frameworks that have no row.

    Returns
    -------
    str
        Markdown.
    """
    parts = [
        f"## {constraint}",
        f"Machine: {machine}. Training budget: {budget_of(constraint):g} s. {_sizes(comparison)}",
        *gaps(comparison, absent),
        *(f"![{Path(image).stem}]({image})" for image in images),
        "### Overall",
        *_overall(comparison),
        *_legend(comparison),
        *_hurried(hurried, constraint),
        "### Scores",
        "Higher is better; losses are negative. The best of a set is bold. A failed run counts as "
        "the constant predictor, and is in brackets.",
        scores(comparison),
        "### Time and memory",
        *_costs(comparison),
        *failures(comparison.rows),
        "### Versions",
        markdown(["framework", "version", "parameters"], versions(comparison.rows)),
    ]
    return "\n\n".join(parts) + "\n"


def _sizes(comparison: Comparison) -> str:
    seeds = sorted(set(comparison.paired["seed"]))
    return (
        f"Sets compared: {len(comparison.peers)} of {len(comparison.grid)}. "
        f"Seeds: {', '.join(seeds) or 'none in common'}."
    )


def gaps(comparison: Comparison, absent: Sequence[str] = ()) -> Iterable[str]:
    """What is not compared: frameworks without a row, sets and seeds that some do not have."""
    yield from _absent(absent)
    yield from _missing(comparison)
    yield from _unpaired(comparison)


def _absent(absent: Sequence[str]) -> Iterable[str]:
    if absent:
        yield f"Not compared, because no run of them is there: {', '.join(absent)}."


def _missing(comparison: Comparison) -> Iterable[str]:
    if comparison.missing:
        lines = [
            f"* {task}: {', '.join(who) or 'no seed that all have'}"
            for task, who in comparison.missing.items()
        ]
        yield "Left out of the comparison, because results are missing:\n\n" + "\n".join(lines)


def _unpaired(comparison: Comparison) -> Iterable[str]:
    if comparison.unpaired:
        lines = [
            f"* {task}, seed {seed}: {', '.join(who)}"
            for task, seeds in comparison.unpaired.items()
            for seed, who in seeds.items()
        ]
        yield "Seeds left out, because some do not have them:\n\n" + "\n".join(lines)


def _overall(comparison: Comparison) -> Iterable[str]:
    """The table of comparisons, and the best peers."""
    if comparison.peers.empty:
        yield "No set has results of all frameworks."
        return
    grid = comparison.peers
    ranks = summary.mean_ranks(grid)
    scaled = summary.scaled_scores(grid)
    header = ["framework", "mean rank", "mean scaled score", "median scaled score"]
    columns: list[pd.Series] = [ranks, scaled.mean(), scaled.median()]
    best = ""
    if OURS in grid and len(grid.columns) > 1:
        ratios = summary.error_ratios(comparison.errors)
        means = summary.geometric_means(ratios)
        rates = summary.win_rates(grid)
        header += [f"{OURS}: wins-ties-losses", "win rate", "error ratio"]
        counts = rates[["wins", "ties", "losses"]].astype(str).agg("-".join, axis=1)
        columns += [counts, rates["rate"].map("{:.0%}".format), means]
        best = _best_peer(ratios)
    rows = [[name, *(cell(column.get(name)) for column in columns)] for name in ranks.index]
    yield markdown(header, rows)
    yield from [best] if best else []


def _legend(comparison: Comparison) -> Iterable[str]:
    """What the columns of the table of comparisons mean."""
    if comparison.peers.empty:
        return
    yield (
        "Rank 1 is the best. A scaled score is 0 for the random forest and 1 for the best of a "
        f"set. The error ratio is the geometric mean of {OURS}'s error divided by the other's, "
        "where the error is 1 - AUC, the log loss or the RMSE: below 1 is better than the other. "
        "Presets of one framework count as one peer with the better of them on each set, chosen "
        "by the test score, which favours that peer. A peer is incomplete if one of its presets "
        "has no results."
    )


def _hurried(hurried: Mapping[str, Comparison], constraint: str) -> Iterable[str]:
    """How we do with less time than the others."""
    for name, comparison in hurried.items():
        yield f"### {OURS} with {budget_of(name):g} s, the others with {budget_of(constraint):g} s"
        yield from _overall(comparison)


def _best_peer(ratios: pd.DataFrame) -> str:
    if "best peer" not in ratios:
        return ""
    ratio = ratios["best peer"]
    order = ratio.sort_values()
    listed = ", ".join(f"{task} {value:.3f}" for task, value in order.items())
    mean = float(np.exp(np.log(ratio).mean()))
    return (
        f"Against the best peer of each set the geometric mean of {OURS}'s error ratios is "
        f"**{mean:.4f}**, and {int((ratio < 1).sum())} of {len(ratio)} are below 1: {listed}."
    )


def scores(comparison: Comparison) -> str:
    """The table of scores, a row a set."""
    grid = comparison.grid
    imputed = comparison.paired.groupby(["task", "framework"])["imputed"].any()
    rows = []
    for task, row in grid.iterrows():
        cells = [str(task), str(comparison.metrics[task])]
        for name, value in row.items():
            text = cell(value)
            if imputed.get((task, name), False):
                text = f"({text})"
            elif value == row.max():
                text = f"**{text}**"
            cells.append(text)
        rows.append(cells)
    return markdown(["set", "metric", *grid.columns], rows)


def _costs(comparison: Comparison) -> Iterable[str]:
    costs, over = summary.costs(comparison), summary.overruns(comparison.rows)
    rows = []
    for name in comparison.grid.columns:
        cost = costs.loc[name]
        known = name in over.index
        share = f"{over.at[name, 'over']:.0%}" if known else ""
        longest = f"{over.at[name, 'longest']:.2f}" if known else ""
        values = [cost[key] for key in costs.columns]
        rows.append([name, share, longest, *map(cell, values)])
    yield markdown(
        [
            "framework",
            "runs over budget",
            "longest / budget",
            "training s",
            "test set s",
            "one row ms",
            "memory MB",
            "memory MB, most",
            "failed",
        ],
        rows,
    )
    yield (
        "Seconds, milliseconds and megabytes are those of the sets and seeds that all have, and "
        "medians where nothing else is said; overruns and failures are counted over all runs. "
        "Only training counts against the budget. Memory is that of all processes of a run at "
        "once, shared pages counted once."
    )


def failures(rows: pd.DataFrame) -> Iterable[str]:
    """The table of runs that have no result of their own, if there are any."""
    failed = rows[rows["imputed"]]
    if len(failed):
        yield "### Failures"
        cells = failed[["framework", "task", "seed", "info"]].astype(str).to_numpy().tolist()
        yield markdown(["framework", "set", "seed", "reason"], cells)


def versions(rows: pd.DataFrame) -> list[list[str]]:
    """Frameworks with their versions and parameters, a row each."""
    unique = rows[["framework", "version", "params"]].astype(str).drop_duplicates()
    return [list(map(str, row)) for row in unique.to_numpy().tolist()]


def cell(value: Any) -> str:
    """Five digits of a number; nothing for what is missing."""
    if value is None or value != value:
        return ""
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return f"{number:.5g}" if abs(number) < 1e5 else f"{number:.0f}"
    return str(value)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in cells)} |" for cells in lines)


def _escape(cell: str) -> str:
    return str(cell).replace("|", "\\|").replace("\n", " ")


def write(
    table: pd.DataFrame,
    peers: dict[str, str],
    output: Path,
    *,
    frameworks: Sequence[str] = (),
    constraints: Sequence[str] = (),
    machine: str | None = None,
) -> Path:
    """Write the report with its plots.

    Parameters
    ----------
    table : DataFrame
        Results; of repeated runs the last one counts.
    peers : dict of str to str
        For each framework, what it counts as.
    output : Path
        Folder.
    frameworks, constraints : sequence of str
        Which; all that have results by default.
    machine : str, optional
        Kind of machine; that of the last row by default.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    ValueError
        If there is nothing to report.
    """
    wanted = list(frameworks) or list(peers)
    everything = latest(table)
    rows = everything[everything["framework"].isin(wanted)]
    if rows.empty:
        raise ValueError("there are no results to report")
    machine = machine or str(rows["machine"].iloc[-1])
    # Before frameworks are chosen: failed runs need the constant predictor, chosen or not.
    filled = summary.impute(everything[everything["machine"] == machine])
    rows = filled[filled["framework"].isin(wanted)]
    names = list(constraints) or sorted(set(rows["constraint"]), key=budget_of)
    parts = ["# Trialbook and its peers"]
    if (output / REMARKS).exists():
        parts.append((output / REMARKS).read_text("utf-8").strip())
    for name in names:
        chosen = rows[rows["constraint"] == name]
        if chosen.empty:
            raise ValueError(f"there are no results for {name} on {machine}")
        comparison = summary.compare(chosen, peers)
        images = plots.draw(comparison, output / "plots", name)
        shown = [f"plots/{image.name}" for image in images]
        hurried = _compare_hurried(rows, chosen, name, peers)
        absent = [one for one in wanted if one not in set(chosen["framework"])]
        parts.append(build(comparison, name, machine, shown, hurried, absent))
    path = output / "report.md"
    path.write_text("\n\n".join(parts), "utf-8")
    return path


def _compare_hurried(
    rows: pd.DataFrame, chosen: pd.DataFrame, constraint: str, peers: Mapping[str, str]
) -> dict[str, Comparison]:
    """Compare our results under each shorter constraint with the others' under a longer one."""
    others, found = chosen[chosen["framework"] != OURS], {}
    mine = rows[(rows["framework"] == OURS) & rows["task"].isin(others["task"])]
    for name in sorted(set(mine["constraint"]), key=budget_of):
        if budget_of(name) < budget_of(constraint):
            earlier = mine[mine["constraint"] == name]
            found[name] = summary.compare(pd.concat([others, earlier]), peers)
    return found


def main() -> int:
    """Write the report that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--frameworks", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--constraints", nargs="+", default=[], metavar="NAME", help="as 1m2c")
    parser.add_argument("--machine", help="kind of machine, as in the table of results")
    options = parser.parse_args()
    peers = {name: one.peer for name, one in read_catalog().frameworks.items()}
    try:
        path = write(
            read_results(options.results / "results.csv"),
            peers,
            options.results,
            frameworks=options.frameworks,
            constraints=options.constraints,
            machine=options.machine,
        )
    except ValueError as error:
        parser.error(str(error))
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
