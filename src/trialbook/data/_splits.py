"""The design of the validation, as columns: who trains and who validates in each fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.data._fold_count import count_values, default_folds
from trialbook.data._guardrails import Guardrail
from trialbook.data._sampling import (
    deal,
    deal_groups,
    latest,
    sample,
    sample_groups,
    strata_of,
    windows,
)
from trialbook.errors import DataError
from trialbook.job import Job

TRAINS, VALIDATES, NEITHER = 1, 0, -1

HOLD_OUT = 0.1
# Where a hold-out would miss a class.
FEWEST_FOLDS = 3
# Each fold validates on two rows at least, or its score means nothing.
ROWS_PER_FOLD = 2


@dataclass(frozen=True)
class Folds:
    """Which rows train and which validate.

    Parameters
    ----------
    matrix : ndarray of int8, shape (n_rows, n_folds)
        1 where a row trains, 0 where it validates, -1 where it does neither.
    kind : str
        hold-out, k-fold, Monte-Carlo, fold column, group, chronological or validation data.
    description : str
        One clause for people.
    guardrails : tuple of Guardrail
        What was decided, and what was changed to make it work.
    growable : bool
        Whether the first rows of the table, as many as one likes, are a smaller table with the
        same validation; see `trialbook.data._big.arrange`.
    """

    matrix: np.ndarray
    kind: str
    description: str
    guardrails: tuple[Guardrail, ...] = ()
    growable: bool = False

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.matrix.shape[1])


def make_folds(
    y: np.ndarray,
    job: Job,
    *,
    classification: bool,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
    columns: pd.DataFrame | None = None,
    validates: np.ndarray | None = None,
    n_features: int = 1,
) -> Folds:
    """Design the validation that a job asks for.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        Classes as whole numbers from 0, or the values of a regression.
    job : Job
        Its seed, folds and sizes are read.
    classification : bool
        Whether `y` holds classes.
    groups : ndarray of int, shape (n_rows,), optional
        Group of each row.
    times : ndarray of int or float, shape (n_rows,), optional
        Time of each row.
    columns : DataFrame, optional
        Fold columns of the user: one of labels, or several of 1 and 0.
    validates : ndarray of bool, shape (n_rows,), optional
        The rows of a separate validation table.
    n_features : int
        Columns that models will see; with the rows and the classes they tell what a fold costs.

    Returns
    -------
    Folds
        Every class trains in every fold; every fold validates on at least one row.

    Raises
    ------
    DataError
        If the rows, groups or times do not allow it.
    """
    if len(y) < 2:
        raise DataError("one row cannot be split", remedy="Give a table with more rows.")
    strata = strata_of(y, classification)
    n_classes = len(np.unique(y)) if classification else 0
    n_values = count_values(len(y), n_features, n_classes)
    default = default_folds(len(y), n_values, job.deadline_s)
    if validates is not None:
        groups = times = None
        matrix = np.where(validates, VALIDATES, TRAINS)[:, None]
        folds = _folds(matrix, "validation data", f"{int(validates.sum()):,} separate rows")
    elif columns is not None:
        folds = _from_columns(columns)
    elif groups is not None:
        folds = _by_group(groups, strata, job, default)
    elif times is not None:
        folds = _by_time(times, job)
    else:
        rarer = _rarer_of_two(y) if classification else None
        folds = _at_random(strata, job, default, rarer)
    return _every_class_trains(folds, y if classification else None, groups, times)


def _folds(
    matrix: np.ndarray, kind: str, description: str, guardrails: tuple[Guardrail, ...] = ()
) -> Folds:
    return Folds(matrix.astype(np.int8), kind, description, guardrails)


def _matrix(sides: list[np.ndarray]) -> np.ndarray:
    """Masks of validating rows, one per fold, as a matrix."""
    return np.where(np.column_stack(sides), VALIDATES, TRAINS)


def _rarer_of_two(y: np.ndarray) -> int | None:
    """Rows of the rarer one of two classes; ``None`` for more classes."""
    counts = np.bincount(y)
    return int(counts.min()) if len(counts) == 2 else None


def _at_random(strata: np.ndarray, job: Job, default: int | None, rarer: int | None) -> Folds:
    n_rows = len(strata)
    rng = np.random.default_rng(job.seed)
    if job.validation_size is not None and job.folds is not None:
        sides = [sample(strata, job.validation_size, rng) for _ in range(job.folds)]
        text = f"{job.folds} random splits, {job.validation_size:.0%} of the rows each"
        return _folds(_matrix(sides), "Monte-Carlo", text)
    asked, notes = _asked_folds(default, rarer, job)
    if asked is None:
        size = job.validation_size or HOLD_OUT
        side = sample(strata, size, rng)
        text = f"{int(side.sum()):,} rows held out ({size:.0%})"
        return _folds(_matrix([side]), "hold-out", text)
    folds, fewer = _fewer(asked, max(2, n_rows // ROWS_PER_FOLD), n_rows, "rows", job)
    assigned = deal(strata, folds, rng)
    sides = [assigned == fold for fold in range(folds)]
    return _folds(_matrix(sides), "k-fold", f"{folds} folds", notes + fewer)


def _asked_folds(
    default: int | None, rarer: int | None, job: Job
) -> tuple[int | None, tuple[Guardrail, ...]]:
    """Folds that are asked for, or the default; ``None`` for a hold-out.

    By default each fold validates on both of two classes: a ranking metric such as ROC AUC has
    no value on rows of one class.
    """
    if job.folds is not None or job.validation_size is not None:
        return job.folds, ()
    if rarer is None or rarer < 2:
        return default, ()
    if default is None and rarer * HOLD_OUT < 1:
        folds, instead_of = min(FEWEST_FOLDS, rarer), "a hold-out"
    elif default is not None and rarer < default:
        folds, instead_of = rarer, f"{default} folds"
    else:
        return default, ()
    finding = f"{rarer} rows of the rarer class are too few for {instead_of}"
    return folds, (Guardrail("Number of folds", "fixed", finding, f"{folds} folds instead"),)


def _fewer(
    asked: int, most: int, available: int, what: str, job: Job
) -> tuple[int, tuple[Guardrail, ...]]:
    if asked <= most:
        return asked, ()
    note = Guardrail(
        "Number of folds",
        "fixed" if job.folds is None else "alerted",
        f"{available:,} {what} are too few for {asked} folds",
        f"{most} folds instead",
    )
    return most, (note,)


def _by_group(groups: np.ndarray, strata: np.ndarray, job: Job, default: int | None) -> Folds:
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise DataError(
            f"the group column '{job.group_column}' has only one group",
            remedy="Name a column with several groups, or none.",
        )
    rng = np.random.default_rng(job.seed)
    name = f"whole groups of '{job.group_column}'"
    if job.validation_size is not None and job.folds is not None:
        sides = [sample_groups(groups, strata, job.validation_size, rng) for _ in range(job.folds)]
        text = f"{job.folds} random splits by {name}, about {job.validation_size:.0%} each"
        return _folds(_matrix(sides), "group", text)
    asked = job.folds or (None if job.validation_size else default)
    if asked is None:
        side = sample_groups(groups, strata, job.validation_size or HOLD_OUT, rng)
        return _folds(_matrix([side]), "group", f"{int(side.sum()):,} rows held out by {name}")
    folds, notes = _fewer(asked, n_groups, n_groups, "groups", job)
    assigned = deal_groups(groups, strata, folds, rng)
    sides = [assigned == fold for fold in range(folds)]
    return _folds(_matrix(sides), "group", f"{folds} folds by {name}", notes)


def _by_time(times: np.ndarray, job: Job) -> Folds:
    name = f"'{job.time_column}'"
    if job.folds is None:
        side = latest(times, job.validation_size or HOLD_OUT)
        if side is None:
            raise _one_time(job)
        text = f"the latest {int(side.sum()):,} rows by {name}"
        return _folds(_matrix([side]), "chronological", text)
    starts = windows(times, job.folds, job.validation_size)
    if len(starts) == 0:
        raise _one_time(job)
    # Window 0 is the time before all windows; a fold trains on everything before its own.
    window = np.searchsorted(starts, times, side="right")[:, None]
    own = np.arange(1, len(starts) + 1)
    matrix = np.select([window < own, window == own], [TRAINS, VALIDATES], NEITHER)
    folds, notes = _fewer(job.folds, len(starts), len(np.unique(times)), "different times", job)
    text = f"{plural(folds, 'expanding window')} by {name}"
    return _folds(matrix, "chronological", text, notes)


def _one_time(job: Job) -> DataError:
    return DataError(
        f"the time column '{job.time_column}' has only one time, so that none is the latest",
        remedy="Name another column, or none.",
    )


def _from_columns(columns: pd.DataFrame) -> Folds:
    """Folds of the user's columns; `trialbook.data._roles` has checked them."""
    names = listed([str(name) for name in columns.columns])
    matrix = columns.to_numpy()
    text = f"{plural(matrix.shape[1], 'fold')} by {names}"
    return _folds(matrix, "fold column", text)


def _every_class_trains(
    folds: Folds, y: np.ndarray | None, groups: np.ndarray | None, times: np.ndarray | None
) -> Folds:
    """Move one row of a class that would not train, and drop folds left without validation."""
    matrix = folds.matrix.copy()
    moved: set[int] = set()
    if y is not None:
        for fold in range(matrix.shape[1]):
            side = matrix[:, fold]
            trains = np.bincount(y[side == TRAINS], minlength=int(y.max()) + 1)
            occurs = np.bincount(y, minlength=len(trains))
            for label in np.flatnonzero((trains == 0) & (occurs > 0)):
                row = _spare_row(y == label, side, times)
                if groups is not None:
                    # The rest of its group must not validate what a member of it taught.
                    side[(groups == groups[row]) & (side == VALIDATES)] = NEITHER
                side[row] = TRAINS
                moved.add(int(label))
    scored = (matrix == VALIDATES).any(axis=0) & (matrix == TRAINS).any(axis=0)
    if not scored.any():
        raise DataError(
            "no row is left to validate on: each class has to train, and there are too few rows",
            remedy="Give more rows of each class.",
        )
    notes = list(folds.guardrails)
    if not scored.all():
        lost = int((~scored).sum())
        finding = f"{plural(lost, 'fold')} had no row left to validate on"
        notes.append(Guardrail("Empty folds", "fixed", finding, "left out"))
    if moved:
        what = plural(len(moved), "class was", "classes were")
        notes.append(
            Guardrail(
                "Classes in every fold",
                "fixed",
                f"{what} absent from the training rows of a fold",
                "one row of each was moved to training, and does not validate there",
            )
        )
    return replace(folds, matrix=matrix[:, scored], guardrails=tuple(notes))


def _spare_row(member: np.ndarray, side: np.ndarray, times: np.ndarray | None) -> int:
    validating = np.flatnonzero(member & (side == VALIDATES))
    rows = validating if len(validating) else np.flatnonzero(member)
    return int(rows[0] if times is None else rows[np.argmin(times[rows])])


def cut_test(
    y: np.ndarray,
    size: float,
    *,
    classification: bool,
    seed: int,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut off the test rows, before anything else sees them.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        Classes as whole numbers from 0, or the values of a regression.
    size : float
        Fraction of the rows.
    classification : bool
        Whether `y` holds classes; each keeps at least one training row where rows are drawn at
        random.
    seed : int
        Fixes the draw.
    groups : ndarray of int, shape (n_rows,), optional
        Groups that stay whole.
    times : ndarray, shape (n_rows,), optional
        The latest rows are cut.

    Returns
    -------
    tuple of (ndarray, ndarray)
        Training and test rows, in the order of the table.

    Raises
    ------
    DataError
        If nothing can be cut off.
    """
    strata = strata_of(y, classification)
    # A stream of its own, so that the folds do not depend on whether a test was cut.
    rng = np.random.default_rng((seed, 1))
    side: np.ndarray | None
    if times is not None:
        side = latest(times, size)
    elif groups is not None:
        side = sample_groups(groups, strata, size, rng) if len(np.unique(groups)) > 1 else None
    else:
        side = sample(strata, size, rng) if len(y) > 1 else None
    if side is None or not side.any() or side.all():
        raise DataError(
            f"no test rows can be cut off {plural(len(y), 'row')}",
            remedy="Give more rows, or a separate test table.",
        )
    return np.flatnonzero(~side), np.flatnonzero(side)
