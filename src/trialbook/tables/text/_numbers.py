"""Numbers written for people: separators of thousands, a decimal comma, a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# A number of the plain form is what Python and every other program reads.
_UNITS = "$€£¥%"
_NUMBER_LIKE = re.compile(rf"[\s+\-−{_UNITS}]*[.,]?\d[\d\s.,'’]*(?:[eE][+-]?\d+)?[\s{_UNITS}]*")
_PREFIX = re.compile(rf"\s*[+-]?\s*([{_UNITS}])")
_SUFFIX = re.compile(rf"([{_UNITS}])\s*$")
# Cells that must look like numbers before a whole column is tried.
_LOOKED_AT = 20

# Signs that look like others.
_SAME_SIGN = (("\u00a0", " "), ("\u202f", " "), ("\u2009", " "), ("’", "'"), ("−", "-"))

# Separators of thousands, with the decimal sign that goes with each; none, with a decimal comma.
_WAYS = (
    (",", "."),
    (".", ","),
    (" ", "."),
    (" ", ","),
    ("'", "."),
    ("'", ","),
    ("", ","),
    ("", "."),
)


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written.

    Parameters
    ----------
    thousands : str
        What separates groups of three digits; empty if nothing does.
    decimal : str
        What comes before the fraction.
    before, after : str, optional
        A unit before or after the number.
    """

    thousands: str
    decimal: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """A number that is written so, which `from_text` reads."""
        return f"{self.before}1{self.thousands}234{self.decimal}5{self.after}"

    @classmethod
    def from_text(cls, text: str) -> NumberForm:
        """The form of the number 1234.5 as it is written."""
        before, after = text.split("1", 1)[0], text.rsplit("5", 1)[1]
        inner = text[len(before) + 1 :]
        thousands = "" if inner.startswith("234") else inner[0]
        return cls(thousands, inner[len(thousands) + 3], before, after)

    @property
    def plain(self) -> bool:
        """Whether any program reads such numbers."""
        return self == PLAIN

    @property
    def pattern(self) -> str:
        """Regular expression of a number without its unit."""
        decimal = re.escape(self.decimal)
        whole = r"\d+"
        if self.thousands:
            whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+)"
        return rf"^[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?$"


PLAIN = NumberForm("", ".")


def looks_like_numbers(cells: pa.ChunkedArray) -> bool:
    """Whether the first cells look like numbers that are written in some way."""
    first = cells.slice(0, 50 * _LOOKED_AT).drop_null().slice(0, _LOOKED_AT).to_pylist()
    return bool(first) and all(_NUMBER_LIKE.fullmatch(cell) for cell in first)


def possible_forms(cells: pa.ChunkedArray) -> list[NumberForm]:
    """The forms in which a column's cells may be written; two where nothing tells them apart.

    Parameters
    ----------
    cells : pyarrow.ChunkedArray of string

    Returns
    -------
    list of NumberForm
        Empty if they are no numbers.
    """
    cells = _same_signs(cells)
    unit = _unit(cells)
    sign = (unit.before or unit.after).strip()
    if sign and not pc.all(pc.match_substring(cells, sign)).as_py():
        return []
    cells = _without_unit(cells, unit)
    used = {sign for sign in ",. '" if _any(pc.match_substring(cells, sign))}
    forms = []
    for thousands, decimal in _WAYS:
        signs = {thousands, decimal} - {""}
        # Each sign of a form must be seen; a decimal point alone need not.
        seen = signs - {"."} <= used if thousands != "." else "." in used
        if not used <= signs or not seen:
            continue
        form = replace(unit, thousands=thousands, decimal=decimal)
        if pc.all(pc.match_substring_regex(cells, form.pattern)).as_py():
            forms.append(form)
    return forms


def tells_decimal(cells: pa.ChunkedArray, form: NumberForm) -> bool:
    """Whether cells of a form show which of point and comma is the decimal sign."""
    if form.thousands in (",", "."):
        return True
    return _any(pc.match_substring(cells, form.decimal))


def to_plain(cells: pa.ChunkedArray, form: NumberForm) -> pa.ChunkedArray:
    """The cells of a form as any program reads them."""
    cells = _without_unit(_same_signs(cells), form)
    if form.thousands:
        cells = pc.replace_substring(cells, form.thousands, "")
    if form.decimal == ",":
        cells = pc.replace_substring(cells, ",", ".")
    # The cast to numbers takes no plus sign.
    return pc.replace_substring_regex(cells, r"^\+", "")


def plain_texts(texts: pd.Series, form: str | None) -> pd.Series:
    """Numbers of another table as text, written plainly.

    Parameters
    ----------
    texts : Series of str
        Strings, or missing.
    form : str, optional
        A number as the first table has them, as `NumberForm` writes it; by default a plain one.

    Returns
    -------
    Series of str
        What does not follow the form is as it was, unless all of the rest follows another.
    """
    known = PLAIN if form is None else NumberForm.from_text(form)
    plain = texts.to_numpy(dtype=object, copy=True)
    rest = np.flatnonzero(texts.notna())
    for usual in (known, PLAIN):
        rest = _rewrite(plain, rest, usual)
    forms = possible_forms(_strings(plain[rest])) if len(rest) else []
    alike = [one for one in forms if one.decimal == known.decimal] or forms
    if alike:
        _rewrite(plain, rest, alike[0])
    return pd.Series(plain, index=texts.index, dtype=object)


def _rewrite(cells: np.ndarray, rows: np.ndarray, form: NumberForm) -> np.ndarray:
    """Write the cells of some rows plainly that follow a form; the rows of the others."""
    found = _strings(cells[rows])
    bare = _without_unit(_same_signs(found), form)
    follows = pc.match_substring_regex(bare, form.pattern).to_numpy().astype(bool)
    cells[rows[follows]] = to_plain(found, form).to_numpy()[follows]
    return np.asarray(rows[~follows])


def _strings(cells: np.ndarray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells, pa.string())])


def _same_signs(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    for sign, usual in _SAME_SIGN:
        if _any(pc.match_substring(cells, sign)):
            cells = pc.replace_substring(cells, sign, usual)
    return pc.utf8_trim_whitespace(cells)


def _unit(cells: pa.ChunkedArray) -> NumberForm:
    """The plain form with the unit of the first cell."""
    first = cells.slice(0, 50 * _LOOKED_AT).drop_null()
    cell = first[0].as_py() if len(first) else ""
    before, after = _PREFIX.match(cell), _SUFFIX.search(cell)
    form = PLAIN
    if before is not None:
        form = replace(form, before=before.group(1))
    elif after is not None:
        gap = " " if cell[: after.start()].endswith(" ") else ""
        form = replace(form, after=gap + after.group(1))
    return form


def _without_unit(cells: pa.ChunkedArray, form: NumberForm) -> pa.ChunkedArray:
    """Cells without the unit; those that lack it stay as they are."""
    if form.before:
        sign = re.escape(form.before)
        return pc.replace_substring_regex(cells, rf"^([+-]?)\s*{sign}\s*([+-]?)", r"\1\2")
    if form.after:
        return pc.replace_substring_regex(cells, rf"\s*{re.escape(form.after.strip())}$", "")
    return cells


def _any(mask: pa.ChunkedArray) -> bool:
    return bool(pc.any(mask).as_py())


def strict_numbers(cells: pa.ChunkedArray, form: str) -> tuple[pd.Series, np.ndarray]:
    """Numbers that are written in a known form, or plainly, and in no other.

    Parameters
    ----------
    cells : pyarrow.ChunkedArray of string
        Nulls where cells are missing.
    form : str
        A number as `NumberForm` writes it.

    Returns
    -------
    numbers : Series of float
    unread : ndarray of bool, shape (n_cells,)
        Cells that are written otherwise.
    """
    plain = np.array(cells.to_pandas(), dtype=object)
    unread = np.zeros(len(plain), dtype=bool)
    rest = np.flatnonzero(~pd.isna(plain))
    for usual in (NumberForm.from_text(form), PLAIN):
        rest = _rewrite(plain, rest, usual)
    unread[rest] = True
    return pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce"), unread
