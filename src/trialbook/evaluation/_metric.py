"""The metrics that a job can name, as one table, and how to look them up."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from trialbook.errors import OptionError, nearest
from trialbook.evaluation import _classification as c
from trialbook.evaluation import _forecasting as f
from trialbook.evaluation import _regression as r
from trialbook.job import Task


@dataclass(frozen=True)
class Metric:
    """A metric that can rank trials.

    Parameters
    ----------
    name : str
        The spelling that is stored and shown.
    function : callable
        ``f(y, proba, positive)`` for classification, ``f(y, prediction)`` for regression,
        ``f(y, forecasts, scale)`` for forecasting. It stands alone: its source needs `imports` and
        nothing else.
    imports : tuple of str
        Import lines that the source of `function` needs.
    tasks : tuple of str
        Tasks it is defined for.
    aliases : tuple of str
        Other spellings. Case, ``_``, ``-`` and spaces never matter.
    greater_is_better : bool
        Whether a model improves by raising it.
    best : float
        The score of a perfect model.
    label_based : bool
        Whether only the most probable class counts, not its probability.
    classes : {"any", "binary", "multiclass"}
        Numbers of classes that `function` is written for. A name such as ``f1`` has one entry
        for two classes and another for more.
    """

    name: str
    function: Callable[..., float]
    imports: tuple[str, ...]
    tasks: tuple[Task, ...]
    aliases: tuple[str, ...] = ()
    greater_is_better: bool = True
    best: float = 1.0
    label_based: bool = False
    classes: Literal["any", "binary", "multiclass"] = "any"

    @property
    def binary_only(self) -> bool:
        """Whether `function` needs a positive class."""
        return self.classes == "binary"

    def score(self, y: np.ndarray, prediction: np.ndarray, positive: int | None = None) -> float:
        """Call `function` in the way of its task.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, 4)
            Codes of the true classes, or true values; of series, beside their scales.
        prediction : ndarray of shape (n, n_classes), (n,) or (n, 1 + n_levels)
            Probabilities, predicted values, or forecasts and their quantiles.
        positive : int, optional
            Code of the positive class; needed for two classes.

        Returns
        -------
        float
            NaN where the metric is undefined, such as ROC AUC of rows of one class.
        """
        if "forecasting" in self.tasks:
            return self.function(y[:, 0], prediction, y[:, 1:])
        if "regression" in self.tasks:
            return self.function(y, prediction)
        return self.function(y, prediction, positive)


_NUMPY = ("import numpy as np",)
_RANKS = (*_NUMPY, "from scipy.stats import rankdata")


def _sklearn(name: str) -> tuple[str, ...]:
    return (*_NUMPY, f"from sklearn.metrics import {name}")


_by_proba = partial(Metric, tasks=("classification",))
_by_label = partial(Metric, tasks=("classification",), label_based=True)
_proba_loss = partial(Metric, tasks=("classification",), greater_is_better=False, best=0.0)
_correlation = partial(Metric, tasks=("regression",))
_loss = partial(Metric, tasks=("regression",), greater_is_better=False, best=0.0)
_forecast_loss = partial(Metric, tasks=("forecasting",), greater_is_better=False, best=0.0)

# The usual ones first. Aliases are the names of Azure ML (AUC_weighted), of Databricks (f1, r2)
# and of scikit-learn's scorers (neg_log_loss).
METRICS: tuple[Metric, ...] = (
    _by_proba(
        "roc_auc",
        c.roc_auc,
        _RANKS,
        aliases=("auc", "AUC_weighted", "AUC_binary", "AUC_macro", "roc_auc_score"),
        classes="binary",
    ),
    _by_proba(
        "roc_auc",
        c.roc_auc_ovr_weighted,
        _RANKS,
        aliases=("auc", "AUC_weighted", "roc_auc_score", "roc_auc_ovr_weighted"),
        classes="multiclass",
    ),
    _proba_loss("log_loss", c.log_loss, _NUMPY, aliases=("neg_log_loss", "cross_entropy")),
    _by_label("accuracy", c.accuracy, _NUMPY, aliases=("acc", "accuracy_score")),
    _by_label(
        "balanced_accuracy",
        c.balanced_accuracy,
        _sklearn("recall_score"),
        aliases=("balanced_accuracy_score",),
    ),
    _by_label(
        "f1",
        c.f1,
        _sklearn("f1_score"),
        aliases=("f1_score", "f1_score_binary", "f1_binary"),
        classes="binary",
    ),
    _by_label("f1", c.f1_macro, _sklearn("f1_score"), aliases=("f1_score",), classes="multiclass"),
    _by_label("f1_macro", c.f1_macro, _sklearn("f1_score"), aliases=("f1_score_macro",)),
    _by_label("f1_micro", c.f1_micro, _sklearn("f1_score"), aliases=("f1_score_micro",)),
    _by_label("f1_weighted", c.f1_weighted, _sklearn("f1_score"), aliases=("f1_score_weighted",)),
    _by_label(
        "precision",
        c.precision,
        _sklearn("precision_score"),
        aliases=("precision_score", "precision_score_binary"),
        classes="binary",
    ),
    _by_label(
        "precision",
        c.precision_macro,
        _sklearn("precision_score"),
        aliases=("precision_score", "precision_macro", "precision_score_macro"),
        classes="multiclass",
    ),
    _by_label(
        "recall",
        c.recall,
        _sklearn("recall_score"),
        aliases=("recall_score", "recall_score_binary", "sensitivity"),
        classes="binary",
    ),
    _by_label(
        "recall",
        c.recall_macro,
        _sklearn("recall_score"),
        aliases=("recall_score", "recall_macro", "recall_score_macro"),
        classes="multiclass",
    ),
    _by_proba(
        "average_precision",
        c.average_precision,
        _sklearn("average_precision_score"),
        aliases=("average_precision_score", "average_precision_score_binary", "pr_auc"),
        classes="binary",
    ),
    _by_proba(
        "average_precision",
        c.average_precision_macro,
        _sklearn("average_precision_score"),
        aliases=("average_precision_score", "average_precision_score_macro", "pr_auc"),
        classes="multiclass",
    ),
    _by_label(
        "norm_macro_recall",
        c.norm_macro_recall,
        _sklearn("recall_score"),
        aliases=("normalized_macro_recall",),
    ),
    _by_label(
        "matthews_correlation",
        c.matthews_correlation,
        _sklearn("matthews_corrcoef"),
        aliases=("mcc", "matthews_corrcoef"),
    ),
    _by_proba(
        "average_precision_score_weighted",
        c.average_precision_weighted,
        _sklearn("average_precision_score"),
        aliases=("average_precision_weighted",),
    ),
    _by_label(
        "precision_score_weighted",
        c.precision_weighted,
        _sklearn("precision_score"),
        aliases=("precision_weighted",),
    ),
    _proba_loss(
        "brier",
        c.brier,
        _NUMPY,
        aliases=("brier_score", "brier_score_loss", "neg_brier_score"),
        classes="binary",
    ),
    _proba_loss(
        "brier",
        c.brier_multiclass,
        _NUMPY,
        aliases=("brier_score", "brier_score_loss", "neg_brier_score"),
        classes="multiclass",
    ),
    _loss(
        "rmse",
        r.rmse,
        _NUMPY,
        aliases=("root_mean_squared_error", "neg_root_mean_squared_error"),
    ),
    _loss("mae", r.mae, _NUMPY, aliases=("mean_absolute_error", "neg_mean_absolute_error")),
    _loss("mse", r.mse, _NUMPY, aliases=("mean_squared_error", "neg_mean_squared_error")),
    _correlation("r2", r.r2, _sklearn("r2_score"), aliases=("r2_score", "r_squared")),
    _loss(
        "mape",
        r.mape,
        _NUMPY,
        aliases=("mean_absolute_percentage_error", "neg_mean_absolute_percentage_error"),
    ),
    _loss(
        "median_absolute_error",
        r.median_absolute_error,
        _NUMPY,
        aliases=("medae", "neg_median_absolute_error"),
    ),
    _loss(
        "rmsle",
        r.rmsle,
        _NUMPY,
        aliases=("root_mean_squared_log_error", "neg_root_mean_squared_log_error"),
    ),
    _correlation(
        "spearman_correlation",
        r.spearman_correlation,
        _RANKS,
        aliases=("spearman", "spearmanr"),
    ),
    _correlation(
        "explained_variance",
        r.explained_variance,
        _sklearn("explained_variance_score"),
        aliases=("explained_variance_score",),
    ),
    _loss(
        "normalized_root_mean_squared_error",
        r.normalized_root_mean_squared_error,
        _NUMPY,
        aliases=("nrmse", "normalized_rmse"),
    ),
    _loss(
        "normalized_mean_absolute_error",
        r.normalized_mean_absolute_error,
        _NUMPY,
        aliases=("nmae", "normalized_mae"),
    ),
    _forecast_loss("mase", f.mase, _NUMPY, aliases=("mean_absolute_scaled_error",)),
    _forecast_loss("rmsse", f.rmsse, _NUMPY, aliases=("root_mean_squared_scaled_error",)),
    _forecast_loss("smape", f.smape, _NUMPY, aliases=("symmetric_mape",)),
    _forecast_loss("wape", f.wape, _NUMPY, aliases=("weighted_absolute_percentage_error",)),
    _forecast_loss("mape", f.mape, _NUMPY, aliases=("mean_absolute_percentage_error",)),
    _forecast_loss("mdape", f.mdape, _NUMPY, aliases=("median_absolute_percentage_error",)),
    _forecast_loss("mae", f.mae, _NUMPY, aliases=("mean_absolute_error",)),
    _forecast_loss("mse", f.mse, _NUMPY, aliases=("mean_squared_error",)),
    _forecast_loss("rmse", f.rmse, _NUMPY, aliases=("root_mean_squared_error",)),
    _forecast_loss(
        "scaled_pinball_loss", f.scaled_pinball, _NUMPY, aliases=("pinball", "sql", "wql")
    ),
    _forecast_loss(
        "normalized_root_mean_squared_error",
        f.normalized_rmse,
        _NUMPY,
        aliases=("nrmse", "normalized_rmse"),
    ),
    _forecast_loss(
        "normalized_mean_absolute_error",
        f.normalized_mae,
        _NUMPY,
        aliases=("nmae", "normalized_mae"),
    ),
    Metric("r2", f.r2, _sklearn("r2_score"), ("forecasting",), aliases=("r2_score",)),
    Metric(
        "spearman_correlation",
        f.spearman,
        _RANKS,
        ("forecasting",),
        aliases=("spearman", "spearmanr"),
    ),
)

# ROC AUC shows two classes' ranking whatever the balance; with more classes the probabilities
# themselves are what an ensemble can improve smoothly; RMSE is in the target's own unit. MASE
# weighs series of every size alike, and says at once whether a naive forecast would do.
_DEFAULTS = {
    ("classification", True): "roc_auc",
    ("classification", False): "log_loss",
    ("regression", False): "rmse",
    ("forecasting", False): "mase",
}


def metric(name: str, task: Task, n_classes: int | None = None) -> Metric:
    """The metric of a name, in any of its spellings.

    Parameters
    ----------
    name : str
        A name or alias; case, ``_``, ``-`` and spaces do not matter.
    task : {"classification", "regression", "forecasting"}
        What is learned.
    n_classes : int, optional
        Number of classes; ignored for regression.

    Returns
    -------
    Metric

    Raises
    ------
    OptionError
        If there is no such metric for the task; the nearest name is suggested.
    """
    asked = _folded(name)
    known = _defined(task, n_classes)
    for candidate in known:
        if asked in _spellings(candidate):
            return candidate
    for candidate in METRICS:
        if task not in candidate.tasks and asked in _spellings(candidate):
            raise OptionError(
                f"metric '{name}' is for {candidate.tasks[0]}, and the task is {task}",
                place="option metric",
                remedy=f"Known: {', '.join(m.name for m in known)}.",
            )
    spellings = [m.name for m in known] + [alias for m in known for alias in m.aliases]
    raise OptionError(
        f"unknown metric '{name}' for {task}",
        place="option metric",
        remedy=nearest(name, spellings),
    )


def tasks_of(name: str) -> tuple[Task, ...]:
    """The tasks that have a metric of a name.

    Parameters
    ----------
    name : str
        As in `metric`.

    Returns
    -------
    tuple of {"classification", "regression", "forecasting"}

    Raises
    ------
    OptionError
        If no task has it; the nearest name is suggested.
    """
    asked = _folded(name)
    tasks = {task for m in METRICS if asked in _spellings(m) for task in m.tasks}
    if not tasks:
        known = [spelling for m in METRICS for spelling in (m.name, *m.aliases)]
        raise OptionError(
            f"unknown metric '{name}'", place="option metric", remedy=nearest(name, known)
        )
    return tuple(sorted(tasks))


def default_metric(task: Task, n_classes: int | None = None) -> Metric:
    """The metric that ranks trials when the job names none.

    Parameters
    ----------
    task : {"classification", "regression", "forecasting"}
        What is learned.
    n_classes : int, optional
        Number of classes; ignored for regression.

    Returns
    -------
    Metric
        ``roc_auc`` for two classes, ``log_loss`` for more, ``rmse`` for regression, ``mase`` for
        forecasting.
    """
    binary = task == "classification" and n_classes == 2
    return metric(_DEFAULTS[task, binary], task, n_classes)


def metric_names(task: Task, n_classes: int | None = None) -> tuple[str, ...]:
    """The names that `metric` knows, without aliases.

    Parameters
    ----------
    task : {"classification", "regression", "forecasting"}
        What is learned.
    n_classes : int, optional
        Number of classes; ignored for regression.

    Returns
    -------
    tuple of str
        The names, the usual ones first.
    """
    return tuple(m.name for m in _defined(task, n_classes))


def error(metric: Metric, score: float) -> float:
    """Turn a score into an error, so that lower is better whatever the metric.

    Parameters
    ----------
    metric : Metric
        What was measured.
    score : float
        Its value.

    Returns
    -------
    float
        Distance to the best score: ``1 - score`` for ROC AUC, the score itself for RMSE. Infinite
        for NaN, so that an undefined score ranks last.
    """
    if math.isnan(score):
        return math.inf
    return metric.best - score if metric.greater_is_better else score - metric.best


def _defined(task: Task, n_classes: int | None) -> list[Metric]:
    excluded = "multiclass" if n_classes == 2 else "binary"
    return [m for m in METRICS if task in m.tasks and m.classes != excluded]


def _spellings(one: Metric) -> set[str]:
    return {_folded(spelling) for spelling in (one.name, *one.aliases)}


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
