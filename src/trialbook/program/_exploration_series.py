"""The exploration notebook of series: a first look at them, as a program in percent format.

It stands alone: it needs pandas, NumPy, matplotlib and, where the series have a season,
statsmodels, and the snapshot of the training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trialbook.program import _exploration_cells as shared
from trialbook.program import _exploration_series_cells as cells
from trialbook.program._code import Code, assign, literal
from trialbook.program._exploration_parts import (
    code,
    column_table,
    guardrail_table,
    markdown,
    name_of,
    plain,
)

if TYPE_CHECKING:
    from trialbook.data import Guardrail, Schema, SeriesSpec

# Parts of the calendar that a season may follow, by the letters that frequencies begin with.
_CALENDAR = (
    (("Q", "BQ"), ("quarter",)),
    (("M", "BM", "SM", "W"), ("month",)),
    (("B", "D", "C"), ("weekday", "month")),
    (("h", "min", "s"), ("hour", "weekday", "month")),
)


def series_exploration_program(
    *,
    title: str,
    schema: Schema,
    guardrails: Sequence[Guardrail],
    data: str | Code,
    told: str,
    n_rows: int,
    origin: str = "",
) -> str:
    """Write the program of the exploration notebook of series.

    Parameters
    ----------
    title : str
        Name of the experiment.
    schema : Schema
        Columns of the table, and what makes its rows series.
    guardrails : sequence of Guardrail
        Checks of the data and their verdicts.
    data : str or Code
        Where the notebook finds the rows: a path relative to it, or an expression of one.
    told : str
        The series in words.
    n_rows : int
        Rows of all series.
    origin : str
        A sentence on the version of a table that was learned from, if it is one.

    Returns
    -------
    str
        Python source in percent format, to be turned into a notebook by `to_notebook`.
    """
    spec = schema.series
    if spec is None:
        raise TypeError("no series")
    parts = [
        markdown(_introduction(title, schema.target, told, n_rows, origin)),
        markdown("## Checks of the data", "", *guardrail_table(guardrails)),
        code(_imports(spec)),
        code(_constants(schema.target, spec, data)),
        markdown(shared.HELPERS_TEXT) + "\n",
        code(shared.NAMES_AND_AXES) + "\n",
        code(cells.LOAD),
        markdown("## Columns of the table", "", *column_table(schema.columns)),
        markdown(cells.LENGTHS_TEXT),
        code(cells.LENGTHS),
        code(cells.DESCRIBED),
        *_over_time(spec),
        *_season(spec),
        markdown(cells.AUTOCORRELATION_TEXT),
        code(cells.AUTOCORRELATION),
        *_decomposition(spec),
        *_covariates(spec),
    ]
    return "\n\n".join(parts) + "\n"


def calendar_parts(frequency: str) -> tuple[str, ...]:
    """Parts of the calendar that rows of a frequency differ by.

    Parameters
    ----------
    frequency : str
        Offset alias of pandas.

    Returns
    -------
    tuple of str
        Attributes of pandas' ``dt``, the finest first; empty for years.
    """
    letters = frequency.lstrip("0123456789")
    for beginnings, parts in _CALENDAR:
        if any(
            letters == one or letters.startswith((f"{one}S", f"{one}E", f"{one}-"))
            for one in beginnings
        ):
            return parts
    return ()


def _introduction(title: str, target: str, told: str, n_rows: int, origin: str) -> str:
    about = f"{origin}\n\n" if origin else ""
    return (
        f"# {plain(title)}: a first look at the series\n\n"
        f"{plain(told)}; {n_rows:,} rows. The target is {name_of(target)}.\n\n"
        f"{about}This notebook stands alone: run it, change it, keep it. Gaps were filled before:"
        " the checks say how many."
    )


def _imports(spec: SeriesSpec) -> str:
    last = "import pandas as pd\n"
    more = "from statsmodels.tsa.seasonal import STL\n" if spec.season > 1 else ""
    return shared.IMPORTS.replace(last, last + more)


def _constants(target: str, spec: SeriesSpec, data: str | Code) -> str:
    return "\n".join(
        [
            f"DATA = {literal(data)}",
            f"TARGET = {literal(target)}",
            f"FREQUENCY = {literal(spec.frequency)}",
            f"SEASON = {spec.season}  # rows",
            f"HORIZON = {spec.horizon}  # rows",
            assign("COVARIATES", list(spec.covariates)) + "  # known of the future",
            assign("STATIC", list(spec.static)) + "  # the same in all rows of a series",
            "",
            "DRAWN = 12  # series that are drawn, those with the largest sums first",
            "MEASURED = 300  # series for what takes long",
            "LAST_ROWS = 2_000  # of each of them",
            "SEED = 0",
        ]
    )


def _over_time(spec: SeriesSpec) -> list[str]:
    if spec.hierarchy:  # whose rows are summed already
        return [markdown(cells.NODES_OVER_TIME_TEXT), code(cells.OVER_TIME)]
    return [markdown(cells.OVER_TIME_TEXT), code(cells.SUM_OVER_TIME.rstrip() + cells.OVER_TIME)]


def _season(spec: SeriesSpec) -> list[str]:
    parts = calendar_parts(spec.frequency)
    if not parts:
        return []
    listed = "CALENDAR = " + literal(list(parts))
    return [markdown(cells.SEASON_TEXT), code(f"{listed}\n{cells.SEASON}")]


def _decomposition(spec: SeriesSpec) -> list[str]:
    if spec.season < 2:
        return []
    return [
        markdown(cells.DECOMPOSITION_TEXT),
        code(cells.DECOMPOSITION),
        code(cells.STRENGTHS),
    ]


def _covariates(spec: SeriesSpec) -> list[str]:
    if not spec.covariates:
        return []
    return [markdown(cells.COVARIATES_TEXT), code(cells.COVARIATES)]
