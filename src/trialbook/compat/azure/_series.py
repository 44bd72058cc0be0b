"""What a forecast asks of an Azure ML job: its own keys, and what others mean for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trialbook.compat.azure import _values as v
from trialbook.compat.azure._entries import Entry
from trialbook.errors import OptionError

TASK = "forecasting"
# What Azure ML forecasts where a job does not say.
DEFAULT_HORIZON = 1
_AUTO, _NONE = "auto", "none"
_WINDOWS = "a forecast is validated by windows at the ends of its series"
_SAY_WINDOWS = (
    "Take it out; n_cross_validations says how many windows, cv_step_size how far apart."
)
# Keys of tables that a forecast cannot do: why, and what to do.
_REFUSED = {
    "validation_data.path": (_WINDOWS, "Take it out, and put its rows into the training table."),
    "validation_data_size": (_WINDOWS, _SAY_WINDOWS),
    "cv_split_column_names": (_WINDOWS, _SAY_WINDOWS),
    "weight_column_name": ("the rows of a forecast have no weights", "Take it out."),
    "positive_label": ("a forecast has no classes", "Take it out."),
}
# Keys of tables that change nothing in a forecast, and the values that ask for what is done here.
_FEATURES = "columns are taken as numbers or codes, and times tell their calendar"
_NOTED = {
    "featurization.mode": (_FEATURES, (_AUTO,)),
    "featurization.blocked_transformers": (_FEATURES, ()),
    "featurization.dataset_language": (_FEATURES, ()),
    "featurization.transformer_params": (
        "what is missing is as in the row before, or else the median",
        (),
    ),
    "training.enable_stack_ensemble": ("forecasts are blended by a vote alone", ("false",)),
}


def refuse_keys(entries: Mapping[str, Entry], task: str) -> None:
    """Refuse keys of a forecast in a job for tables, and those of tables that it cannot do.

    Parameters
    ----------
    entries : mapping of str to Entry
        By their paths.
    task : str

    Raises
    ------
    OptionError
        If there is such a key.
    """
    for path, entry in entries.items():
        if task != TASK and path.startswith(f"{TASK}."):
            raise entry.wrong(
                f"is for forecasting, and the task is {task}",
                "Take it out, or write task: forecasting.",
            )
        if task == TASK and path in _REFUSED:
            why, remedy = _REFUSED[path]
            raise entry.wrong(f"is for tables: {why}", remedy)


def in_vain(entry: Entry) -> str | None:
    """Why a key of tables changes nothing in a forecast.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    str or None
        Empty if it asks for what is done anyway; ``None`` if it has a meaning.
    """
    found = _NOTED.get(entry.key.path)
    if found is None:
        return None
    why, done = found
    return "" if str(entry.value).casefold() in done else f"no meaning for a forecast: {why}"


def _is(entry: Entry, word: str) -> bool:
    """Whether the value is a word; none may be left out."""
    return v.fold(_NONE if entry.value is None else entry.value) == word


def _count(entry: Entry) -> Any:
    """A whole number, or auto."""
    return _AUTO if _is(entry, _AUTO) else v.whole(entry)


def _season(entry: Entry) -> Any:
    """Rows of a season, or auto; no season is one of one row."""
    return 1 if _is(entry, _NONE) else _count(entry)


def _lags(entry: Entry) -> Any:
    """One lag or several, or auto."""
    if _is(entry, _AUTO):
        return _AUTO
    given = entry.value if isinstance(entry.value, list) else [entry.value]
    return [v.whole(Entry(entry.key, entry.name, one, entry.place)) for one in given]


def _word(*known: str) -> Callable[[Entry], str]:
    """One of some words, of which none may be left out."""

    def read(entry: Entry) -> str:
        return v.one_of(entry, _NONE if entry.value is None else entry.value, known)

    return read


# Key -> the field of the job that it becomes, and how its value is read.
FIELDS: dict[str, tuple[str, Callable[[Entry], Any]]] = {
    "time_column_name": ("time_column", v.text),
    "time_series_id_column_names": ("series", v.names),
    "forecast_horizon": ("horizon", _count),
    "frequency": ("frequency", v.text),
    "target_aggregate_function": ("aggregate", _word("sum", "mean", "min", "max")),
    "target_lags": ("target_lags", _lags),
    "feature_lags": ("feature_lags", _word(_AUTO, _NONE)),
    "target_rolling_window_size": ("rolling_window", _count),
    "seasonality": ("season", _season),
    "use_stl": ("use_stl", _word("season", "season_trend", _NONE)),
    "short_series_handling_config": ("short_series", _word(_AUTO, "pad", "drop", _NONE)),
    "country_or_region_for_holidays": ("holidays", v.text),
    "cv_step_size": ("window_step", _count),
    "features_unknown_at_forecast_time": ("unknown_in_future", v.names),
    "hierarchy_column_names": ("hierarchy", v.names),
    "hierarchy_training_level": ("hierarchy_level", v.text),
}


def deep_learners(blocked: bool, allowed: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """What becomes of deep models, by whether they were asked for.

    Parameters
    ----------
    blocked : bool
        Whether the job switches them off.
    allowed : tuple of str
        Learners that it allows by name.

    Returns
    -------
    block : tuple of str
        Keys of learners not to try.
    note : str
        What a reader should know; empty for nothing.
    """
    from trialbook.learners import all_learners, installed

    deep = [one for one in all_learners().values() if TASK in one.tasks and one.extra == "deep"]
    if blocked:
        return tuple(one.key for one in deep if one.key not in allowed), ""
    if any(installed(one) for one in deep):
        return (), ""
    return (), "deep models need pip install 'trialbook[deep]'; none is tried"


def algorithm(asked: str, task: str) -> tuple[str | None, str]:
    """The learner of an algorithm's name in Azure ML.

    Parameters
    ----------
    asked : str
        In any spelling.
    task : str

    Returns
    -------
    key : str or None
        ``None`` if there is none.
    lack : str
        What is said then: that Trialbook does not have it, or what it needs.

    Raises
    ------
    OptionError
        If Azure ML has no algorithm of this name either.
    """
    from trialbook.learners import find, installed

    lacking = {v.fold(one): one for one in v.LACKING}
    try:
        found = find(asked, task=task)
    except OptionError:
        if v.fold(asked) not in lacking:
            raise
        return None, f"Trialbook does not have {lacking[v.fold(asked)]}"
    if task == TASK and not installed(found):
        return None, f"{asked} needs pip install 'trialbook[{found.extra}]'"
    return found.key, ""
