"""What makes rows a set of time series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from trialbook.data.series._frequency import step_name
from trialbook.data.series._look_back import LookBack

# Columns of the rows that programs read, by the names that Nixtla's libraries use.
SERIES_COLUMN, TIME_COLUMN = "unique_id", "ds"
# For each row, the error by which its series' errors are divided in MASE and the like.
SCALE_COLUMN = "scale"
# Between the parts of a series' name, and the name of a table that is one series.
SEPARATOR, ALONE = "/", "all"
# Deciles: what AutoGluon forecasts, and the ends of the usual interval of 80 %.
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# The code of a category that is missing, or that training did not see.
UNKNOWN = -1.0

# A part of a name: up to a slash before which there is no backslash.
_PART = re.compile(r"(?:^|/)((?:[^/\\]|\\.)*)", re.DOTALL)
_TUPLES = ("ids", "hierarchy", "covariates", "static", "past_only", "levels")


@dataclass(frozen=True)
class SeriesSpec:
    """Time, series and horizon of a forecast.

    Parameters
    ----------
    time : str
        Column of times.
    ids : tuple of str
        Columns that tell series apart; empty if the table is one series.
    frequency : str
        Offset alias of pandas from row to row.
    season : int
        Rows of a season; 1 if there is none.
    horizon : int
        Rows that are forecast.
    covariates : tuple of str
        Columns that are known of the future.
    static : tuple of str
        Columns that are the same in all rows of a series.
    aggregate : str, optional
        How the target of rows of one step is made one: sum, mean, min or max; the mean if not
        given.
    past_only : tuple of str
        Columns that are not known of the future.
    codes : mapping of str to tuple of str
        The categories of columns that hold text, in the order of their codes from 0; see `coded`.
    short_series : {"auto", "pad", "drop", "none"}
        What becomes of series too short to validate.
    holidays : str, optional
        Country whose holidays matter: two letters of ISO 3166-1.
    time_form : str, optional
        How times are written, if not as times; see `trialbook.data.series._times.time_form`.
    levels : tuple of float
        Quantiles that are forecast.
    look_back : LookBack
        How far learners of lags look back.
    auto_horizon : bool
        Whether the horizon was left to the rule of `usual_horizon`.
    hierarchy : tuple of str
        Levels from the top to the leaves, if the series are leaves whose sums are forecast, too.
    hierarchy_level : str, optional
        The level that is trained; all of them by default.
    reconcile : str, optional
        How forecasts of a hierarchy are made to add up; see `trialbook.job.Job`.
    """

    time: str
    ids: tuple[str, ...]
    frequency: str
    season: int
    horizon: int
    covariates: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    aggregate: str | None = None
    past_only: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    short_series: str = "auto"
    holidays: str | None = None
    time_form: str | None = None
    levels: tuple[float, ...] = LEVELS
    look_back: LookBack = field(default_factory=LookBack)
    auto_horizon: bool = False
    hierarchy: tuple[str, ...] = ()
    hierarchy_level: str | None = None
    reconcile: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe data; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> SeriesSpec:
        """What `to_dict` wrote."""
        lists = {name: tuple(kept[name]) for name in _TUPLES if name in kept}
        codes = {name: tuple(levels) for name, levels in kept.get("codes", {}).items()}
        back = LookBack.from_dict(kept.get("look_back", {}))
        return cls(**{**kept, **lists, "codes": codes, "look_back": back})

    def told(self, n_series: int) -> str:
        """What is forecast, in words.

        Parameters
        ----------
        n_series : int

        Returns
        -------
        str
            Such as ``304 series of quarters (QS-OCT), horizon 8, season 4``.
        """
        season = f"season {self.season}" if self.season > 1 else "no season"
        step = step_name(self.frequency)
        horizon = f"horizon {self.horizon}" + (" (auto)" if self.auto_horizon else "")
        nodes = f" in {len(self.hierarchy)} levels" if self.hierarchy else ""
        return f"{n_series:,} series of {step}{nodes}, {horizon}, {season}"

    def name_of(self, table: pd.DataFrame) -> pd.Series[str]:
        """The name of the series of each row: its parts, with a slash between them.

        A slash or a backslash within one of several parts gets a backslash before it, so that no
        two series have one name.

        Parameters
        ----------
        table : DataFrame
            With the columns `ids`.

        Returns
        -------
        Series of str
        """
        if not self.ids:
            return pd.Series(ALONE, index=table.index, dtype=object)
        parts = [_text(table[name]) for name in self.ids]
        if len(parts) > 1:
            parts = [part.str.replace(r"([\\/])", r"\\\1", regex=True) for part in parts]
        name = parts[0]
        for part in parts[1:]:
            name = name + SEPARATOR + part
        return name

    def ids_of(self, names: pd.Series[str]) -> pd.DataFrame:
        """The parts of names, as `name_of` put them together, under the names of their columns.

        Parameters
        ----------
        names : Series of str

        Returns
        -------
        DataFrame
            A column for each of `ids`, with texts.
        """
        if not self.ids:
            return pd.DataFrame(index=names.index)
        if len(self.ids) == 1:  # a slash belongs to the name
            return names.to_frame(self.ids[0])
        codes, known = pd.factorize(names)
        parts = [[re.sub(r"\\(.)", r"\1", one) for one in _PART.findall(name)] for name in known]
        found = pd.DataFrame(parts, columns=list(self.ids), dtype=object)
        return found.iloc[codes].set_axis(names.index)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are told of a row beside its series, its time and its target."""
        return (*self.covariates, *self.static, *self.past_only)

    def with_texts(self, table: pd.DataFrame) -> pd.DataFrame:
        """Categories as the texts of `codes`, numbers and booleans too; missing ones stay."""
        made = table.copy(deep=False)
        for name in self.codes:
            if name in made:
                made[name] = _text(made[name]).where(made[name].notna())
        return made

    def coded(self, table: pd.DataFrame) -> pd.DataFrame:
        """Columns as numbers, as in training.

        Parameters
        ----------
        table : DataFrame
            With some of these columns; others stay as they are.

        Returns
        -------
        DataFrame
            A category is its place in `codes`; `UNKNOWN` if it is not among them.
        """
        made = table.copy(deep=False)
        for name in self.columns:
            if name in self.codes and name in made:
                places = {level: float(i) for i, level in enumerate(self.codes[name])}
                made[name] = _text(made[name]).map(places).fillna(UNKNOWN).astype(float)
            elif name in made:
                made[name] = made[name].astype(float)
        return made


def levels_of(column: pd.Series) -> tuple[str, ...]:
    """The categories of a column in order; missing cells are none."""
    return tuple(sorted(_text(column.dropna()).unique()))


def _text(column: pd.Series) -> pd.Series[str]:
    """Cells as people write them: a number without the zero that a missing cell brings."""
    known = column.dropna() if pd.api.types.is_float_dtype(column) else None
    # Beyond 2**53 a float is no count of anything.
    if known is not None and ((known % 1 == 0) & (known.abs() < 2**53)).all():
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "").astype(str)
