"""The profile as one HTML page that needs nothing beside it: the parts that are of the table.

Every text that comes from the table is escaped where it is put into the page, by `esc`.
"""

from __future__ import annotations

from collections.abc import Sequence

from trialbook._words import plural, sentence
from trialbook.addresses import place_of, title_of
from trialbook.data import Guardrail, ranked, told
from trialbook.profiling import _svg as svg
from trialbook.profiling._figures import ColumnProfile
from trialbook.profiling._format import figure, share, size, summary
from trialbook.profiling._html import (
    esc,
    fact,
    histogram_figure,
    meter,
    periods_figure,
    ranking,
    table,
    type_badge,
)
from trialbook.profiling._page_columns import column_section, sketch_of
from trialbook.profiling._profile import REDUNDANT, Correlations, Profile
from trialbook.profiling._style import SCRIPT
from trialbook.profiling.page_parts import document

# Rows of the table of columns: beyond, nobody scrolls, and a page has to open at once.
LISTED_COLUMNS = 500
# Columns with a section of their own. With 500 columns the page then takes about a megabyte.
DETAILED_COLUMNS = 120
# A longer table of columns scrolls in a frame of its own.
TALL_COLUMNS = 40
# Bars of associations, and classes, that are drawn.
DRAWN = 25
NAME_CHARACTERS = 22
# Pairs that are named beside the heat map.
CLOSEST = 10

# By how many of two columns enter as numbers.
_MEASURES = ("Cramér's V", "correlation ratio", "rank correlation")

_VERDICTS = {"alerted": "alert", "fixed": "fixed", "passed": "passed"}


def page(profile: Profile, *, details: bool = True) -> str:
    """The page of a profile.

    Parameters
    ----------
    profile : Profile
    details : bool, optional
        Whether each column has a section of its own.

    Returns
    -------
    str
        HTML; it asks for nothing from anywhere else.
    """
    parts = {
        "overview": ("Overview", _overview(profile)),
        "checks": ("Checks", _checks(profile)),
        "target": ("Target", _target(profile)),
        "columns": ("Columns", _columns(profile, details)),
        "association": ("Association", _association(profile)),
        "correlation": ("Correlation", _correlations(profile)),
        "time": ("Time", _time(profile)),
        "details": ("Each column", _details(profile) if details else ""),
    }
    return document("Profile of a table", _title(profile), _about(profile), parts, script=SCRIPT)


def _title(profile: Profile) -> str:
    return title_of(profile.source) or profile.source


def _about(profile: Profile) -> str:
    where = place_of(profile.source) if profile.source != _title(profile) else ""
    aim = profile.target
    asked = f"{aim.task} of {aim.name}" if aim else "no target was named"
    return " · ".join(part for part in (where, asked) if part)


# -- overview -----------------------------------------------------------------------------------


def _overview(profile: Profile) -> str:
    cells = profile.looked_at * profile.n_columns
    n_lacking = sum(column.missing > 0 for column in profile.columns)
    repeated = share(profile.duplicate_rows / profile.looked_at)
    facts = [
        fact("Rows", f"{profile.n_rows:,}", _looked_at(profile)),
        fact("Columns", f"{profile.n_columns:,}", ""),
        fact(
            "Missing cells",
            share(profile.missing_share),
            f"{profile.missing_cells:,} of {cells:,}, in {plural(n_lacking, 'column')}"
            if n_lacking
            else "every cell is there",
        ),
        fact("Repeated rows", f"{profile.duplicate_rows:,}", f"{repeated} of the rows"),
        fact("In memory", size(profile.memory_bytes), ""),
    ]
    if profile.target is not None:
        aim = profile.target
        of = f"of {plural(aim.n_classes, 'class', 'classes')}: " if aim.n_classes else ""
        facts.append(fact("Task", aim.task, of + aim.evidence))
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in profile.types.items())
    bar = "".join(
        f'<span class="{kind}" style="flex:{count}"></span>'
        for kind, count in profile.types.items()
    )
    legend = "".join(
        f'<li class="type {kind}">{kind} {count:,}</li>' for kind, count in profile.types.items()
    )
    notes = "".join(f'<p class="small muted">{esc(note)}</p>' for note in profile.notes)
    return (
        f'<h2>Overview</h2><dl class="facts">{"".join(facts)}</dl>'
        f'<div class="types" role="img" aria-label="Types of columns: {kinds}">{bar}</div>'
        f'<ul class="legend">{legend}</ul>{notes}'
    )


def _looked_at(profile: Profile) -> str:
    return f"figures of {profile.looked_at:,}, drawn at random" if profile.sampled else ""


# -- checks -------------------------------------------------------------------------------------


def _checks(profile: Profile) -> str:
    if not profile.guardrails:
        return ""
    checks = ranked(profile.guardrails)
    found = [one for one in checks if one.verdict != "passed"]
    passed = [one for one in checks if one.verdict == "passed"]
    shown = (
        f'<ul class="checks">{"".join(map(_check, found))}</ul>'
        if found
        else ("<p>Nothing was found.</p>")
    )
    rest = ""
    if passed:
        names = plural(len(passed), "check")
        listed = "".join(map(_check, passed))
        rest = (
            f'<details class="more"><summary class="small">{names} passed</summary>'
            f'<ul class="checks">{listed}</ul></details>'
        )
    return (
        '<h2>Checks of the data</h2><p class="muted">What training on this table would find, '
        f'and do about it.</p><div class="card">{shown}{rest}</div>'
    )


def _check(one: Guardrail) -> str:
    said = " ".join(sentence(part) for part in (told(one), one.action) if part)
    return (
        f'<li><span class="pill {one.verdict}">{_VERDICTS[one.verdict]}</span>'
        f"<p><strong>{esc(one.name)}</strong><br>{esc(said)}</p></li>"
    )


# -- target -------------------------------------------------------------------------------------


def _target(profile: Profile) -> str:
    aim = profile.target
    if aim is None:
        return ""
    head = f'<h2>Target: {esc(aim.name)}</h2><p class="muted">{esc(aim.evidence)}</p>'
    numbers = profile[aim.name].numbers
    if not aim.classes and numbers is not None:
        chart = histogram_figure(numbers.histogram, f"Distribution of {aim.name}", "numeric")
        return f'{head}<div class="card">{chart}</div>'
    shown = aim.classes[:DRAWN]
    rows = [
        (one.value, one.share, f"{share(one.share)} · {one.count:,}", "categorical", "")
        for one in shown
    ]
    more = aim.n_classes - len(shown)
    rest = f'<p class="small muted">and {more:,} more</p>' if more > 0 else ""
    return f'{head}<div class="card">{ranking(rows, kind="short")}{rest}</div>'


# -- columns ------------------------------------------------------------------------------------


def _columns(profile: Profile, details: bool) -> str:
    listed = _chosen(profile, LISTED_COLUMNS)
    places = {column.name: place for place, column in enumerate(profile.columns)}
    detailed = {column.name for column in _chosen(profile, DETAILED_COLUMNS)} if details else set()
    most = max((one.association.share for one in profile.columns if one.association), default=0)
    head = ["<th scope='col'>Column</th>", "<th scope='col'>Distribution</th>"]
    head += ["<th scope='col' class='wide'>Values</th>"]
    head += ["<th scope='col' class='number'>Missing</th>"]
    head += ["<th scope='col' class='number wide'>Distinct</th>"]
    if profile.target is not None:
        head += ["<th scope='col' class='number'>Tells target</th>"]
    rows = []
    for column in listed:
        place = places[column.name]
        name = esc(column.name)
        link = f'<a href="#c{place}">{name}</a>' if column.name in detailed else name
        lacking = meter(column.missing_share, "lacks") if column.missing else ""
        cells = [
            f"<th scope='row'>{link}{type_badge(column)}</th>",
            f'<td class="{column.semantic}">{sketch_of(column)}</td>',
            f'<td class="said wide">{esc(summary(column))}</td>',
            f'<td class="number">{lacking}{_value(share(column.missing_share))}</td>',
            f'<td class="number wide">{column.distinct:,}</td>',
        ]
        if profile.target is not None:
            found = column.association
            text = "target" if column.role == "target" else ""
            if found is not None:
                text = meter(found.share / most if most else 0) + _value(share(found.share))
            cells.append(f'<td class="number">{text}</td>')
        where = f'data-name="{name}" data-type="{column.semantic}"'
        rows.append(f"<tr {where}>{''.join(cells)}</tr>")
    more = profile.n_columns - len(listed)
    rest = f'<p class="small muted">and {more:,} more columns</p>' if more else ""
    # Of many columns, what follows must not be out of sight.
    tall = ' tall" tabindex="0" role="region" aria-label="Table of columns'
    tall = tall if len(listed) > TALL_COLUMNS else ""
    find = (
        '<div class="tools" hidden><input id="find" type="search" placeholder="Find a column, or '
        'a type" aria-label="Find a column by name or type"></div>'
    )
    return (
        f'<h2>Columns</h2><div class="card">{find}<div class="scroll{tall}">'
        '<table class="columns">'
        f"<thead><tr>{''.join(head)}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f"{rest}</div>"
    )


def _value(text: str) -> str:
    """A figure beside a meter, as wide as the others below it."""
    return f'<span class="value">{text}</span>'


def _chosen(profile: Profile, most: int) -> Sequence[ColumnProfile]:
    """The target and the columns that say most about it, in the order of the table."""
    if profile.n_columns <= most:
        return profile.columns
    ranked = {column.name: rank for rank, column in enumerate(profile.strongest)}
    order = sorted(
        profile.columns, key=lambda one: (one.role != "target", ranked.get(one.name, len(ranked)))
    )
    chosen = {column.name for column in order[:most]}
    return [column for column in profile.columns if column.name in chosen]


def _details(profile: Profile) -> str:
    chosen = {column.name for column in _chosen(profile, DETAILED_COLUMNS)}
    sections = [
        column_section(column, f"c{place}", profile)
        for place, column in enumerate(profile.columns)
        if column.name in chosen
    ]
    more = profile.n_columns - len(sections)
    rest = (
        f'<p class="muted">The {len(sections)} columns that say most; figures of all '
        f"{profile.n_columns:,} are in the JSON document.</p>"
        if more
        else ""
    )
    tools = (
        '<div class="tools" hidden><button id="all" type="button" aria-pressed="false">'
        "Open all</button></div>"
    )
    return f"<h2>Each column</h2>{rest}{tools}{''.join(sections)}"


# -- association and correlation ----------------------------------------------------------------


def _association(profile: Profile) -> str:
    if profile.target is None or not profile.strongest:
        return ""
    most = max(profile.strongest[0].association.share, 1e-9)  # type: ignore[union-attr]
    shown = profile.strongest[:DRAWN]
    rows = []
    for column in shown:
        found = column.association
        assert found is not None
        about = "" if found.correlation is None else f"{found.measure} {found.correlation:.2f}"
        rows.append(
            (column.name, found.share / most, share(found.share), str(column.semantic), about)
        )
    more = len(profile.strongest) - len(shown)
    rest = f'<p class="small muted">and {more:,} more</p>' if more else ""
    lacking = [
        one
        for one in profile.strongest
        if one.association and (one.association.missing_share or 0) >= 0.01
    ]
    lacking.sort(key=lambda one: -(one.association.missing_share or 0))  # type: ignore[union-attr]
    absent = ""
    if lacking:
        cells = [
            (one.name, 0.0, share(one.association.missing_share or 0), "", "")  # type: ignore[union-attr]
            for one in lacking[:10]
        ]
        listed = ", ".join(f"{esc(name)} ({value})" for name, _, value, _, _ in cells)
        absent = f'<p class="more small">Whether a cell is missing tells, too: {listed}.</p>'
    return (
        f"<h2>What tells {esc(profile.target.name)}</h2>"
        '<p class="muted">The part of what there is to know about the target that each column '
        "says, alone: mutual information over the target's entropy. It compares columns of all "
        "types and sees dependence of any shape. Bars are drawn to the longest.</p>"
        f'<div class="card">{ranking(rows)}{rest}{absent}</div>'
    )


def _correlations(profile: Profile) -> str:
    found = profile.correlations
    if found is None or len(found.names) < 3:
        return ""
    names = [
        name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"
        for name in found.names
    ]
    written = [
        [
            f"{one} and {other}: " + ("not told" if value is None else f"{value:.2f}")
            for other, value in zip(found.names, row)
        ]
        for one, row in zip(found.names, found.matrix)
    ]
    label = f"Correlations of {len(names)} columns; the closest pairs are listed beside it"
    chart = svg.heat_map(names, found.matrix, label, written)
    features = sum(column.role == "feature" for column in profile.columns)
    which = ""
    if features > len(names):
        why = "that say most about the target" if profile.target else "that come first"
        which = f" The {len(names)} columns of {profile.n_columns:,} {why}."
    return (
        "<h2>How columns go together</h2>"
        '<p class="muted">Rank correlation (Spearman) of numbers, dates, lengths of texts and '
        "true or false; correlation ratio of ranks for these with categories; Cramér's V of two "
        f"categories. Blue is a positive or unsigned one, orange a negative.{which}</p>"
        '<div class="card beside"><div class="scroll" tabindex="0" role="region" '
        f'aria-label="Heat map of correlations">{chart}</div>{_closest(profile, found)}</div>'
    )


def _closest(profile: Profile, found: Correlations) -> str:
    """The pairs of columns that go together most closely, the target aside."""
    first = 0 if profile.target is None else 1
    pairs = [
        (value, found.names[j], found.names[i], _MEASURES[found.numeric[i] + found.numeric[j]])
        for i, row in enumerate(found.matrix)
        for j, value in enumerate(row[:i])
        if value is not None and j >= first
    ]
    pairs.sort(key=lambda pair: -abs(pair[0]))
    rows = [
        (esc(one), esc(other), f"{value:.2f}", measure)
        for value, one, other, measure in pairs[:CLOSEST]
    ]
    n_near = sum(abs(value) >= REDUNDANT for value, *_ in pairs)
    said = "No two of these columns say nearly the same."
    if n_near:
        said = f"{plural(n_near, 'pair')} with 0.95 and more: one of each says nearly nothing new."
    listed = table(("Column", "Column", "", "Measure"), rows, numeric=(2,))
    return f'<div><h3>Closest pairs</h3><p class="muted small">{said}</p>{listed}</div>'


# -- time ---------------------------------------------------------------------------------------


def _time(profile: Profile) -> str:
    time = profile.time
    if time is None:
        return ""
    chart = periods_figure(time.periods, f"Rows by {time.periods.period}")
    means = [value for value in time.target if value is not None]
    aim = ""
    if means:
        label = f"{time.target_label} by {time.periods.period}"
        ends = f"{figure(min(means))} to {figure(max(means))}"
        drawn = svg.line(time.target, min(means), max(means), f"{label}, {ends}")
        aim = f'<figure class="more"><figcaption>{esc(label)}: {ends}</figcaption>{drawn}</figure>'
    gaps = '<p class="small muted">No gaps.</p>'
    if time.gaps:
        rows = [(gap.start, gap.end, gap.length) for gap in time.gaps]
        gaps = (
            f"<h3>{plural(time.gap_count, 'gap')}</h3>{table(('After', 'Until', 'Length'), rows)}"
        )
    return (
        f"<h2>Time coverage</h2><p class='muted'>By {esc(time.column)}: {time.first} to "
        f"{time.last}, {time.span}.</p>"
        f'<div class="card">{chart}{aim}<div class="more">{gaps}</div></div>'
    )
