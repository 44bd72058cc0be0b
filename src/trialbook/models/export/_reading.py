"""Read tables, and check them: the columns that a model wants, as they were in training."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# What stands for a missing cell in a file of text: in a column of text, and in any other.
MISSING_TEXT = frozenset({"", "NaN", "nan", "null", "NULL", "<NA>"})
MISSING_VALUE = MISSING_TEXT | {"NA", "N/A", "n/a", "None", "?", "-"}
TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
SEPARATORS = (",", ";", "\t", "|")


class Reader:
    """Reads tables for a model.

    Parameters
    ----------
    schema : dict
        What its ``schema.json`` holds, or some of its columns.

    Attributes
    ----------
    columns : list of str
        Names of the columns that it wants.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._columns = [one for one in schema["columns"] if one["dropped"] is None]
        self._forms: Mapping[str, str] = schema.get("forms") or {}
        self.columns = [str(one["name"]) for one in self._columns]

    def conform(self, table: pd.DataFrame) -> pd.DataFrame:
        """The columns that the model wants, as they were in training.

        Parameters
        ----------
        table : DataFrame

        Returns
        -------
        DataFrame

        Raises
        ------
        ValueError
            If a column is lacking, or a cell is not of the kind that it was in training.
        """
        table = table.reset_index(drop=True)
        table.columns = table.columns.map(str)
        lacking = [name for name in self.columns if name not in table.columns]
        if lacking:
            raise ValueError(f"the table lacks {', '.join(map(repr, lacking))}")
        if not len(table):
            raise ValueError("the table has no rows")
        made = {}
        for column in self._columns:
            name, form = str(column["name"]), self._forms.get(column["name"])
            cells = _plain_cells(table[name])
            if column["storage"] == "number":
                made[name] = _numbers(cells, form)
            elif column["storage"] == "bool":
                made[name] = _booleans(cells)
            elif column["storage"] == "datetime":
                made[name] = _times(cells)
            else:
                made[name] = _texts(cells, column["datetime_format"], form)
        return pd.DataFrame(made)

    def read(self, path: str | Path) -> pd.DataFrame:
        """Read a table: CSV, TSV (gzipped or not), Parquet, JSON or lines of JSON.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        DataFrame

        Raises
        ------
        ValueError
            If it is of none of these formats.
        """
        path = Path(path)
        endings = [one for one in path.suffixes if one != ".gz"]
        ending = endings[-1].lower() if endings else ""
        if ending in {".csv", ".tsv", ".txt"}:
            with (gzip.open if path.suffix == ".gz" else open)(
                path, "rt", encoding="utf-8-sig", newline=""
            ) as file:
                return self.read_text(file.read())
        if ending in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        if ending in {".jsonl", ".ndjson"}:
            lines = path.read_text("utf-8").splitlines()
            return pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        if ending == ".json":
            return rows_of(json.loads(path.read_text("utf-8")), self.columns)
        raise ValueError(f"cannot tell the format of '{path.name}': use .csv, .parquet or .json")

    def read_text(self, text: str) -> pd.DataFrame:
        """Read cells between commas, semicolons, tabs or bars, below a line of names.

        Parameters
        ----------
        text : str

        Returns
        -------
        DataFrame
            Of strings, so that a code such as 007 stays one; `conform` reads the numbers.

        Raises
        ------
        ValueError
            If a line has more cells than the first.
        """
        first, wanted = text.partition("\n")[0].rstrip("\r"), set(self.columns)
        separator = max(
            SEPARATORS, key=lambda one: len(wanted & set(next(csv.reader([first], delimiter=one))))
        )
        with warnings.catch_warnings():
            # Else pandas takes the first cells of longer lines for names of rows, and all others
            # move to the next column. A comma too many at the ends of lines is nothing.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                table = pd.read_csv(
                    io.StringIO(text),
                    sep=separator,
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                )
            except pd.errors.ParserWarning as error:
                raise ValueError("the lines have more cells than the first line names") from error
        for column in self._columns:
            if column["name"] in table.columns:
                is_text = column["storage"] == "string" and column["datetime_format"] is None
                cells = table[column["name"]]
                missing = cells.isna() | cells.isin(MISSING_TEXT if is_text else MISSING_VALUE)
                table[column["name"]] = cells.astype(object).mask(missing, np.nan)
        return table


# -- cells --------------------------------------------------------------------------------


def _plain_cells(cells: pd.Series) -> pd.Series:
    """A column without the dtypes that only some tables have."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return cells.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[ns]")
    if cells.dtype.kind in "iufbM" and isinstance(cells.dtype, np.dtype):
        return cells.astype("datetime64[ns]") if cells.dtype.kind == "M" else cells
    return cells.astype(object).where(cells.notna(), np.nan)


def _refused(cells: pd.Series, wrong: Any, expected: str) -> ValueError:
    row = int(np.flatnonzero(np.asarray(wrong))[0])
    value = str(cells.iloc[row])
    value = value if len(value) <= 60 else value[:57] + "..."
    return ValueError(
        f"column '{cells.name}' holds '{value}' in row {row + 1}, where {expected} is expected"
    )


def _numbers(cells: pd.Series, form: str | None) -> pd.Series:
    if cells.dtype.kind in "iuf":
        return cells.replace([np.inf, -np.inf], np.nan) if cells.dtype.kind == "f" else cells
    if cells.dtype.kind == "M":
        raise _refused(cells, np.ones(len(cells), bool), "a number")
    numbers = [_number(cell, form) for cell in cells]
    wrong = [number is None for number in numbers]
    if any(wrong):
        raise _refused(cells, wrong, "a number")
    return pd.Series(numbers, dtype=float).replace([np.inf, -np.inf], np.nan)


def _number(cell: Any, form: str | None) -> float | None:
    """A cell as a number; None if it is none. `pandas.to_numeric` errs in the last digits."""
    if isinstance(cell, str):
        cell = _plain_number(cell, form)
    try:
        return None if isinstance(cell, str) and "_" in cell else float(cell)
    except (TypeError, ValueError):
        return None


def _plain_number(cell: str, form: str | None) -> str:
    """A number as any program reads it.

    The form is 1234.5 as the table of training wrote it, such as ``$1,234.5`` or ``1.234,5``.
    """
    cell = cell.strip()
    if cell in MISSING_VALUE:
        return "nan"
    if form is None:
        return cell
    before, after = form.split("1", 1)[0], form.rsplit("5", 1)[1]
    inner = form[len(before) :][1 : -1 - len(after)]  # between 1 and 5: "" or ",", "234", "."
    thousands, decimal = inner[:-4], inner[-1]
    bare = re.sub(rf"^([+-]?)\s*{re.escape(before.strip())}\s*", r"\1", cell)
    bare = re.sub(rf"\s*{re.escape(after.strip())}$", "", bare)
    bare = re.sub("[\u00a0\u202f\u2009]", " ", bare).replace("’", "'")
    whole = r"\d+"
    if thousands:
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+)"
    dot = re.escape(decimal)
    if not re.fullmatch(rf"[+-]?(?:{whole}(?:{dot}\d*)?|{dot}\d+)(?:[eE][+-]?\d+)?", bare):
        return cell
    return bare.replace(thousands, "").replace(decimal, ".")


def _booleans(cells: pd.Series) -> pd.Series:
    if cells.dtype.kind == "b":
        return cells
    texts = cells.map(lambda cell: str(cell).strip().lower(), na_action="ignore")
    known = cells.notna() & ~cells.isin(MISSING_VALUE)
    flags = texts.map(TRUTH)
    wrong = known & flags.isna()
    if cells.dtype.kind == "M" or wrong.any():
        raise _refused(cells, wrong | (cells.dtype.kind == "M"), "true or false")
    if known.all():
        return flags.astype(bool)
    return pd.Series(np.where(known, flags.astype(object), None), dtype=object)


def _times(cells: pd.Series) -> pd.Series:
    if cells.dtype.kind == "M":
        return cells
    if cells.dtype.kind in "iufb" and cells.notna().any():
        raise _refused(cells, cells.notna(), "a date such as 2024-12-31 23:59:00")
    present = cells.where(~cells.isin(MISSING_VALUE), np.nan)
    times = _parsed(present, "ISO8601")
    wrong = times.isna() & present.notna()
    if wrong.any():
        raise _refused(cells, wrong, "a date such as 2024-12-31 23:59:00")
    return times


def _texts(cells: pd.Series, form: str | None, written: str | None) -> pd.Series:
    """Text as it was in training; a date is written in the form that dates had there."""
    nested = cells.map(lambda cell: isinstance(cell, (list, dict, tuple, set, bytes)))
    if nested.any():
        raise _refused(cells, nested, "text")
    texts = cells.astype(object).where(cells.notna(), np.nan)
    if form is not None:
        dates = texts.map(lambda cell: hasattr(cell, "strftime"))  # of a Parquet file
        texts = texts.where(~dates, _written(_parsed(texts.where(dates), "ISO8601"), form))
        stripped = texts.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
        present = stripped.where(~stripped.isin(MISSING_VALUE), np.nan)
        unread = present.notna() & _parsed(present, form).isna()
        times = _parsed(present.where(unread), "ISO8601")
        for other in (written or "").split(" | ") if written else ():
            times = times.fillna(_parsed(present.where(unread & times.isna()), other))
        if unread.any() and times[unread].isna().all() and bool(unread[present.notna()].all()):
            raise _refused(cells, unread, "a date as in training")
        texts = texts.where(~(unread & times.notna()), _written(times, form))
    return texts.map(_as_text, na_action="ignore").astype(object)


def _as_text(cell: Any) -> str:
    """A cell as text: 3.0 is 3."""
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat())
    whole = isinstance(cell, (float, np.floating)) and float(cell).is_integer()
    return str(int(cell)) if whole else str(cell)


def _parsed(texts: pd.Series, form: str) -> pd.Series:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        times = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None).astype("datetime64[ns]")


def _written(times: pd.Series, form: str) -> pd.Series:
    if form.endswith("%z"):
        times = times.dt.tz_localize("UTC")

    def write(time: Any) -> str:
        return str(time.isoformat() if form == "ISO8601" else time.strftime(form))

    return times.astype(object).map(write, na_action="ignore")


# -- requests -----------------------------------------------------------------------------


def rows_of(document: Any, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of a JSON document.

    Parameters
    ----------
    document : list or dict
        Records; a dictionary of columns; ``{"columns": ..., "data": ...}``; or any of these, or
        rows as lists, under a key of MLflow's (``dataframe_split``, ``dataframe_records``,
        ``instances``, ``inputs``) or Azure ML's (``input_data``, ``Inputs``; there they may be in
        an object under ``data``).
    columns : sequence of str
        Names for rows that are lists, in order.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if isinstance(document, dict):
        for key in ("dataframe_split", "dataframe_records", "instances", "inputs"):
            if key in document:
                return rows_of(document[key], columns)
        for key in ("input_data", "Inputs"):
            if key in document:
                rows = document[key]
                named = not isinstance(rows, dict) or "columns" in rows or "data" not in rows
                return rows_of(rows if named else rows["data"], columns)
        if "columns" in document and isinstance(document.get("data"), list):
            return _listed(document["data"], [str(name) for name in document["columns"]])
        if document and all(isinstance(cells, list) for cells in document.values()):
            if len({len(cells) for cells in document.values()}) > 1:
                raise ValueError("the columns are not of one length")
            return pd.DataFrame(document)
        if set(columns) & set(document):
            return pd.DataFrame([document])
    if isinstance(document, list) and document and all(isinstance(r, dict) for r in document):
        return pd.DataFrame(document)
    if isinstance(document, list) and document and all(isinstance(r, list) for r in document):
        return _listed(document, list(columns))
    raise ValueError(
        'no rows found: send {"dataframe_records": [{column: value, ...}, ...]}, or '
        '{"Inputs": {"data": [...]}}'
    )


def _listed(rows: list[Any], columns: list[str]) -> pd.DataFrame:
    for name in columns:
        if columns.count(name) > 1:
            raise ValueError(f"the column '{name}' is there twice")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise ValueError(f"row {number} is no list of {len(columns)} cells")
    return pd.DataFrame(rows, columns=columns)


def finite(value: Any) -> Any:
    """An answer as JSON holds it: null for what is no number, or an infinite one."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
