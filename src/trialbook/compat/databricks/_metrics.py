"""The names that metrics have in Databricks' runs, and what is measured here under each."""

from __future__ import annotations

from collections.abc import Mapping

from trialbook.job import Task

# Beginnings of names: there, and here.
SIDES = {"val": "validation", "test": "test", "training": "training"}

_LABELS = {"accuracy_score": "accuracy", "log_loss": "log_loss"}
# Names of `mlflow.evaluate`, and the shorter ones of older runtimes.
BINARY = _LABELS | {
    "f1_score": "f1_score_binary",
    "precision_score": "precision_score_binary",
    "recall_score": "recall_score_binary",
    "roc_auc": "AUC_binary",
    "roc_auc_score": "AUC_binary",
    "precision_recall_auc": "average_precision_score_binary",
}
MULTICLASS = _LABELS | {
    "f1_score": "f1_score_weighted",
    "precision_score": "precision_score_weighted",
    "recall_score": "recall_score_weighted",
    "roc_auc": "AUC_weighted",
    "roc_auc_score": "AUC_weighted",
}
REGRESSION = {
    "r2_score": "r2_score",
    "mean_absolute_error": "mean_absolute_error",
    "mae": "mean_absolute_error",
    "root_mean_squared_error": "root_mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mean_absolute_percentage_error": "mean_absolute_percentage_error",
}
FORECASTING = {
    "smape": "smape",
    "mse": "mean_squared_error",
    "mean_squared_error": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "root_mean_squared_error": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "mean_absolute_error": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mdape": "median_absolute_percentage_error",
    "coverage": "coverage",
}
SQUARED = ("mean_squared_error", "mse")
# The argument ``primary_metric`` and the metric of a run that shows it.
PRIMARY = {
    "f1": "f1_score",
    "precision": "precision_score",
    "accuracy": "accuracy_score",
    "log_loss": "log_loss",
    "roc_auc": "roc_auc",
    "r2": "r2_score",
    "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error",
    "mse": "mean_squared_error",
}


def renamed(measured: Mapping[str, float], task: Task, n_classes: int) -> dict[str, float]:
    """Metrics of a trial under Databricks' names, such as ``val_f1_score``.

    Parameters
    ----------
    measured : mapping of str to float
        Metrics of its run.
    task : {"classification", "regression", "forecasting"}
    n_classes : int

    Returns
    -------
    dict of str to float
        Those that are known.
    """
    names = {"regression": REGRESSION, "forecasting": FORECASTING}.get(
        task, BINARY if n_classes == 2 else MULTICLASS
    )
    found: dict[str, float] = {}
    for theirs, ours in SIDES.items():
        for name, own in names.items():
            value = measured.get(f"{ours}_{own}")
            if value is not None:
                found[f"{theirs}_{name}"] = value
        root = measured.get(f"{ours}_root_mean_squared_error")
        if root is not None and task == "regression":
            found |= {f"{theirs}_{name}": root**2 for name in SQUARED}
    return found
