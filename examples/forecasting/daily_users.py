"""Forecast how many people use a site, by a model that is some weeks old.

After training, days go by. The model is told of them (its context) and forecasts what follows the
gap, which the same model without them has to forecast from further away: three times the horizon
that it was trained for. Networks take part where the extra `deep` is installed.

    python examples/forecasting/daily_users.py [--data FOLDER]

`FOLDER` has train.csv.gz and test.csv.gz with the columns date and count, and what is known of
days.
"""

from __future__ import annotations

import pandas as pd

import trialbook as tb
from tables import options, read

HORIZON = 14


def error(told: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Mean absolute error of forecasts in percent of what came."""
    actual = rows["count"].to_numpy(dtype=float)
    return float(abs(told["forecast"].to_numpy() - actual).mean() / actual.mean() * 100)


def main() -> None:
    """Do what the steps say, one after the other."""
    folder, asked = options(__doc__, "daily-users")
    train, test = read(folder, "daily-users/data/users.csv", "date", 5 * HORIZON)
    found = tb.forecast(
        train, "count", time="date", frequency="D", horizon=HORIZON, holidays="US", **asked
    )
    print(f"1. {len(train):,} days to learn from: {found.best.label}, MASE {found.best.score:.3f}")

    gap, after = test[: 2 * HORIZON], test[2 * HORIZON : 3 * HORIZON]
    future = test[: 3 * HORIZON].drop(columns="count")
    told = found.forecast(context=gap, future=future.tail(HORIZON))
    untold = found.forecast(future=future)
    print(
        f"2. The days after a gap of {len(gap)}: off by {error(told, after):.2f} % if told of the"
        f" gap, by {error(untold.tail(HORIZON), after):.2f} % if not"
    )
    print(f"3. Three times the horizon at once: off by {error(untold, test[: 3 * HORIZON]):.2f} %")
    shown = untold.iloc[[0, HORIZON - 1, -1]]
    print(shown[["date", "0.1", "forecast", "0.9"]].to_string(index=False))


if __name__ == "__main__":
    main()
