"""What all adapters have in common: the request, the clocks and the answer.

An adapter runs in its system's environment: ``python -m benchmarks.forecasting.systems.NAME
REQUEST``. This module needs pandas and pyarrow, and nothing else of these folders.
"""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ID, TIME, TARGET, WINDOW, FORECAST = "unique_id", "ds", "y", "window", "forecast"
LEVELS = tuple(f"0.{tenth}" for tenth in range(1, 10))
ANSWER = "forecast.parquet"


@dataclass(frozen=True)
class Request:
    """What a system is asked.

    Parameters
    ----------
    train : DataFrame
        `ID`, `TIME`, `TARGET`, names of series and covariates, as they were observed: with gaps.
    future : DataFrame
        `WINDOW`, `ID`, `TIME` and the known covariates of the rows to forecast, without gaps.
    ids, known, past_only, static : list of str
        Names of series and covariates by kind.
    frequency : str
        As pandas names it.
    horizon, season : int
        Rows.
    budget_s : float
        Seconds from the start of training to the forecast.
    cores, memory_mb, seed : int
        Limits and seed, for systems that have such options.
    scratch : Path
        Folder for anything; it is removed at the end.
    params : dict
        Options of this system.
    """

    train: pd.DataFrame
    future: pd.DataFrame
    ids: list[str]
    known: list[str]
    past_only: list[str]
    static: list[str]
    frequency: str
    horizon: int
    season: int
    budget_s: float
    cores: int
    memory_mb: int
    seed: int
    scratch: Path
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A horizon to forecast.

    Parameters
    ----------
    number : int
        0 follows the training rows.
    history : DataFrame
        All rows before it.
    future : DataFrame
        The rows to forecast, with what is known of them.
    """

    number: int
    history: pd.DataFrame
    future: pd.DataFrame


class Adapter(ABC):
    """A system as the harness sees it. Training and the first forecast are within the budget."""

    # Whether windows after the first are forecast, too: without training anew or at little cost.
    rolls = False

    def start(self, request: Request) -> None:
        """Do what comes before training and is no part of the budget, as imports are."""
        return

    @abstractmethod
    def fit(self, request: Request) -> None:
        """Train; what is left of the budget must do for the forecast."""

    @abstractmethod
    def forecast(self, window: Window) -> pd.DataFrame:
        """Forecast a window: `ID`, `TIME`, `FORECAST` and, if the system has them, `LEVELS`."""

    def models(self) -> list[str]:
        """Names of the models that took part."""
        return []


def main(adapter: Adapter) -> None:
    """Do what the request says that the command line names."""
    raw = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    output, observed = Path(raw.pop("output")), Path(raw.pop("observed"))
    tables = {part: pd.read_parquet(raw.pop(part)) for part in ("train", "future")}
    run(adapter, Request(**tables, scratch=Path(raw.pop("scratch")), **raw), observed, output)


def run(adapter: Adapter, request: Request, observed: Path, output: Path) -> None:
    """Train and forecast, and write the answer as soon as there is one.

    Parameters
    ----------
    adapter : Adapter
    request : Request
        What is asked.
    observed : Path
        The table of what came later. It is read when the first window was forecast.
    output : Path
        Folder for the answer and ``result.json``.
    """
    first, *later = _windows(request)
    adapter.start(request)
    started = time.perf_counter()
    adapter.fit(request)
    said: dict[str, Any] = {"training_s": time.perf_counter() - started}
    _write(output, said)
    answers = [_answer(adapter, first)]
    said["predict_s"] = time.perf_counter() - started - said["training_s"]
    _save(output, answers)
    _write(output, said)
    # What comes now may fail: the forecast counts nevertheless.
    said["models"] = adapter.models()
    said["models_count"] = len(said["models"])
    _write(output, said)
    if adapter.rolls and later:
        began = time.perf_counter()
        for window in _after(later, request.train, pd.read_parquet(observed)):
            if time.perf_counter() - began > request.budget_s:
                break
            answers.append(_answer(adapter, window))
        _save(output, answers)


def regular(rows: pd.DataFrame, frequency: str) -> pd.DataFrame:
    """Rows without gaps: what is missing is as in the row before."""
    parts = []
    for name, series in rows.groupby(ID, sort=True):
        times = pd.date_range(series[TIME].iloc[0], series[TIME].iloc[-1], freq=frequency)
        whole = series.set_index(TIME).reindex(times).ffill().bfill()
        parts.append(whole.rename_axis(TIME).reset_index().assign(**{ID: name}))
    return pd.concat(parts, ignore_index=True)[list(rows.columns)]


def steps(times: pd.Series, since: pd.Series, frequency: str) -> np.ndarray:
    """How many steps of a frequency times are after others."""
    offset = pd.tseries.frequencies.to_offset(frequency)
    if isinstance(offset, pd.offsets.Tick):
        return ((times - since) / pd.Timedelta(offset)).round().to_numpy(int)
    # Months, quarters and years by the calendar.
    first, last = (pd.PeriodIndex(one, freq=offset.rule_code[0]).asi8 for one in (since, times))
    return np.asarray((last - first) // offset.n)


def filled(
    window: Window, columns: list[str], frequency: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows before a window without gaps, and its rows, with no cell of a covariate missing.

    What is missing of a covariate is what was last known of it, or else what is known first.
    """
    history = regular(window.history, frequency)
    both = pd.concat([history, window.future[[ID, TIME, *columns]]], keys=["before", "after"])
    if columns:
        both[columns] = both.groupby(ID)[columns].transform(lambda one: one.ffill().bfill())
    after = both.loc["after", [ID, TIME, *columns]]
    return both.loc["before"].reset_index(drop=True), after.reset_index(drop=True)


def _windows(request: Request) -> list[Window]:
    return [
        Window(int(str(number)), request.train, rows.drop(columns=WINDOW).reset_index(drop=True))
        for number, rows in request.future.groupby(WINDOW, sort=True)
    ]


def _after(windows: list[Window], train: pd.DataFrame, seen: pd.DataFrame) -> Iterator[Window]:
    """The later windows with all rows before them."""
    for window in windows:
        begins = seen[ID].map(window.future.groupby(ID)[TIME].min())
        history = pd.concat([train, seen[seen[TIME] < begins]], ignore_index=True)
        yield Window(
            window.number, history.sort_values([ID, TIME], ignore_index=True), window.future
        )


def _answer(adapter: Adapter, window: Window) -> pd.DataFrame:
    table = adapter.forecast(window)
    columns = [ID, TIME, FORECAST, *(level for level in LEVELS if level in table)]
    return table[columns].assign(**{WINDOW: window.number})


def _save(output: Path, answers: list[pd.DataFrame]) -> None:
    """All at once or not at all."""
    part = output / f"{ANSWER}.part"
    pd.concat(answers, ignore_index=True).to_parquet(part)
    part.rename(output / ANSWER)


def _write(output: Path, said: dict[str, Any]) -> None:
    (output / "result.json").write_text(json.dumps(said, indent=1), "utf-8")
