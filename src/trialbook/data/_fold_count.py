"""How many folds: as many as rows are worth and the time allows."""

from __future__ import annotations

# Without a deadline, Azure's defaults (specification A1.5): rows fewer than -> folds. Above the
# last, one hold-out.
FOLDS_BY_ROWS = ((1_000, 10), (20_001, 3))
# With one: the first of these whose folds, each a boosted model on one core, take no more than
# `SHARE` of it. Eight are what AutoGluon bags; more than ten have not paid anywhere.
FOLDS_BY_TIME = (8, 5, 3)
FEW_ROWS, FOLDS_OF_FEW_ROWS = 1_000, 10
# Measured at 60 s: five folds beat a hold-out where this holds, and lose where a fold is dear (26
# classes x 15,000 rows: 0.39 against 0.09 log loss), for few models then end in time.
SHARE = 0.15
# A hold-out of fewer rows than this tells little: three folds, unless even a model of one of them
# would take this many times its share.
LEAST_ROWS, LEAST_FOLDS, TOO_DEAR = 10_000, 3, 3.0
# Seconds to boost a model on one core of a laptop: in all, and for a million values of a table of
# ten thousand rows. More rows take more rounds.
SECONDS = 0.3
SECONDS_PER_MILLION = 6.5
ROUNDS_EXPONENT = 0.35


def default_folds(n_rows: int, n_values: float, deadline_s: float | None) -> int | None:
    """Folds for a table; ``None`` for a hold-out.

    Parameters
    ----------
    n_rows : int
    n_values : float
        As `count_values` counts them.
    deadline_s : float, optional
        Seconds for the whole experiment.

    Returns
    -------
    int or None
    """
    if deadline_s is None:
        return next((folds for below, folds in FOLDS_BY_ROWS if n_rows < below), None)
    options = (FOLDS_OF_FEW_ROWS, *FOLDS_BY_TIME) if n_rows < FEW_ROWS else FOLDS_BY_TIME
    rounds = min(2.0, max(0.3, (n_rows / 10_000) ** ROUNDS_EXPONENT))
    fold_s = SECONDS + SECONDS_PER_MILLION * n_values / 1e6 * rounds
    affordable = SHARE * deadline_s / fold_s
    folds = next((folds for folds in options if folds <= affordable), None)
    if folds is None and n_rows < LEAST_ROWS and affordable * TOO_DEAR >= 1.0:
        return LEAST_FOLDS
    return folds


def count_values(n_rows: int, n_features: int, n_classes: int) -> float:
    """Values that one round of boosting reads.

    Parameters
    ----------
    n_rows, n_features : int
    n_classes : int
        0 for numbers.

    Returns
    -------
    float
        Rows times features; for more than two classes a round is a tree for each, of which fewer
        rounds are needed, and numbers take more rounds than two classes.
    """
    trees = 1.5 if n_classes == 0 else 1.0 if n_classes == 2 else 0.6 * n_classes
    return n_rows * n_features * trees
