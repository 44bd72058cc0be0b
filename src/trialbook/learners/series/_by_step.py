"""What models of lagged values have in common of which each forecasts one step ahead."""

from __future__ import annotations

from trialbook.learners._base import Params
from trialbook.learners.series._lags import LagLearner
from trialbook.tasks import SeriesTable

# Beyond, there would be more models than it takes to see whether they are any better.
LONGEST_HORIZON = 48
# Rows of the longest series of which the last step's model learns, at least; LightGBM refuses one.
LEAST_ROWS = 8
# Seconds to look up what is known of the row that a step forecasts, for each row.
LOOK_UP_S = 2e-6


class ByStep(LagLearner):
    """One model for each step ahead, so that no forecast depends on another.

    It stands before the learner of lags whose regressor it takes, and what does not suit that one
    does not suit it. Its trees are fewer, and its `gain` is at most half of that learner's, so
    that it comes after what has proven itself: what votes lose without it was not measured.
    LightGBM's, the first of them, keeps the gain that it had.
    """

    # What a model is best told is tried with the learner that it is taken from, and refined later.
    every_difference = False

    def direct(self, table: SeriesTable) -> int | None:
        return table.horizon

    def suits(self, table: SeriesTable) -> bool:
        # Of the last step, only rows that have another a horizon later tell anything.
        learnt = table.most_known - table.horizon
        few = 1 < table.horizon <= LONGEST_HORIZON
        return few and learnt >= LEAST_ROWS and super().suits(table)

    def cost(self, params: Params, table: SeriesTable) -> float:
        told = self.dates or table.covariates or table.holidays
        look_ups = table.horizon * table.n_rows if told else 0
        return super().cost(params, table) + LOOK_UP_S * look_ups
