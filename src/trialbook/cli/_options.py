"""The options of ``trialbook train``, made from the fields of `Job`.

A field's name, type and description live once, in `trialbook.job`; here they become an option.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from trialbook.errors import OptionError
from trialbook.job import NOT_OF_SERIES, Job

Command = TypeVar("Command", bound=Callable[..., Any])

# The heading above each first option, in the order of the fields of `Job`.
SECTIONS = {
    "target": "The question",
    "ignore": "The columns",
    "series": "Series to forecast",
    "validation": "Validation and test",
    "allow": "The search",
    "workspace": "Where it is kept",
}

# What stands for the value in the help; where none is named, the kind of value says enough.
METAVARS = {
    "target": "COLUMN",
    "weight": "COLUMN",
    "group_column": "COLUMN",
    "time_column": "COLUMN",
    "ignore": "COLUMN,...",
    "fold_columns": "COLUMN,...",
    "series": "COLUMN,...",
    "unknown_in_future": "COLUMN,...",
    "holidays": "COUNTRY",
    "hierarchy": "COLUMN,...",
    "hierarchy_level": "LEVEL",
    "horizon": "ROWS",
    "target_lags": "ROWS,...",
    "rolling_window": "ROWS",
    "season": "ROWS",
    "window_step": "ROWS",
    "types": "COLUMN=TYPE",
    "imputers": "COLUMN=STRATEGY[:VALUE]",
    "language": "LANGUAGE",
    "block_transformers": "NAME,...",
    "transformer_params": "NAME.PARAMETER=VALUE[@COLUMN,...]",
    "allow": "LEARNER,...",
    "block": "LEARNER,...",
    "validation": "FILE",
    "test": "FILE",
    "timeout": "DURATION",
    "trial_timeout": "DURATION",
    "memory_limit": "AMOUNT",
    "max_predict_ms": "MILLISECONDS",
    "total_memory": "AMOUNT",
    "workspace": "FOLDER",
    "tracking_uri": "URI",
    "positive_label": "CLASS",
    "tags": "NAME=VALUE",
}

# Options of a command that trains many models; see `trialbook.cli.commands._many`.
OF_PARTS = frozenset({"partition", "divide", "at_once"})

# A person writes these with a unit, so the job reads them, not click.
WRITTEN_WITH_UNIT = frozenset({"timeout", "trial_timeout", "memory_limit", "total_memory"})


# Options that are not named as their field: one is given once for each column.
_FLAGS = {"imputers": "--impute"}
# Options that have another name, too: the one of `tb.forecast`.
_ALSO = {"time_column": "--time"}


def flag(field: str) -> str:
    """The option of a field: ``--max-trials`` for ``max_trials``."""
    return _FLAGS.get(field, "--" + field.replace("_", "-"))


def _alternatives(annotation: Any) -> list[Any]:
    """The types that a field takes, without None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [kind for kind in typing.get_args(annotation) if kind is not type(None)]
    return [annotation]


def _option(field: str) -> click.Option:
    """The click option of one field of `Job`."""
    info = Job.model_fields[field]
    kinds = _alternatives(info.annotation)
    kind = kinds[0]
    name = flag(field)
    settings: dict[str, Any] = {"help": _help(field), "metavar": METAVARS.get(field)}
    if kind is bool:
        return click.Option([f"{name}/--no-{name[2:]}", field], default=None, help=_help(field))
    if typing.get_origin(kind) in (tuple, dict):
        return click.Option([name, field], multiple=True, **settings)
    if typing.get_origin(kind) is typing.Literal:
        settings["type"] = click.Choice(typing.get_args(kind))
    elif kind in (int, float) and len(kinds) == 1 and field not in WRITTEN_WITH_UNIT:
        settings["type"] = kind
    also = [_ALSO[field]] if field in _ALSO else []
    return click.Option([*also, name, field], required=info.is_required(), **settings)


def _help(field: str) -> str:
    """The description of a field as a sentence, with its default where that says something."""
    info = Job.model_fields[field]
    text = str(info.description)
    sentence = text[0].upper() + text[1:]
    default = info.default
    if default is True:
        return f"{sentence}.  [default: yes]"
    if isinstance(default, (str, int)) and not isinstance(default, bool):
        return f"{sentence}.  [default: {default}]"
    return f"{sentence}."


# Fields that `forecast` does not offer, and those that it cannot do without.
_NOT_OFFERED = frozenset(("data", "task", *NOT_OF_SERIES))
_OF_FORECASTS = ("time_column", "horizon")
# What some fields mean there.
_FORECAST_HELP = {
    "time_column": "Column of times.",
    "folds": "Windows of rolling-origin cross-validation.",
    "test": "Separate table with the rows that follow, to test the winner on.",
    "test_size": "Any fraction cuts off the last horizon of each series of more than two horizons,"
    " to test the winner on.",
    "max_predict_ms": "Longest time in ms that the winner may take to forecast one series.",
}


class JobCommand(click.Command):
    """A command that takes the fields of `Job` as options, listed under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in the sections of the job instead of one long list."""
        headings = _headings()
        sections: dict[str, list[tuple[str, str]]] = {}
        parts: list[tuple[str, str]] = []
        rest: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or isinstance(parameter, click.Argument):
                continue
            if parameter.name not in Job.model_fields:
                (parts if parameter.name in OF_PARTS else rest).append(record)
                continue
            sections.setdefault(headings[parameter.name], []).append(record)
        more = [("Many models", parts)] if parts else []
        for title, records in [*sections.items(), *more, ("Output", rest)]:
            with formatter.section(title):
                formatter.write_dl(records)


def _headings() -> dict[str, str]:
    """The heading that each field of `Job` stands under."""
    heading, found = "", {}
    for field in Job.model_fields:
        found[field] = heading = SECTIONS.get(field, heading)
    return found


def job_options(function: Command) -> Command:
    """Decorate a command with one option for each field of `Job` except ``data``."""
    return _decorated(function, [_option(field) for field in Job.model_fields if field != "data"])


def forecast_options(function: Command) -> Command:
    """Decorate a command with an option for each field of `Job` that forecasts heed."""
    options = {field: _option(field) for field in Job.model_fields if field not in _NOT_OFFERED}
    for field in _OF_FORECASTS:
        options[field].required = True
    for field, text in _FORECAST_HELP.items():
        options[field].help = text
    return _decorated(function, list(options.values()))


def some_job_options(*fields: str) -> Callable[[Command], Command]:
    """Decorate a command with the options of some fields of `Job`, none of which it requires."""

    def decorate(function: Command) -> Command:
        options = [_option(field) for field in fields]
        for option in options:
            option.required = False
        return _decorated(function, options)

    return decorate


def _decorated(function: Command, options: list[click.Option]) -> Command:
    parameters: list[click.Parameter] = getattr(function, "__click_params__", [])
    # click reads the list backwards, as decorators are applied from the bottom up.
    function.__click_params__ = [*parameters, *reversed(options)]  # type: ignore[attr-defined]
    return function


def job_from_options(data: str, options: Mapping[str, Any]) -> Job:
    """Make the job of a command line; options that were not given are left to the job."""
    fields: dict[str, Any] = {"data": data}
    for field, value in options.items():
        if value is None or value == ():
            continue
        kind = typing.get_origin(_alternatives(Job.model_fields[field].annotation)[0])
        if kind is tuple:
            fields[field] = split_names(value)
        elif kind is dict:
            fields[field] = _READ.get(field, type_pairs)(field, value)
        else:
            fields[field] = value
    return Job.from_fields(fields)


def split_names(values: tuple[str, ...]) -> tuple[str, ...]:
    """Read names that were given in several options, in one list with commas, or both."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def type_pairs(field: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Read column types, each written like ``zip_code=categorical``."""
    return dict(_pair(field, text, "column=type", "zip_code=categorical") for text in texts)


def _pair(field: str, text: str, form: str, example: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not (equals and name and value):
        raise _malformed(field, text, form, example)
    return name, value


def _malformed(field: str, text: str, form: str, example: str) -> OptionError:
    return OptionError(
        f"'{text}' is not of the form {form}",
        place=f"option {flag(field)}",
        remedy=f"Write it like {flag(field)} {example}.",
    )


def _tags(field: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Read ``team=sales``; what follows the first sign is the value."""
    read = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name):
            raise _malformed(field, text, "name=value", "team=sales")
        read[name] = value
    return read


def _imputers(field: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Read ``age=median`` and ``city=constant:unknown``."""
    read: dict[str, Any] = {}
    for text in texts:
        name, value = _pair(field, text, "column=strategy", "age=median")
        strategy, colon, fill_value = value.partition(":")
        read[name] = {"strategy": strategy, "fill_value": fill_value} if colon else strategy
    return read


def _parameters(field: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Read ``tfidf.max_features=500@title,body``, or JSON as in a job file."""
    import yaml

    read: dict[str, Any] = {}
    for text in texts:
        document = text.lstrip().startswith("{")
        name, equals, value = text.partition("=")
        transformer, point, parameter = name.partition(".")
        value, _, columns = value.partition("@")
        if not document and not (equals and point and transformer and parameter and value):
            raise OptionError(
                f"'{text}' is not of the form name.parameter=value",
                place=f"option {flag(field)}",
                remedy=f"Write it like {flag(field)} tfidf.max_features=500@title, or as JSON.",
            )
        try:
            parsed = yaml.safe_load(text if document else value)
        except yaml.YAMLError:
            raise OptionError(
                f"'{text}' cannot be read", place=f"option {flag(field)}", remedy="Write JSON."
            ) from None
        if not document:
            entry = {"fields": split_names((columns,)), "parameters": {parameter: parsed}}
            parsed = {transformer: [entry]}
        for spelling, entries in parsed.items():
            found = entries if isinstance(entries, list) else [entries]
            read[spelling] = [*read.get(spelling, []), *found]
    return read


# What is more than pairs of a column and a word.
_READ: dict[str, Callable[[str, tuple[str, ...]], dict[str, Any]]] = {
    "imputers": _imputers,
    "transformer_params": _parameters,
    "tags": _tags,
}
