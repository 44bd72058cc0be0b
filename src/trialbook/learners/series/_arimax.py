"""ARIMA with covariates."""

from __future__ import annotations

from trialbook.learners.series._auto_arima import AutoArimaLearner
from trialbook.learners.series._base import holiday_columns
from trialbook.tasks import SeriesTable

# Each covariate has a coefficient in each series; a few rows cannot tell more of them.
MOST_COVARIATES, ROWS_EACH = 20, 10


class ArimaxLearner(AutoArimaLearner):
    """A linear model of the covariates with errors that are an ARIMA, its orders by AICc."""

    key = "arimax"
    name = "ARIMA with covariates"
    aliases = ("auto_arimax", "sarimax")
    gain = 0.7
    covariates = True

    def suits(self, table: SeriesTable) -> bool:
        count = len(table.covariates) + len(holiday_columns(table, self.most_holidays))
        few = 0 < count <= MOST_COVARIATES and table.shortest >= ROWS_EACH * count
        return few and super().suits(table)
