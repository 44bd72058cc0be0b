"""From a table to the rows of series: ordered, one row for each time, within their targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.data._guardrails import Guardrail, row_numbers
from trialbook.data.series._frequency import (
    ON_GRID,
    canonical,
    check_summer_time,
    infer_frequency,
    is_daily_or_coarser,
    on_grid,
    read_frequency,
    same_unit,
)
from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN, SeriesSpec
from trialbook.data.series._steps import bins_of, steps_of
from trialbook.data.series._times import read_times
from trialbook.data.series._together import KEYS, together
from trialbook.errors import DataError, OptionError, TrialbookError

# A table of one series has few times twice; more than this, and it holds several series.
MOST_TWICE = 0.5
# A series that loses more of its rows than this is hardly forecast any more.
MOST_LOST = 0.5
# Steps between the times of a table that are as long as this share of them, or shorter, are usual.
_USUAL = 0.9


@dataclass(frozen=True)
class Taken:
    """Rows of series.

    Parameters
    ----------
    table : DataFrame
        `SERIES_COLUMN`, `TIME_COLUMN`, covariates as numbers and the target; ordered by the first
        two, each time once in a series.
    origin : ndarray of int, shape (n_rows,)
        Which row of the given table each one is, or the first that it was made of.
    guardrails : tuple of Guardrail
    """

    table: pd.DataFrame
    origin: np.ndarray
    guardrails: tuple[Guardrail, ...]


def take_rows(
    table: pd.DataFrame,
    target: str,
    spec: SeriesSpec,
    frequency: str | None,
    origin: pd.Timestamp | None = None,
) -> Taken:
    """Make rows of series of a table.

    Parameters
    ----------
    table : DataFrame
        As `Schema.conform` returns it, with the target.
    target : str
    spec : SeriesSpec
        Times, series, covariates with their codes, and the aggregation.
    frequency : str, optional
        To which rows are put together, if there is an aggregation.
    origin : Timestamp, optional
        A step of training, from which those of several units are counted.

    Returns
    -------
    Taken

    Raises
    ------
    DataError
        If no row is left, or the table holds several series and nothing tells them apart.
    """
    rows = table.drop(columns=[spec.time, *spec.ids]).reset_index(drop=True)
    rows.insert(0, SERIES_COLUMN, spec.name_of(table).to_numpy())
    rows.insert(1, TIME_COLUMN, read_times(table[spec.time], spec.time_form).to_numpy())
    unknown = rows[TIME_COLUMN].isna().to_numpy()
    notes = [_missing_times(unknown, spec.time)]
    rows = spec.with_texts(rows[~unknown])
    rows[target] = rows[target].astype(float)
    if spec.aggregate and frequency:
        rows, place, of_rows = _aggregated(rows, target, spec.aggregate, frequency, origin)
    else:
        rows, place, of_rows = _once(rows, target, spec)
    rows = spec.coded(rows)
    outside = _outside(rows, target)
    missing = _missing_targets(rows[target].isna().to_numpy(), outside, place, target)
    rows, place = rows[~outside].reset_index(drop=True), place[~outside]
    if rows.empty:
        raise DataError(
            "no row has both a time and a target",
            place=f"columns '{spec.time}' and '{target}'",
            remedy="Name other columns, or give a table in which they are filled.",
        )
    return Taken(rows, place, (*notes, *of_rows, missing))


def _missing_times(unknown: np.ndarray, time: str) -> Guardrail:
    if not unknown.any():
        return Guardrail("Missing times", "passed", "every row has a time", "", (time,))
    what = f"{plural(int(unknown.sum()), 'row')} without a time that can be read"
    rows = row_numbers(np.flatnonzero(unknown))
    return Guardrail("Missing times", "fixed", what, "left out", (time,), rows)


def _once(
    rows: pd.DataFrame, target: str, spec: SeriesSpec
) -> tuple[pd.DataFrame, np.ndarray, list[Guardrail]]:
    """Each time once in a series: those that come again are put together by their mean."""
    rows = rows.sort_values(KEYS, kind="stable")
    twice = rows.duplicated(KEYS, keep=False).to_numpy()
    first = ~rows.duplicated(KEYS).to_numpy()
    origin = rows.index.to_numpy()
    if not twice.any():
        said = "each time once in a series"
        note = Guardrail("Duplicated times", "passed", said, "", (spec.time,))
        return rows.reset_index(drop=True), origin, [note]
    if not spec.ids and twice.mean() > MOST_TWICE:
        raise DataError(
            "most times occur more than once, so the table seems to hold several series",
            place=f"column '{spec.time}'",
            remedy="Name the columns that tell series apart (--series), or how rows of one time"
            " are put together (--frequency D --aggregate sum).",
        )
    many = twice.mean() > MOST_TWICE
    done = "made one row by their mean; set an aggregation for another way"
    done += ", or name more columns that tell series apart" if many else ""
    note = Guardrail(
        "Duplicated times",
        "alerted" if many else "fixed",
        f"{plural(int(twice.sum()), 'row')} of a series have the same time",
        done,
        (spec.time,),
        row_numbers(origin[twice]),
    )
    return together(rows, target, "mean"), origin[first], [note]


def _aggregated(
    rows: pd.DataFrame, target: str, how: str, frequency: str, start: pd.Timestamp | None
) -> tuple[pd.DataFrame, np.ndarray, list[Guardrail]]:
    """Rows put together to steps, which may be counted from one of them."""
    times = bins_of(rows[TIME_COLUMN].to_numpy(), read_frequency(frequency), start)
    whole = _whole_steps(rows, target, how, frequency, times)
    rows = rows.assign(**{TIME_COLUMN: times}).sort_values(KEYS, kind="stable")
    first = ~rows.duplicated(KEYS).to_numpy()
    made, origin = together(rows, target, how), rows.index.to_numpy()[first]
    what = f"{plural(len(rows), 'row')} are {plural(len(made), 'step')} of {frequency}"
    if len(made) == len(rows):
        return made, origin, [Guardrail("Aggregation", "passed", what, ""), whole]
    done = f"put together: '{target}' by its {how}, other numbers by their mean, categories by the"
    note = Guardrail("Aggregation", "fixed", what, f"{done} most frequent one")
    return made, origin, [note, whole]


def _whole_steps(
    rows: pd.DataFrame, target: str, how: str, frequency: str, times: np.ndarray
) -> Guardrail:
    """Whether the table begins and ends with a whole step, where a sum would lack rows.

    A step at an end is whole if the next row of the table would be in another one. As far as that
    is expected nine of ten of its times are from the one before, so that nights, weekends and
    months of different lengths leave nothing open.
    """
    name = "Whole steps"
    there = rows[target].notna().to_numpy()
    known = np.unique(rows.loc[there, TIME_COLUMN].to_numpy())
    if how != "sum" or len(known) < 2:
        return Guardrail(name, "passed", "no sums of several times", "")
    far = np.quantile(np.diff(known).astype(np.int64), _USUAL, method="higher")
    usual = np.timedelta64(int(far), "ns")
    edges = np.concatenate([known[[0, -1]], [known[0] - usual, known[-1] + usual]])
    first, last, before, after = bins_of(edges, read_frequency(frequency), pd.Timestamp(times[0]))
    partial = {
        **({"begins": (first, known[0])} if before == first else {}),
        **({"ends": (last, known[-1])} if after == last else {}),
    }
    if not partial:
        return Guardrail(name, "passed", "the table begins and ends with a whole step", "")
    steps = [step for step, _ in partial.values()]
    series = rows.loc[there & np.isin(times, steps), SERIES_COLUMN].nunique()
    where = " and ".join(f"{end} at {pd.Timestamp(time)}" for end, (_, time) in partial.items())
    what = f"the table {where}, within a step of {frequency}: there the sums of"
    what += f" {plural(series, 'series', 'series')} may lack rows"
    done = "taken as they are; begin and end the table with a whole step"
    return Guardrail(name, "alerted", what, done)


def _outside(rows: pd.DataFrame, target: str) -> np.ndarray:
    """Rows before the first target of their series, and after the last."""
    code, _ = pd.factorize(rows[SERIES_COLUMN])
    there = rows[target].notna().astype(int)
    before = there.groupby(code).cummax().to_numpy()
    after = there[::-1].groupby(code[::-1]).cummax().to_numpy()[::-1]
    return np.asarray((before == 0) | (after == 0))


def _missing_targets(
    missing: np.ndarray, outside: np.ndarray, origin: np.ndarray, target: str
) -> Guardrail:
    if not missing.any():
        said = "every row has a target"
        return Guardrail("Missing target", "passed", said, "", (target,))
    n_inside, n_outside = int((missing & ~outside).sum()), int(outside.sum())
    done = [
        *([f"{n_outside:,} at the ends of series left out"] if n_outside else []),
        *([f"{n_inside:,} within series filled by the row before"] if n_inside else []),
    ]
    what = f"{plural(int(missing.sum()), 'row')} of {len(missing):,} without a target"
    rows = row_numbers(origin[missing])
    return Guardrail("Missing target", "fixed", what, ", ".join(done), (target,), rows)


def settle_frequency(taken: Taken, asked: str | None, *, aggregated: bool) -> str:
    """The frequency of rows, as asked or told from them.

    Parameters
    ----------
    taken : Taken
    asked : str, optional
    aggregated : bool
        Whether rows were put together to it.

    Returns
    -------
    str
        Without anything asked the most common step. With a frequency that begins on another day
        than the rows (weeks of Sunday for rows of Monday) that of the rows.

    Raises
    ------
    DataError
        If too many rows do not keep to it.
    OptionError
        If it is finer than the rows.
    """
    name = taken.table[SERIES_COLUMN].to_numpy()
    time = taken.table[TIME_COLUMN].to_numpy(dtype="datetime64[ns]")
    if asked is None:
        return infer_frequency(name, time)
    frequency = canonical(asked)
    share = on_grid(name, time, frequency)
    if share < ON_GRID:
        found = _inferred(name, time)
        if found is None or not same_unit(found, frequency):
            if is_daily_or_coarser(frequency):
                check_summer_time(pd.DatetimeIndex(time))
            off = round((1 - share) * len(time))
            raise DataError(
                f"{off:,} of {len(time):,} rows do not keep to the frequency {frequency}",
                place="option frequency",
                remedy="Say how rows are put together (--aggregate sum), or set another frequency"
                + (f" ({found})." if found else "."),
            )
        frequency = found
    _check_not_finer(name, time, frequency, aggregated=aggregated)
    return frequency


def _inferred(name: np.ndarray, time: np.ndarray) -> str | None:
    try:
        return infer_frequency(name, time)
    except TrialbookError:
        return None


def _check_not_finer(
    name: np.ndarray, time: np.ndarray, frequency: str, *, aggregated: bool
) -> None:
    steps = steps_of(name, time, read_frequency(frequency))
    kept = np.flatnonzero(steps.on_grid)
    within = name[kept][1:] == name[kept][:-1]
    apart = np.diff(steps.position[kept])[within]
    if len(apart) and (apart == 1).mean() < 1 - ON_GRID:
        values, counts = np.unique(apart, return_counts=True)
        found = None if aggregated else _inferred(name, time)
        raise OptionError(
            f"the frequency {frequency} is finer than the rows, which are"
            f" {plural(int(values[counts.argmax()]), 'step')} of it apart",
            place="option frequency",
            remedy="Set a coarser one" + (f", such as {found}." if found else "."),
        )


def frequency_note(
    frequency: str, asked: str | None, taken: Taken, off_grid: np.ndarray, time: str
) -> Guardrail:
    """What is said of the steps of rows.

    Parameters
    ----------
    frequency : str
    asked : str, optional
    taken : Taken
    off_grid : ndarray of int
        Which of its rows are between the steps.
    time : str
        Column of times.
    """
    told = "" if asked is not None and canonical(asked) == frequency else ", told from the rows"
    if not len(off_grid):
        said = f"rows are at steps of {frequency}{told}"
        return Guardrail("Frequency", "passed", said, "", (time,))
    name = taken.table[SERIES_COLUMN]
    what = f"{len(off_grid):,} of {len(name):,} rows are between the steps of {frequency}{told}"
    rows = row_numbers(taken.origin[off_grid])
    off, sizes = name.iloc[off_grid].value_counts(sort=False), name.value_counts(sort=False)
    lost = off.index[off > MOST_LOST * sizes[off.index]]
    if not len(lost):
        return Guardrail("Frequency", "fixed", what, "left out", (time,), rows)
    what += f"; {plural(len(lost), 'series', 'series')} of {len(sizes):,} lose most of theirs, or"
    what += f" all: {listed(list(lost[:3]))}"
    action = f"left out; say how rows are put together (--frequency {frequency} --aggregate mean),"
    action += " or forecast these series apart"
    return Guardrail("Frequency", "alerted", what, action, (time,), rows)
