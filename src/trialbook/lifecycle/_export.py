"""A model written in a form that others can use, compared on rows of its experiment."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from trialbook.experiment import state
from trialbook.lifecycle._find_model import find_fitted_model
from trialbook.models import BACKGROUND_FILE, ForecastModel, Model
from trialbook.models.export import Exported
from trialbook.models.export import export as write
from trialbook.tracking import Tracker, Workspace

# Rows on which an ONNX file is compared: enough to meet rare categories and most splits of trees,
# and some seconds of the slowest models.
COMPARED = 2_000
_EXAMPLE = "input_example.json"


def export(
    which: str | Path,
    to: str,
    path: str | Path | None,
    workspace: str | Path,
    name: str | None = None,
    tracking_uri: str | None = None,
    *,
    trust: bool = False,
) -> Exported:
    """Write a model that is found by any name.

    Parameters
    ----------
    which : str or Path
        As in `find_model`.
    to, path
        As in `trialbook.models.export.export`.
    workspace, name, tracking_uri, trust
        As in `find_model`.

    Returns
    -------
    Exported

    Raises
    ------
    TrialbookError
        As in `find_model`, and as `trialbook.models.export.export` does.
    """
    model = find_fitted_model(which, workspace, name, tracking_uri, trust=trust)
    table = None
    if to == "onnx" and model.run_id is not None:
        tracker = Tracker.of_trial(Workspace.open(workspace, tracking_uri), model.run_id)
        table = None if tracker is None else tracker.folder / state.TRAIN
    return export_model(model, to, path, table)


def export_model(
    model: Model | ForecastModel, to: str, path: str | Path | None, table: Path | None
) -> Exported:
    """Write a model, compared on rows of a table.

    Parameters
    ----------
    model : Model or ForecastModel
    to, path
        As in `trialbook.models.export.export`.
    table : Path or None
        The rows that the model was trained on, as Parquet.

    Returns
    -------
    Exported

    Raises
    ------
    TrialbookError
        As `trialbook.models.export.export` does.
    """
    rows = real_rows(model, table) if to == "onnx" and isinstance(model, Model) else None
    return write(model, to, path, rows=rows)


def real_rows(model: Model, table: Path | None) -> pd.DataFrame | None:
    """Rows like those that a model will meet.

    Parameters
    ----------
    model : Model
    table : Path or None
        The rows that it was trained on, of which a sample is taken.

    Returns
    -------
    DataFrame or None
        Else those that lie beside the model, or its example of a few; None without any.
    """
    if table is not None and table.is_file():
        rows = pd.read_parquet(table, columns=model.schema.names)
    elif (model.folder / BACKGROUND_FILE).is_file():
        rows = pd.read_parquet(model.folder / BACKGROUND_FILE)
    elif (model.folder / _EXAMPLE).is_file():
        example = json.loads((model.folder / _EXAMPLE).read_text("utf-8"))
        rows = pd.DataFrame(example["data"], columns=example["columns"])
    else:
        return None
    return rows.sample(min(COMPARED, len(rows)), random_state=0).reset_index(drop=True)
