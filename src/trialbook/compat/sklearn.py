"""A search as a scikit-learn estimator.

For pipelines, cross-validation and whatever else takes an estimator: every `fit` runs an
experiment, and what `predict` uses is its best model.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from trialbook.compat._temporary import remove_with, temporary_workspace
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.execution import lasting_workers
from trialbook.job import Job
from trialbook.tables import read_table

if TYPE_CHECKING:
    from numpy.random import RandomState

    from trialbook.lifecycle import Experiment, Trial

__all__ = ["TrialbookClassifier", "TrialbookRegressor"]

# Seeds are below this; it is what `trialbook.Job` takes.
SEEDS = 2**31
TARGET, WEIGHT = "target", "sample_weight"


class _TrialbookEstimator(BaseEstimator):  # type: ignore[misc]
    """What a classifier and a regressor share: everything but the target."""

    _task: Literal["classification", "regression"]

    def __init__(
        self,
        *,
        metric: str | None = None,
        timeout: str | float | None = None,
        max_trials: int | None = None,
        folds: int | None = None,
        validation_size: float | None = None,
        allow: str | Sequence[str] = (),
        block: str | Sequence[str] = (),
        types: Mapping[str, str] | None = None,
        ensembles: bool = True,
        refit: bool = False,
        max_predict_ms: float | None = None,
        n_jobs: int | None = None,
        random_state: int | RandomState | None = 0,
        workspace: str | Path | None = None,
        name: str | None = None,
    ) -> None:
        self.metric = metric
        self.timeout = timeout
        self.max_trials = max_trials
        self.folds = folds
        self.validation_size = validation_size
        self.allow = allow
        self.block = block
        self.types = types
        self.ensembles = ensembles
        self.refit = refit
        self.max_predict_ms = max_predict_ms
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.workspace = workspace
        self.name = name

    @property
    def experiment_(self) -> Experiment:
        """The experiment of the last `fit`.

        Raises
        ------
        WorkspaceError
            If its workspace is gone: a temporary one is removed with its estimator, and a copy
            that was pickled to another machine comes without.
        """
        from trialbook.lifecycle import Experiment
        from trialbook.tracking import Tracker, Workspace

        check_is_fitted(self)
        path, run_id = self._kept_at
        found = Path(path).is_dir() and Tracker.at(Workspace.open(path), run_id)
        if not found or not found.folder.is_dir():
            raise WorkspaceError(
                "the experiment of this estimator is no longer there",
                place=str(path),
                remedy="To keep experiments, name a workspace: workspace='trialbook'.",
            )
        return Experiment(found)

    @property
    def best_trial_(self) -> Trial:
        """The trial whose model predicts.

        Raises
        ------
        WorkspaceError
            As `experiment_` does.
        """
        return self.experiment_.best

    def _fit(
        self, table: pd.DataFrame, y: np.ndarray[Any, Any], target: str, sample_weight: Any
    ) -> None:
        """Run the experiment, and keep what prediction needs."""
        table, target = _with_column(table, target, y)
        weight = None
        if sample_weight is not None:
            values = _check_sample_weight(sample_weight, table, ensure_non_negative=True)
            table, weight = _with_column(table, WEIGHT, values)
        job = Job.from_fields(self._fields(target, weight))
        try:
            with lasting_workers():
                experiment = _train(job, table)
        except DataError as error:
            # scikit-learn's own functions expect this of data that cannot be used.
            raise ValueError(_in_words_of_sklearn(error, table)) from error
        self._kept_at = (str(experiment.workspace), experiment.run_id)
        self._schema = experiment.schema
        self.model_ = experiment.best.model
        self.leaderboard_ = experiment.leaderboard
        if self.workspace is None:
            remove_with(self, experiment.folder.parents[1])

    def _fields(self, target: str, weight: str | None) -> dict[str, Any]:
        """The job's fields that this estimator's parameters say."""
        jobs = self.n_jobs if self.n_jobs is not None and self.n_jobs > 0 else None
        if self.n_jobs is not None and self.n_jobs < -1:
            raise OptionError(
                f"n_jobs={self.n_jobs} is no number of cores", remedy="Give 1 or more, or -1."
            )
        fields = {
            "data": Job.IN_MEMORY,
            "target": target,
            "task": self._task,
            # Of its own, so that fits at the same time do not wait for each other.
            "name": self.name or f"{self._task}-{uuid.uuid4().hex[:12]}",
            "metric": self.metric,
            "weight": weight,
            "folds": self.folds,
            "validation_size": self.validation_size,
            "allow": self.allow or (),
            "block": self.block or (),
            "types": dict(self.types or {}),
            "timeout": self.timeout,
            "max_trials": self.max_trials,
            "max_concurrent_trials": jobs,
            "max_cores_per_trial": None if jobs is None else 1,
            "voting": self.ensembles,
            "stacking": self.ensembles,
            "explain": False,  # an estimator is asked for it where it is wanted
            "refit": self.refit,
            "max_predict_ms": self.max_predict_ms,
            "seed": _seed(self.random_state),
            "workspace": str(self.workspace or temporary_workspace()),
        }
        return {key: value for key, value in fields.items() if value is not None}

    def _table(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """The features as a table, checked as scikit-learn does."""
        if _is_table(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) == 0:
                raise ValueError(f"Found array with 0 sample(s) (shape={X.shape})")
            try:
                return read_table(X)
            except DataError as error:
                raise ValueError(str(error)) from error
        values = validate_data(
            self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan", accept_sparse=False
        )
        return pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])

    def _conformed(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self)
        try:
            return self._schema.conform(self._table(X, reset=False))
        except DataError as error:
            raise ValueError(str(error)) from error

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        # With a deadline, how far a search comes depends on the machine.
        tags.non_deterministic = self.max_trials is None or self.timeout is not None
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """The state for a pickle: a program's classes exist nowhere else, so they go along."""
        state = dict(super().__getstate__())
        if "model_" in state:
            import cloudpickle

            state["model_"] = cloudpickle.dumps(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("model_"), bytes):
            import cloudpickle

            state = {**state, "model_": cloudpickle.loads(state["model_"])}
        super().__setstate__(state)


class TrialbookClassifier(ClassifierMixin, _TrialbookEstimator):  # type: ignore[misc]
    """A classifier that is the winner of a search.

    Parameters
    ----------
    metric : str, optional
        What ranks the trials: ``roc_auc`` for two classes and ``log_loss`` for more, unless named.
    timeout : str or float, optional
        Deadline for a `fit`, such as ``"5m"`` or seconds; ten minutes unless `max_trials` is
        given.
    max_trials : int, optional
        Number of trials, ensembles not counted. With it alone a fit is deterministic.
    folds : int, optional
        Folds of the validation inside a fit; as many as the table and the deadline have room for
        by default.
    validation_size : float, optional
        Fraction to hold out in place of folds; together with `folds`, random repeats.
    allow, block : str or sequence of str
        Learners to try, and not to try.
    types : mapping of str to str, optional
        Column types that override detection; columns of an array are ``x0``, ``x1``, ...
    ensembles : bool
        Whether to end with a vote and a stack of the trials.
    refit : bool
        Train the winner anew as one model on all rows, in place of one model a fold.
    max_predict_ms : float, optional
        Longest time in milliseconds that the winner may take to predict one row.
    n_jobs : int, optional
        Trials at once, on a core each; all cores by default, as with -1.
    random_state : int, RandomState or None
        Fixes splits, configurations and models; None draws a seed at every fit.
    workspace : str or Path, optional
        Folder that keeps the experiments. By default it is a temporary one: an experiment is
        removed with its estimator. Predictions do not need it.
    name : str, optional
        Name of the experiment; one of its own for every fit by default.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    model_ : estimator
        The best trial's model, a scikit-learn estimator of the table's columns.
    leaderboard_ : DataFrame
        The trials, best first; see `trialbook.lifecycle.Experiment.leaderboard`.
    experiment_ : Experiment
        Everything about the search, as long as its workspace is there.
    best_trial_ : Trial
        The winner, with its notebook; as long as the workspace is there.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `fit` saw a table whose column names are text.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from trialbook.compat.sklearn import TrialbookClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = TrialbookClassifier(timeout="1m").fit(X, y)  # doctest: +SKIP
    >>> model.predict(X)  # doctest: +SKIP
    """

    _task = "classification"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TrialbookClassifier:
        """Search for a model.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            A table may hold numbers, categories, text, dates and missing values.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        TrialbookClassifier
            Itself.

        Raises
        ------
        ValueError
            If the data cannot be used.
        OptionError
            If a parameter cannot.
        NoModelError
            If no trial had a model in time.
        """
        table = self._table(X, reset=True)
        y, target = _target(table, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        labels = y if _keeps(self.classes_) else codes
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs two classes at least, and y has one class:"
                f" {self.classes_[0]!r}"
            )
        self._fit(table, np.asarray(labels), target, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """Predict classes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        rows = self._conformed(X)
        return np.asarray(self.model_.predict_proba(rows))


class TrialbookRegressor(RegressorMixin, _TrialbookEstimator):  # type: ignore[misc]
    """A regressor that is the winner of a search.

    Parameters
    ----------
    metric : str, optional
        What ranks the trials; ``rmse`` unless named.
    timeout, max_trials, folds, validation_size, allow, block, types, ensembles, refit
        As those of `TrialbookClassifier`.
    max_predict_ms, n_jobs, random_state, workspace, name
        As those of `TrialbookClassifier`.

    Attributes
    ----------
    model_, leaderboard_, experiment_, best_trial_, n_features_in_, feature_names_in_
        As those of `TrialbookClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from trialbook.compat.sklearn import TrialbookRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TrialbookRegressor(timeout="1m").fit(X, y)  # doctest: +SKIP
    >>> model.score(X, y)  # doctest: +SKIP
    """

    _task = "regression"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TrialbookRegressor:
        """Search for a model.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            As in `TrialbookClassifier.fit`.
        y : array-like of shape (n_samples,)
            Numbers.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        TrialbookRegressor
            Itself.

        Raises
        ------
        ValueError
            If the data cannot be used.
        OptionError
            If a parameter cannot.
        NoModelError
            If no trial had a model in time.
        """
        table = self._table(X, reset=True)
        y, target = _target(table, y)
        try:
            values = y.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"y of a regression holds numbers: {error}") from error
        if not np.isfinite(values).all():
            raise ValueError("Input y contains NaN or infinity.")
        self._fit(table, values, target, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """Predict numbers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        rows = self._conformed(X)
        return np.asarray(self.model_.predict(rows))


def _train(job: Job, table: pd.DataFrame) -> Experiment:
    from trialbook import experiment, lifecycle

    return lifecycle.Experiment(experiment.train(job, experiment.Tables(data=table)))


def _is_table(X: Any) -> bool:
    """Whether something has named columns: a pandas or polars DataFrame."""
    return hasattr(X, "columns") and hasattr(X, "shape")


def _target(table: pd.DataFrame, y: Any) -> tuple[np.ndarray[Any, Any], str]:
    """The target as an array, and its name."""
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    name = getattr(y, "name", None)
    values = column_or_1d(y, warn=True)
    if pd.isna(values).any():
        raise ValueError("Input y contains NaN.")
    check_consistent_length(table, values)
    return np.asarray(values), name if isinstance(name, str) and name else TARGET


def _with_column(table: pd.DataFrame, name: str, values: Any) -> tuple[pd.DataFrame, str]:
    """Add a column under its name, or one like it that is free."""
    free = name
    while free in table.columns:
        free += "_"
    return table.assign(**{free: values}), free


def _keeps(classes: np.ndarray[Any, Any]) -> bool:
    """Whether reading a table leaves labels as they are; if not, their positions are learned."""
    plain = classes.tolist()
    if any(type(label) not in (str, int, bool) for label in plain):
        return False
    read = read_table(pd.DataFrame({"label": classes}))["label"].tolist()
    return read == plain and [*map(type, read)] == [*map(type, plain)]


def _seed(random_state: int | RandomState | None) -> int:
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(SEEDS - 1))


def _in_words_of_sklearn(error: DataError, table: pd.DataFrame) -> str:
    """The message, with the number of samples that scikit-learn's own errors have."""
    return f"{error} (n_samples = {len(table)})"
