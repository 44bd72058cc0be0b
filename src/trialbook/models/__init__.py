"""Models as things that leave the house: packaged, loaded, asked for predictions."""

from trialbook.models._answering import NO_ANSWER, NO_ANSWER_REMEDY, rows_without_answer
from trialbook.models._conformal import (
    CONFORMAL_FILE,
    Conformal,
    Covered,
    Scale,
    read_conformal,
)
from trialbook.models._environment import python_of, read_requirements
from trialbook.models._features import FEATURES_STEP, Feature, features_of, transformations
from trialbook.models._fitted import history
from trialbook.models._forecaster import (
    NO_ONNX,
    ForecastModel,
    forecaster_at,
    observing,
    problems_of_context,
    read_levels,
)
from trialbook.models._forecaster_package import (
    is_forecaster,
    load_forecaster,
    save_forecaster,
    time_forecast,
)
from trialbook.models._model import Model
from trialbook.models._package import (
    BACKGROUND_FILE,
    CHECK_ROWS,
    LEAST_ROW_CALLS,
    MODEL_FOLDER,
    MOST_ROW_S,
    SCHEMA_FILE,
    background,
    load_model,
    predict,
    requirements,
    row_ms,
    save_model,
    write_predictions,
)
from trialbook.models._safety import (
    is_file_of_model,
    is_own,
    model_at,
    open_model,
    require_trust,
)
from trialbook.models._series_problems import (
    EVERY_LEVEL,
    NOTHING_NEW,
    problem_of_horizon,
    problem_of_level,
    problem_of_levels,
    problem_of_nothing,
)

__all__ = [
    "BACKGROUND_FILE",
    "CHECK_ROWS",
    "CONFORMAL_FILE",
    "EVERY_LEVEL",
    "FEATURES_STEP",
    "LEAST_ROW_CALLS",
    "MODEL_FOLDER",
    "MOST_ROW_S",
    "NOTHING_NEW",
    "NO_ANSWER",
    "NO_ANSWER_REMEDY",
    "NO_ONNX",
    "SCHEMA_FILE",
    "Conformal",
    "Covered",
    "Feature",
    "ForecastModel",
    "Model",
    "Scale",
    "background",
    "features_of",
    "forecaster_at",
    "history",
    "is_file_of_model",
    "is_forecaster",
    "is_own",
    "load_forecaster",
    "load_model",
    "model_at",
    "observing",
    "open_model",
    "predict",
    "problem_of_horizon",
    "problem_of_level",
    "problem_of_levels",
    "problem_of_nothing",
    "problems_of_context",
    "python_of",
    "read_conformal",
    "read_levels",
    "read_requirements",
    "require_trust",
    "requirements",
    "row_ms",
    "rows_without_answer",
    "save_forecaster",
    "save_model",
    "time_forecast",
    "transformations",
    "write_predictions",
]
