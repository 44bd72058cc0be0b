"""Models as things that leave the house: packaged, loaded, asked for predictions."""

from trialbook.models._features import Feature, features_of, transformations
from trialbook.models._model import Model
from trialbook.models._package import (
    CHECK_ROWS,
    LEAST_ROW_CALLS,
    MODEL_FOLDER,
    MOST_ROW_S,
    SCHEMA_FILE,
    load_model,
    predict,
    requirements,
    row_ms,
    save_model,
    write_predictions,
)

__all__ = [
    "CHECK_ROWS",
    "LEAST_ROW_CALLS",
    "MODEL_FOLDER",
    "MOST_ROW_S",
    "SCHEMA_FILE",
    "Feature",
    "Model",
    "features_of",
    "load_model",
    "predict",
    "requirements",
    "row_ms",
    "save_model",
    "transformations",
    "write_predictions",
]
