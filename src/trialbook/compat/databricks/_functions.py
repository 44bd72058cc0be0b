"""The functions of ``databricks.automl``: the same names, arguments and defaults."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.job import Label

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.compat.databricks._dataset import Dataset
    from trialbook.compat.databricks._request import Arguments
    from trialbook.compat.databricks._summary import AutoMLSummary
    from trialbook.data import Guardrail
    from trialbook.job import Job
    from trialbook.lifecycle import Experiment

Lookups = Sequence[Mapping[str, Any]]
Imputers = Mapping[str, "str | Mapping[str, Any]"]


def classify(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "f1",
    data_dir: str | None = None,
    experiment_dir: str | Path | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Lookups | None = None,
    imputers: Imputers | None = None,
    pos_label: Label | None = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Find a model that predicts a class.

    Parameters
    ----------
    dataset : DataFrame or str
        A pandas, Spark, pandas-on-Spark or polars DataFrame, or the name of a table: one, two or
        three parts, as in ``catalog.schema.table``. If a Spark session is active and has the
        table, it is Spark's; else the last part names a table of the experiment's folder, where
        ``trialbook tables upload`` puts it. A path or an address will do, too.
    target_col : str
        Column to predict.
    primary_metric : str
        What ranks the trials: ``f1``, ``log_loss``, ``precision``, ``accuracy``, ``roc_auc``, or
        any other metric that Trialbook has. With more than two classes, F1, precision and ROC AUC
        are averages that are weighted by the size of the classes.
    data_dir : str, optional
        Not used, with a warning: intermediate data is kept with the experiment, as is recommended
        there, too.
    experiment_dir : str or Path, optional
        Folder that keeps the experiments, a Trialbook workspace; ``trialbook`` by default.
    experiment_name : str, optional
        By default the target, the table and the time.
    exclude_cols : sequence of str, optional
        Columns that are no features. The target and the time column cannot be excluded.
    exclude_frameworks : sequence of str, optional
        Libraries whose algorithms are not tried: ``sklearn``, ``lightgbm``, ``xgboost``; and
        ``catboost`` or ``tabm``, which that product does not have.
    feature_store_lookups : sequence of dict, optional
        Features to join: ``table_name``; ``lookup_key``, a column of the dataset or several in
        the order of the table's keys; and ``timestamp_lookup_key`` for the latest features that
        were known at that time. ``primary_keys`` and ``timestamp_key`` name the table's own
        columns where they are called differently.
    imputers : mapping, optional
        How missing cells of a column are filled: ``"mean"``, ``"median"``, ``"most_frequent"``, or
        ``{"strategy": "constant", "fill_value": value}``. Such a column is taken as what its
        cells are: no other meaning is looked for.
    pos_label : optional
        The positive one of two classes.
    time_col : str, optional
        Split by time: the earliest 60 % of the rows train, the next 20 % validate, the latest 20 %
        test. Times, dates as text, or numbers.
    split_col : str, optional
        Column that says ``train``, ``validate`` or ``test``; other rows are left out, with an
        alert. Without it and `time_col`, 60, 20 and 20 % are drawn at random, class by class.
    sample_weight_col : str, optional
        Column of weights from 0 to 10,000, the same for all rows of a class.
    max_trials : int, optional
        Number of trials. That product no longer supports it; here it works.
    timeout_minutes : float, optional
        Deadline for everything, 120 by default. That product's least is 5; here less will do.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    TrialbookError
        If the data or an argument cannot be used; nothing is written then.

    Notes
    -----
    MLflow's tracking URI is set to the experiment's, so that ``mlflow.get_run`` and
    ``mlflow.pyfunc.load_model`` find what the summary names. The test rows are touched once, by
    the best trial.

    References
    ----------
    Databricks, "AutoML Python API reference",
    https://docs.databricks.com/machine-learning/automl/automl-api-reference

    Examples
    --------
    >>> from trialbook.compat import databricks as automl
    >>> summary = automl.classify("default.bank", target_col="y")  # doctest: +SKIP
    >>> summary.best_trial.load_model()  # doctest: +SKIP
    """
    return _run(dict(locals()) | {"task": "classification"})


def regress(
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str = "r2",
    data_dir: str | None = None,
    experiment_dir: str | Path | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Lookups | None = None,
    imputers: Imputers | None = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Find a model that predicts a number.

    Parameters
    ----------
    primary_metric : str
        What ranks the trials: ``r2``, ``mae``, ``rmse``, ``mse``, or any other metric that
        Trialbook has.
    sample_weight_col : str, optional
        Column of weights from 0 to 10,000, one for each row.
    dataset, target_col, data_dir, experiment_dir, experiment_name, exclude_cols
        As in `classify`.
    exclude_frameworks, feature_store_lookups, imputers, time_col, split_col, max_trials
        As in `classify`.
    timeout_minutes
        As in `classify`.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    TrialbookError
        If the data or an argument cannot be used; nothing is written then.
    """
    return _run(dict(locals()) | {"task": "regression", "pos_label": None})


def forecast(
    dataset: Any,
    *,
    target_col: str,
    time_col: str,
    primary_metric: str = "smape",
    country_code: str | None = "US",
    frequency: str = "D",
    horizon: int = 1,
    data_dir: str | None = None,
    experiment_dir: str | Path | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Lookups | None = None,
    identity_col: str | Sequence[str] | None = None,
    sample_weight_col: str | None = None,
    output_database: str | None = None,
    max_trials: int | None = None,
    timeout_minutes: float | None = None,
) -> AutoMLSummary:
    """Find a model that forecasts series.

    Parameters
    ----------
    dataset : DataFrame or str
        As in `classify`. Rows of one time in a series become one by their mean. Columns that are
        neither time, identity nor target are left out, with an alert; what is known of the future
        comes by `feature_store_lookups`.
    target_col : str
        Column to forecast.
    time_col : str
        Column of times.
    primary_metric : str
        What ranks the trials: ``smape`` (from 0 to 2), ``mse``, ``rmse``, ``mae``, ``mdape``, or
        any other metric that Trialbook has.
    country_code : str, optional
        Country whose holidays Prophet, learners of lags, networks and ARIMA with covariates are
        told, such as ``US``; ``""`` for none. They matter to days and finer steps.
    frequency : str
        Step from row to row: ``W``; ``D``, ``days``; ``H``, ``hr``, ``hours``; ``m``, ``min``,
        ``minutes``; ``S``, ``sec``, ``seconds``; ``M``, ``MS``, ``month``; ``Q``, ``QS``,
        ``quarter``; ``Y``, ``YS``, ``year``. Finer rows are put together by their mean, rows
        between the steps are left out, and steps without a row are as the row before.
    horizon : int
        Rows of each series to forecast.
    exclude_cols : sequence of str, optional
        Columns of the dataset, or of feature tables, that are not used; Trialbook's own.
    exclude_frameworks : sequence of str, optional
        ``prophet``, ``arima``, ``deepar``; and what that product does not have: ``lightgbm``,
        ``xgboost``, ``catboost``, ``statsforecast``, ``mlforecast``, ``neuralforecast``.
    feature_store_lookups : sequence of dict, optional
        As in `classify`. Features are taken to be known of the future, too, as that of a weekend
        is. Where the forecast of `output_database` finds none, those of the last row before are
        taken, with an alert.
    identity_col : str or sequence of str, optional
        Columns that tell series apart; without them the dataset is one series.
    sample_weight_col : str, optional
        Not used, with a warning: all series count alike.
    output_database : str, optional
        Keep the forecast of the next rows as a table: it is one of the experiment's folder, by
        the last part of `AutoMLSummary.output_table_name`.
    max_trials : int, optional
        Number of trials; Trialbook's own.
    data_dir, experiment_dir, experiment_name, timeout_minutes
        As in `classify`.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    TrialbookError
        If the data or an argument cannot be used; nothing is written then.

    Examples
    --------
    >>> from trialbook.compat import databricks as automl
    >>> summary = automl.forecast(
    ...     "default.sales", target_col="sold", time_col="day", horizon=30
    ... )  # doctest: +SKIP
    >>> summary.best_trial.load_model().predict_timeseries(include_history=False)  # doctest: +SKIP
    """
    arguments = dict(locals())
    started = time.monotonic()
    from trialbook.compat.databricks._forecast_request import ForecastArguments, read_forecast
    from trialbook.compat.databricks._forecaster import write_forecast
    from trialbook.compat.databricks._summary import summarise

    asked = ForecastArguments(**arguments)
    job, data, notes = read_forecast(asked)
    found = _train(job, data, notes, started)
    table: str | None = None
    alerts: list[str] = []
    if output_database:
        try:
            table, alerts = write_forecast(found, output_database, feature_store_lookups, data)
        except Exception as error:  # noqa: BLE001 -- whatever it is, what was trained is there
            alerts = [f"Output table: the forecast could not be kept: {error}"]
    return summarise(found, primary_metric, table, alerts)


def join_features(
    dataset: Any,
    feature_store_lookups: Lookups,
    *,
    experiment_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Join feature tables to rows that are to be predicted, as training did.

    Parameters
    ----------
    dataset, feature_store_lookups, experiment_dir
        As in `classify`.

    Returns
    -------
    DataFrame
        The same rows in the same order, with the features.

    Raises
    ------
    OptionError, DataError
        If a lookup or a table cannot be used.

    Notes
    -----
    This function is Trialbook's own: a model here asks for the joined columns.
    """
    from trialbook.compat.databricks._dataset import resolve
    from trialbook.compat.databricks._lookups import join
    from trialbook.compat.databricks._request import WORKSPACE

    workspace = str(WORKSPACE if experiment_dir is None else experiment_dir)
    table, _ = join(resolve(dataset, workspace).whole(), feature_store_lookups, workspace)
    return table


def _run(arguments: dict[str, Any]) -> AutoMLSummary:
    started = time.monotonic()
    from trialbook.compat.databricks._request import Arguments, read_request
    from trialbook.compat.databricks._summary import summarise

    asked: Arguments = Arguments(**arguments)
    job, dataset, notes = read_request(asked)
    return summarise(_train(job, dataset, notes, started), asked.primary_metric)


def _train(job: Job, dataset: Dataset, notes: tuple[Guardrail, ...], started: float) -> Experiment:
    """Run a job, and log its metrics under their other names, too."""
    from trialbook import experiment, lifecycle
    from trialbook.compat.databricks._metrics import renamed

    tables = experiment.Tables(dataset.handed, notes=notes)
    found = lifecycle.Experiment(experiment.train(job, tables, started=started))
    for trial in found.trials:
        found.log(trial, renamed(trial.metrics, found.task, len(found.schema.classes)))
    import mlflow

    mlflow.set_tracking_uri(found.tracking_uri)
    return found
