"""A first look at the data, kept with the experiment: a notebook, and a profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from trialbook.addresses import hide_password
from trialbook.data import (
    BIG_ROWS,
    SERIES_COLUMN,
    TIME_COLUMN,
    Prepared,
    Schema,
    SeriesSpec,
    some_rows,
)
from trialbook.experiment import state
from trialbook.experiment._design import Design
from trialbook.experiment._origin import origin_of
from trialbook.profiling import Looked, profile_of_training
from trialbook.program import Code, exploration_program, series_exploration_program, to_notebook
from trialbook.search import Ledger
from trialbook.tracking import Tracker

# A profile is worth this part of the deadline, while the workers start, and no more of it ...
PROFILE_SHARE, PROFILE_MOST_S = 0.01, 2.0
# ... which is spent on columns and on cells. Measured on one core, pages and all: 20,000 rows of
# 15 columns in 0.25 s, 2,000 rows of 500 in 0.9 s; with room for a slower machine.
COLUMN_S, CELLS_PER_S = 0.003, 500_000
# On fewer rows it would say little.
PROFILE_LEAST_ROWS = 500


def write_exploration(folder: Path, tracker: Tracker, design: Design, ledger: Ledger) -> None:
    """Write the exploration notebook, and a profile if there is time for one.

    Parameters
    ----------
    folder : Path
        Artifacts of the parent run.
    tracker : Tracker
    design : Design
    ledger : Ledger
        Told why there is no profile.
    """
    prepared = design.prepared
    origin = origin_of(folder, tracker.workspace)
    of_series = prepared.schema.series is not None
    read = state.TRAIN if origin.table is None or of_series else state.ROWS
    data, title = Code(f'"../{read}"'), f"A look at the data of {design.job.experiment_name}"
    if of_series:
        program = series_exploration_program(
            title=title,
            schema=prepared.schema,
            guardrails=prepared.guardrails,
            data=data,
            told=prepared.series_told,
            n_rows=len(prepared.train),
            origin=origin.sentence,
        )
    else:
        program = exploration_program(
            title=title,
            schema=prepared.schema,
            guardrails=prepared.guardrails,
            data=data,
            n_rows=len(prepared.train),
            task=prepared.schema.task,
            first_rows=BIG_ROWS if prepared.folds.growable else None,
            table=origin.table,
            origin=origin.sentence,
        )
    (folder / state.EXPLORATION_SCRIPT).parent.mkdir(parents=True, exist_ok=True)
    (folder / state.EXPLORATION_SCRIPT).write_text(program, "utf-8")
    metadata = {"experiment": tracker.name, "parent_run_id": tracker.run_id}
    (folder / state.EXPLORATION).write_text(to_notebook(program, metadata), "utf-8")
    _write_profile(folder, design, ledger)


def _write_profile(folder: Path, design: Design, ledger: Ledger) -> None:
    prepared, schema = design.prepared, design.prepared.schema
    if schema.series is not None:
        prepared, schema = _as_table(prepared, schema.series)
    n_columns = len(schema.used) + 1
    rows = _own_rows(prepared)
    most = affordable_profile_rows(n_columns, ledger.deadline_s)
    if most < min(PROFILE_LEAST_ROWS, len(rows)):
        reason = f"no time for {n_columns:,} columns; trialbook profile makes one"
        ledger.skip("profile", reason)
        return
    chosen = rows[some_rows(len(rows), most)]
    names = [name for name in (*schema.names, schema.target) if name in prepared.train]
    frame = prepared.train[names].take(chosen).reset_index(drop=True)
    positions = chosen if prepared.positions is None else prepared.positions[chosen]
    profile = profile_of_training(
        Looked(frame, positions, len(rows)),
        schema,
        prepared.guardrails,
        source=hide_password(design.job.data),
        time_column=design.job.time_column,
    )
    profile.to_json(folder / state.PROFILE)
    profile.to_html(folder / state.PROFILE_PAGE)


def _as_table(prepared: Prepared, spec: SeriesSpec) -> tuple[Prepared, Schema]:
    """Series as a table of numbers: their rows under the names of its columns."""
    ids = spec.ids_of(prepared.train[SERIES_COLUMN])
    rows = prepared.train.drop(columns=SERIES_COLUMN).rename(columns={TIME_COLUMN: spec.time})
    train = pd.concat([ids, rows], axis=1)
    schema = replace(prepared.schema, task="regression", series=None)
    return replace(prepared, train=train, schema=schema), schema


def _own_rows(prepared: Prepared) -> np.ndarray:
    """Training rows that are of the job's own table, not of one to validate on."""
    if prepared.positions is None:
        return np.arange(len(prepared.train))
    return np.flatnonzero(prepared.positions >= 0)


def affordable_profile_rows(n_columns: int, deadline_s: float | None) -> int:
    """How many rows a profile may look at.

    Parameters
    ----------
    n_columns : int
    deadline_s : float, optional
        Seconds for the whole experiment.

    Returns
    -------
    int
        None at all if there are too many columns for the time.
    """
    budget = PROFILE_MOST_S
    if deadline_s is not None:
        budget = min(budget, PROFILE_SHARE * deadline_s)
    return max(0, int((budget - COLUMN_S * n_columns) * CELLS_PER_S / n_columns))
