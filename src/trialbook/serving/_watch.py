"""Whether what a model is asked now is what it learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.data import some_rows
from trialbook.errors import OptionError
from trialbook.models import Model
from trialbook.serving._log import is_log, read_log

if TYPE_CHECKING:
    from trialbook.evaluation.drift import Answers, Drawn, Drift
    from trialbook.lifecycle import LearnedFrom
    from trialbook.tables import Source


def drift(
    model: Model,
    recent: Source,
    *,
    predictions: bool = False,
    workspace: str | Path | None = None,
    tracking_uri: str | None = None,
) -> Drift:
    """Compare recent rows with those that a model learned from; see `trialbook.drift`."""
    from trialbook.evaluation.drift import ROWS, compare_rows, draw
    from trialbook.lifecycle import learned_from

    if not isinstance(model, Model):
        raise OptionError(
            "an ONNX file does not say which rows its model learned from",
            place="argument MODEL",
            remedy="Name the model that it was exported from.",
        )
    known = learned_from(model, tracking_uri)
    old = draw(known.rows, model.schema, ROWS)
    if isinstance(recent, (str, Path)) and is_log(recent):
        new = _logged(recent, model)
    else:
        new = draw(recent, model.schema, ROWS, workspace=workspace or model.workspace)
    notes = list(known.notes)
    answers = None
    if predictions:
        answers = _answers(model, known, new)
        if answers is None:
            notes.append("there are no out-of-fold predictions to compare predictions with")
    found = compare_rows(
        model.label,
        model.schema,
        old,
        new,
        reference=known.said,
        answers=answers,
        notes=notes,
    )
    return replace(found, recent=new.place)


def _logged(folder: str | Path, model: Model) -> Drawn:
    """Some of the rows that a server was asked."""
    from trialbook.evaluation.drift import ROWS, draw

    log = read_log(folder, most=ROWS)
    drawn = draw(log.inputs, model.schema, ROWS)
    return replace(drawn, n_rows=log.n_rows, place=f"requests logged in {folder}")


def _answers(model: Model, known: LearnedFrom, new: Drawn) -> Answers | None:
    """Out-of-fold predictions of old rows, and those of new ones by the same model."""
    from trialbook.evaluation.drift import ROWS, Answers
    from trialbook.execution import read_oof

    if known.predicted is None:
        return None
    before = read_oof(known.predicted)[1]
    given = model.given(new.frame[model.schema.names])
    return Answers(before[some_rows(len(before), ROWS)], given)
