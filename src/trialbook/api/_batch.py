"""Functions that use a model on many rows: batch scoring, and drift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.api._models import load_model

if TYPE_CHECKING:
    from trialbook.evaluation.drift import Drift, SeriesDrift
    from trialbook.models import ForecastModel, Model
    from trialbook.models.onnx import OnnxModel
    from trialbook.serving import Progress, Scored
    from trialbook.tables import Source


def score(
    model: Model | ForecastModel | OnnxModel | str | Path,
    data: Source,
    out: str | Path,
    *,
    keep: str | Sequence[str] | None = None,
    proba: bool = False,
    explain: bool = False,
    interval: float | None = None,
    quantiles: Sequence[float] | None = None,
    context: Source | None = None,
    rows_per_batch: int | None = None,
    resume: bool = False,
    workers: int = 1,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
    listener: Callable[[Progress], None] | None = None,
) -> Scored:
    """Predict the rows of a table of any size into a file.

    The table is read a batch at a time wherever its form allows that, and what is predicted is
    kept in parts beside the output until all are there. A run that was killed is carried on with
    `resume`, and the file is then byte for byte what it would have been in one go.

    Parameters
    ----------
    model : Model, ForecastModel, OnnxModel, str or Path
        One that `load_model` gave, or what it finds.
    data : path or table
        As in `classify`. For a model that forecasts series, rows of the future; those of one
        series must stand together, unless all rows fit into a batch.
    out : str or Path
        File to write, whole or not at all: ``.parquet``, ``.csv``, ``.tsv``, ``.jsonl``,
        ``.ndjson``, ``.feather`` or ``.arrow``; of text also packed, as ``.csv.gz``.
    keep : sequence of str or "all", optional
        Columns of the table that come first in the output. By default those that training took
        for identifiers.
    proba : bool
        Add a column ``probability_LABEL`` for each class.
    explain : bool
        Add what each feature contributed to the prediction.
    interval : float, optional
        Add the columns ``lower`` and ``upper``, or for classes ``set``, which hold the truth so
        often, such as 0.9.
    quantiles : sequence of float, optional
        Of forecasts: levels between 0 and 1; deciles by default.
    context : table, optional
        Of forecasts: rows that were observed since training, as in `ForecastModel.forecast`.
    rows_per_batch : int, optional
        Rows that are predicted at a time, 50,000 by default; with wide tables, fewer take less
        memory.
    resume : bool
        Take up what an earlier run with the same options has finished.
    workers : int
        Processes that predict at once; each has a model and a batch in memory.
    workspace, name, tracking_uri, trust
        As in `load_model`.
    listener : callable, optional
        Is told how far it is, after each batch.

    Returns
    -------
    Scored
        How many rows there were, and what was interpreted of the input.

    Raises
    ------
    DataError
        If the table does not fit the model; a row is counted in the whole table.
    OptionError
        If an option does not fit, or the parts of an earlier run are of another input.
    WorkspaceError
        If the output cannot be written, or one of the `workers` has ended.

    Examples
    --------
    >>> import trialbook as tb
    >>> tb.score("churn@champion", "in.parquet", "out.parquet", keep=["id"])  # doctest: +SKIP
    """
    from trialbook import serving

    found: Any = model
    if isinstance(found, (str, Path)):
        found = load_model(
            found, workspace=workspace, name=name, tracking_uri=tracking_uri, trust=trust
        )
    return serving.score(
        found,
        data,
        out,
        keep=[keep] if isinstance(keep, str) else keep,
        proba=proba,
        explain=explain,
        interval=interval,
        quantiles=quantiles,
        context=context,
        rows_per_batch=rows_per_batch or serving.ROWS_PER_BATCH,
        resume=resume,
        workers=workers,
        workspace=workspace,
        listener=listener,
    )


def drift(
    model: Model | ForecastModel | str | Path,
    data: Source,
    *,
    predictions: bool = False,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Drift | SeriesDrift:
    """Compare recent rows with those that a model learned from.

    Parameters
    ----------
    model : Model, ForecastModel, str or Path
        One that `load_model` gave, or what it finds. Of a folder alone, its few background rows
        stand for the training rows.
    data : path or table
        Recent rows: as in `classify`, or the folder of a server's log of requests; of series
        those that came since, with the target. Of many rows, some are drawn at random.
    predictions : bool
        Predict the recent rows, too, and compare with the out-of-fold predictions of training.
        Series are forecast in any case, as time went on.
    workspace, name, tracking_uri, trust
        As in `load_model`.

    Returns
    -------
    Drift or SeriesDrift
        Its ``moved`` are the columns that moved, its ``summary`` says how; ``to_html(path)``
        writes a page, ``to_json(path)`` a document.

    Raises
    ------
    DataError
        If the rows do not fit the model, or are too few.
    NoModelError
        If the training rows cannot be found.

    Examples
    --------
    >>> import trialbook as tb
    >>> tb.drift("churn@champion", "last_week.parquet").moved  # doctest: +SKIP
    """
    from trialbook import serving
    from trialbook.lifecycle import forecast_drift
    from trialbook.models import ForecastModel

    found: Any = model
    if isinstance(found, (str, Path)):
        found = load_model(
            found, workspace=workspace, name=name, tracking_uri=tracking_uri, trust=trust
        )
    if isinstance(found, ForecastModel):
        return forecast_drift(found, data, tracking_uri)
    return serving.drift(
        found, data, predictions=predictions, workspace=workspace, tracking_uri=tracking_uri
    )
