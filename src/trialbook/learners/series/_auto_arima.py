"""ARIMA, its orders chosen stepwise."""

from __future__ import annotations

from typing import Any

from trialbook.learners._base import Params
from trialbook.learners.series._base import StatisticalLearner
from trialbook.program import Code
from trialbook.tasks import SeriesTable

LONGEST_SEASON = 24
# Each series takes about a second, and one of a long season many.
MOST_SERIES = 300
# Rows that are worth what they take: some seasons, within bounds.
SEASONS, LEAST_ROWS, MOST_ROWS = 20, 200, 1000
# The state of a seasonal ARIMA grows with the season: seconds by rows times season, and by how
# many of those there are. Without a season it takes as long as with one of four rows.
CELL_S, CELLS, LEAST_SEASON = 1e-3, 3000, 4


class AutoArimaLearner(StatisticalLearner):
    """ARIMA, its orders chosen by AICc for each series (Hyndman and Khandakar 2008)."""

    key = "auto_arima"
    name = "ARIMA"
    aliases = ("arima", "autoarima")
    model = "AutoARIMA"
    gain = 0.6
    logarithms = True
    row_s = LEAST_SEASON * CELL_S

    def suits(self, table: SeriesTable) -> bool:
        return table.n_series <= MOST_SERIES

    def rows(self, table: SeriesTable) -> int:
        season = _season(table)
        return MOST_ROWS if season == 1 else min(MOST_ROWS, max(LEAST_ROWS, SEASONS * season))

    def cost(self, params: Params, table: SeriesTable) -> float:
        rows = min(table.n_rows / table.n_series, self.rows(table))
        cells = rows * max(LEAST_SEASON, _season(table))
        return table.n_series * CELL_S * cells * (1 + cells / CELLS)

    def arguments(self, params: Params, table: SeriesTable) -> dict[str, Any]:
        return {"season_length": Code("SEASON") if table.season <= LONGEST_SEASON else 1}


def _season(table: SeriesTable) -> int:
    return table.season if table.season <= LONGEST_SEASON else 1
