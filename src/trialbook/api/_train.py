"""Functions that train: a job, or a table."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trialbook.events import Listener
from trialbook.job import Job, Label

if TYPE_CHECKING:
    from trialbook.experiment import PlanPreview
    from trialbook.lifecycle import Experiment
    from trialbook.tables import Source


def train(job: Job, *, listeners: Sequence[Listener] = ()) -> Experiment:
    """Run a job.

    Parameters
    ----------
    job : Job
        What is asked.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Experiment

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace cannot be used; nothing is written then.
    """
    started = time.monotonic()
    from trialbook import experiment, lifecycle

    tracker = experiment.train(job, listeners=listeners, started=started)
    return lifecycle.Experiment(tracker)


def plan(job: Job) -> PlanPreview:
    """Say what a job would do, without doing it.

    Parameters
    ----------
    job : Job

    Returns
    -------
    PlanPreview
        The job, the schema of its table, the guardrails and the steps with projected seconds.

    Raises
    ------
    TrialbookError
        If the data or an option cannot be used.
    """
    from trialbook import experiment

    return experiment.plan(job)


def classify(
    data: Source,
    target: str,
    *,
    metric: str | None = None,
    positive_label: Label | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    weight: str | None = None,
    featurization: str = "auto",
    imputers: Mapping[str, str | Mapping[str, Any]] | None = None,
    block_transformers: Sequence[str] = (),
    transformer_params: Mapping[str, Any] | None = None,
    language: str | None = None,
    validation: Source | None = None,
    validation_size: float | None = None,
    folds: int | None = None,
    fold_columns: Sequence[str] = (),
    group_column: str | None = None,
    time_column: str | None = None,
    test: Source | None = None,
    test_size: float | None = None,
    allow: Sequence[str] = (),
    block: Sequence[str] = (),
    timeout: str | float | None = None,
    trial_timeout: str | float | None = None,
    max_trials: int | None = None,
    max_concurrent_trials: int | None = None,
    max_cores_per_trial: int | None = None,
    memory_limit: str | int | None = None,
    total_memory: str | int | None = None,
    exit_score: float | None = None,
    early_termination: bool = True,
    voting: bool = True,
    stacking: bool = True,
    calibrate: bool = True,
    tune_threshold: bool = True,
    explain: bool = True,
    refit: bool = False,
    max_predict_ms: float | None = None,
    seed: int = 0,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    listeners: Sequence[Listener] = (),
) -> Experiment:
    """Find a model that predicts a class.

    Parameters
    ----------
    data : path or table
        Files, also on the web or in an object store; a table by name; the address of a table or
        query in a database or of Spark's; or a pandas, polars or Spark DataFrame, or an Arrow
        table. See `trialbook.tables.read_table`.
    target : str
        Column to predict.
    metric : str, optional
        What ranks the trials: ``roc_auc`` for two classes and ``log_loss`` for more, unless named.
    positive_label : optional
        The class that counts as positive. By default the last in sorted order, unless its name
        says that nothing was found (``normal``, ``no``).
    name : str, optional
        Name of the experiment; that of the data by default.
    ignore : sequence of str
        Columns that are not features.
    types : mapping of str to str, optional
        Column types that override detection: ``numeric``, ``boolean``, ``categorical``,
        ``categorical_hash``, ``datetime``, ``text``, ``native`` (as it is stored), ``ignore``.
    weight : str, optional
        Column of sample weights.
    featurization : {"auto", "off", "custom"}
        How features are made: by what each learner does best with; not at all, beyond what
        learners cannot do without; or as the next four ask, which any of them implies.
    imputers : mapping of str to (str or mapping), optional
        How the missing cells of a column are filled: ``mean``, ``median``, ``most_frequent``, or
        ``{"strategy": "constant", "fill_value": 0}``. Its type is then not detected.
    block_transformers : sequence of str
        Transformers that no program may have, by our names or Azure's, such as ``one_hot``.
    transformer_params : mapping, optional
        By transformer: parameters for all columns, such as ``{"tfidf": {"max_features": 500}}``,
        or a list of ``{"fields": [...], "parameters": {...}}``.
    language : str, optional
        Language of text: a code of ISO 639 or an English name.
    validation, test : path or table, optional
        Separate tables to validate every trial, and to test the winner.
    validation_size, test_size : float, optional
        Fractions to hold out for the same; the test rows are cut first and touched once.
    folds : int, optional
        Folds of cross-validation; together with `validation_size`, random repeats. By default
        10, 8, 5 or 3 folds or one hold-out of 10 %, whichever the deadline has time for; without
        one 10 folds below 1,000 rows, 3 up to 20,000 and the hold-out above.
    fold_columns : sequence of str
        A column of fold names, or one column a fold of 1 (train) and 0 (validate).
    group_column : str, optional
        Rows of one group stay on one side of each split.
    time_column : str, optional
        Validate on the latest rows by this column.
    allow, block : sequence of str
        Learners to try, and not to try.
    timeout : str or float, optional
        Deadline for everything, such as ``"5m"``; ten minutes unless `max_trials` is given.
    trial_timeout : str or float, optional
        Deadline for each trial.
    max_trials : int, optional
        Number of trials, ensembles not counted.
    max_concurrent_trials, max_cores_per_trial : int, optional
        Trials at once, and cores for each.
    memory_limit : str or int, optional
        Memory for each trial, such as ``"4GB"``; an even share of what is free by default.
    total_memory : str or int, optional
        Memory for the whole run, such as ``"16GB"``; what is free by default. Of Parquet files
        that would not fit into it, a sample is read.
    exit_score : float, optional
        Stop when the metric is as good as this.
    early_termination : bool
        Stop when, after the whole portfolio and twenty trials, ten refinements in a row have
        not improved a vote of all trials.
    voting, stacking : bool
        Which ensembles to end with.
    calibrate : bool
        Temper the probabilities of ensembles where the metric asks how sure they are, the
        validation rows are enough to tell, and rows that were not used for it gain.
    tune_threshold : bool
        Weigh the classes of ensembles, which for two classes moves the threshold of decision,
        where the metric is one of labels; on the same conditions. Their probabilities are then
        those of the weighted classes.
    explain : bool
        Explain the winner at the end, where there is time for it: its run then holds what
        `Experiment.explain` gives.
    refit : bool
        Train the winner anew at the end, as one model on all rows in place of one model a fold:
        as much faster as there are folds. Of an ensemble each member is. Its score is that of the
        same configuration by cross-validation.
    max_predict_ms : float, optional
        Longest time in milliseconds that the winner may take to predict one row. Ensembles are
        made of what fits, and slower trials are passed over.
    seed : int
        Fixes splits, configurations and models.
    workspace : str or Path
        Folder that keeps the experiments.
    tracking_uri : str, optional
        MLflow tracking URI in place of the workspace's own database.
    description : str, optional
        What the experiment is about; its report begins with it.
    tags : mapping of str to str, optional
        Tags of the experiment's run in MLflow.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Experiment

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace cannot be used; nothing is written then.

    Examples
    --------
    >>> import trialbook as tb
    >>> exp = tb.classify("bank.csv", target="y", timeout="5m")  # doctest: +SKIP
    >>> exp.best.notebook  # doctest: +SKIP
    """
    return _run("classification", dict(locals()))


def regress(
    data: Source,
    target: str,
    *,
    metric: str | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    weight: str | None = None,
    featurization: str = "auto",
    imputers: Mapping[str, str | Mapping[str, Any]] | None = None,
    block_transformers: Sequence[str] = (),
    transformer_params: Mapping[str, Any] | None = None,
    language: str | None = None,
    validation: Source | None = None,
    validation_size: float | None = None,
    folds: int | None = None,
    fold_columns: Sequence[str] = (),
    group_column: str | None = None,
    time_column: str | None = None,
    test: Source | None = None,
    test_size: float | None = None,
    allow: Sequence[str] = (),
    block: Sequence[str] = (),
    timeout: str | float | None = None,
    trial_timeout: str | float | None = None,
    max_trials: int | None = None,
    max_concurrent_trials: int | None = None,
    max_cores_per_trial: int | None = None,
    memory_limit: str | int | None = None,
    total_memory: str | int | None = None,
    exit_score: float | None = None,
    early_termination: bool = True,
    voting: bool = True,
    stacking: bool = True,
    explain: bool = True,
    refit: bool = False,
    max_predict_ms: float | None = None,
    seed: int = 0,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    listeners: Sequence[Listener] = (),
) -> Experiment:
    """Find a model that predicts a number.

    Parameters
    ----------
    metric : str, optional
        What ranks the trials; ``rmse`` unless named.
    data, target, name, ignore, types, weight, validation, validation_size, folds, fold_columns
        As in `classify`.
    featurization, imputers, block_transformers, transformer_params, language
        As in `classify`.
    group_column, time_column, test, test_size, allow, block, timeout, trial_timeout, max_trials
        As in `classify`.
    max_concurrent_trials, max_cores_per_trial, memory_limit, total_memory, exit_score
        As in `classify`.
    early_termination, voting, stacking, explain, refit, max_predict_ms, seed, workspace
        As in `classify`.
    tracking_uri
        As in `classify`.
    description, tags
        As in `classify`.
    listeners : sequence of callable
        As in `classify`.

    Returns
    -------
    Experiment

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace cannot be used; nothing is written then.
    """
    return _run("regression", dict(locals()))


def forecast(
    data: Source,
    target: str,
    *,
    time: str,
    horizon: int | Literal["auto"],
    series: Sequence[str] = (),
    find_series: bool = True,
    frequency: str | None = None,
    season: int | None = None,
    aggregate: str | None = None,
    unknown_in_future: Sequence[str] = (),
    short_series: str = "auto",
    target_lags: Sequence[int] | Literal["auto"] = "auto",
    rolling_window: int | Literal["auto"] = "auto",
    feature_lags: Literal["auto", "none"] = "auto",
    use_stl: Literal["none", "season", "season_trend"] = "none",
    holidays: str | None = None,
    hierarchy: Sequence[str] = (),
    hierarchy_level: str | None = None,
    reconcile: str | None = None,
    metric: str | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    folds: int | None = None,
    window_step: int | None = None,
    test: Source | None = None,
    test_size: float | None = None,
    allow: Sequence[str] = (),
    block: Sequence[str] = (),
    timeout: str | float | None = None,
    trial_timeout: str | float | None = None,
    max_trials: int | None = None,
    max_concurrent_trials: int | None = None,
    max_cores_per_trial: int | None = None,
    memory_limit: str | int | None = None,
    total_memory: str | int | None = None,
    exit_score: float | None = None,
    early_termination: bool = True,
    voting: bool = True,
    explain: bool = True,
    max_predict_ms: float | None = None,
    seed: int = 0,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    listeners: Sequence[Listener] = (),
) -> Experiment:
    """Find a model that forecasts series.

    Parameters
    ----------
    data : path or table
        As in `classify`; a row for each series and time.
    target : str
        Column to forecast.
    time : str
        Column of times.
    horizon : int or "auto"
        Rows of each series to forecast. ``auto`` is a season, or what is usual for the frequency
        (6 years, 13 weeks), but a fifth of the usual series at most.
    series : sequence of str
        Columns that tell series apart. Where times come again in them, or in the table if none are
        given, others that do are looked for; a guardrail says what was found.
    find_series : bool
        Whether they are looked for; else rows of one time are put together.
    frequency : str, optional
        Step from row to row, as pandas names it: ``D``, ``W``, ``MS``, ``QS``, ``YS``, ``h``,
        ``15min``; told from the times by default.
    season : int, optional
        Rows of a season, 1 for none; told from the frequency by default.
    aggregate : {"sum", "mean", "min", "max"}, optional
        How the target of the rows of one step of a series is made one; the mean by default. Other
        numbers become their mean, categories the most frequent one.
    unknown_in_future : sequence of str
        Columns that are not known of the future, so that forecasts can depend on their past alone.
    short_series : {"auto", "pad", "drop", "none"}
        What becomes of series with too few rows before a horizon to validate: rows drawn from
        themselves are put before them, they are left out, or they are trained on all the same.
        ``auto`` pads if all series are short, and else drops those that are. Unless ``pad`` is
        asked for, one series must be longer than the horizon.
    target_lags : sequence of int or "auto"
        Rows back at which learners of lags see the target. ``auto`` leaves them to the search.
    rolling_window : int or "auto"
        Rows over which the same learners see its mean, least and most.
    feature_lags : {"auto", "none"}
        Whether they may also see earlier values of other columns; networks see them in any case.
    use_stl : {"none", "season", "season_trend"}
        What is taken from the target before they learn it, and put back to what they forecast:
        the season by STL, or its trend, too.
    holidays : str, optional
        Country whose holidays are known of each row, as two letters of ISO 3166-1; of days and
        finer steps.
    hierarchy : sequence of str
        Columns whose levels are to add up, from the top to the leaves, in place of `series`. The
        sums at all levels are forecast, too, ``total`` among them.
    hierarchy_level : str, optional
        The level to train: one of these columns, or ``total``; by default all of them.
    reconcile : str, optional
        How forecasts are made to add up. Of all levels: ``mint`` (the default) or ``wls``. Of the
        leaves: ``bottom_up``. Of one level: ``average_historical_proportions`` (the default) or
        ``proportions_of_historical_average`` hand it down, and levels above are sums.
    metric : str, optional
        What ranks the trials; ``mase`` unless named.
    folds : int, optional
        Windows of rolling-origin cross-validation.
    window_step : int, optional
        Rows from one window to the next; by default the horizon, or less where windows overlap.
        With `folds` it is the horizon.
    test : path or table, optional
        The rows that follow, to test the winner on.
    test_size : float, optional
        Any fraction cuts the last horizon off each series of more than two horizons, to test the
        winner on it.
    name, ignore, types, allow, block, timeout, trial_timeout, max_trials, max_concurrent_trials
        As in `classify`.
    max_cores_per_trial, memory_limit, total_memory, exit_score, early_termination
        As in `classify`.
    voting : bool
        Whether to end with a voting ensemble.
    max_predict_ms : float, optional
        Longest time in milliseconds that the winner may take to forecast the horizon of one
        series.
    explain, seed, workspace, tracking_uri, description, tags, listeners
        As in `classify`.

    Returns
    -------
    Experiment
        Its `forecast` tells the future.

    Raises
    ------
    TrialbookError
        If the data, an option or the workspace cannot be used; nothing is written then.

    Examples
    --------
    >>> import trialbook as tb
    >>> exp = tb.forecast(
    ...     "sales.csv", "sold", time="date", series=["store", "item"], horizon=14
    ... )  # doctest: +SKIP
    >>> exp.forecast()  # doctest: +SKIP
    """
    options = dict(locals())
    return _run("forecasting", options | {"time_column": options.pop("time")})


def _run(task: str, options: dict[str, Any]) -> Experiment:
    """Make a job from the options of `classify` and its like, and run it."""
    started = time.monotonic()
    from trialbook import experiment, lifecycle
    from trialbook.tables import as_address

    listeners = options.pop("listeners")
    tables: dict[str, Any] = {}
    for role in ("data", "validation", "test"):
        source = options.get(role)
        if source is None or isinstance(source, (str, Path)):
            options[role] = None if source is None else as_address(source)
        else:
            tables[role] = source
            options[role] = Job.IN_MEMORY
    fields = {key: value for key, value in options.items() if value is not None}
    job = Job.from_fields(fields | {"task": task, "workspace": str(options["workspace"])})
    tracker = experiment.train(job, experiment.Tables(**tables), listeners, started)
    return lifecycle.Experiment(tracker)
