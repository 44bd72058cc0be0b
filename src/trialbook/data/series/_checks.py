"""Guardrails of series that are regular: what a person should know before they are forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.data._guardrails import Guardrail, row_numbers, share
from trialbook.data.series._spec import SERIES_COLUMN, SeriesSpec

# More filled rows than this share are a matter for a person.
MANY_FILLED = 0.2
# Steps from one demand to the next, on average, from which a series is intermittent (Syntetos,
# Boylan and Croston 2005).
INTERMITTENT = 1.32
# A covariate so close to the target, in its values and in its changes, is the target.
SAME = 0.9999
# Steps back and ahead that are looked at, and the rows of them.
MOST_STEPS, MOST_ROWS = 24, 50_000
# Lags that a learner makes of each row, and bytes of a cell.
LAGS, CELL_BYTES = 32, 8


def gaps(source: np.ndarray, origin: np.ndarray, frequency: str) -> Guardrail:
    """Whether there is a row at every step.

    Parameters
    ----------
    source : ndarray of int
        Of `Regular`.
    origin : ndarray of int
        Which row of the job's table each row was.
    frequency : str
    """
    absent = source < 0
    if not absent.any():
        return Guardrail("Gaps", "passed", f"a row at every step of {frequency}", "")
    before = np.flatnonzero(absent[1:] & ~absent[:-1])
    many = absent.mean() > MANY_FILLED
    what = f"{int(absent.sum()):,} of {len(absent):,} steps of {frequency} have no row"
    done = "filled by the row before"
    if many:
        done += "; set a coarser frequency and an aggregation, or give the rows"
    rows = row_numbers(origin[source[before]])
    return Guardrail("Gaps", "alerted" if many else "fixed", what, done, (), rows)


def constant(table: pd.DataFrame, target: str, first: np.ndarray) -> Guardrail:
    """Whether the target changes in every series.

    Parameters
    ----------
    table : DataFrame
        Regular series.
    target : str
    first : ndarray of int, shape (n_series,)
        The first row of each series in the job's table.
    """
    grouped = table.groupby(SERIES_COLUMN, sort=False)[target]
    spread = grouped.max() - grouped.min()
    return _of_series(
        "Constant series",
        "the target changes in every series",
        "{} in which the target never changes",
        "forecast as they are; scaled errors are divided by the scale of a usual series",
        (spread == 0).to_numpy(),
        spread.index,
        target,
        first,
    )


def intermittent(table: pd.DataFrame, target: str, first: np.ndarray) -> Guardrail:
    """Whether there are series of many zeros; parameters as of `constant`."""
    y = table[target]
    counts = pd.DataFrame({"zero": y == 0, "negative": y < 0})
    shares = counts.groupby(table[SERIES_COLUMN], sort=False).mean()
    zero = shares["zero"].to_numpy()
    many = (zero >= 1 - 1 / INTERMITTENT) & (zero < 1) & (shares["negative"] == 0).to_numpy()
    return _of_series(
        "Intermittent series",
        "no series has many zeros",
        "{} of many zeros",
        "forecasts are means of what may come; do not judge them by errors in percent, or"
        " aggregate to a coarser frequency",
        many,
        shares.index,
        target,
        first,
    )


def _of_series(
    name: str,
    fine: str,
    found: str,
    action: str,
    wrong: np.ndarray,
    names: pd.Index,
    target: str,
    first: np.ndarray,
) -> Guardrail:
    if not wrong.any():
        return Guardrail(name, "passed", fine, "", (target,))
    what = found.format(f"{int(wrong.sum()):,} of {len(wrong):,} series")
    if len(names) > 1:
        what += f", such as {listed(map(str, names[wrong][:3]))}"
    return Guardrail(name, "alerted", what, action, (target,), row_numbers(first[wrong]))


def past_only(spec: SeriesSpec) -> Guardrail:
    """Whether columns are not known of the future."""
    name = "Columns unknown in the future"
    if not spec.past_only:
        return Guardrail(name, "passed", "none was named", "")
    what = f"{plural(len(spec.past_only), 'column')} not known of the future"
    done = "what they were a horizon before, or earlier, may tell something; none is asked for"
    return Guardrail(name, "passed", what, done, spec.past_only)


def look_back(spec: SeriesSpec) -> Guardrail:
    """How far learners of lags look back: as asked, or as the series suggest."""
    back = spec.look_back
    asked = [
        *([f"lags {', '.join(map(str, back.lags))}"] if back.lags else []),
        *([f"a window of {plural(back.window, 'row')}"] if back.window else []),
    ]
    found = []
    if back.found_lags and not back.lags:
        found.append(f"lags up to {back.found_lags:,}")
    if back.found_window and not back.window:
        found.append(f"a window of {plural(back.found_window, 'row')}")
    parts = [
        *([f"{' and '.join(asked)} as asked"] if asked else []),
        *([f"{' and '.join(found)} by partial autocorrelation, to be tried"] if found else []),
    ]
    return Guardrail("Lags", "passed", "; ".join(parts) or "left to the search", "")


def left_out(columns: Sequence[tuple[str, str]]) -> Guardrail:
    """Which columns are no covariates, and why.

    Parameters
    ----------
    columns : sequence of (str, str)
        Name and reason.
    """
    if not columns:
        return Guardrail("Covariates", "passed", "every other column is used", "")
    reasons = ", ".join(f"'{name}' ({reason})" for name, reason in columns[:5])
    more = f" and {len(columns) - 5:,} more" if len(columns) > 5 else ""
    what = f"{plural(len(columns), 'column')} cannot be used: {reasons}{more}"
    return Guardrail("Covariates", "fixed", what, "left out", tuple(name for name, _ in columns))


def known_of_future(
    table: pd.DataFrame, missing: pd.DataFrame, spec: SeriesSpec, origin: np.ndarray
) -> Guardrail:
    """Whether covariates are there up to the last row of each series.

    Parameters
    ----------
    table : DataFrame
        Rows of series, before they were filled.
    missing : DataFrame of bool
        Which cells of the covariates are missing.
    spec : SeriesSpec
    origin : ndarray of int
        Which row of the job's table each row is.
    """
    to_end = table.groupby(SERIES_COLUMN, sort=False).cumcount(ascending=False).to_numpy()
    last = to_end < spec.horizon
    lacking = [one for one in missing.columns if missing[one].to_numpy()[last].any()]
    # What is missing as often everywhere is missing for another reason.
    lacking = [
        one
        for one in lacking
        if missing[one].to_numpy()[last].mean() > 2 * missing[one].to_numpy()[~last].mean()
        or missing[one].to_numpy()[to_end == 0].all()
    ]
    if not lacking:
        said = "covariates are known to the last rows of series"
        return Guardrail("Future covariates", "passed", said, "", tuple(missing.columns))
    at = missing[lacking].any(axis=1).to_numpy() & last
    return Guardrail(
        "Future covariates",
        "alerted",
        f"{listed(lacking)} missing in {plural(int(at.sum()), 'row')} at the ends of series",
        "filled by the row before; name what is not known of the future in unknown_in_future",
        tuple(lacking),
        row_numbers(origin[at]),
    )


def missing_covariates(missing: pd.DataFrame, what: str = "") -> Guardrail:
    """Whether cells of covariates are missing; parameters as of `known_of_future`."""
    where = f" of the {what} table" if what else ""
    counts = missing.sum()
    columns = tuple(counts.index[counts > 0])
    if not columns:
        return Guardrail("Missing covariates", "passed", f"no cell{where} is missing", "")
    shares = ", ".join(f"'{one}' {share(counts[one] / len(missing))}" for one in columns[:5])
    what = f"cells{where} missing: {shares}"
    done = "filled by the row before, or else by the median; a missing category is one of its own"
    return Guardrail("Missing covariates", "fixed", what, done, columns)


def leaks(table: pd.DataFrame, target: str, spec: SeriesSpec) -> Guardrail:
    """Whether a covariate is the target, of the same row or of one within the horizon.

    Parameters
    ----------
    table : DataFrame
        Regular series; what is missing of a covariate is passed over.
    target : str
    spec : SeriesSpec

    Notes
    -----
    A target of ``horizon`` rows before, or more, is known when a forecast is made.
    """
    rows = table.tail(MOST_ROWS)
    code, _ = pd.factorize(rows[SERIES_COLUMN])
    y = rows[target].to_numpy(dtype=float)
    steps = min(spec.horizon, MOST_STEPS)
    found = {}
    for name in spec.covariates:
        x = rows[name].to_numpy(dtype=float)
        for step in (0, *(sign * k for k in range(1, steps + 1) for sign in (1, -1))):
            if step > -spec.horizon and _same(code, x, y, step):
                found[name] = step
                break
    if not found:
        said = "no covariate is the target, or its future"
        return Guardrail("Leakage", "passed", said, "", spec.covariates)
    said = "; ".join(f"'{name}' {_when(step)}" for name, step in found.items())
    done = "name it in unknown_in_future, unless it is known before the target is"
    return Guardrail("Leakage", "alerted", said, done, tuple(found))


def _same(code: np.ndarray, x: np.ndarray, y: np.ndarray, step: int) -> bool:
    """Whether the covariate follows the target so many rows ahead, and so do its changes."""
    if step < 0:
        code, x, y, step = code[::-1], x[::-1], y[::-1], -step
    n = len(code) - step
    if n < 2:
        return False
    x, y, inside, code = x[:n], y[step:], code[:n] == code[step:], code[:n]
    inside &= np.isfinite(x) & np.isfinite(y)
    x, y, code = x[inside], y[inside], code[inside]
    if len(x) < 5 or not _correlated(x, y):
        return False
    next_to = code[1:] == code[:-1]
    return _correlated(np.diff(x)[next_to], np.diff(y)[next_to])


def _correlated(x: np.ndarray, y: np.ndarray) -> bool:
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    return bool(abs(np.corrcoef(x, y)[0, 1]) >= SAME)


def _when(step: int) -> str:
    if step == 0:
        return "goes with the target of its own row"
    if step > 0:
        return f"tells the target {plural(step, 'row')} ahead"
    return f"is the target {plural(-step, 'row')} before, which is not known of the whole horizon"


def fits(n_rows: int, spec: SeriesSpec, memory: int) -> Guardrail:
    """Whether lags of all rows, for each step of the horizon, would fit into memory.

    Parameters
    ----------
    n_rows : int
    spec : SeriesSpec
    memory : int
        Bytes.
    """
    columns = LAGS + len(spec.columns)
    needed = n_rows * spec.horizon * columns * CELL_BYTES
    sizes = f"{needed / 2**30:,.1f} GiB, and {memory / 2**30:,.1f} GiB are free"
    what = f"lags of {n_rows:,} rows for {plural(spec.horizon, 'step')} take {sizes}"
    if needed <= memory:
        return Guardrail("Memory", "passed", what, "")
    done = "a trial that holds them all may be stopped; set a coarser frequency and an aggregation"
    return Guardrail("Memory", "alerted", what, f"{done}, or forecast fewer series")
