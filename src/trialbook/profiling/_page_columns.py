"""The page's parts that are of one column: its sketch, and the section with all of its figures."""

from __future__ import annotations

from trialbook._words import plural, sentence
from trialbook.profiling import _svg as svg
from trialbook.profiling._figures import ColumnProfile, Levels, Numbers, Texts, Times
from trialbook.profiling._format import counts_of, figure, share, summary
from trialbook.profiling._html import (
    esc,
    histogram_figure,
    named_bars,
    pairs,
    periods_figure,
    ranking,
    table,
    type_badge,
)
from trialbook.profiling._profile import Profile

_QUANTILES = {
    "1%": "1st percentile",
    "5%": "5th percentile",
    "25%": "Lower quartile",
    "50%": "Median",
    "75%": "Upper quartile",
    "95%": "95th percentile",
    "99%": "99th percentile",
}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def sketch_of(column: ColumnProfile) -> str:
    """A chart of a column the size of a word."""
    what = "Most frequent values"
    if column.numbers is not None:
        what = "Histogram"
    elif column.times is not None:
        what = f"Rows by {column.times.periods.period}"
    elif column.texts is not None:
        what = "Words in each text"
    counts = counts_of(column)
    return svg.sketch(counts, f"{what} of {column.name}") if counts else ""


def column_section(column: ColumnProfile, anchor: str, profile: Profile) -> str:
    """All figures of a column, below a line that opens them.

    Parameters
    ----------
    column : ColumnProfile
    anchor : str
        Where links to it lead.
    profile : Profile
        Of the whole table.

    Returns
    -------
    str
    """
    why = sentence(f"{column.semantic}: {column.evidence}")
    if column.role == "target":
        why += " It is the target."
    elif column.dropped is not None:
        why += f" It would not be used ({column.dropped})."
    facts = [
        ("Missing", f"{column.missing:,} ({share(column.missing_share)})"),
        ("Distinct", f"{column.distinct:,}"),
        ("Stored as", column.storage),
        *_told(column, profile),
    ]
    body = ""
    if column.numbers is not None:
        body = _numbers(column.numbers, facts, column)
    elif column.times is not None:
        body = _times(column.times, facts)
    elif column.texts is not None:
        body = _texts(column.texts, facts)
    elif column.levels is not None:
        body = _levels(column.levels, facts, column)
    else:
        body = pairs(facts)
    name = esc(column.name)
    return (
        f'<details class="card column {column.semantic}" id="{anchor}" data-name="{name}" '
        f'data-type="{column.semantic}"><summary><h3>{name}</h3>{type_badge(column)}'
        f'<span class="said small muted">{esc(summary(column))}</span></summary>'
        f'<div class="inside"><p class="why small muted">{esc(why)}</p>{body}</div></details>'
    )


def _told(column: ColumnProfile, profile: Profile) -> list[tuple[str, str]]:
    found = column.association
    if found is None or profile.target is None:
        return []
    facts = [("Tells the target", share(found.share))]
    if found.correlation is not None:
        measure = found.measure.partition(" (")[0]
        facts.append((measure[0].upper() + measure[1:], f"{found.correlation:.3f}"))
    if found.missing_share is not None:
        facts.append(("Missing tells", share(found.missing_share)))
    return facts


def _numbers(found: Numbers, facts: list[tuple[str, str]], column: ColumnProfile) -> str:
    total = max(
        1, int(sum(found.histogram.counts) + found.histogram.below + found.histogram.above)
    )
    facts += [
        ("Mean", figure(found.mean)),
        ("Std. deviation", figure(found.std)),
        ("Skew", figure(None if found.skew is None else round(found.skew, 3))),
        ("Minimum", figure(found.min)),
        *((_QUANTILES[name], figure(value)) for name, value in found.quantiles.items()),
        ("Maximum", figure(found.max)),
        ("Zeros", f"{found.zeros:,} ({share(found.zeros / total)})"),
        ("Negative", f"{found.negatives:,} ({share(found.negatives / total)})"),
    ]
    chart = histogram_figure(found.histogram, f"Distribution of {column.name}", "")
    far = found.outliers
    if far.low is None or far.high is None:
        told = f'<p class="small muted">Outliers: {esc(far.rule)}.</p>'
    elif not far.count:
        told = (
            f'<p class="small muted">No outliers: none below {figure(far.low)} or above '
            f"{figure(far.high)} ({esc(far.rule)}).</p>"
        )
    else:
        rows = [(f"{cell.row:,}", figure(float(cell.value))) for cell in far.examples]
        told = (
            f"<h3>{plural(far.count, 'outlier')}</h3>"
            f'<p class="small muted">Below {figure(far.low)} or above {figure(far.high)} '
            f"({esc(far.rule)}). The furthest:</p>{table(('Row', 'Value'), rows, numeric=(0, 1))}"
        )
    return f'<div class="two"><div>{chart}<div class="more">{told}</div></div>{pairs(facts)}</div>'


def _levels(found: Levels, facts: list[tuple[str, str]], column: ColumnProfile) -> str:
    facts += [
        ("Entropy", f"{found.entropy:.2f} bits"),
        ("Rare values", f"{found.rare:,} in {plural(found.rare_cells, 'cell')}"),
    ]
    most = found.top[0].share
    rows = [
        (one.value, one.share / most, f"{share(one.share)} · {one.count:,}", "", "")
        for one in found.top
    ]
    more = column.distinct - len(found.top)
    rest = (
        f'<p class="small muted">and {plural(more, "more value")} in {found.other:,} cells</p>'
        if more > 0
        else ""
    )
    chart = f"<div><h3>Most frequent values</h3>{ranking(rows, kind='short')}{rest}</div>"
    return f'<div class="two">{chart}{pairs(facts)}</div>'


def _texts(found: Texts, facts: list[tuple[str, str]]) -> str:
    for name, lengths in (("Words", found.words), ("Characters", found.characters)):
        facts += [
            (name, f"{figure(lengths.min)} to {figure(lengths.max)}"),
            (f"{name}, median", figure(lengths.median)),
            (f"{name}, mean", figure(round(lengths.mean, 1))),
        ]
    facts.append(("White space alone", f"{found.blank:,}"))
    chart = histogram_figure(found.words.histogram, "Words in each text", "", " words")
    rows = [
        (one.value, one.share, f"{share(one.share)} · {one.count:,}", "", "")
        for one in found.top_words
    ]
    words = ranking(rows, kind="short")
    quotes = "".join(f'<p class="quote">{esc(text)}</p>' for text in found.examples)
    return (
        f'<div class="two"><div>{chart}</div>{pairs(facts)}'
        f"<div><h3>Words in most texts</h3>{words}</div><div><h3>Examples</h3>{quotes}</div></div>"
    )


def _times(found: Times, facts: list[tuple[str, str]]) -> str:
    usual = "" if found.step is None else f"{found.step} ({share(found.step_share or 0)})"
    facts += [
        ("First", found.first),
        ("Last", found.last),
        ("Span", found.span),
        ("Most frequent step", usual),
        ("Gaps", f"{found.gap_count:,}"),
        ("Out of range", f"{found.out_of_range:,}"),
        ("Not read as dates", f"{found.unread:,}"),
    ]
    charts = [periods_figure(found.periods, f"Rows by {found.periods.period}")]
    if found.weekdays:
        charts.append(named_bars(found.weekdays, _WEEKDAYS, "Rows by day of the week", ""))
    if found.hours:
        names = tuple(f"{hour}:00" for hour in range(24))
        charts.append(named_bars(found.hours, names, "Rows by hour of the day", ""))
    odd = ""
    if found.out_of_range_examples:
        rows = [(f"{cell.row:,}", esc(cell.value)) for cell in found.out_of_range_examples]
        odd = f"<div><h3>Out of range</h3>{table(('Row', 'Time'), rows)}</div>"
    gaps = ""
    if found.gaps:
        spans = [(gap.start, gap.end, gap.length) for gap in found.gaps]
        gaps = f"<div><h3>Longest gaps</h3>{table(('After', 'Until', 'Length'), spans)}</div>"
    drawn = "".join(f"<div>{chart}</div>" for chart in charts)
    return f'<div class="two">{drawn}{pairs(facts)}{gaps}{odd}</div>'
