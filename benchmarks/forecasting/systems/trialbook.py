"""Trialbook with its defaults."""

from __future__ import annotations

import pandas as pd

import trialbook as tb
from benchmarks.forecasting.systems.shared import (
    ID,
    LEVELS,
    TARGET,
    TIME,
    Adapter,
    Request,
    Window,
    main,
)


class Trialbook(Adapter):
    """The best model of an experiment."""

    rolls = True

    def fit(self, request: Request) -> None:
        """Run an experiment; reading, ensembles and report are inside the budget."""
        self.ids = request.ids or [ID]
        self.others = [*self.ids, *request.known, *request.past_only, *request.static]
        self.experiment = tb.forecast(
            request.train[[TIME, TARGET, *self.others]],
            TARGET,
            time=TIME,
            horizon=request.horizon,
            series=self.ids,
            frequency=request.frequency,
            season=request.season,
            unknown_in_future=request.past_only,
            timeout=request.budget_s,
            seed=request.seed,
            workspace=request.scratch / "workspace",
            **request.params,
        )
        self.known = request.known

    def forecast(self, window: Window) -> pd.DataFrame:
        """Its forecast and deciles; of later windows from the rows before them."""
        asked = window.future[[TIME, *self.ids, *self.known]]
        seen = window.history[[TIME, TARGET, *self.others]] if window.number else None
        table = self.experiment.forecast(
            future=asked, context=seen, quantiles=list(map(float, LEVELS))
        )
        names = window.future[[ID, TIME, *(one for one in self.ids if one != ID)]]
        return names.merge(table, on=[*self.ids, TIME], how="left")

    def models(self) -> list[str]:
        """Learners of the trials that have a model."""
        board = self.experiment.leaderboard
        return sorted(set(board.loc[board["rank"].notna(), "learner"]))


if __name__ == "__main__":
    main(Trialbook())
