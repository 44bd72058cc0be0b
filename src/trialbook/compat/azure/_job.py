"""From an Azure ML job file to a job of Trialbook."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trialbook.compat.azure import _series
from trialbook.compat.azure import _values as v
from trialbook.compat.azure._entries import Entry, read_entries
from trialbook.compat.azure._keys import BY_PATH, DEEP_TEXT, Fate, folded
from trialbook.documents import Document, read_yaml
from trialbook.errors import OptionError
from trialbook.job import DEFAULT_TIMEOUT_S, EXCLUSIVE, Job
from trialbook.orders import TRANSFORMERS

HOW_WRITTEN = "Write one 'option: value' a line, such as 'target: y'."
_MINUTE_S, _HOUR_S = 60.0, 3600.0
# The key whose default is false.
_DEEP_MODELS = "training.enable_dnn_training"
# Where tables of the service are; only the service can read them.
_ASSET = re.compile(r"azureml:", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_TABLE_TYPES = ("mltable", "uri_file", "uri_folder")
_MODEL_TYPES = ("mlflow_model",)
# Names of transformers that no program has, so that blocking them changes nothing.
_NEVER_MADE = {
    v.fold(spelling)
    for one in TRANSFORMERS.values()
    if not one.used
    for spelling in (one.name, *one.aliases)
}


@dataclass(frozen=True)
class Note:
    """What a reader of the job file should know about one of its keys.

    Parameters
    ----------
    key : str
        The key as it is written, with its blocks; one that is not there if its default matters.
    place : str
        File and line.
    text : str
        Why it has no meaning here, or what was made of it.
    """

    key: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"


@dataclass
class _Draft:
    """A job in the making."""

    folder: Path
    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Entry] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @property
    def task(self) -> str:
        return str(self.fields["task"])

    def set(self, name: str, value: Any, entry: Entry) -> None:
        if name in self.origins:
            raise entry.wrong(f"and {self.origins[name].name} mean the same", "Keep one of them.")
        self.fields[name] = value
        self.origins[name] = entry

    def note(self, entry: Entry, text: str) -> None:
        self.notes.append(Note(entry.name, entry.place, text))


def is_job(values: Any) -> bool:
    """Whether the values of a YAML file are those of an Azure ML job.

    Parameters
    ----------
    values : Any
        What the file holds.

    Returns
    -------
    bool
        True with ``type: automl``, with Azure's schema of such jobs, with a pipeline of that
        service, or with a task and ``target_column_name``, in any spelling.
    """
    if not isinstance(values, Mapping):
        return False
    found = {v.fold(key): value for key, value in values.items()}
    if v.fold(found.get("type", "")) in ("automl", "automljob", "pipeline"):
        return True
    if "automljob" in v.fold(found.get("schema", "")):
        return True
    return bool({"targetcolumnname", "labelcolumnname"} & set(found)) and bool(
        {"task", "tasktype"} & set(found)
    )


def load_job(
    path: str | Path, fields: Mapping[str, Any] | None = None
) -> tuple[Job, tuple[Note, ...]]:
    """Read an Azure ML job file (command line extension, version 2) for a table.

    Parameters
    ----------
    path : str or Path
        The YAML file. Paths in it are relative to the folder that it is in.
    fields : mapping, optional
        Fields of the job that take the place of what the file says, such as ``timeout``.

    Returns
    -------
    job : Job
    notes : tuple of Note
        Keys that have no meaning here, and what else differs.

    Raises
    ------
    DataError
        If the file cannot be read, or is not YAML.
    OptionError
        If a key is unknown or refused, or a value is wrong; the message names file, line and key.
    """
    document = read_yaml(Path(path), kind="job file", remedy=HOW_WRITTEN)
    return convert(document, fields)


def convert(
    document: Document, fields: Mapping[str, Any] | None = None
) -> tuple[Job, tuple[Note, ...]]:
    """Make a job of a file that was read; see `load_job`."""
    if not isinstance(document.values, Mapping):
        raise OptionError(
            "the job file does not hold options", place=str(document.path), remedy=HOW_WRITTEN
        )
    _check_kind(document)
    entries = read_entries(document)
    draft = _Draft(document.path.parent)
    _require(entries, document)
    _check_folders(entries)
    task = v.fold(entries["task"].value)
    _series.refuse_keys(entries, task)
    if task == _series.TASK and "forecasting.time_column_name" not in entries:
        raise OptionError(
            "the job has no forecasting.time_column_name",
            place=str(document.path),
            remedy="Write forecasting: {time_column_name: date}.",
        )
    for path, reader in _READERS.items():
        if path in entries:
            _read(draft, entries[path], reader)
    for entry in entries.values():
        written = str(entry.value).casefold()
        if entry.key.fate is Fate.NOTED and written not in entry.key.done:
            draft.note(entry, f"no meaning here: {entry.key.text}")
    given = dict(fields or {})
    _defaults(draft, document, given)
    _check_pairs(draft)
    try:
        job = Job.from_fields(draft.fields | given)
    except OptionError as error:
        raise _placed(error, draft, document) from None
    if job.task == _series.TASK and _DEEP_MODELS not in entries:
        job = _without_deep(job, draft, document)
    return job, tuple(draft.notes)


def _check_kind(document: Document) -> None:
    """Refuse jobs of other kinds as such, before one of their keys is refused."""
    draft = _Draft(document.path.parent)
    for name, value in document.values.items():
        key = BY_PATH.get(folded(str(name)))
        if key is not None and key.path in ("type", "task") and value is not None:
            _READERS[key.path](draft, Entry(key, str(name), value, document.place(str(name))))


def _require(entries: Mapping[str, Entry], document: Document) -> None:
    for path, remedy in (
        ("task", "Write task: classification, regression or forecasting."),
        ("training_data.path", "Write training_data: {path: ./folder, type: mltable}."),
        ("target_column_name", "Write target_column_name: and the column to predict."),
    ):
        if path not in entries:
            name = path.removesuffix(".path")
            raise OptionError(f"the job has no {name}", place=str(document.path), remedy=remedy)


def _check_folders(entries: Mapping[str, Entry]) -> None:
    """Refuse MLTable folders elsewhere: a table is one file there, and its steps are done here."""
    for block in ("training_data", "validation_data", "test_data"):
        path, kind = entries.get(f"{block}.path"), entries.get(f"{block}.type")
        if path is None or kind is None or v.fold(kind.value) != "mltable":
            continue
        address = str(path.value).partition("?")[0]
        if _ADDRESS.match(address) and not _ASSET.match(address) and not Path(address).suffix:
            raise path.wrong(
                f"is {address}, a folder elsewhere with an MLTable",
                "Download the folder, and write its path.",
            )


def _read(draft: _Draft, entry: Entry, reader: Callable[[_Draft, Entry], None]) -> None:
    """Read a key, or say why it changes nothing in a forecast."""
    vain = _series.in_vain(entry) if draft.fields.get("task") == _series.TASK else None
    if vain is None:
        reader(draft, entry)
    elif vain:
        draft.note(entry, vain)


def _defaults(draft: _Draft, document: Document, given: dict[str, Any]) -> None:
    """Settle what the file leaves open."""
    place = str(document.path)
    draft.fields.setdefault("name", document.path.stem)
    if "metric" not in draft.fields | given:
        metric = v.DEFAULT_METRICS[draft.task]
        draft.fields["metric"] = metric
        draft.notes.append(Note("primary_metric", place, f"not given: {metric}, as in Azure ML"))
    if draft.task == _series.TASK and "horizon" not in draft.fields | given:
        draft.fields["horizon"] = horizon = _series.DEFAULT_HORIZON
        told = f"not given: {horizon}, as in Azure ML"
        draft.notes.append(Note("forecasting.forecast_horizon", place, told))
    if not {"timeout", "max_trials"} & set(draft.fields | given):
        draft.notes.append(
            Note(
                "limits.timeout_minutes",
                place,
                f"not given, nor max_trials: {DEFAULT_TIMEOUT_S / _MINUTE_S:.0f} minutes",
            )
        )


def _without_deep(job: Job, draft: _Draft, document: Document) -> Job:
    """The job of a file that does not ask for deep models, which Azure ML then does not try.

    A list of what is allowed says so by itself.
    """
    if job.allow:
        return job
    block, _ = _series.deep_learners(True, ())
    told = "not given: false, as in Azure ML, so that no deep model is tried"
    draft.notes.append(Note(_DEEP_MODELS, str(document.path), told))
    return job.model_copy(update={"block": tuple(dict.fromkeys((*job.block, *block)))})


def _check_pairs(draft: _Draft) -> None:
    for first, second in EXCLUSIVE:
        if first in draft.origins and second in draft.origins:
            one, other = draft.origins[first], draft.origins[second]
            raise other.wrong(f"and {one.name} cannot both be given", "Drop one of them.")


def _placed(error: OptionError, draft: _Draft, document: Document) -> OptionError:
    """The same error, which says where in the file its option comes from."""
    option = (error.place or "").removeprefix("option ").split(".")[0]
    entry = draft.origins.get(option)
    place = f"{entry.name}, {entry.place}" if entry else f"{document.path}"
    return OptionError(error.cause, place=place, remedy=error.remedy)


# -- readers of keys -------------------------------------------------------------------------


def _simple(name: str, read: Callable[[Entry], Any]) -> Callable[[_Draft, Entry], None]:
    """A reader of a key that is one field of the job."""

    def reader(draft: _Draft, entry: Entry) -> None:
        draft.set(name, read(entry), entry)

    return reader


def _blocked_transformers(draft: _Draft, entry: Entry) -> None:
    names = v.names(entry)
    draft.set("block_transformers", names, entry)
    # A name that nothing goes by is refused by the job, with its place.
    absent = [one for one in names if v.fold(one) in _NEVER_MADE]
    if absent:
        draft.note(entry, f"Trialbook never makes features by {' and '.join(absent)}")


def _type(draft: _Draft, entry: Entry) -> None:
    if v.fold(entry.value) == "pipeline":
        raise entry.wrong(
            "is pipeline, and pipelines are not run",
            "Put its automl job into a file of its own.",
        )
    v.one_of(entry, entry.value, ("automl", "automl_job"))


def _task(draft: _Draft, entry: Entry) -> None:
    task = v.one_of(entry, entry.value, (*v.TASKS, *v.OTHER_TASKS))
    if task not in v.TASKS:
        raise entry.wrong(
            f"is {task}, which is not supported",
            "Supported: classification, regression and forecasting.",
        )
    draft.set("task", task, entry)


def _name(draft: _Draft, entry: Entry) -> None:
    if "name" in draft.fields:
        _tag(draft, entry)
    else:
        draft.set("name", v.text(entry), entry)


def _tag(draft: _Draft, entry: Entry) -> None:
    draft.fields.setdefault("tags", {}).setdefault(entry.key.path, v.text(entry))


def _tags(draft: _Draft, entry: Entry) -> None:
    for name, value in v.mapping(entry).items():
        if isinstance(value, (Mapping, list)):
            raise entry.wrong(f"has no single value for {name!r}", "Write one text a tag.")
        draft.fields.setdefault("tags", {})[name] = "" if value is None else str(value)
    draft.origins["tags"] = entry


def _metric(draft: _Draft, entry: Entry) -> None:
    draft.set("metric", v.one_of(entry, v.text(entry), v.PRIMARY_METRICS[draft.task]), entry)


def _table(name: str) -> Callable[[_Draft, Entry], None]:
    def reader(draft: _Draft, entry: Entry) -> None:
        path = v.text(entry)
        if _ASSET.match(path):
            raise entry.wrong(
                f"is {path}, which only Azure ML can reach",
                "Download the table, and write the path of its folder or file.",
            )
        if not _ADDRESS.match(path):
            # With a point before it, a name is that of a file, not of a table of the workspace.
            path = str(draft.folder / Path(path).expanduser())
            path = path if Path(path).name != path else os.path.join(".", path)
        draft.set(name, path, entry)

    return reader


def _table_type(draft: _Draft, entry: Entry) -> None:
    v.one_of(entry, entry.value, _TABLE_TYPES)


def _model_type(draft: _Draft, entry: Entry) -> None:
    v.one_of(entry, entry.value, _MODEL_TYPES)


def _folds(draft: _Draft, entry: Entry) -> None:
    if v.fold(entry.value) != "auto":
        draft.set("folds", v.whole(entry), entry)


def _cores(draft: _Draft, entry: Entry) -> None:
    if v.whole(entry) != -1:
        draft.set("max_cores_per_trial", v.whole(entry), entry)


def _time(name: str, unit_s: float) -> Callable[[_Draft, Entry], None]:
    def reader(draft: _Draft, entry: Entry) -> None:
        draft.set(name, v.positive(entry) * unit_s, entry)

    return reader


def _algorithms(name: str) -> Callable[[_Draft, Entry], None]:
    def reader(draft: _Draft, entry: Entry) -> None:
        from trialbook.learners import all_learners

        kept, lacks = [], []
        for asked in v.names(entry):
            try:
                key, lack = _series.algorithm(asked, draft.task)
            except OptionError as error:
                raise entry.wrong(f"has an {error.cause}", error.remedy or "") from None
            if key is not None:
                kept.append(key)
            elif lack not in lacks:
                lacks.append(lack)
        if lacks and name == "allow" and not kept:
            known = [key for key, one in all_learners().items() if draft.task in one.tasks]
            raise entry.wrong(
                f"allows nothing that can be tried: {'; '.join(lacks)}",
                f"Known: {', '.join(known)}.",
            )
        if lacks:
            draft.note(entry, "; ".join(lacks))
        if kept:
            draft.set(name, tuple(dict.fromkeys(kept)), entry)

    return reader


def _deep(draft: _Draft, entry: Entry) -> None:
    asked = v.switch(entry)
    if draft.task != _series.TASK:
        if asked:
            draft.note(entry, f"no meaning here: {DEEP_TEXT}")
        return
    block, text = _series.deep_learners(not asked, draft.fields.get("allow", ()))
    if block:
        draft.fields["block"] = (*draft.fields.get("block", ()), *block)
    if text:
        draft.note(entry, text)


def _mode(draft: _Draft, entry: Entry) -> None:
    # YAML reads a bare off as false.
    asked = "off" if entry.value is False else entry.value
    draft.set("featurization", v.one_of(entry, asked, ("auto", "off", "custom")), entry)


def _column_types(draft: _Draft, entry: Entry) -> None:
    types = {}
    for column, purpose in v.mapping(entry).items():
        types[column] = v.COLUMN_TYPES[v.one_of(entry, purpose, v.COLUMN_TYPES)]
    draft.set("types", types, entry)


def _language(draft: _Draft, entry: Entry) -> None:
    draft.set("language", v.text(entry), entry)


def _nothing(draft: _Draft, entry: Entry) -> None:
    """What is read elsewhere: the schema tells the job, inputs give values."""


# In the order in which they are read: the task first, for others depend on it, and
# experiment_name before name.
_READERS: dict[str, Callable[[_Draft, Entry], None]] = {
    "$schema": _nothing,
    "inputs": _nothing,
    "type": _type,
    "task": _task,
    "experiment_name": _simple("name", v.text),
    "name": _name,
    "display_name": _tag,
    "description": _simple("description", v.text),
    "tags": _tags,
    "outputs.best_model.type": _model_type,
    "primary_metric": _metric,
    "target_column_name": _simple("target", v.text),
    "positive_label": _simple("positive_label", lambda entry: entry.value),
    "weight_column_name": _simple("weight", v.text),
    "training_data.path": _table("data"),
    "training_data.type": _table_type,
    "validation_data.path": _table("validation"),
    "validation_data.type": _table_type,
    "test_data.path": _table("test"),
    "test_data.type": _table_type,
    "n_cross_validations": _folds,
    "cv_split_column_names": _simple("fold_columns", v.names),
    "validation_data_size": _simple("validation_size", v.number),
    "test_data_size": _simple("test_size", v.number),
    "limits.timeout_minutes": _time("timeout", _MINUTE_S),
    "limits.timeout_hours": _time("timeout", _HOUR_S),
    "limits.trial_timeout_minutes": _time("trial_timeout", _MINUTE_S),
    "limits.max_trials": _simple("max_trials", v.whole),
    "limits.max_concurrent_trials": _simple("max_concurrent_trials", v.whole),
    "limits.max_cores_per_trial": _cores,
    "limits.exit_score": _simple("exit_score", v.number),
    "limits.enable_early_termination": _simple("early_termination", v.switch),
    "training.allowed_training_algorithms": _algorithms("allow"),
    "training.blocked_training_algorithms": _algorithms("block"),
    "training.enable_vote_ensemble": _simple("voting", v.switch),
    "training.enable_stack_ensemble": _simple("stacking", v.switch),
    "training.enable_model_explainability": _simple("explain", v.switch),
    _DEEP_MODELS: _deep,
    "featurization.mode": _mode,
    "featurization.blocked_transformers": _blocked_transformers,
    "featurization.column_name_and_types": _column_types,
    "featurization.transformer_params": _simple("transformer_params", v.mapping),
    "featurization.dataset_language": _language,
    "featurization.drop_columns": _simple("ignore", v.names),
    **{f"forecasting.{key}": _simple(name, read) for key, (name, read) in _series.FIELDS.items()},
}
