"""The order of the trials, and which of them wins."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from trialbook.tracking import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.data import Schema
    from trialbook.evaluation import Metric

ENSEMBLES = ("voting", "stacking")


def ranked(records: list[TrialRecord], metric: Metric) -> list[TrialRecord]:
    """Order trials: those with a model first, best first; equal ones by number.

    Those of which only some folds ended in time come after those with all. A refitted trial, whose
    score is that of its original, stands before it. A trial that was cut
    off and has run again since is left out.

    Parameters
    ----------
    records : list of TrialRecord
    metric : Metric

    Returns
    -------
    list of TrialRecord
    """
    from trialbook.evaluation import error

    done = [record for record in records if record.finished and record.score is not None]
    done.sort(
        key=lambda one: (
            one.partial,
            error(metric, one.score or 0.0),
            not one.refitted,
            one.number,
            one.label,
        )
    )
    again = {record.label for record in records if record.status != "killed"}
    others = [record for record in records if not record.finished]
    return done + [one for one in others if one.status != "killed" or one.label not in again]


def winner(records: list[TrialRecord], max_predict_ms: float | None) -> TrialRecord | None:
    """The best trial of those that predict one row quickly enough.

    Parameters
    ----------
    records : list of TrialRecord
        Ranked.
    max_predict_ms : float, optional
        Milliseconds for one row.

    Returns
    -------
    TrialRecord or None
        If none is quick enough, the quickest; ``None`` without any model.
    """
    done = [record for record in records if record.finished and record.score is not None]
    if max_predict_ms is None:
        return done[0] if done else None
    quick = (record for record in done if row_ms(record) <= max_predict_ms)
    return next(quick, None) or min(done, key=row_ms, default=None)


def row_ms(record: TrialRecord) -> float:
    """Milliseconds that a trial's model takes for one row; infinite if nobody measured it.

    Of forecasts they are those for the horizon of one series; see `asked_of`.
    """
    return record.metrics.get("predict_row_ms", math.inf)


def asked_of(schema: Schema) -> tuple[str, str]:
    """What `row_ms` is the time of, as a verb and its object.

    Parameters
    ----------
    schema : Schema

    Returns
    -------
    tuple of (str, str)
    """
    return ("predict", "one row") if schema.series is None else ("forecast", "one series")


def leaderboard_table(
    records: list[TrialRecord], max_predict_ms: float | None = None
) -> pd.DataFrame:
    """Ranked trials as a table; see `Experiment.leaderboard`."""
    import pandas as pd

    best = winner(records, max_predict_ms)
    rows = [
        {
            "rank": position if record.finished else None,
            "trial": record.label,
            "learner": record.learner,
            "configuration": record.tags.get("configuration", ""),
            "score": record.score,
            "std": record.std,
            "fit_s": record.metrics.get("fit_s"),
            "predict_ms": record.metrics.get("predict_ms"),
            "predict_row_ms": record.metrics.get("predict_row_ms"),
            "size_mb": record.metrics.get("model_bytes", 0.0) / 1e6 if record.finished else None,
            "state": record.status,
            "best": record is best,
            "edited": record.tags.get("edited") == "true",
            "error": record.tags.get("error", ""),
        }
        for position, record in enumerate(records, start=1)
    ]
    columns = [
        "rank",
        "trial",
        "learner",
        "configuration",
        "score",
        "std",
        "fit_s",
        "predict_ms",
        "predict_row_ms",
        "size_mb",
        "state",
        "best",
        "edited",
        "error",
    ]
    table = pd.DataFrame(rows, columns=columns).astype({"rank": "Int64"})
    if any(record.rows is not None for record in records):
        trained = pd.array([record.rows for record in records], dtype="Int64")
        table.insert(columns.index("score"), "rows", trained)
    return table


def config_tag(params: Any) -> str:
    """Hyperparameters as the tag that `TrialRecord.config` reads."""
    return json.dumps(dict(params))
