"""Where a forecaster errs: by series, by step, by groups and by cohorts, for its card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook._words import plural, shorten
from trialbook.data import SERIES_COLUMN
from trialbook.errors import OptionError, nearest
from trialbook.lifecycle._held_series import STEP, HeldForecasts
from trialbook.lifecycle.card import _judged as judged
from trialbook.lifecycle.card._blocks import Block, Grid, Section, Text
from trialbook.profiling.page_parts import figure, share

if TYPE_CHECKING:
    from trialbook.lifecycle._trial import Trial
    from trialbook.lifecycle.card._card import Asked

# Series and steps that are told, and groups of a column.
SERIES_SHOWN, STEPS_SHOWN, GROUPS_SHOWN = 15, 24, 20


def error_parts(
    judge: HeldForecasts, trial: Trial, asked: Asked, until: float
) -> list[judged.Judged]:
    """Errors by series, by step, by groups that were asked for, and cohorts, if there is time."""
    blocks = [*_by_series(judge), *_by_step(judge)]
    for names in asked.groups:
        blocks.append(_by_columns(judge, names))
    errors = judged.Judged(Section("series", "Errors by series and step", blocks))
    if judged.left(until) <= 0:
        late = Text(f"Left out: the {asked.seconds:.0f} s for this card were over.", muted=True)
        return [errors, judged.Judged(Section("errors", judged.ERRORS, [late]))]
    return [errors, judged.errors_part(judge, trial.label)]


def _by_series(judge: HeldForecasts) -> list[Block]:
    """The series that are forecast worst, and how many there are."""
    found = _groups(judge, judge.rows[SERIES_COLUMN])
    if len(found) < 2:
        return []
    worse = float((found["loss"] > 1).mean())
    shown = found.sort_values("loss", ascending=False, kind="stable").head(SERIES_SHOWN)
    title = f"The {len(shown)} worst of {plural(len(found), 'series', 'series')}"
    said = (
        f"The median series has a MASE of {figure(float(found['loss'].median()))}; of"
        f" {share(worse)} it is above 1."
    )
    return [_grid("Series", shown, title), Text(said)]


def _by_step(judge: HeldForecasts) -> list[Block]:
    found = _groups(judge, judge.rows[STEP].astype(int))
    if len(found) < 2:
        return []
    if len(found) > STEPS_SHOWN:
        kept = np.unique(np.linspace(0, len(found) - 1, STEPS_SHOWN).round().astype(int))
        found = found.iloc[kept]
    return [_grid("Step", found, "By step of the horizon")]


def _by_columns(judge: HeldForecasts, names: Sequence[str]) -> Block:
    """Errors by the values of a column, or of two together."""
    for name in names:
        if name not in judge.rows:
            raise OptionError(
                f"the rows have no column '{name}'",
                place="option fairness-by",
                remedy=nearest(name, judge.features),
            )
    parts = [judge.rows[name].astype(str) for name in names]
    both = parts[0]
    for part in parts[1:]:
        both = both + ", " + part
    found = _groups(judge, both).sort_values("loss", ascending=False, kind="stable")
    return _grid(" and ".join(names), found.head(GROUPS_SHOWN), f"By {' and '.join(names)}")


def _groups(judge: HeldForecasts, by: pd.Series[Any]) -> pd.DataFrame:
    """Rows, MASE, bias and coverage of the rows of each group."""
    error = (judge.prediction[:, 0] - judge.y) / judge.scale
    kept = (judge.prediction[:, 1] <= judge.y) & (judge.y <= judge.prediction[:, -1])
    table = pd.DataFrame({"loss": np.abs(error), "bias": error, "kept": kept, "rows": 1})
    found = table.groupby(by.to_numpy(), sort=True).agg(
        {"rows": "sum", "loss": "mean", "bias": "mean", "kept": "mean"}
    )
    return found[found["loss"].notna()]


def _grid(name: str, found: pd.DataFrame, title: str) -> Grid:
    head = (name, "Rows", "MASE", "Bias", "Coverage of 80 %")
    rows = [
        (
            shorten(str(label), judged.LENGTH),
            f"{int(one.rows):,}",
            figure(float(one.loss)),
            figure(float(one.bias)),
            share(float(one.kept)),
        )
        for label, one in zip(found.index, found.itertuples(), strict=True)
    ]
    return Grid(head, rows, range(1, 5), title=title)
