"""The public functions. Everything heavy is imported when one of them is called."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trialbook.events import Listener
from trialbook.job import Job, Label, seconds

if TYPE_CHECKING:
    from trialbook.data import Guardrail
    from trialbook.experiment import Experiment, PlanPreview, Promotion, Retrained, Trial
    from trialbook.models import Model
    from trialbook.models.export import Exported
    from trialbook.models.onnx import OnnxModel
    from trialbook.profiling import Profile
    from trialbook.tables import Source
    from trialbook.tracking import ModelVersion

__all__ = [
    "classify",
    "export",
    "guardrails",
    "load_model",
    "open",
    "plan",
    "profile",
    "promote",
    "registered_models",
    "regress",
    "rerun",
    "resume",
    "retrain",
    "serve",
    "train",
]


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
    from trialbook import experiment

    return experiment.train(job, listeners=listeners, started=started)


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


def profile(
    data: Source,
    target: str | None = None,
    *,
    types: Mapping[str, str] | None = None,
    time_column: str | None = None,
    workspace: str | Path = "trialbook",
) -> Profile:
    """Describe a table before training: each column, and how they go together.

    Parameters
    ----------
    data : path or table
        As in `classify`. Of a table that is too big, a random sample of the rows is looked at, and
        the profile says so.
    target : str, optional
        Column that would be predicted: with it, the profile tells what says most about it, and
        what the checks of the data find.
    types : mapping of str to str, optional
        As in `classify`.
    time_column : str, optional
        Column of dates by which time coverage is told; else the one with the fewest missing cells.
    workspace : str or Path
        Folder whose catalogue of tables is asked for a table by name.

    Returns
    -------
    Profile
        Its ``to_html(path)`` writes a page, its ``to_json(path)`` a document.

    Raises
    ------
    TrialbookError
        If the table cannot be read, or an option names what is not there.

    Examples
    --------
    >>> import trialbook as tb
    >>> tb.profile("bank.csv", target="y").to_html("bank.html")  # doctest: +SKIP
    """
    from trialbook.addresses import hide_password
    from trialbook.profiling import look, profile_of
    from trialbook.tables import pinned

    source = "a table in memory"
    if isinstance(data, str):
        data = pinned(data, Path(workspace))
    if isinstance(data, (str, Path)):
        source = hide_password(str(data))
    return profile_of(
        look(data, workspace),
        source=source,
        target=target,
        types=types,
        time_column=time_column,
    )


def guardrails(
    job: Job,
    *,
    data: Source | None = None,
    validation: Source | None = None,
    test: Source | None = None,
) -> tuple[Guardrail, ...]:
    """Check the data of a job, without training.

    Parameters
    ----------
    job : Job
        What would be asked; its columns, validation and test are read.
    data, validation, test : table, optional
        Tables in memory, in place of those that the job names.

    Returns
    -------
    tuple of Guardrail
        Each with a verdict, what was found, what would be done, and the columns or rows
        concerned.

    Raises
    ------
    TrialbookError
        If the data or an option cannot be used.

    Examples
    --------
    >>> import trialbook as tb
    >>> checks = tb.guardrails(tb.Job(data="bank.csv", target="y"))  # doctest: +SKIP
    >>> [check.name for check in checks if check.verdict == "alerted"]  # doctest: +SKIP
    """
    from trialbook import experiment

    return experiment.check(job, experiment.Tables(data, validation, test))


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
    early_termination, voting, stacking, refit, max_predict_ms, seed, workspace, tracking_uri
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


def resume(
    workspace: str | Path = "trialbook",
    name: str | None = None,
    *,
    timeout: str | float | None = None,
    max_trials: int | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Experiment:
    """Continue an experiment where it stopped, or give a finished one more time.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment; the latest one by default.
    timeout : str or float, optional
        Time from now, such as ``"5m"``; what its own deadline leaves by default.
    max_trials : int, optional
        Number of trials in all.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Experiment

    Raises
    ------
    WorkspaceError
        If there is nothing to resume, it is running, or its time is spent and no new time given.
    """
    started = time.monotonic()
    from trialbook import experiment

    return experiment.resume(
        workspace,
        name,
        timeout=None if timeout is None else _seconds(timeout),
        max_trials=max_trials,
        tracking_uri=tracking_uri,
        listeners=listeners,
        started=started,
    )


def open(
    workspace: str | Path = "trialbook",
    name: str | None = None,
    *,
    tracking_uri: str | None = None,
) -> Experiment:
    """Open an earlier experiment.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment; the latest one by default.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    Experiment

    Raises
    ------
    WorkspaceError
        If the workspace or the experiment does not exist.
    """
    from trialbook.experiment import Experiment
    from trialbook.tracking import Tracker, Workspace

    return Experiment(Tracker.latest(Workspace.open(workspace, tracking_uri), name))


def load_model(
    which: str | Path = "best",
    *,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Model | OnnxModel:
    """Find a model that answers: of the registry, of a leaderboard, or in a file.

    Parameters
    ----------
    which : str or Path
        A model of the registry: ``churn`` (its champion, or else its newest version), ``churn@3``
        or ``churn@challenger``; a trial of the experiment: ``best``, a label, a number or a run;
        the folder or the zip of a stored model; or an ONNX file. What is in the registry comes
        before trials, unless the experiment is named.
    workspace : str or Path
        Folder that keeps it.
    name : str, optional
        The experiment whose trials are meant; the latest one by default.
    tracking_uri : str, optional
        As in `classify`.
    trust : bool
        Whether the author of a folder or a zip from outside the workspace is trusted: such a
        model is a pickle, and loading a pickle runs any code that its author put there. ONNX files
        need no trust.

    Returns
    -------
    Model or OnnxModel
        With `predict`, `predict_proba` and its `schema`; all but ONNX files with the `estimator`.

    Raises
    ------
    OptionError, WorkspaceError
        If there is none, with the nearest name.
    NoModelError
        If it is a trial without a model, or nothing here can read it.
    UntrustedError
        If it is a pickle from outside the workspace, and `trust` is not given.
    """
    from trialbook.experiment import find_any_model

    return find_any_model(which, workspace, name, tracking_uri, trust=trust)


def serve(
    model: str | Path | Model = "best",
    challenger: str | Path | Model | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    token: str | None = None,
    split: Sequence[float] | None = None,
    max_body: int = 16 * 2**20,
    timeout: str | float = 30.0,
    engine: Literal["auto", "python", "onnx"] = "auto",
    unknown: Literal["warn", "error"] = "warn",
    explain: bool = False,
    log: str | Path | None = None,
    watch: str | float | None = None,
    trust: bool = False,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a model over HTTP until the process is told to stop.

    Parameters
    ----------
    model : str, Path or Model
        As in `load_model`, or an ``.onnx`` file.
    challenger : str, Path or Model, optional
        A second model, which answers a share of the requests.
    host : str
        Address to listen on.
    port : int
        0 for a free one.
    token : str, optional
        What requests must carry as bearers; else that of ``TRIALBOOK_TOKEN``, if there is one.
    split : sequence of float, optional
        How requests are split between both, such as ``(90, 10)``; without it, the challenger
        answers those that name it in the header ``X-Trialbook-Model``.
    max_body : int
        Most bytes of a body.
    timeout : str or float
        Most time for the body to arrive, and for the answer after that.
    engine : {"auto", "python", "onnx"}
        What computes the answers; ``auto`` takes ONNX where it was seen to give the same.
    unknown : {"warn", "error"}
        What a category is that was not there in training.
    explain : bool
        Whether ``/explain`` answers.
    log : str or Path, optional
        Folder that keeps what was asked and answered, for ``trialbook drift``.
    watch : str or float, optional
        Time between two looks whether the names mean other models now.
    trust : bool
        Whether models from outside the workspace may be unpickled.
    workspace, name, tracking_uri
        As in `load_model`.
    ready : callable, optional
        Told the address once it is taken and the models are loaded.

    Raises
    ------
    OptionError
        If an option does not fit, the address is taken, or the extra ``serve`` is not installed.
    TrialbookError
        If a model cannot be found or loaded.
    """
    from trialbook import serving

    token = serving.read_token(token, None)
    bound = serving.listen(host, port)
    app = serving.create_app(
        *((model,) if challenger is None else (model, challenger)),
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        split=split,
        token=token,
        max_body=max_body,
        timeout=_seconds(timeout),
        engine=engine,
        unknown=unknown,
        explain=explain,
        log=log,
        watch=None if watch is None else _seconds(watch),
        trust=trust,
    )
    if ready is not None:
        ready(serving.address_of(bound))
    serving.run(app, bound)


def registered_models(
    workspace: str | Path = "trialbook", *, tracking_uri: str | None = None
) -> list[ModelVersion]:
    """All registered models: every version, by name, newest first.

    Parameters
    ----------
    workspace : str or Path
        Folder that keeps them.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    list of ModelVersion
        With `name`, `version`, `aliases`, `uri`, `run_id` and `tags`: experiment, trial, score,
        notebook, data and what comparisons found.

    Raises
    ------
    WorkspaceError
        If the workspace does not exist.
    """
    from trialbook.tracking import Workspace, registered, versions

    space = Workspace.open(workspace, tracking_uri)
    return [one for name in registered(space) for one in versions(space, name)]


def promote(
    model: str,
    *,
    data: Source | None = None,
    alias: str = "champion",
    force: bool = False,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
) -> Promotion:
    """Let a version of a registered model be the one that is used, if it is better on new data.

    Parameters
    ----------
    model : str
        ``churn`` (its challenger, or else its newest version), ``churn@3`` or
        ``churn@candidate``.
    data : table, optional
        Rows with the target that neither model has seen; needed if another version has the alias.
    alias : str
        What it is promoted to: a name alone means its ``champion``.
    force : bool
        Whether it is promoted without a comparison, or in spite of it.
    workspace : str or Path
        Folder that keeps it.
    tracking_uri : str, optional
        As in `classify`.

    Returns
    -------
    Promotion
        Whether it was `promoted`, and the `difference` on the new data with its uncertainty. The
        champion of before is called ``previous`` from then on.

    Raises
    ------
    OptionError
        If another version has the alias, and there is neither data to compare them on nor force.
    WorkspaceError
        If there is no such model or version.
    DataError
        If the data cannot be used.
    """
    from trialbook import experiment

    return experiment.promote(
        model, workspace, data=data, alias=alias, force=force, tracking_uri=tracking_uri
    )


def retrain(
    model: str,
    data: Source,
    *,
    test: Source | None = None,
    timeout: str | float | None = None,
    workspace: str | Path = "trialbook",
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Retrained:
    """Train the configuration of a registered model on new data, as a challenger of it.

    Parameters
    ----------
    model : str
        ``churn`` (its champion, or else its newest version) or ``churn@3``.
    data : table
        New rows, with the target and the columns of before.
    test : table, optional
        Rows to compare both models on; else a fifth of the data is kept for that.
    timeout : str or float, optional
        Time for everything, such as ``"5m"``; else it takes what it takes.
    workspace : str or Path
        Folder that keeps it.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it trains.

    Returns
    -------
    Retrained
        The `version` that was registered as ``challenger``, its `experiment`, and the
        `difference` of both models with its uncertainty.

    Raises
    ------
    OptionError
        If a person edited the program.
    WorkspaceError
        If there is no such model, or the experiment that made it is gone.
    DataError
        If the data cannot be used.
    NoModelError
        If the training failed.
    """
    started = time.monotonic()
    from trialbook import experiment

    return experiment.retrain(
        model,
        data,
        workspace,
        test=test,
        timeout=None if timeout is None else _seconds(timeout),
        tracking_uri=tracking_uri,
        listeners=listeners,
        started=started,
    )


def export(
    which: str | Path = "best",
    *,
    to: str,
    path: str | Path | None = None,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Exported:
    """Write a model in a form that others can use.

    Parameters
    ----------
    which, workspace, name, tracking_uri, trust
        As in `load_model`.
    to : {"onnx", "pickle", "zip", "docker"}
        ``onnx``: one file from the columns of the table to the prediction, for any language, and
        safe to load. ``pickle``: the estimator alone, with a file of its requirements. ``zip``:
        the model, its environment and a script that predicts. ``docker``: a folder that an image
        is built from, which answers over HTTP.
    path : str or Path, optional
        Where; by default the model's name in the current folder. A file there is replaced, a
        folder is not.

    Returns
    -------
    Exported
        Its `path`, and for ONNX the `parity`: how alike the file and the model are on real rows.

    Raises
    ------
    ExportError
        If a step cannot be written as ONNX, or the file would answer otherwise than the model
        does. Nothing is written then.
    TrialbookError
        As `load_model`, or if the place cannot be written to.
    """
    from trialbook import experiment

    return experiment.export(which, to, path, workspace, name, tracking_uri, trust=trust)


def rerun(
    notebook: str | Path,
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[Listener] = (),
) -> Trial:
    """Run an edited notebook as a new trial of the experiment that it comes from.

    Parameters
    ----------
    notebook : str or Path
        A trial's ``.ipynb`` or ``.py``, edited.
    workspace : str or Path, optional
        Folder that keeps the experiment; else the workspace that the notebook lies in.
    name : str, optional
        The experiment; else the one that the notebook comes from.
    tracking_uri : str, optional
        As in `classify`.
    listeners : sequence of Listener
        Told what happens while it runs.

    Returns
    -------
    Trial

    Raises
    ------
    DataError
        If it is no notebook, or fails; the leaderboard then shows it as failed.
    WorkspaceError
        If the experiment cannot be found, or is running.
    """
    from trialbook import experiment

    return experiment.rerun(
        notebook, workspace=workspace, name=name, tracking_uri=tracking_uri, listeners=listeners
    )


def _run(task: str, options: dict[str, Any]) -> Experiment:
    """Make a job from the options of `classify` or `regress`, and run it."""
    started = time.monotonic()
    from trialbook import experiment
    from trialbook.tables import as_address

    listeners = options.pop("listeners")
    tables: dict[str, Any] = {}
    for role in ("data", "validation", "test"):
        source = options[role]
        if source is None or isinstance(source, (str, Path)):
            options[role] = None if source is None else as_address(source)
        else:
            tables[role] = source
            options[role] = Job.IN_MEMORY
    fields = {key: value for key, value in options.items() if value is not None}
    job = Job.from_fields(fields | {"task": task, "workspace": str(options["workspace"])})
    return experiment.train(job, experiment.Tables(**tables), listeners, started)


def _seconds(value: str | float) -> float:
    from trialbook.errors import OptionError

    try:
        return seconds(value)
    except ValueError as error:
        raise OptionError(str(error), place="option timeout") from None
