"""How far forecasts look back: what was asked, and what the series suggest by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LookBack:
    """How far learners of lags look back.

    Parameters
    ----------
    lags : tuple of int
        Of the target, as they were given; empty if learners choose.
    window : int, optional
        Rows over which the target is summed up, as it was given; ``None`` if learners choose.
    columns : bool
        Whether earlier values of columns may be used.
    stl : {"none", "season", "season_trend"}
        What is taken from series before they are learned, and put back afterwards.
    found_lags : int
        Lags from 1 on that the series suggest; 0 for none. See `trialbook.data.series.suggested`.
    found_window : int
        The window that they suggest; 0 for none.
    """

    lags: tuple[int, ...] = ()
    window: int | None = None
    columns: bool = True
    stl: str = "none"
    found_lags: int = 0
    found_window: int = 0

    @property
    def given_rows(self) -> int:
        """Rows before a forecast that what was given needs."""
        return max((0, *self.lags, self.window or 0))

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> LookBack:
        """What ``asdict`` wrote."""
        return cls(**{**kept, "lags": tuple(kept.get("lags", ()))})
