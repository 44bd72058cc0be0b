"""What requests ask of a forecaster: rows of the future or none, what came since, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from trialbook.serving.server._json import unknown_word
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._protocol import (
    AZURE,
    AZURE_TABLE,
    FORMS,
    Columns,
    kind_of,
    read_rows,
)

CONTEXT: Final = "context"
# The parameters of a forecast.
PARAMS: Final = ("horizon", "quantiles", "level")
# In Azure's form, what was observed; null in the rows that are to be forecast.
OBSERVED: Final = "y_query"
# The ends of Azure's interval where nothing is said.
AZURE_LEVELS: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Ahead:
    """What a request asks.

    Parameters
    ----------
    future : Columns, optional
        Rows to forecast; none for the next ones of all series.
    context : Columns, optional
        Rows that were observed since training.
    horizon : object, optional
        As it was given.
    quantiles : list, optional
        As they were given.
    level : object, optional
        Of a hierarchy, as it was given.
    azure : bool
        Whether it came in Azure's form, and is answered so.
    rows : tuple of two lists of int, optional
        Where the rows of `future` and of `context` stood if they stood in one table.
    """

    future: Columns | None = None
    context: Columns | None = None
    horizon: Any = None
    quantiles: list[Any] | None = None
    level: Any = None
    azure: bool = False
    rows: tuple[list[int], list[int]] | None = None


def read_ahead(document: Any, names: Sequence[str], observed: Sequence[str]) -> Ahead:
    """Take a question out of a document in any of the forms.

    Parameters
    ----------
    document : object
        What the body held.
    names : sequence of str
        The columns of rows to forecast: time, series and what is known of them.
    observed : sequence of str
        The columns of rows that were observed; the target is the last.

    Returns
    -------
    Ahead

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
            remedy=f"Send an object with one of {', '.join(FORMS)}, or with params alone.",
        )
    found = [key for key in document if key in (*FORMS, AZURE, AZURE_TABLE)]
    if len(found) > 1:
        raise Refused(
            400,
            f"the body has {' and '.join(found[:2])}, and may have one of them",
            remedy=f"Leave out {found[1]}.",
        )
    form = found[0] if found else None
    params = "GlobalParameters" if form == AZURE else "params"
    known = (params, CONTEXT) if form else (*FORMS, params, CONTEXT)
    extra = next((key for key in document if key != form and key not in known), None)
    if extra is not None:
        raise unknown_word("key", extra, known, "the body")
    asked = _params(document.get(params), params)
    context = None
    if document.get(CONTEXT) is not None:
        context = read_rows(document[CONTEXT], observed, CONTEXT)
    ahead = Ahead(None, context, **asked, azure=form == AZURE)
    if form is None or _is_empty(document[form]):
        return ahead
    if form == AZURE and context is None and _has(document[form], OBSERVED):
        both = read_rows(document[form], [*observed[:-1], OBSERVED], form)
        return _parted(both, ahead, observed[-1])
    return replace(ahead, future=read_rows(document[form], names, form))


def _params(given: Any, place: str) -> dict[str, Any]:
    """Parameters, as they were given."""
    # Endpoints of AutoML have a number where nothing is to be said.
    if given is None or (place != "params" and isinstance(given, (int, float))):
        return {}
    if not isinstance(given, dict):
        raise Refused(
            400,
            f"{place} is {kind_of(given)}, not an object",
            place=place,
            remedy='Send {"horizon": 7, "quantiles": [0.1, 0.9]}, or leave it out.',
        )
    extra = next((one for one in given if one not in PARAMS), None)
    if extra is not None:
        raise unknown_word("parameter", extra, PARAMS, place)
    quantiles = given.get("quantiles")
    if quantiles is not None and not isinstance(quantiles, list):
        raise Refused(
            400,
            f"the quantiles are {kind_of(quantiles)}, not a list",
            place=f"{place}.quantiles",
            remedy="Send a list of levels, such as [0.1, 0.9].",
        )
    return dict(given)


def _inner(given: Any) -> Any:
    """Azure's rows, without the object around them."""
    if isinstance(given, dict) and given.keys() == {"data"}:
        return _inner(given["data"])
    return given


def _is_empty(given: Any) -> bool:
    """Whether there are no rows, so that the next ones are meant."""
    given = _inner(given)
    if isinstance(given, dict) and "data" in given:
        given = given["data"]
    if isinstance(given, dict):
        return bool(given) and all(cells == [] for cells in given.values())
    return bool(given == [])


def _has(given: Any, name: str) -> bool:
    """Whether some rows have a column."""
    given = _inner(given)
    if isinstance(given, dict):
        there = given.get("columns", given)
        return isinstance(there, (list, dict)) and name in there
    first = given[0] if isinstance(given, list) else None
    return isinstance(first, dict) and name in first


def _parted(both: Columns, ahead: Ahead, target: str) -> Ahead:
    """Rows that were observed, and those that are to be forecast."""
    columns, _ = both
    observed = columns[OBSERVED]
    asked = [row for row, cell in enumerate(observed) if cell is None]
    known = [row for row, cell in enumerate(observed) if cell is not None]
    if not asked:
        raise Refused(
            422,
            f"every row has its {OBSERVED}, so there is nothing to forecast",
            place=AZURE,
            remedy=f"Leave {OBSERVED} null in the rows that are to be forecast.",
        )

    def some(rows: list[int], *, with_target: bool) -> Columns:
        made: dict[str, Sequence[Any]] = {
            name: [cells[row] for row in rows] for name, cells in columns.items()
        }
        values = made.pop(OBSERVED)
        if with_target:
            made[target] = values
        return made, len(rows)

    context = some(known, with_target=True) if known else None
    future = some(asked, with_target=False)
    return replace(ahead, future=future, context=context, rows=(asked, known))
