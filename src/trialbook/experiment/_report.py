"""The report of an experiment, in Markdown: what was asked, found, tried, won and skipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trialbook._words import plural
from trialbook.data import NAMED_ROWS, Prepared, Schema, concerned, trained_rows
from trialbook.evaluation import Metric
from trialbook.experiment._programs import SCORE_OF_REFIT
from trialbook.experiment._ranking import asked_of, row_ms, winner
from trialbook.job import Job
from trialbook.search import Ledger
from trialbook.tracking import TrialRecord

# What a metric of forecasts is counted in.
UNITS = {
    "mase": "A MASE of 1 is as far off as repeating the last season was in training.",
    "rmsse": "An RMSSE is in units of the error of repeating the last season in training.",
}


def report(
    job: Job,
    prepared: Prepared,
    metric: Metric,
    records: list[TrialRecord],
    ledger: Ledger,
    tested: dict[str, float] | None,
) -> str:
    """Write the report.

    Parameters
    ----------
    job : Job
    prepared : Prepared
    metric : Metric
    records : list of TrialRecord
        Best first.
    ledger : Ledger
    tested : dict of str to float, optional
        Test metrics of the winner.

    Returns
    -------
    str
        Markdown.
    """
    schema = prepared.schema
    best = winner(records, job.max_predict_ms) or records[0]
    alone = "row" if schema.series is None else "series"
    direction = "greater is better" if metric.greater_is_better else "lower is better"
    lines = [
        f"# {job.experiment_name}",
        "",
        *([job.description, ""] if job.description else []),
        f"{schema.task.capitalize()} of `{schema.target}` in {len(prepared.train):,} rows of"
        f" `{job.place}`, ranked by {metric.name} ({direction}). {prepared.folds.description}",
        "",
        *_columns(prepared, metric),
        "",
        "## Winner",
        "",
        f"**{best.label}**, validation {metric.name} {_number(best.score)} ± {_number(best.std)}.",
        "",
        *_about(best, records, job.max_predict_ms, schema),
    ]
    if tested:
        rows = ([name, _number(value)] for name, value in tested.items())
        lines += [
            "Test, on rows that nothing had seen:",
            "",
            *_table(["metric", "value"], rows),
            "",
        ]
    lines += [
        "## Leaderboard",
        "",
        *_rows(prepared, records),
        *_leaderboard(metric, records, alone),
        *_notes(records),
    ]
    lines += ["", "## Guardrails", ""]
    lines += _table(
        ["check", "verdict", "found", "done", "rows"],
        (
            [one.name, one.verdict, one.finding, one.action, concerned(one, NAMED_ROWS)]
            for one in prepared.guardrails
        ),
    )
    lines += ["", "## Time", "", _time(ledger), ""]
    if ledger.skipped:
        lines += _table(
            ["skipped", "why"], ([label, why] for label, why in ledger.skipped.items())
        )
    return "\n".join(lines).rstrip() + "\n"


def _columns(prepared: Prepared, metric: Metric) -> list[str]:
    """What is learned from: the features, or the series and what is known beside them."""
    schema = prepared.schema
    dropped = [column for column in schema.columns if not column.used]
    unused = ", ".join(f"`{c.name}` ({c.dropped})" for c in dropped[:20])
    not_used = f" Not used: {unused}." if dropped else ""
    spec = schema.series
    if spec is None:
        kinds: dict[str, int] = {}
        for column in schema.used:
            kinds[column.semantic.value] = kinds.get(column.semantic.value, 0) + 1
        features = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        return [f"Features: {features}.{not_used}"]
    known = {
        "Known of the future": spec.covariates,
        "The same in all of a series": spec.static,
        "Not known of the future": spec.past_only,
    }
    told = "".join(
        f" {what}: {', '.join(f'`{name}`' for name in names)}."
        for what, names in known.items()
        if names
    )
    unit = UNITS.get(metric.name)
    return [f"{prepared.series_told}.{told}{not_used}", *(["", unit] if unit else [])]


def _about(
    best: TrialRecord,
    records: Sequence[TrialRecord],
    max_predict_ms: float | None,
    schema: Schema,
) -> list[str]:
    """What is to be known of the winner besides its score."""
    lines = []
    if best.refitted:
        configuration = best.tags.get("configuration", "")
        about = f"It is a {configuration}: trained anew on all of its rows."
        lines += [f"{about} {SCORE_OF_REFIT}", ""]
    if max_predict_ms is None:
        return lines
    limit = f"the {max_predict_ms:g} ms that it may take to {' '.join(asked_of(schema))}"
    if row_ms(best) > max_predict_ms:
        took = f"It takes {row_ms(best):.3g} ms, and nothing is quicker"
        return [*lines, f"No model is within {limit}. {took}.", ""]
    above = records[: records.index(best)]
    slower = ", ".join(f"{record.label} ({row_ms(record):.3g} ms)" for record in above)
    passed = f" Passed over, for they take longer: {slower}." if slower else ""
    return [*lines, f"It takes {row_ms(best):.3g} ms of {limit}.{passed}", ""]


def _rows(prepared: Prepared, records: Sequence[TrialRecord]) -> list[str]:
    """A sentence on how many rows of a big table trials trained on."""
    rows = [record.rows for record in records if record.rows is not None]
    if not rows:
        return []
    of_all = f"of {int(trained_rows(prepared.folds.matrix)[-1]):,} training rows"
    least, most = min(rows), max(rows)
    span = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return [f"Trials trained on {span} {of_all}; all were validated on the same rows.", ""]


def _leaderboard(metric: Metric, records: Sequence[TrialRecord], alone: str) -> list[str]:
    """The table of trials; the last column is the time for what is `alone` asked for."""
    sized = any(record.rows is not None for record in records)
    head = [
        "rank",
        "trial",
        "configuration",
        *(["rows"] if sized else []),
        metric.name,
        "std",
        "fit s",
        "predict ms / 1,000 rows",
        f"predict ms / {alone}",
    ]
    rows = (
        [
            str(rank) if record.finished else "",
            record.label,
            record.tags.get("configuration", ""),
            *(["" if record.rows is None else f"{record.rows:,}"] * sized),
            _number(record.score) if record.finished else record.tags.get("error", record.status),
            _number(record.std),
            _number(record.metrics.get("fit_s")),
            _number(record.metrics.get("predict_ms")),
            _number(record.metrics.get("predict_row_ms")),
        ]
        for rank, record in enumerate(records, start=1)
    )
    return _table(head, rows)


def _notes(records: Sequence[TrialRecord]) -> list[str]:
    """What models could not do."""
    told = [f"* {one.label}: {one.tags['note']}" for one in records if "note" in one.tags]
    return ["", *told] if told else []


def _time(ledger: Ledger) -> str:
    limit = (
        "no deadline" if ledger.deadline_s is None else f"a deadline of {ledger.deadline_s:.0f} s"
    )
    ran = f"{ledger.elapsed_s:.1f} s of {limit}; {plural(len(ledger.entries), 'trial')} ran."
    return f"{ran} No more were started: {ledger.ended}." if ledger.ended else ran


def _table(head: list[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
