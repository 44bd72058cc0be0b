"""What each part of Trialbook brings: ``python -m benchmarks.ablation``.

Trialbook runs with its defaults, and once without each part that ``ablations.yaml`` names. Rows
are kept in ``results/ablation.csv``; what is there does not run again. The comparison is written
to ``results/ablation.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks import summary
from benchmarks.catalog import CONSTANT, HERE, OURS, Framework, read_catalog
from benchmarks.datasets import Dataset, find_datasets
from benchmarks.process import ended_by_signals
from benchmarks.report import markdown
from benchmarks.results import Constraint, budget_of, latest, machine, read_results
from benchmarks.run import Plan, add_options, run_plans, versions_of
from benchmarks.scoring import RESULT_NAMES

PREFIX = "without_"
TABLE, REPORT = "ablation.csv", "ablation.md"
# Its runs are kept apart from those of the comparison with others, for both have a Trialbook.
RUNS = Path("runs") / "ablation"
# Two standard errors to each side of a mean.
INTERVAL = 1.96


@dataclass(frozen=True)
class Ablation:
    """One part, and how to run Trialbook without it.

    Parameters
    ----------
    name : str
    part : str
        What it is.
    without : str
        What happens instead.
    options : mapping
        Options of the job.
    patch : str
        Function of ``frameworks/trialbook_without.py`` that takes the part away; empty where the
        options do.
    metrics : tuple of str
        Metrics for which it can matter; empty if for all.
    """

    name: str
    part: str
    without: str
    options: Mapping[str, Any] = field(default_factory=dict)
    patch: str = ""
    metrics: tuple[str, ...] = ()

    def applies(self, dataset: Dataset) -> bool:
        """Whether it can matter on a set."""
        return not self.metrics or dataset.metric in self.metrics

    def framework(self, whole: Framework) -> Framework:
        """Trialbook without it, as the runner knows frameworks."""
        name = PREFIX + self.name
        params = {**self.options, **({"patch": self.patch} if self.patch else {})}
        adapter = "trialbook_without" if self.patch else whole.adapter
        return replace(whole, name=name, adapter=adapter, peer=name, params=params)


def read_ablations(path: Path = HERE / "ablations.yaml") -> dict[str, Ablation]:
    """Read the table of parts.

    Parameters
    ----------
    path : Path
        A file like ``ablations.yaml``.

    Returns
    -------
    dict of str to Ablation
        By name, in the order of the file.
    """
    raw = yaml.safe_load(path.read_text("utf-8"))
    return {
        name: Ablation(name, **{**row, "metrics": tuple(row.get("metrics", ()))})
        for name, row in raw.items()
    }


def suits(dataset: Dataset, metric: str) -> bool:
    """Whether a metric is one of a set's task."""
    if dataset.task == "regression":
        return metric == "rmse"
    return metric != "rmse" and (metric != "roc_auc" or dataset.task == "binary")


def with_metric(dataset: Dataset, metric: str) -> Dataset:
    """A set that is judged by another metric, under a name of its own.

    Raises
    ------
    ValueError
        If the metric is not one of the set's task.
    """
    if not suits(dataset, metric):
        raise ValueError(f"{metric} is no metric for {dataset.name} ({dataset.task})")
    if metric == dataset.metric:
        return dataset
    return replace(dataset, name=f"{dataset.name}-{metric}", metric=metric)


def judged_by(datasets: Sequence[Dataset], metric: str) -> list[Dataset]:
    """The sets that a metric suits, judged by it; the others are named on the screen.

    Raises
    ------
    ValueError
        If it suits none.
    """
    others = [one.name for one in datasets if not suits(one, metric)]
    if len(others) == len(datasets):
        raise ValueError(f"{metric} is no metric for any of the sets")
    if others:
        print(f"left out, because {metric} does not suit: {', '.join(others)}", file=sys.stderr)
    return [with_metric(one, metric) for one in datasets if suits(one, metric)]


def asked_metric(task: str, metric: str) -> str:
    """The metric that a set was judged by in place of its own, which its name ends with.

    Parameters
    ----------
    task : str
        Name of a set in the table of results.
    metric : str
        Its metric there.

    Returns
    -------
    str
        A key of `RESULT_NAMES`; empty for a set that is judged by its own metric.
    """
    asked = (name for name, told in RESULT_NAMES.items() if told == metric)
    return next((name for name in asked if task.endswith(f"-{name}")), "")


def plans(
    datasets: Sequence[Dataset],
    chosen: Sequence[Ablation],
    versions: Sequence[tuple[Framework, str]],
    constraint: Constraint,
    seeds: Sequence[int],
) -> list[Plan]:
    """What is to run, set by set.

    Parameters
    ----------
    datasets : sequence of Dataset
    chosen : sequence of Ablation
    versions : sequence of (Framework, str)
        The constant predictor and Trialbook with their versions.
    constraint : Constraint
    seeds : sequence of int

    Returns
    -------
    list of Plan
        The constant predictor, which failed runs count as, Trialbook, and Trialbook without each
        part that can matter on the set.
    """
    here = machine()
    result = []
    for dataset in datasets:
        variants = list(versions)
        for whole, version in versions:
            if whole.name == OURS:
                applying = [one for one in chosen if one.applies(dataset)]
                variants += [(one.framework(whole), version) for one in applying]
        result += [
            Plan(framework, version, dataset, constraint, seed, here)
            for seed in seeds
            for framework, version in variants
        ]
    return result


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that can be compared with the last one of Trialbook.

    Parameters
    ----------
    table : DataFrame
        Results of ablations.

    Returns
    -------
    DataFrame
        Those of the same version, constraint and kind of machine; of repeated runs the last.

    Raises
    ------
    ValueError
        If Trialbook has none.
    """
    is_constant = table["framework"] == CONSTANT
    if is_constant.all():
        raise ValueError("there are no results to report")
    last = table[~is_constant].iloc[-1]
    same = (table["constraint"] == last["constraint"]) & (table["machine"] == last["machine"])
    return latest(table[same & (is_constant | (table["version"] == last["version"]))])


def error_ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """The error without a part divided by the error with it: above 1 it is worth having.

    Parameters
    ----------
    rows : DataFrame
        What `comparable` gave.

    Returns
    -------
    DataFrame
        A row a set and a column a part. Results are averaged over seeds before: those that
        there are with and without the part.
    """
    filled = summary.impute(rows)
    metrics = filled.drop_duplicates("task").set_index("task")["metric"]
    constant = filled[filled["framework"] == CONSTANT].groupby("task")["result"].mean()
    ratios = pd.DataFrame(index=pd.Index(sorted(set(filled["task"])), name="task"))
    for name in sorted({one for one in filled["framework"] if one.startswith(PREFIX)}):
        paired, _ = summary.pair_seeds(filled[filled["framework"].isin([OURS, name])])
        grid = summary.mean_results(paired).reindex(columns=[OURS, name])
        if len(constant):
            grid[CONSTANT] = constant
        errors = summary.bounded_errors(grid, metrics)
        ratios[name.removeprefix(PREFIX)] = errors[name] / errors[OURS]
    return ratios


def overall(ratios: pd.DataFrame) -> pd.DataFrame:
    """What a part brings over all sets.

    Parameters
    ----------
    ratios : DataFrame
        What `error_ratios` gave.

    Returns
    -------
    DataFrame
        For each part ``sets``, ``worse`` (on how many of them the error is greater without it),
        ``ratio`` (geometric mean), and ``low`` and ``high``: the mean's interval of about 95 %,
        with the sets as a sample.
    """
    logs = np.log(ratios)
    mean, half = logs.mean(), INTERVAL * logs.sem()
    columns = {
        "sets": ratios.notna().sum(),
        "worse": (ratios > 1).sum(),
        "ratio": np.exp(mean),
        "low": np.exp(mean - half),
        "high": np.exp(mean + half),
    }
    return pd.DataFrame(columns)


def build(table: pd.DataFrame, ablations: Mapping[str, Ablation]) -> str:
    """Write what ablations say.

    Parameters
    ----------
    table : DataFrame
        Their results.
    ablations : mapping of str to Ablation
        The parts, in the order in which they are shown.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If there is nothing to report.
    """
    rows = comparable(table)
    first = rows[rows["framework"] != CONSTANT].iloc[-1]
    seeds = sorted(set(rows["seed"]), key=int)
    parts = [
        "# What each part of Trialbook brings",
        f"Trialbook {first['version']} at {first['constraint']}: a training budget of "
        f"{budget_of(first['constraint']):g} s. Machine: {first['machine']}. Seeds: "
        f"{', '.join(seeds)}. The numbers are the error without a part divided by the error with "
        "it, so above 1 the part pays. The error is that of the report of the comparison; a run "
        "that failed counts as the constant predictor. The ratio of a part is a geometric mean "
        "over the sets; its interval takes them as a sample. Only seeds with and without the part "
        "count.",
    ]
    asked = [asked_metric(task, metric) for task, metric in zip(rows["task"], rows["metric"])]
    for metric, group in rows.groupby(asked):
        parts += _group(str(metric), group, ablations)
    return "\n\n".join([*parts, *_failures(rows)]) + "\n"


def _group(metric: str, rows: pd.DataFrame, ablations: Mapping[str, Ablation]) -> Iterable[str]:
    """What there is to say of the sets that were judged by their own or by one other metric."""
    ratios = error_ratios(rows)
    ratios = ratios[[name for name in ablations if name in ratios]]
    yield f"## Judged by {metric or 'the own metric of each set'}"
    yield markdown(
        ["part", "without it", "sets", "worse without", "error ratio", "95 % interval"],
        list(_overall(ratios, ablations)),
    )
    yield "### Set by set"
    yield markdown(["set", "metric", "result", *ratios.columns], list(_sets(rows, ratios)))
    yield (
        "`result` is that of Trialbook with everything: higher is better, losses are negative. "
        "A gap: not run there, or of no use for the metric."
    )


def _overall(ratios: pd.DataFrame, ablations: Mapping[str, Ablation]) -> Iterable[list[str]]:
    for name, row in overall(ratios).iterrows():
        one = ablations[str(name)]
        interval = f"{row['low']:.3f} to {row['high']:.3f}" if row["sets"] > 1 else ""
        applies = f" (for {', '.join(one.metrics)})" if one.metrics else ""
        yield [
            f"{name}: {one.part}{applies}",
            one.without,
            f"{row['sets']:.0f}",
            f"{row['worse']:.0f}",
            f"{row['ratio']:.3f}" if row["sets"] else "",
            interval,
        ]


def _sets(rows: pd.DataFrame, ratios: pd.DataFrame) -> Iterable[list[str]]:
    ours = rows[rows["framework"] == OURS]
    results = summary.mean_results(ours).reindex(columns=[OURS])[OURS]
    metrics = rows.drop_duplicates("task").set_index("task")["metric"]
    for task, row in ratios.iterrows():
        result = (
            f"{results[task]:.5g}" if task in results and results[task] == results[task] else ""
        )
        cells = ("" if value != value else f"{value:.3f}" for value in row)
        yield [str(task), str(metrics[task]), result, *cells]


def _failures(rows: pd.DataFrame) -> Iterable[str]:
    failed = rows[rows["result"].isna()]
    if len(failed):
        yield "## Failures"
        cells = failed[["framework", "task", "seed", "info"]].astype(str).to_numpy().tolist()
        yield markdown(["run", "set", "seed", "reason"], cells)


@ended_by_signals()
def main() -> int:
    """Run what is missing, and write the report."""
    ablations = read_ablations()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add_options(parser)
    parser.add_argument(
        "--without", nargs="+", choices=list(ablations), default=list(ablations), metavar="PART"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="SEED")
    parser.add_argument(
        "--metric", choices=list(RESULT_NAMES), help="in place of that of the sets"
    )
    options = parser.parse_args()
    datasets = find_datasets(options.data, options.sets)
    try:
        if options.metric and options.sets:
            datasets = [with_metric(one, options.metric) for one in datasets]
        elif options.metric:
            datasets = judged_by(datasets, options.metric)
        chosen = [ablations[name] for name in options.without]
        constraint = Constraint(budget_of(options.budget), options.cores)
        versions = versions_of(read_catalog().choose([CONSTANT, OURS]))
        wanted = plans(datasets, chosen, versions, constraint, options.seeds)
        table = options.results / TABLE
        runs = options.results / RUNS
        run_plans(wanted, table, runs, again=options.again, dry_run=options.dry_run)
        if not options.dry_run:
            path = options.results / REPORT
            path.write_text(build(read_results(table), ablations), "utf-8")
            print(path)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
