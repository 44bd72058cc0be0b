"""The forms in which rows come: MLflow's and Azure's, all made into columns of plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

from trialbook.errors import nearest
from trialbook.serving.server._json import unknown_word
from trialbook.serving.server._problems import MOST_PROBLEMS, Problem, Refused, refused_cells

Method = Literal["predict", "predict_proba"]

METHODS: Final = ("predict", "predict_proba")
# MLflow's; exactly one of them stands in a request.
FORMS: Final = ("dataframe_split", "dataframe_records", "instances", "inputs")
AZURE: Final = "Inputs"
# What Azure's endpoints call MLflow's table.
AZURE_TABLE: Final = "input_data"
# Names in a request that are compared with one that is lacking, and their letters: finding the
# nearest takes some microseconds for each pair, in which nobody else is answered.
MOST_COMPARED, MOST_LETTERS = 200, 200
_SCALARS = (str, int, float, bool, type(None))
Columns: TypeAlias = tuple[dict[str, Sequence[Any]], int]
_CELL_REMEDY = "Send a text, a number, true, false or null."


@dataclass(frozen=True)
class Asked:
    """What a request asks.

    Parameters
    ----------
    columns : mapping of str to list
        Plain values of the columns that the model uses, all of one length, in its order.
    n_rows : int
    method : {"predict", "predict_proba"}
    azure : bool
        Whether it came in Azure's form, and is answered so.
    """

    columns: Mapping[str, Sequence[Any]]
    n_rows: int
    method: Method = "predict"
    azure: bool = False


def read_request(document: Any, names: Sequence[str]) -> Asked:
    """Take rows out of a document in any of the forms.

    Parameters
    ----------
    document : object
        What the body held.
    names : sequence of str
        The columns that the model uses, in its order.

    Returns
    -------
    Asked

    Raises
    ------
    Refused
        With status 400 if the form is not known, with 422 if columns are lacking or a cell is
        no plain value.
    """
    if not isinstance(document, dict):
        raise Refused(
            400,
            f"the body is {kind_of(document)}, not an object",
            remedy=f"Send an object with one of {', '.join(FORMS)}.",
        )
    if AZURE in document:
        return _azure(document, names, AZURE, "GlobalParameters")
    if AZURE_TABLE in document:
        return _azure(document, names, AZURE_TABLE, "params")
    found = [key for key in document if key in FORMS]
    if len(found) != 1:
        told = f"has {len(found)} of them" if found else "has none of them"
        raise Refused(
            400,
            f"the body must have exactly one of {', '.join(FORMS)}, and {told}",
            remedy=_form_remedy(document, found),
        )
    form = found[0]
    extra = next((key for key in document if key not in (form, "params")), None)
    if extra is not None:
        raise unknown_word("key", extra, (form, "params"), "the body")
    method = _method(document.get("params"), "params", "method")
    columns, n_rows = _READERS[form](document[form], names, form)
    return Asked(columns, n_rows, method)


def _form_remedy(document: dict[str, Any], found: Sequence[str]) -> str:
    if found:
        return f"Leave out {found[1]}."
    return nearest(next(iter(document)), FORMS) if document else "/docs shows an example."


def _azure(document: dict[str, Any], names: Sequence[str], key: str, options: str) -> Asked:
    extra = next((one for one in document if one not in (key, options)), None)
    if extra is not None:
        raise unknown_word("key", extra, (key, options), "the body")
    given = document.get(options)
    # Endpoints of AutoML's regressions have a number here, which means nothing.
    is_number = options == "GlobalParameters" and isinstance(given, (int, float))
    method = _method(None if is_number else given, options, "method")
    columns, n_rows = _azure_rows(document[key], names, key)
    return Asked(columns, n_rows, method, azure=key == AZURE)


def _azure_rows(inputs: Any, names: Sequence[str], place: str) -> Columns:
    """Rows as they are, in an object under ``data``, or with their columns beside them."""
    if not isinstance(inputs, dict):  # older endpoints take the rows without the object
        return _rows(inputs, names, place)
    if "columns" in inputs:
        return _split(inputs, names, place)
    extra = next((key for key in inputs if key != "data"), None)
    if extra is not None or "data" not in inputs:
        raise unknown_word("key", extra or "", ("data",), place)
    data = inputs["data"]
    if isinstance(data, dict):
        return _split(data, names, f"{place}.data")
    return _rows(data, names, f"{place}.data")


def _method(given: Any, place: str, key: str) -> Method:
    """What is asked of the model; `predict` if nothing is said."""
    if given is None:
        return "predict"
    if not isinstance(given, dict):
        raise Refused(
            400,
            f"{place} is {kind_of(given)}, not an object",
            place=place,
            remedy=f'Send {{"{key}": "predict_proba"}}, or leave it out.',
        )
    extra = next((one for one in given if one != key), None)
    if extra is not None:
        raise unknown_word("parameter", extra, (key,), place)
    method = given.get(key, "predict")
    if method not in METHODS:
        raise unknown_word("method", method, METHODS, f"{place}.{key}")
    return "predict" if method == "predict" else "predict_proba"


def read_rows(given: Any, names: Sequence[str], place: str) -> Columns:
    """Rows in whatever form they are, MLflow's or Azure's.

    Parameters
    ----------
    given : object
        A list of rows, an object of columns, or one with ``columns`` and ``data``; or any of them
        under ``data``.
    names : sequence of str
        The columns that are wanted, in the order of rows that are lists.
    place : str
        Where they stand in the request.

    Returns
    -------
    Columns

    Raises
    ------
    Refused
        With status 400 if they are none of these, with 422 if columns are lacking or a cell is no
        plain value.
    """
    if isinstance(given, dict) and given.keys() == {"data"}:
        return read_rows(given["data"], names, f"{place}.data")
    if isinstance(given, dict) and "columns" in given and "data" in given:
        return _split(given, names, place)
    return _inputs(given, names, place)


# -- forms -----------------------------------------------------------------------------------


def _split(given: Any, names: Sequence[str], place: str) -> Columns:
    if not isinstance(given, dict) or not {"columns", "data"} <= given.keys():
        raise Refused(
            400,
            f"{place} is no object with columns and data",
            place=place,
            remedy='Send {"columns": [names], "data": [[values of a row], ...]}.',
        )
    extra = next((key for key in given if key not in ("columns", "data", "index")), None)
    if extra is not None:
        raise unknown_word("key", extra, ("columns", "data", "index"), place)
    columns = given["columns"]
    if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
        raise Refused(400, "the columns are no list of names", place=f"{place}.columns")
    if len(set(columns)) < len(columns):
        twice = Counter(columns).most_common(1)[0][0]
        raise Refused(
            400,
            f"the column '{twice[:60]}' is named twice",
            place=f"{place}.columns",
            remedy="Name each column once.",
        )
    return _by_position(given["data"], columns, names, f"{place}.data")


def _records(given: Any, names: Sequence[str], place: str) -> Columns:
    _check_rows(given, place)
    wrong = next((row for row, one in enumerate(given) if not isinstance(one, dict)), None)
    if wrong is not None:
        raise Refused(
            400,
            f"row {wrong} is {kind_of(given[wrong])}, not an object",
            place=f"{place}[{wrong}]",
            remedy='Send rows as {"column": value, ...}.',
        )
    try:
        columns: dict[str, Sequence[Any]] = {
            name: [record[name] for record in given] for name in names
        }
    except KeyError:
        raise _lacking(given, names) from None
    return _checked(columns, len(given))


def _lacking(records: Sequence[dict[str, Any]], names: Sequence[str]) -> Refused:
    problems: list[Problem] = []
    for row, record in enumerate(records):
        lacking = [name for name in names if name not in record][: MOST_PROBLEMS - len(problems)]
        others = _others(record, names)
        for name in lacking:
            known = nearest(name, others) if others else ""
            guess = known.replace("Did you mean", "Is it") if known.startswith("Did") else None
            remedy = guess or "Send it; null stands for a value that is not known."
            problems.append(Problem(f"the row lacks column '{name}'", row, name, remedy))
        if len(problems) >= MOST_PROBLEMS:
            break
    return refused_cells(problems)


def _others(given: Iterable[str], names: Sequence[str]) -> list[str]:
    """Names that the model does not know: some of them, for a stranger may send thousands."""
    known = set(names)
    others = (name for name in given if name not in known and len(name) <= MOST_LETTERS)
    return list(islice(others, MOST_COMPARED))


def _rows(given: Any, names: Sequence[str], place: str) -> Columns:
    """Rows as objects, or as lists of values in the order of the model's columns."""
    _check_rows(given, place)
    if isinstance(given[0], dict):
        return _records(given, names, place)
    if len(names) == 1 and not isinstance(given[0], list):
        return _checked({names[0]: given}, len(given))
    return _by_position(given, names, names, place)


def _inputs(given: Any, names: Sequence[str], place: str) -> Columns:
    """Rows, or columns by their names: lists, or one value each for one row."""
    if not isinstance(given, dict):
        return _rows(given, names, place)
    if not given:
        raise Refused(400, "there are no rows", place=place, remedy="Send one row at least.")
    if not any(isinstance(cells, list) for cells in given.values()):
        return _records([given], names, place)
    if not all(isinstance(cells, list) for cells in given.values()):
        wrong = next(name for name, cells in given.items() if not isinstance(cells, list))
        raise Refused(
            400,
            f"'{wrong[:60]}' is {kind_of(given[wrong])} where other columns are lists",
            place=place,
            remedy="Send a list for each column, or one value for each.",
        )
    lengths = {len(cells) for cells in given.values()}
    if len(lengths) > 1:
        raise Refused(
            400,
            f"the columns have {min(lengths)} to {max(lengths)} rows",
            place=place,
            remedy="Send columns of one length.",
        )
    n_rows = lengths.pop()
    if n_rows == 0:
        raise Refused(400, "there are no rows", place=place, remedy="Send one row at least.")
    _check_names(list(given), names, place)
    # A cell that is a list is told as such, with its row; MLflow sends columns of shape (n, 1) so.
    columns = {
        name: [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in cells]
        for name, cells in given.items()
    }
    return _checked({name: columns[name] for name in names}, n_rows)


def _by_position(rows: Any, columns: Sequence[str], names: Sequence[str], place: str) -> Columns:
    _check_rows(rows, place)
    _check_names(columns, names, place)
    width = len(columns)
    for row, one in enumerate(rows):
        if not isinstance(one, list):
            raise Refused(
                400,
                f"row {row} is {kind_of(one)}, not a list",
                place=f"{place}[{row}]",
                remedy="Send each row as a list of values.",
            )
        if len(one) != width:
            raise Refused(
                400,
                f"row {row} has {len(one)} values for {width} columns",
                place=f"{place}[{row}]",
                remedy="Send a value for each column; null where there is none.",
            )
    by_name = dict(zip(columns, zip(*rows)))
    return _checked({name: by_name[name] for name in names}, len(rows))


_READERS: Final = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    # What MLflow calls the row and the column form; some clients send either under either name.
    "instances": _inputs,
    "inputs": _inputs,
}


# -- checks ----------------------------------------------------------------------------------


def _check_rows(given: Any, place: str) -> None:
    if not isinstance(given, list):
        raise Refused(
            400,
            f"the rows are {kind_of(given)}, not a list",
            place=place,
            remedy="Send a list of rows.",
        )
    if not given:
        raise Refused(400, "there are no rows", place=place, remedy="Send one row at least.")


def _check_names(given: Sequence[str], names: Sequence[str], place: str) -> None:
    there = set(given)
    lacking = [name for name in names if name not in there]
    if lacking:
        others = _others(given, names) or [name for name in given if name in names]
        problems = [
            Problem(f"the rows lack column '{name}'", None, name, nearest(name, others))
            for name in lacking[:MOST_PROBLEMS]
        ]
        raise Refused(
            422,
            problems[0].cause,
            place=place,
            remedy=problems[0].remedy,
            problems=problems,
        )


def _checked(columns: dict[str, Sequence[Any]], n_rows: int) -> Columns:
    """The columns, if all of their cells are plain values."""
    for cells in columns.values():
        if not _PLAIN.issuperset(map(type, cells)):
            raise refused_cells(
                [
                    Problem(f"the cell is {kind_of(cell)}", row, name, _CELL_REMEDY)
                    for name, some in columns.items()
                    for row, cell in enumerate(some)
                    if not isinstance(cell, _SCALARS)
                ]
            )
    return columns, n_rows


_PLAIN = frozenset(_SCALARS)


def kind_of(value: Any) -> str:
    """What a value is, in words of JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "no plain value")
