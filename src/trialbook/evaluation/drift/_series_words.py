"""What moved in series, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialbook._words import sentence
from trialbook.profiling import share
from trialbook.profiling.page_parts import figure

if TYPE_CHECKING:
    from trialbook.evaluation.drift._series import ErrorsMoved, SeriesDrift, SeriesMoved


def summary_of_series(drift: SeriesDrift) -> tuple[str, ...]:
    """What moved, in sentences, the most important first.

    Parameters
    ----------
    drift : SeriesDrift

    Returns
    -------
    tuple of str
    """
    lines = []
    if drift.errors is not None and drift.errors.moved:
        lines.append(said_of_errors(drift.errors))
    lines += [said_of_series(one) for one in drift.series if one.moved]
    lines += [
        f"'{one.name}' moved by {share(one.distance)} ({one.said or 'otherwise spread'})"
        for one in drift.columns
        if one.moved
    ]
    if not lines:
        told = "" if drift.errors is None else f"; {said_of_errors(drift.errors)}"
        lines.append(f"nothing moved beyond what is usual of these series{told}")
    return tuple(sentence(line) for line in lines)


def said_of_errors(found: ErrorsMoved) -> str:
    """How errors of forecasts changed."""
    word = "worse" if found.moved else "about as good as usual"
    return (
        f"forecasts of recent rows are {word}: MASE {figure(found.after)}, in the windows"
        f" {figure(found.before)}; the interval of 80 % held {share(found.coverage)} of them, in"
        f" the windows {share(found.covered)}"
    )


def said_of_series(found: SeriesMoved) -> str:
    """How one property of the series changed."""
    if found.name == "spread":
        what = (
            f"the spread of changes from season to season is {figure(found.effect)} times as wide"
        )
    elif found.name == "level":
        way = "above" if found.effect > 0 else "below"
        what = (
            f"the level is {figure(abs(found.effect))} seasonal naive errors {way} that of the"
            " season before"
        )
    else:
        what = (
            f"the season has another shape, {figure(found.effect)} seasonal naive errors off the"
            " one before"
        )
    if found.n_series == 1:
        return f"{what}; usual is {figure(found.usual)}"
    named = ", ".join(f"'{name}'" for name, _ in found.worst[:3])
    return (
        f"the {found.name} of {found.n_moved:,} of {found.n_series:,} series moved, by chance"
        f" {found.by_chance:,} may: {named} above all"
    )
