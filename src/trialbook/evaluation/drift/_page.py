"""A comparison of old and new rows as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence

from trialbook._words import plural, sentence
from trialbook.data import CHANCE, MOVED, NEW_LEVELS
from trialbook.evaluation.drift._figures import Drift, Moved
from trialbook.evaluation.drift._policy import AREA, DRAWN_COLUMNS, PSI_WORDS, SMALL_EFFECT
from trialbook.profiling.page_parts import (
    document,
    esc,
    fact,
    figure,
    meter,
    ranking,
    share,
    table,
)

_STYLE = """
.pair { display: block; width: 100%; height: 150px; border-bottom: 1px solid var(--line); }
.pair .old { fill: var(--other); } .pair .new { fill: var(--warm); }
.pair .hit { fill: transparent; } .pair .hit:hover { fill: var(--line); }
.pair .old, .pair .new { pointer-events: none; }
.sides { display: flex; gap: 18px; font-size: 13px; color: var(--muted); margin: 6px 0; }
.sides span::before { content: ""; display: inline-block; width: 9px; height: 9px;
  border-radius: 3px; margin-right: 6px; background: var(--tone); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 12px; }
.grid .card { margin: 0; min-width: 0; }
.verdict { font-size: 17px; font-weight: 600; }
.said { list-style: none; padding: 0; margin: 8px 0 0; } .said li { padding: 3px 0; }
"""
_SIDES = (
    '<p class="sides"><span style="--tone:var(--other)">old rows</span>'
    '<span style="--tone:var(--warm)">new rows</span></p>'
)


def page(drift: Drift) -> str:
    """The page of a comparison.

    Parameters
    ----------
    drift : Drift

    Returns
    -------
    str
        HTML.
    """
    parts = {
        "overview": ("Overview", _overview(drift)),
        "predictions": ("Target and predictions", _predictions(drift)),
        "moved": ("What moved", _moved(drift)),
        "together": ("All columns together", _separation(drift)),
        "columns": ("Each column", _columns(drift)),
        "method": ("How it is measured", _method()),
    }
    about = f"{drift.reference} · compared with {drift.recent}"
    return document("Drift of a model's data", drift.model, about, parts, style=_STYLE)


def _overview(drift: Drift) -> str:
    old, new = drift.compared
    moved, apart = len(drift.moved), drift.separation
    facts = [
        fact("Old rows", f"{drift.n_reference:,}", _looked(old, drift.n_reference)),
        fact("New rows", f"{drift.n_recent:,}", _looked(new, drift.n_recent)),
        fact("Columns that moved", f"{moved:,}", f"of {len(drift.columns):,} compared"),
    ]
    if apart is not None:
        sure = f"{apart.low:.3f} to {apart.high:.3f}; 0.5 is chance"
        facts.append(fact("Old told from new (AUC)", f"{apart.auc:.3f}", sure))
    kind = "alerted" if drift.alarm else "passed"
    word = "moved" if drift.alarm else "nothing moved"
    lines = "".join(f"<li>{esc(line)}</li>" for line in drift.summary)
    notes = "".join(f'<p class="small muted">{esc(sentence(note))}</p>' for note in drift.notes)
    return (
        f'<dl class="facts">{"".join(facts)}</dl><div class="card">'
        f'<p class="verdict"><span class="pill {kind}">{word}</span></p>'
        f'<ul class="said">{lines}</ul>{notes}</div>'
    )


def _looked(seen: int, rows: int) -> str:
    return "all of them" if seen == rows else f"{seen:,} drawn at random"


def _predictions(drift: Drift) -> str:
    cards = [_card(one) for one in (drift.target, drift.labels) if one is not None]
    rows = [
        [
            esc(one.name),
            figure(one.before),
            figure(one.after),
            f"{one.effect:+.2f}",
            _chance(one.p_value),
            _pill(one.moved),
        ]
        for one in drift.predictions
    ]
    head = ("Mean of", "Old", "New", "Standard deviations", "Chance", "")
    means = f'<div class="card">{table(head, rows, numeric=(1, 2, 3, 4))}</div>' if rows else ""
    if not cards and not means:
        return ""
    grid = f'<div class="grid">{"".join(cards)}</div>' if cards else ""
    return f"<h2>Target and predictions</h2>{_SIDES if cards else ''}{grid}{means}"


def _moved(drift: Drift) -> str:
    found = [column for column in drift.columns if column.moved]
    if not found:
        return ""
    more = len(found) - DRAWN_COLUMNS
    note = f'<p class="muted small">{plural(more, "column")} more moved.</p>' if more > 0 else ""
    cards = "".join(map(_card, found[:DRAWN_COLUMNS]))
    return f'<h2>What moved</h2>{_SIDES}<div class="grid">{cards}</div>{note}'


def _card(found: Moved) -> str:
    title = f'<h3>{esc(found.name)} <span class="type {found.kind}">{found.kind}</span></h3>'
    verdict = "" if found.moved else '<p class="small"><span class="pill">not moved</span></p>'
    said = esc(sentence(found.said)) if found.said else "About as before."
    ends = (found.bins[0], found.bins[-1]) if len(found.bins) > 1 else found.bins[:1]
    marks = "".join(f"<span>{esc(mark)}</span>" for mark in ends)
    return (
        f'<div class="card">{title}{verdict}{_bars(found)}<div class="scale">{marks}</div>'
        f'<p class="small">{said}</p><p class="small muted">{_measures(found)}</p></div>'
    )


def _measures(found: Moved) -> str:
    parts = [f"{share(found.distance)} of the rows moved", f"PSI {found.psi:.3f}"]
    if found.wasserstein is not None:
        parts.append(f"{found.wasserstein:.2f} standard deviations")
    return " · ".join([*parts, f"chance {_chance(found.p_value)}"])


def _bars(found: Moved) -> str:
    """Old and new parts side by side in each bin; what each is shows when it is pointed at."""
    most = max((*found.before, *found.after), default=1) or 1
    drawn = []
    for place, (name, one, other) in enumerate(
        zip(found.bins, found.before, found.after, strict=True)
    ):
        title = esc(f"{name}: {share(other)}, before {share(one)}")
        drawn.append(
            f'<rect class="hit" x="{place}" width="1" height="100"><title>{title}</title></rect>'
        )
        for kind, value, start in (("old", one, 0.08), ("new", other, 0.5)):
            height = max(0.8, 96 * value / most) if value else 0
            drawn.append(
                f'<rect class="{kind}" x="{place + start:.2f}" y="{100 - height:.1f}"'
                f' width="0.4" height="{height:.1f}"/>'
            )
    label = esc(f"{found.name}, old and new rows")
    return (
        f'<svg class="pair" viewBox="0 0 {max(1, len(found.bins))} 100" role="img"'
        f' preserveAspectRatio="none" aria-label="{label}">{"".join(drawn)}</svg>'
    )


def _separation(drift: Drift) -> str:
    apart = drift.separation
    if apart is None:
        return ""
    most = max((loss for _, loss in apart.columns), default=1.0) or 1.0
    bars = [(name, loss / most, f"{loss:.3f}", "", "") for name, loss in apart.columns[:15]]
    verdict = (
        "New rows are told from old ones"
        if apart.moved
        else "New rows cannot be told from old ones well enough to matter"
    )
    text = (
        f"{verdict}: the area under the ROC curve is {apart.auc:.3f} ({apart.low:.3f} to"
        f" {apart.high:.3f}), out of fold, with {apart.n_rows:,} rows of each side. Columns that"
        " move together, or only in their combination, show here."
    )
    lost = (
        f"<h3>What the area loses without a column</h3>{ranking(bars)}"
        if bars and apart.moved
        else ""
    )
    return f'<h2>All columns together</h2><div class="card"><p>{text}</p>{lost}</div>'


def _columns(drift: Drift) -> str:
    rows = [
        [
            f'{esc(one.name)} <span class="type {one.kind}">{one.kind}</span>',
            f'<span class="value">{share(one.distance)}</span> {meter(min(1.0, one.distance))}',
            f"{one.psi:.3f}",
            f"{one.jensen_shannon:.3f}",
            "" if one.wasserstein is None else f"{one.wasserstein:.2f}",
            _arrow(one.missing),
            share(one.new_share) if one.new_share else "",
            _chance(one.p_value),
            _pill(one.moved),
        ]
        for one in drift.columns
    ]
    head = (
        *("Column", "Rows that moved", "PSI", "Jensen-Shannon", "Wasserstein", "Missing"),
        *("New levels", "Chance", ""),
    )
    tall = "tall" if len(rows) > 40 else ""
    body = table(head, rows, numeric=(1, 2, 3, 4, 5, 6, 7))
    return f'<h2>Each column</h2><div class="card columns {tall}">{body}</div>'


def _arrow(missing: Sequence[float]) -> str:
    one, other = missing
    return "" if not one and not other else f"{share(one)} → {share(other)}"


def _pill(moved: bool) -> str:
    kind, word = ("alerted", "moved") if moved else ("passed", "as before")
    return f'<span class="pill {kind}">{word}</span>'


def _chance(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 else f"{value:.0e}" if value > 1e-99 else "under 1e-99"


def _method() -> str:
    bounds = ", ".join(f"{word} from {bound:g}" for bound, word in PSI_WORDS[:2])
    items = (
        f"A column moved if {MOVED:.0%} of the new rows or more would have to change to be"
        f" distributed as the old ones, or {NEW_LEVELS:.0%} have levels that are new, and chance"
        f" would bring that about in one comparison of {1 / CHANCE:,.0f}, however many columns"
        " there are (Holm's correction). The check of validation and test rows has the same"
        " bounds.",
        "Rows that moved: the larger one of the total variation between the old and the new"
        " parts in ten bins of as many old rows each, or by level, and the Kolmogorov-Smirnov"
        " statistic. Chance: by chi-squared tests of the bins, and of numbers and dates by the"
        " Kolmogorov-Smirnov test, too.",
        f"PSI, the population stability index, is {bounds} by the usual words of scorecards;"
        " Jensen-Shannon is a distance from 0 to 1; Wasserstein is how far cells would have to be"
        " carried, in standard deviations of the old rows.",
        f"Old told from new: gradient boosting on both, with an interval by DeLong; it counts if"
        f" its lower end is beyond {AREA:g}.",
        "Predictions of old rows are those of models that did not learn from them; means count"
        f" from {SMALL_EFFECT:g} standard deviations on.",
    )
    lines = "".join(f"<p>{esc(item)}</p>" for item in items)
    return f'<h2>How it is measured</h2><div class="card small muted">{lines}</div>'
