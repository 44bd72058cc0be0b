"""A comparison of old and recent rows of series as one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64

from trialbook._words import sentence
from trialbook.evaluation.drift._page import _SIDES, _STYLE, _card, _pill
from trialbook.evaluation.drift._series import (
    FEWEST,
    KINDS,
    LEVEL,
    SEASON,
    SPREAD,
    UNUSUAL,
    WORSE,
    SeriesDrift,
)
from trialbook.evaluation.drift._series_words import said_of_errors
from trialbook.profiling.page_parts import document, esc, fact, figure, share, table


def series_page(drift: SeriesDrift) -> str:
    """The page of a comparison.

    Parameters
    ----------
    drift : SeriesDrift

    Returns
    -------
    str
        HTML.
    """
    parts = {
        "overview": ("Overview", _overview(drift)),
        "errors": ("Forecasts of recent rows", _errors(drift)),
        "series": ("The series", _series(drift)),
        "columns": ("Covariates", _columns(drift)),
        "method": ("How it is measured", _method()),
    }
    about = f"{drift.reference} · compared with {drift.recent}"
    return document("Drift of a model's series", drift.model, about, parts, style=_STYLE)


def _overview(drift: SeriesDrift) -> str:
    facts = [
        fact("Old rows", f"{drift.n_reference:,}", "that the model learned from"),
        fact("Recent rows", f"{drift.n_recent:,}", f"of {drift.n_series:,} series"),
    ]
    if drift.errors is not None:
        before = f"in the windows {figure(drift.errors.before)}"
        facts.append(fact("MASE of recent rows", figure(drift.errors.after), before))
    kind = "alerted" if drift.alarm else "passed"
    word = "moved" if drift.alarm else "nothing moved"
    lines = "".join(f"<li>{esc(line)}</li>" for line in drift.summary)
    notes = "".join(f'<p class="small muted">{esc(sentence(note))}</p>' for note in drift.notes)
    return (
        f'<dl class="facts">{"".join(facts)}</dl><div class="card">'
        f'<p class="verdict"><span class="pill {kind}">{word}</span></p>'
        f'<ul class="said">{lines}</ul>{notes}</div>'
    )


def _errors(drift: SeriesDrift) -> str:
    found = drift.errors
    if found is None:
        return ""
    rows = [
        ["MASE", figure(found.before), figure(found.after), _pill(found.moved)],
        ["Within the interval of 80 %", share(found.covered), share(found.coverage), ""],
        ["Forecasts", f"{found.n_before:,}", f"{found.n_after:,}", ""],
    ]
    head = ("", "Windows", "Recent rows", "")
    text = (
        f"{sentence(said_of_errors(found))} The difference of the MASE is"
        f" {figure(found.after - found.before)} ({figure(found.low)} to {figure(found.high)})."
    )
    picture = ""
    if drift.picture:
        data = base64.b64encode(drift.picture).decode()
        alt = "Forecasts of recent rows beside what came"
        picture = f'<img alt="{alt}" style="max-width:100%" src="data:image/png;base64,{data}">'
    return (
        f'<h2>Forecasts of recent rows</h2><div class="card"><p>{esc(text)}</p>'
        f"{table(head, rows, numeric=(1, 2))}{picture}</div>"
    )


def _series(drift: SeriesDrift) -> str:
    if not drift.series:
        return ""
    rows = [
        [
            f"{esc(one.name)}<br><span class='small muted'>{esc(KINDS[one.name])}</span>",
            figure(one.effect),
            figure(one.usual),
            f"{one.n_moved:,} of {one.n_series:,}",
            f"{one.by_chance:,}",
            esc(", ".join(f"{name} ({figure(effect)})" for name, effect in one.worst)),
            _pill(one.moved),
        ]
        for one in drift.series
    ]
    head = ("", "Recent", "Usual", "Series that moved", "By chance", "Most", "")
    return f'<h2>The series</h2><div class="card">{table(head, rows, numeric=(1, 2, 3, 4))}</div>'


def _columns(drift: SeriesDrift) -> str:
    if not drift.columns:
        return ""
    cards = "".join(map(_card, drift.columns))
    return f'<h2>Covariates</h2>{_SIDES}<div class="grid">{cards}</div>'


def _method() -> str:
    items = (
        "Recent rows follow those of training. Each is compared with the same row of the season"
        " before them: the mean of the differences is the level, their standard deviation against"
        " that of training the spread, and how far the mean shapes of the seasons differ the"
        " season. Level and season are in units of the seasonal naive error; the figures are those"
        " of the median series.",
        "Usual is what the same measures give for stretches of so many rows in training; a series"
        f" with fewer than {FEWEST} of these is left out. A series moved if no more than"
        f" {UNUSUAL:.0%} of them moved as far, and it is {LEVEL:g} off what is usual for the"
        f" level, {SEASON:g} for the season, or a factor of {SPREAD:g} for the spread. Of several"
        " series more must have moved than chance explains.",
        "Recent rows are forecast by the model as time went on, horizon after horizon. Errors are"
        f" worse if they are {WORSE:g} times those of the windows that validated it, and the"
        " difference is above zero in 95 % of the resamples of series, or of rows.",
        "Covariates are compared as columns of a table are: parts of a year differ from the whole,"
        " so a month of weather moves.",
    )
    lines = "".join(f"<p>{esc(item)}</p>" for item in items)
    return f'<h2>How it is measured</h2><div class="card small muted">{lines}</div>'
