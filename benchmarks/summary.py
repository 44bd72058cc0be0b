"""Comparisons from a table of results: pure functions from tables to tables.

A *grid* has a row a set and a column a framework, and holds results: higher is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.catalog import BASELINES, CONSTANT, FOREST, OURS
from benchmarks.results import budget_of
from benchmarks.scoring import SHARES

# Errors below this share of the constant predictor's count as that share: between 0.0001 and
# 0.0002 of a perfect score there is noise, and yet a ratio of two.
SMALLEST_SHARE = 1e-3
# A scaled score has no lower bound; one disaster shall not decide a mean.
LOWEST_SCALED = -1.0
# Scores that differ by less than this share are a tie.
TIE = 1e-9


@dataclass(frozen=True)
class Comparison:
    """What a table of results says of one constraint on one kind of machine.

    Parameters
    ----------
    rows : DataFrame
        The runs, with a column ``imputed``; a failed run has the constant predictor's result.
    paired : DataFrame
        Those of the seeds that all frameworks of a set have.
    grid : DataFrame
        Mean results of `paired` over seeds, for each framework; may have gaps.
    peers : DataFrame
        As `grid`, for the sets that all have, with the better of the entries that are one peer.
    metrics : Series
        The metric of each set.
    missing : dict of str to list of str
        The sets that are left out of `peers`, with the frameworks that lack them; without any
        where there is no seed that all have.
    unpaired : dict of str to dict of str to list of str
        For each set the seeds that are left out of `paired`, with the frameworks that lack them.
    """

    rows: pd.DataFrame
    paired: pd.DataFrame
    grid: pd.DataFrame
    peers: pd.DataFrame
    metrics: pd.Series
    missing: dict[str, list[str]]
    unpaired: dict[str, dict[str, list[str]]]

    @property
    def common(self) -> pd.DataFrame:
        """The runs that are behind `peers`."""
        return self.paired[self.paired["task"].isin(self.peers.index)]

    @property
    def errors(self) -> pd.DataFrame:
        """Errors of `peers`, none smaller than a share of the constant predictor's."""
        return bounded_errors(self.peers, self.metrics)


def compare(rows: pd.DataFrame, peers: Mapping[str, str]) -> Comparison:
    """Compare the frameworks of a table.

    Parameters
    ----------
    rows : DataFrame
        What `impute` gave: one row a framework, set and seed, of one constraint and machine.
    peers : mapping of str to str
        For each framework, what it counts as.

    Returns
    -------
    Comparison
    """
    paired, unpaired = pair_seeds(rows)
    names = [name for name in peers if name in set(rows["framework"])]
    tasks = sorted(set(rows["task"]))
    grid = mean_results(paired).reindex(index=tasks, columns=names)
    has_seeds = set(paired["task"])
    lacking = {
        str(task): [str(name) for name in names if task in has_seeds and pd.isna(row[name])]
        for task, row in grid.iterrows()
        if row.isna().any()
    }
    metrics = rows.drop_duplicates("task").set_index("task")["metric"]
    merged = merge_peers(grid.dropna(), peers)
    return Comparison(rows, paired, grid, merged, metrics, lacking, unpaired)


def pair_seeds(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, dict[str, list[str]]]]:
    """Keep the seeds that all have: means over different seeds cannot be compared.

    Parameters
    ----------
    rows : DataFrame
        Results.

    Returns
    -------
    rows : DataFrame
        For each set, those of the seeds that every framework with the set has.
    unpaired : dict of str to dict of str to list of str
        For each set, the other seeds, with the frameworks that lack them.
    """
    unpaired: dict[str, dict[str, list[str]]] = {}
    for task, of_set in rows.groupby("task"):
        everyone = set(of_set["framework"])
        for seed, of_seed in of_set.groupby("seed"):
            absent = sorted(everyone - set(of_seed["framework"]))
            if absent:
                unpaired.setdefault(str(task), {})[str(seed)] = absent
    pairs = zip(rows["task"], rows["seed"])
    kept = np.array([seed not in unpaired.get(task, {}) for task, seed in pairs], dtype=bool)
    return rows[kept], unpaired


def mean_results(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean results over seeds; without one of them there is none.

    Returns
    -------
    DataFrame
        A grid.
    """
    seeds = rows.groupby(["task", "framework"])["result"]
    return seeds.mean().where(seeds.count() == seeds.size()).unstack()


def impute(rows: pd.DataFrame, baseline: str = CONSTANT) -> pd.DataFrame:
    """Give failed runs the constant predictor's result, as the public AutoML benchmark does.

    Parameters
    ----------
    rows : DataFrame
        Results of all frameworks; a failed run has none.
    baseline : str
        What takes the constant predictor's place.

    Returns
    -------
    DataFrame
        With a column ``imputed``. Where the baseline did not run, a gap stays.
    """
    constant = rows[rows["framework"] == baseline].groupby("task")["result"].mean()
    failed = rows["result"].isna()
    filled = rows["result"].where(~failed, rows["task"].map(constant))
    return rows.assign(result=filled, imputed=failed)


def merge_peers(grid: pd.DataFrame, peers: Mapping[str, str]) -> pd.DataFrame:
    """Let the entries of one peer count as one: the better of them on each set.

    Which is better is judged on the test rows, so this is more than anyone could choose
    beforehand: it favours the peer.
    """
    groups: dict[str, list[str]] = {}
    for name in grid.columns:
        groups.setdefault(peers[name], []).append(name)
    merged = {
        peer_name(peer, names, sum(one == peer for one in peers.values())): grid[names].max(axis=1)
        for peer, names in groups.items()
    }
    return pd.DataFrame(merged, index=grid.index)


def peer_name(peer: str, names: Sequence[str], entries: int) -> str:
    """The name of a peer, which says what it is the best of.

    Parameters
    ----------
    peer : str
    names : sequence of str
        Its entries that have results.
    entries : int
        How many it has in all.

    Returns
    -------
    str
    """
    if len(names) < entries:
        return f"{peer} (incomplete: {', '.join(names)} only)"
    words = {1: "", 2: " (best of both)"}
    return peer + words.get(entries, f" (best of {entries})")


def bounded_errors(grid: pd.DataFrame, metrics: pd.Series) -> pd.DataFrame:
    """Errors of a grid, bounded below so that ratios mean something.

    Parameters
    ----------
    grid : DataFrame
        Results.
    metrics : Series
        The metric of each set.

    Returns
    -------
    DataFrame
        The bound is a share of the constant predictor's error, or of the largest one of the set
        if that predictor is not among the columns.
    """
    # The error is 1 - AUC, or the loss, whose sign is turned in results.
    offset = metrics.reindex(grid.index).isin(SHARES).astype(float)
    errors = (-grid).add(offset, axis=0)
    scale = errors[CONSTANT] if CONSTANT in errors else errors.max(axis=1)
    return errors.clip(lower=np.maximum(scale * SMALLEST_SHARE, np.finfo(float).tiny), axis=0)


def scaled_scores(grid: pd.DataFrame) -> pd.DataFrame:
    """Scores on a scale where the random forest is 0 and the best is 1.

    Without a random forest, or on a set where it is the best, the constant predictor is 0. A set
    where nobody is better than that has no scale and no scores.

    Returns
    -------
    DataFrame
        As `grid`, not below `LOWEST_SCALED`.
    """
    best = grid.max(axis=1)
    zero = pd.Series(np.nan, index=grid.index)
    for name in (FOREST, CONSTANT):
        if name in grid:
            zero = zero.where(zero.notna() & (zero < best), grid[name])
    width = (best - zero).where(best > zero)
    return grid.sub(zero, axis=0).div(width, axis=0).clip(lower=LOWEST_SCALED)


def mean_ranks(grid: pd.DataFrame) -> pd.Series:
    """Mean rank of each column, 1 is best; ties share the mean of their ranks."""
    return grid.rank(axis=1, ascending=False, method="average").mean().sort_values()


def win_rates(grid: pd.DataFrame, ours: str = OURS) -> pd.DataFrame:
    """How often we are better than each other column.

    Returns
    -------
    DataFrame
        ``wins``, ``ties``, ``losses`` and ``rate``, where a tie counts half.
    """
    rows = {}
    for name in grid.columns.drop(ours):
        tie = np.isclose(grid[ours], grid[name], rtol=TIE, atol=0)
        wins, ties = int(((grid[ours] > grid[name]) & ~tie).sum()), int(tie.sum())
        rate = (wins + ties / 2) / len(grid) if len(grid) else np.nan
        rows[name] = {"wins": wins, "ties": ties, "losses": len(grid) - wins - ties, "rate": rate}
    return pd.DataFrame.from_dict(rows, orient="index")


def error_ratios(errors: pd.DataFrame, ours: str = OURS) -> pd.DataFrame:
    """Our error divided by others': below 1 is good for us.

    Parameters
    ----------
    errors : DataFrame
        Bounded errors.
    ours : str
        Our column.

    Returns
    -------
    DataFrame
        A column each other framework, and ``best peer``: the smallest error of a set among all
        but us and the baselines.
    """
    others = errors.drop(columns=ours)
    ratios = pd.DataFrame({name: errors[ours] / others[name] for name in others})
    rivals = others.drop(columns=[name for name in BASELINES if name in others])
    if len(rivals.columns):
        ratios["best peer"] = errors[ours] / rivals.min(axis=1)
    return ratios


def geometric_means(ratios: pd.DataFrame) -> pd.Series:
    """Geometric mean of each column."""
    return np.exp(np.log(ratios).mean())


def ended_from_outside(rows: pd.DataFrame) -> pd.Series:
    """Which runs were ended before they had trained."""
    return rows["training_duration"].isna() & rows["info"].str.startswith("TimeoutError")


def budget_shares(rows: pd.DataFrame) -> pd.Series:
    """The training time of each run in budgets.

    A run that was ended from outside has its wall time instead, and another one that failed
    before it had trained has none.
    """
    taken = rows["training_duration"].mask(ended_from_outside(rows), rows["duration"])
    return taken / rows["constraint"].map(budget_of)


def overruns(rows: pd.DataFrame) -> pd.DataFrame:
    """Which share of runs trained longer than the budget, and by how much at most.

    A run that was ended from outside counts with the time until then. Other failures do not count.

    Returns
    -------
    DataFrame
        For each framework ``runs``, ``over`` (share) and ``longest`` (times the budget).
    """
    shares = budget_shares(rows).dropna()
    by_framework = shares.groupby(rows["framework"])
    return pd.DataFrame(
        {
            "runs": by_framework.size(),
            "over": by_framework.apply(lambda share: float((share > 1).mean())),
            "longest": by_framework.max(),
        }
    )


def costs(comparison: Comparison) -> pd.DataFrame:
    """Medians and maxima of what runs took.

    Returns
    -------
    DataFrame
        For each framework, of the sets and seeds that all have: training seconds, seconds to
        predict the test rows, milliseconds for one row, and peak memory. Of all runs: how many
        failed.
    """
    groups = comparison.common.groupby("framework")
    return pd.DataFrame(
        {
            "training_s": groups["training_duration"].median(),
            "predict_s": groups["predict_duration"].median(),
            "single_row_ms": groups["single_row_ms"].median(),
            "memory_mb": groups["peak_memory_mb"].median(),
            "memory_max_mb": groups["peak_memory_mb"].max(),
            "failed": comparison.rows.groupby("framework")["imputed"].sum(),
        }
    )
