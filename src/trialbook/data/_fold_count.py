"""How many folds: as many as rows are worth and the time allows."""

from __future__ import annotations

# Without a deadline, Azure's defaults (specification A1.5): rows fewer than -> folds. Above the
# last, one hold-out.
FOLDS_BY_ROWS = ((1_000, 10), (20_001, 3))
# With one: the first of these whose folds, each a boosted model on one core, take no more than
# `SHARE` of it. Eight are what AutoGluon bags; more than ten have not paid anywhere.
FOLDS_BY_TIME = (8, 5, 3)
FEW_ROWS, FOLDS_OF_FEW_ROWS = 1_000, 10
# Measured at 60 s, test error of folds over that of a hold-out: 0.994 (33,000 rows x 14, two
# classes, five folds), 0.996 (33,000 x 13, five), 0.984 (13,000 x 16, eight classes, three). They
# lose where a fold is dear, for few models then end in time: 1.015 (40,000 x 9, numbers, three),
# 4.5 (15,000 x 16, 26 classes, five).
SHARE = 0.5
# A hold-out of fewer rows than this tells little: three folds, if one fits into the share.
LEAST_ROWS, LEAST_FOLDS = 10_000, 3
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
    if folds is None and n_rows < LEAST_ROWS and affordable >= 1.0:
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
    trees = 3.0 if n_classes == 0 else 1.0 if n_classes == 2 else 0.6 * n_classes
    return n_rows * n_features * trees
