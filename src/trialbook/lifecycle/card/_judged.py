"""What a model card finds out about a model, each part within its share of the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook._words import brief, plural, shorten
from trialbook.errors import NoModelError, TrialbookError
from trialbook.experiment import state
from trialbook.lifecycle._held import Held
from trialbook.lifecycle._held_series import HeldForecasts
from trialbook.lifecycle._judge import errors_on, fairness_on
from trialbook.lifecycle.card._blocks import (
    Bars,
    Block,
    Grid,
    Heat,
    Picture,
    Pictures,
    Points,
    Section,
    Text,
)
from trialbook.models import BACKGROUND_FILE
from trialbook.profiling.page_parts import figure, share

if TYPE_CHECKING:
    from trialbook.evaluation import Measured
    from trialbook.evaluation.errors import ErrorAnalysis
    from trialbook.evaluation.fairness import Fairness
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial
    from trialbook.lifecycle.card._facts import Learned
    from trialbook.models import Conformal, Covered

# Coverages that a card measures.
COVERAGES = (0.8, 0.9)
# Rows that are explained: the mean of so many is known to a few percent, and a model that is
# sampled takes seconds for them.
EXPLAINED_ROWS = 200
COLUMNS_SHOWN = 20
# Where `Experiment.explain` keeps its pictures, and those of them that say more than the bars.
EXPLANATION = "explanation"
EXPLAINED = {
    "beeswarm": "What each column does to each row",
    "dependence": "Predictions by the value of a column",
    "permutation": "What is lost without a column",
    "features": "The features made of the columns",
}
# Classes and measures of groups that are told.
CLASSES_SHOWN, RATES_SHOWN = 12, 7
LENGTH = 48
ERRORS = "Where it errs"


@dataclass(frozen=True)
class Judged:
    """A part of the card, and what other parts say of it.

    Parameters
    ----------
    section : Section
    limits : tuple of str
        Sentences for the part on limits.
    """

    section: Section
    limits: tuple[str, ...] = ()


def metrics_section(
    experiment: Experiment,
    held: Held | None,
    test: Held | None,
    lead: Sequence[Block],
    charts: Sequence[Block],
    seconds: float,
) -> Section:
    """Metrics with intervals, and charts.

    Parameters
    ----------
    experiment : Experiment
    held, test : Held, optional
        Out-of-fold rows, and rows of the test.
    lead, charts : sequence of Block
        What stands before and after.
    seconds : float
        For the bootstrap.
    """
    from trialbook.evaluation import measure

    schema = experiment.schema
    found: dict[str, dict[str, Measured]] = {}
    kept = {part.origin: part for part in (held, test) if part is not None}
    for name, part in kept.items():
        measured = measure(
            schema.task,
            part.y,
            part.prediction,
            schema.positive,
            first=experiment.metric,
            seconds=seconds / len(kept),
        )
        found[name] = {one.name: one for one in measured}
    head = ["Metric"]
    for origin in kept:
        head += [origin, "95 %"]
    blocks: list[Block] = list(lead)
    if found:
        rows = []
        for name in next(iter(found.values())):
            row = [name]
            for measured_of in found.values():
                one = measured_of[name]
                ends = f"{figure(one.low)} to {figure(one.high)}" if one.low == one.low else ""
                row += [figure(one.value) if one.value == one.value else "undefined", ends]
            rows.append(row)
        blocks.append(Grid(head, rows, range(1, len(head))))
        note = (
            "Intervals by bootstrap of the rows. Out of fold, all rows are taken together; where"
            " there are several folds, the score that ranks is the mean over them."
        )
        blocks.append(Text(note, muted=True))
    return Section("metrics", "How good it is", [*blocks, *charts])


def explanation_section(
    experiment: Experiment,
    trial: Trial,
    rows: pd.DataFrame,
    behind: pd.DataFrame,
    seconds: float,
) -> Section:
    """Which columns move predictions, and by how much.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    rows : DataFrame
        Features to explain the model on.
    behind : DataFrame
        Rows of training that stand for all, if none lie beside the model.
    seconds : float
        After which sampled values are not made more precise.
    """
    from trialbook.evaluation.explanations import FILE, explain_rows

    title, model = "What it looks at", experiment.model(trial.label)
    background = None if (model.folder / BACKGROUND_FILE).is_file() else behind
    try:
        found = explain_rows(model, rows, background=background, timeout=seconds)
    except TrialbookError as error:  # a card is given away, and places are nobody's business
        said = f"Not explained: {error.cause}. {error.remedy or ''}".rstrip()
        return Section("explanation", title, [Text(said, muted=True)])
    size = np.abs(found.raw).mean(axis=0)
    size = size.sum(axis=-1) / 2 if size.ndim == 2 else size
    order = np.argsort(-size, kind="stable")[:COLUMNS_SHOWN]
    most = float(size[order[0]]) or 1.0
    bars = [
        (found.columns[place], float(size[place]) / most, brief(float(size[place])))
        for place in order
        if size[place] > 0
    ]
    unit = (
        "as the probability that it moves between classes"
        if found.classes
        else f"in units of {experiment.schema.target}"
    )
    lead = f"Mean size of each column's part in a prediction (SHAP), {unit}."
    how = "Exact" if found.exact else "Sampled"
    said = f"{how}, on {plural(len(rows), 'row')} ({'; '.join(found.methods)})."
    blocks: list[Block] = [Bars(bars), Text(said, muted=True)]
    drawn = trial.folder / EXPLANATION
    shown = [
        Picture(f"{EXPLANATION}_{name}", caption, path.read_bytes())
        for name, caption in EXPLAINED.items()
        # The document comes last: without it, an explanation was cut off.
        if (drawn / FILE).is_file() and (path := drawn / f"{name}.png").is_file()
    ]
    return Section("explanation", title, [*blocks, *([Pictures(shown)] if shown else [])], lead)


def errors_part(held: Held | HeldForecasts, label: str) -> Judged:
    """Where it errs.

    Parameters
    ----------
    held : Held or HeldForecasts
    label : str
        Of the trial.
    """
    try:
        found = errors_on(held, label)
    except TrialbookError as error:
        return Judged(Section("errors", ERRORS, [Text(f"Not told: {error.cause}.", muted=True)]))
    whole = f"{_loss(found, found.loss)} ({_loss(found, found.low)} to {_loss(found, found.high)})"
    lead = (
        f"On {found.origin}, the {found.measure} is {whole}. Cohorts were found by a small tree on"
        f" one half of the rows; figures are of the {found.measured:,} others."
    )
    blocks: list[Block] = []
    if len(found.tree) == 1:
        blocks.append(Text("No part of the rows was found that errs more than others."))
    else:
        head = ("Cohort", "Rows", found.measure.capitalize(), "95 %", "× all", "Of all errors")
        rows = [
            (
                one.words,
                f"{one.rows:,}",
                _loss(found, one.loss),
                f"{_loss(found, one.low)} to {_loss(found, one.high)}",
                f"{one.loss / found.loss:.2f}" if found.loss and one.measured else "",
                share(one.share_of_errors),
            )
            for one in found.cohorts
        ]
        blocks.append(Grid(head, rows, range(1, 6)))
    if found.map is not None:
        name = f"{found.measure.capitalize()} by {' and '.join(found.map.columns)}"
        is_rate = found.measure == "error rate"
        blocks.append(Heat(found.map, found.loss, is_rate, name))
        blocks.append(Text("Small figures are rows.", muted=True))
    worst = found.cohorts[0]
    limits: list[str] = []
    if worst.stands_out and worst.loss > found.loss:
        limits.append(
            f"It errs most where {worst.words}: {found.measure} {_loss(found, worst.loss)},"
            f" against {_loss(found, found.loss)} of all rows."
        )
    return Judged(Section("errors", ERRORS, blocks, lead), tuple(limits))


def _loss(found: ErrorAnalysis, value: float) -> str:
    if value != value:
        return ""
    return share(value) if found.measure == "error rate" else figure(value)


def fairness_part(
    held: Held, by: Sequence[Sequence[str]], experiment: Experiment, label: str
) -> Judged:
    """How it treats groups.

    Parameters
    ----------
    held : Held
    by : sequence of sequence of str
        Sensitive columns, each one or two together.
    experiment : Experiment
    label : str
        Of the trial.
    """
    blocks: list[Block] = []
    limits: list[str] = []
    for names in by:
        found = fairness_on(held, names, experiment, label)
        blocks += _groups(found)
        told = [
            f"{rate.name} (by {brief(rate.difference)}; chance explains {brief(rate.by_chance)})"
            for rate in found.rates
            if rate.differs and rate.name != "mean truth"
        ]
        if told:
            limits.append(f"Groups by {found.by} differ in {some(told, 4)}.")
    lead = (
        f"Groups on {held.origin}, with intervals of 95 %. What a difference means, and whether it"
        " is just, is for people to say."
    )
    return Judged(Section("fairness", "How it treats groups", blocks, lead), tuple(limits))


def _groups(found: Fairness) -> list[Block]:
    shown = found.rates[:RATES_SHOWN]
    of = f" (rates of class {found.positive})" if found.positive else ""
    rows = []
    for place, group in enumerate(found.groups):
        cells = [
            _with_interval(rate.values[place], rate.low[place], rate.high[place]) for rate in shown
        ]
        few = " (few)" if group in found.small else ""
        rows.append((shorten(group, LENGTH) + few, f"{found.counts[place]:,}", *cells))
    head = ("Group", "Rows", *(rate.name.capitalize() for rate in shown))
    apart = [
        (
            rate.name.capitalize(),
            brief(rate.difference),
            f"{brief(rate.difference_low)} to {brief(rate.difference_high)}",
            brief(rate.by_chance),
            "yes" if rate.differs else "no",
            f"{shorten(rate.lowest, LENGTH)} … {shorten(rate.highest, LENGTH)}",
        )
        for rate in shown
        if rate.lowest
    ]
    named = [
        f"{name.replace('_', ' ').capitalize()}: {brief(value)}."
        for name, value in found.criteria.items()
        if value == value
    ]
    blocks: list[Block] = [Grid(head, rows, range(1, len(head)), title=f"By {found.by}{of}")]
    columns = ("Measure", "Difference", "95 %", "By chance up to", "Differs", "From … to")
    blocks += [Grid(columns, apart, (1, 2, 3)), Points(named)]
    if found.small:
        few = ", ".join(shorten(one, LENGTH) for one in found.small)
        blocks.append(Text(f"Of too few rows to be compared: {few}.", muted=True))
    return blocks


def _with_interval(value: float, low: float, high: float) -> str:
    """A figure and its interval."""
    return "" if value != value else f"{brief(value)} ({brief(low)} to {brief(high)})"


def conformal_part(experiment: Experiment, trial: Trial, test: Held | None) -> Judged:
    """What its intervals or sets promise, and keep.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    test : Held, optional
        Rows of the test.
    """
    from trialbook.evaluation.conformal import coverage_of

    schema = experiment.schema
    what = "sets of classes" if schema.classes else "intervals"
    title = f"What its {what} promise"
    try:
        known = experiment.model(trial.label).conformal
    except NoModelError as error:
        return Judged(Section("intervals", title, [Text(f"Not told: {error.cause}.", muted=True)]))
    size = "classes in a set" if schema.classes else f"width, in units of {schema.target}"
    head = ["Promised", "Kept, by cross-fitting", f"Mean {size}"]
    fitted = {one.coverage: one for one in known.measured}
    tested = {}
    if test is not None:
        tested = {c: coverage_of(test.y, test.prediction, known, c) for c in COVERAGES}
        head += [f"Kept, on {test.origin}", f"Mean {size}"]
    rows = []
    for coverage in COVERAGES:
        row = [f"{100 * coverage:g} %", *_kept(fitted.get(coverage))]
        rows.append([*row, *_kept(tested[coverage])] if tested else row)
    blocks: list[Block] = [Grid(head, rows, range(1, len(head)))]
    limits: list[str] = []
    one = tested.get(0.9) or fitted.get(0.9)
    if schema.classes and one is not None:
        classes, weak = _by_class(schema.classes, one)
        few, n = len(classes), len(schema.classes)
        title_of = "By class" if few == n else f"By class, the {few} of {n} that keep least"
        blocks.append(Grid(("Class", "Kept of 90 %"), classes, (1,), title=title_of))
        if weak:
            limits.append(
                f"Sets of classes with a coverage of 90 % hold fewer of the rows of {some(weak)};"
                " ask for per_class=True where these matter."
            )
    blocks.append(Text(_how(known), muted=True))
    lead = (
        "Conformal prediction from out-of-fold errors. The promise holds on average over rows like"
        " those in training, not for every group of rows, and not once the data has changed."
    )
    return Judged(Section("intervals", title, blocks, lead), tuple(limits))


def _kept(one: Covered | None) -> list[str]:
    return ["too few rows", ""] if one is None else [share(one.share), figure(one.size)]


def _by_class(classes: Sequence[object], one: Covered) -> tuple[list[tuple[str, str]], list[str]]:
    """What classes keep of 90 %, of many those that keep least; which keep less than 80 %."""
    told = list(zip(map(str, classes), one.classes, strict=True))
    shown = told
    if len(told) > CLASSES_SHOWN:
        least = sorted(told, key=lambda pair: 2.0 if pair[1] is None else pair[1])
        shown = least[:CLASSES_SHOWN]
    rows = [
        (shorten(label, LENGTH), "no rows" if kept is None else share(kept))
        for label, kept in shown
    ]
    return rows, [
        f"{label} ({share(kept)})" for label, kept in told if kept is not None and kept < 0.8
    ]


def _how(known: Conformal) -> str:
    kind = "of one width"
    if known.by_class:
        kind = "of the classes that are probable enough, the most probable always among them"
    elif known.scale is not None:
        kind = "the wider the larger errors are at such a prediction"
    rows = f"calibrated on {known.n_rows:,} out-of-fold rows"
    return (
        f"{'Sets' if known.by_class else 'Intervals'} {kind}, {rows}. These were predicted by"
        " models of single folds; the model itself should err less, if anything."
    )


def limits_section(
    experiment: Experiment,
    known: Learned,
    found: Sequence[str],
    intended: str | None,
    owner: str | None,
) -> Section:
    """What it is meant for, and what is known of its limits.

    Parameters
    ----------
    experiment : Experiment
    known : Learned
        What it learned from.
    found : sequence of str
        What other parts of the card say of its limits.
    intended, owner : str, optional
        In a person's words.
    """
    schema, rows = experiment.schema, known.rows
    points: list[str] = []
    for name in (column.name for column in schema.used):
        column = rows[name]
        if column.dtype.kind == "M" and column.notna().any():
            first, last = column.min().date(), column.max().date()
            points.append(
                f"It learned from rows whose '{name}' is from {first} to {last}, and knows no"
                " other time."
            )
    n_numbers = sum(rows[name].dtype.kind == "f" for name in schema.names)
    if n_numbers:
        points.append(
            "Numbers outside the ranges under Data, and values that are not there, are beyond what"
            " it has seen."
        )
    lacking = [name for name in schema.names if rows[name].isna().mean() >= 0.2]
    if lacking:
        points.append(
            f"At least a fifth of the cells are missing in {some(lacking)};"
            " the model fills them in."
        )
    if schema.classes:
        counts = known.target.value_counts()
        few = [str(label) for label in schema.classes if counts.get(label, 0) < 50]
        if few:
            points.append(f"Classes of fewer than 50 rows, which it hardly knows: {some(few)}.")
    alerted = [one for one in experiment.guardrails if one.verdict == "alerted"]
    points += [f"{one.name}: {one.finding}." for one in alerted[:8]]
    points += list(found)
    kind = state.read_json(experiment.folder / state.FOLDS)["kind"]
    if "time" not in kind and any(rows[name].dtype.kind == "M" for name in schema.names):
        points.append(
            "Rows were divided at random, not by time: the future may be harder than these figures"
            " say."
        )
    blocks: list[Block] = [
        Text(intended or "Nobody has written down what it is meant for (--intended-use).")
    ]
    if owner:
        blocks.append(Text(f"Owner: {owner}"))
    if points:
        blocks.append(Points(points))
    return Section("limits", "Intended use and limits", blocks)


def some(names: Sequence[str], shown: int = 8) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def sample(rows: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Rows to explain.

    Parameters
    ----------
    rows : DataFrame
    seed : int, optional
    """
    kept = np.random.default_rng(seed).permutation(len(rows))[:EXPLAINED_ROWS]
    return rows.iloc[np.sort(kept)].reset_index(drop=True)


def left(until: float) -> float:
    """Seconds until a moment of the monotonic clock, not below zero."""
    return max(0.0, until - time.monotonic())
