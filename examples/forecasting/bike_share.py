"""Forecast how many bicycles are lent in the next two weeks.

Days with the weather and the holidays of the United States. After the search the winner is tested
as it would be used: every day it forecasts the next two weeks, then learns what that day brought.

    python examples/forecasting/bike_share.py [--data FOLDER]

`FOLDER` has train.csv.gz and test.csv.gz with the column date, the target cnt and what is known of
days.
"""

from __future__ import annotations

import trialbook as tb
from tables import options, read

HORIZON = 14
# The two parts of the target, which nobody knows beforehand, and a number of the row.
LEFT_OUT = ("casual", "registered", "instant")


def main() -> None:
    """Do what the steps say, one after the other."""
    folder, asked = options(__doc__, "bike-share")
    train, test = read(folder, "bike-share/training-mltable-folder/bike_train.csv", "date", 28)
    found = tb.forecast(
        train,
        "cnt",
        time="date",
        horizon=HORIZON,
        holidays="US",
        ignore=[name for name in LEFT_OUT if name in train],
        **asked,
    )
    print(f"1. {len(train):,} days to learn from: {found.best.label}, MASE {found.best.score:.3f}")

    rolled = found.backtest(test, step=1)
    whole = rolled.overall
    print(
        f"2. {len(rolled.forecasts):,} forecasts of {len(test):,} later days: MASE"
        f" {whole['mase']:.3f}, sMAPE {whole['smape']:.1%}, {whole['coverage']:.0%} within the"
        " interval of 80 %"
    )
    print("3. The error grows with the step:")
    steps = rolled.by_step.set_index("step").loc[[1, 7, HORIZON]]
    print(steps[["rows", "mase", "smape", "coverage"]].round(3).to_string())


if __name__ == "__main__":
    main()
