"""Two trials on a core each, or one after another on two: ``python -m benchmarks.cores``.

The curve behind the engine's share-out of cores (``experiment/_machine.py``). Folds of one trial
in parallel are the former, too: what counts is how many models are trained at once. Each model is
trained in a process of its own that has imported its library before, as the engine's workers have.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

COLUMNS = 20
ROUNDS = 50
HEADER = "| learner | cells | one core each | both cores, in turn | gain of one core each |"


def _lightgbm(threads: int) -> Any:
    import lightgbm

    options = {"num_leaves": 31, "force_row_wise": True, "verbose": -1, "n_jobs": threads}
    return lightgbm.LGBMClassifier(n_estimators=ROUNDS, **options)


def _xgboost(threads: int) -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=6, n_jobs=threads)


def _catboost(threads: int) -> Any:
    import catboost

    options = {"allow_writing_files": False, "verbose": False, "thread_count": threads}
    return catboost.CatBoostClassifier(iterations=ROUNDS, depth=6, **options)


def _extra_trees(threads: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(ROUNDS, min_samples_leaf=5, n_jobs=threads, random_state=0)


LEARNERS: dict[str, Callable[[int], Any]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "extra_trees": _extra_trees,
}


def table(n_cells: float) -> tuple[np.ndarray, np.ndarray]:
    """Make numbers to learn from.

    Parameters
    ----------
    n_cells : float
        Rows times columns.

    Returns
    -------
    tuple of (ndarray of shape (n_rows, COLUMNS), ndarray of shape (n_rows,))
        Features, and two classes.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(max(100, int(n_cells / COLUMNS)), COLUMNS))
    return X, (X[:, 0] + np.sin(2 * X[:, 1]) + rng.normal(size=len(X)) > 0).astype(int)


def _fits(learner: str, n_cells: float, threads: int, n_fits: int, ready: Any, go: Any) -> None:
    X, y = table(n_cells)
    LEARNERS[learner](threads).fit(X[:100], y[:100])  # imports, and threads that stay
    ready.release()
    go.wait()
    for _ in range(n_fits):
        LEARNERS[learner](threads).fit(X, y)


def seconds(learner: str, n_cells: float, processes: int, threads: int, n_fits: int) -> float:
    """Time some processes that train at once.

    Parameters
    ----------
    learner : str
        Key of `LEARNERS`.
    n_cells : float
        Of the table that each trains on.
    processes, threads : int
        How many, and the threads of each.
    n_fits : int
        Models that each process trains, one after another.

    Returns
    -------
    float
        Seconds until all are done.
    """
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    told = (learner, n_cells, threads, n_fits, ready, go)
    workers = [context.Process(target=_fits, args=told) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    begun = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begun


def line(learner: str, n_cells: float, each: float, in_turn: float) -> str:
    """A row of the table.

    Parameters
    ----------
    learner : str
    n_cells : float
    each, in_turn : float
        Seconds for the same number of models.

    Returns
    -------
    str
    """
    gain = in_turn / each
    return f"| {learner} | {n_cells:,.0f} | {each:.2f} s | {in_turn:.2f} s | {gain:.2f} |"


def run(learners: Sequence[str], cells: Sequence[float], say: Callable[[str], None]) -> None:
    """Measure some learners on tables of some sizes.

    Parameters
    ----------
    learners : sequence of str
    cells : sequence of float
    say : callable
        Told each line.
    """
    say(HEADER + "\n|---|--:|--:|--:|--:|")
    for learner in learners:
        for n_cells in cells:
            n_fits = 4 if n_cells < 1e6 else 1
            each = seconds(learner, n_cells, 2, 1, n_fits)
            say(line(learner, n_cells, each, seconds(learner, n_cells, 1, 2, 2 * n_fits)))


def main() -> int:
    """Print the curve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--learners", nargs="+", choices=list(LEARNERS), default=list(LEARNERS))
    parser.add_argument("--cells", nargs="+", type=float, default=[3e4, 3e5, 1e6, 3e6, 1e7, 3e7])
    options = parser.parse_args()
    run(options.learners, options.cells, lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
