"""Every key of an Azure ML job for tables and forecasts, and what becomes of it.

Names are those of the command line extension's version 2; `older` ones are those of the first
SDK's ``AutoMLConfig`` and of previews of version 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a key."""

    HONOURED = "honoured"  # it does here what it does there
    NOTED = "noted"  # it changes nothing here, and the run says so
    REFUSED = "refused"  # it asks for what cannot be done here


@dataclass(frozen=True)
class Key:
    """One key of a job.

    Parameters
    ----------
    path : str
        Its name, with those of its blocks before it: ``limits.max_trials``.
    fate : Fate
    text : str
        What it becomes, or why it has no meaning here, or why it is refused and what to do.
    older : tuple of str
        Paths that meant the same before.
    done : tuple of str
        Of a noted key, the values that ask for what is done here anyway: nothing is said then.
    null : bool
        Whether no value means something; else the key is as if it were not there.
    """

    path: str
    fate: Fate
    text: str
    older: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    null: bool = False


def _honoured(path: str, becomes: str, *older: str, null: bool = False) -> Key:
    return Key(path, Fate.HONOURED, becomes, older, null=null)


def _noted(path: str, why: str, *older: str, done: tuple[str, ...] = ()) -> Key:
    return Key(path, Fate.NOTED, why, older, done)


def _refused(path: str, why: str, *older: str) -> Key:
    return Key(path, Fate.REFUSED, why, older)


_NOT = ("false",)
_HERE = "it trains on this machine"
_TABLES = "Trialbook learns tables: take it out, or ask for classification or regression"
_STACK = "the stack's meta-learner is a regularised linear model on out-of-fold predictions"
DEEP_TEXT = "text becomes word and character n-grams; no language model is trained"


def _table(block: str, field: str, *older: str) -> tuple[Key, ...]:
    """Keys of a block that names a table."""
    return (
        _honoured(f"{block}.path", field, *(f"{name}.path" for name in older)),
        _honoured(f"{block}.type", "checked", *(f"{name}.type" for name in older)),
        _noted(f"{block}.mode", "tables are read where they are"),
        _noted(f"{block}.description", "it is of no use in training"),
    )


def _forecasting() -> tuple[Key, ...]:
    """Keys of the block of a forecast; they stood outside of it before."""
    keys = {
        "time_column_name": ("time_column", ()),
        "time_series_id_column_names": ("series", ("grain_column_names",)),
        "forecast_horizon": ("horizon", ("max_horizon",)),
        "frequency": ("frequency", ("freq",)),
        "target_aggregate_function": ("aggregate", ("target_aggregation_function",)),
        "target_lags": ("target_lags; without it the search chooses them", ()),
        "feature_lags": ("feature_lags; without it the search chooses", ()),
        "target_rolling_window_size": ("rolling_window; without it the search chooses", ()),
        "seasonality": ("season; null is none", ()),
        "use_stl": ("use_stl", ()),
        "short_series_handling_config": (
            "short_series",
            ("short_series_handling_configuration",),
        ),
        "country_or_region_for_holidays": ("holidays", ("country_or_region", "holiday_country")),
        "cv_step_size": ("window_step", ()),
        "features_unknown_at_forecast_time": ("unknown_in_future", ()),
        "hierarchy_column_names": ("hierarchy", ()),
        "hierarchy_training_level": ("hierarchy_level", ()),
    }
    null = {"seasonality", "short_series_handling_config", "feature_lags", "use_stl"}
    return tuple(
        _honoured(f"forecasting.{name}", becomes, name, *older, null=name in null)
        for name, (becomes, older) in keys.items()
    )


KEYS: tuple[Key, ...] = (
    # What kind of job it is
    _honoured("$schema", "tells an Azure job"),
    _honoured("type", "tells an Azure job"),
    _honoured("task", "task", "task_type", "general.task"),
    # What it is called
    _honoured("experiment_name", "name"),
    _honoured("name", "name, or a tag if experiment_name is given"),
    _honoured("display_name", "tags"),
    _honoured("description", "description"),
    _honoured("tags", "tags"),
    _noted("properties", "they instruct the service"),
    # Where it runs
    _noted("compute", _HERE, "compute_target"),
    _noted("resources", _HERE),
    _noted("queue_settings", _HERE),
    _noted("identity", "it runs as the user who started it"),
    _noted("environment_variables", "set them before the command"),
    _noted("services", "there is no job to connect to while it runs"),
    _noted("log_verbosity", "progress is printed, and each trial keeps its log", "verbosity"),
    _noted("log_files", "each trial keeps its log", "debug_log"),
    _noted("id", "the service gave it"),
    _noted("creation_context", "the service gave it"),
    _noted("status", "the service gave it"),
    _honoured("inputs", "the values of ${{inputs.name}}"),
    _honoured("outputs.best_model.type", "checked: the best model is always an MLflow model"),
    _noted("outputs.best_model.path", "the model is kept in the workspace"),
    _noted("outputs.best_model.mode", "the model is kept in the workspace"),
    _noted("outputs.best_model.name", "trialbook register gives a model its name"),
    _noted("outputs.best_model.version", "trialbook register gives a model its version"),
    # The question
    _honoured("primary_metric", "metric", "general.primary_metric"),
    _honoured("target_column_name", "target", "label_column_name", "data.target_column_name"),
    _honoured("positive_label", "positive_label"),
    _honoured("weight_column_name", "weight", "data.weight_column_name"),
    *_table("training_data", "data", "data.training.data"),
    *_table("validation_data", "validation", "data.validation.data"),
    *_table("test_data", "test", "data.test.data"),
    _honoured(
        "n_cross_validations",
        "folds; auto leaves them to Trialbook",
        "data.n_cross_validations",
        "data.validation.n_cross_validations",
    ),
    _honoured("cv_split_column_names", "fold_columns", "data.cv_split_column_names"),
    _honoured(
        "validation_data_size",
        "validation_size",
        "validation_size",
        "data.validation_data_size",
        "data.validation.validation_data_size",
    ),
    _honoured("test_data_size", "test_size", "test_size", "data.test.test_data_size"),
    # Limits
    _honoured("limits.timeout_minutes", "timeout", "experiment_timeout_minutes"),
    _honoured("limits.timeout_hours", "timeout", "experiment_timeout_hours"),
    _honoured("limits.trial_timeout_minutes", "trial_timeout", "iteration_timeout_minutes"),
    _honoured("limits.max_trials", "max_trials", "iterations", "limits.max_total_trials"),
    _honoured(
        "limits.max_concurrent_trials", "max_concurrent_trials", "max_concurrent_iterations"
    ),
    _honoured(
        "limits.max_cores_per_trial",
        "max_cores_per_trial; -1 leaves them to Trialbook",
        "max_cores_per_iteration",
    ),
    _noted("limits.max_nodes", _HERE, "max_nodes"),
    _honoured("limits.exit_score", "exit_score", "experiment_exit_score"),
    _honoured("limits.enable_early_termination", "early_termination", "enable_early_stopping"),
    # Training
    _honoured(
        "training.allowed_training_algorithms", "allow", "allowed_models", "whitelist_models"
    ),
    _honoured(
        "training.blocked_training_algorithms", "block", "blocked_models", "blacklist_models"
    ),
    _honoured("training.enable_vote_ensemble", "voting", "enable_voting_ensemble"),
    _honoured("training.enable_stack_ensemble", "stacking", "enable_stack_ensemble"),
    _noted(
        "training.ensemble_model_download_timeout_minutes",
        "no model is downloaded",
        "training.ensemble_model_download_timeout",
        "ensemble_download_models_timeout_sec",
    ),
    _noted(
        "training.stack_ensemble_settings.stack_meta_learner_type",
        _STACK,
        "stack_meta_learner_type",
    ),
    _noted(
        "training.stack_ensemble_settings.stack_meta_learner_train_percentage",
        _STACK,
        "stack_meta_learner_train_percentage",
    ),
    _noted(
        "training.stack_ensemble_settings.stack_meta_learner_k_wargs",
        _STACK,
        "training.stack_ensemble_settings.stack_meta_learner_kwargs",
        "stack_meta_learner_kwargs",
    ),
    _honoured(
        "training.enable_model_explainability",
        "explain",
        "enable_model_explainability",
        "model_explainability",
        "general.enable_model_explainability",
    ),
    _noted(
        "training.enable_onnx_compatible_models",
        "any model of the leaderboard can be written: trialbook export best --to onnx",
        "enable_onnx_compatible_models",
        done=_NOT,
    ),
    _honoured(
        "training.enable_dnn_training",
        f"whether a forecast tries deep models; of tables no meaning here: {DEEP_TEXT}",
        "enable_dnn",
    ),
    _noted("training.training_mode", _HERE, done=("non_distributed", "auto")),
    _noted("enable_code_generation", "every trial has its notebook", done=("true",)),
    # Featurization
    _honoured("featurization.mode", "featurization"),
    _honoured("featurization.blocked_transformers", "block_transformers"),
    _honoured("featurization.column_name_and_types", "types"),
    _honoured("featurization.transformer_params", "imputers and transformer_params"),
    _honoured("featurization.dataset_language", "language"),
    _honoured("featurization.drop_columns", "ignore"),
    _noted("featurization.enable_dnn_featurization", DEEP_TEXT, done=_NOT),
    # Of forecasts
    *_forecasting(),
    # Of other tasks
    _refused("training_parameters", f"it is for images and text. {_TABLES}"),
    _refused("sweep", f"it is for images and text. {_TABLES}"),
    _refused("search_space", f"it is for images and text. {_TABLES}"),
    _refused("jobs", "it makes a pipeline of jobs; put the automl job into a file of its own"),
)


def folded(path: str) -> str:
    """A path as it is compared: ``limits.maxTrials``, ``limits.max-trials`` are one."""
    return ".".join(re.sub(r"[^a-z0-9$]", "", part.casefold()) for part in path.split("."))


BY_PATH = {folded(path): key for key in KEYS for path in (key.path, *key.older)}
# What a key may be inside of: ``limits``, ``training.stack_ensemble_settings``.
BLOCKS = frozenset(
    path.rsplit(".", depth)[0] for path in BY_PATH for depth in range(1, path.count(".") + 1)
)
# Blocks that may be written as one value, and the key that it then is.
SHORT = {
    folded("training_data"): "path",
    folded("validation_data"): "path",
    folded("test_data"): "path",
    folded("featurization"): "mode",
}
