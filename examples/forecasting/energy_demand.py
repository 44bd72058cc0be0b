"""Forecast how much power a city needs in the next two days.

Hours with their weather, which is known of the future. One search chooses by itself how far its
models look back, another is told twelve lags and a window of four hours. The better one is then
asked for the two days.

    python examples/forecasting/energy_demand.py [--data FOLDER]

`FOLDER` has train.csv.gz and test.csv.gz with the columns timeStamp, demand, precip and temp.
"""

from __future__ import annotations

import trialbook as tb
from tables import options, read

HORIZON = 48


def main() -> None:
    """Do what the steps say, one after the other."""
    folder, asked = options(__doc__, "energy-demand")
    train, test = read(folder, "energy-demand/data/energy.csv", "timeStamp", HORIZON)
    question = {"target": "demand", "time": "timeStamp", "horizon": HORIZON, "test": test, **asked}

    print(f"1. {len(train):,} hours to learn from, {len(test):,} to test")
    free = tb.forecast(train, name="free", **question)
    told = tb.forecast(train, name="told", target_lags=range(1, 13), rolling_window=4, **question)
    for number, found in enumerate((free, told), 2):
        best = found.best
        print(
            f"{number}. {found.name}: {best.label}, MASE {best.score:.3f} in the windows and"
            f" {best.metrics['test_mase']:.3f} in the two days, sMAPE"
            f" {best.metrics['test_smape']:.2%}, {best.metrics['test_coverage']:.0%} of the hours"
            " within the interval of 80 %"
        )

    better = min((free, told), key=lambda one: one.best.score)
    weather = test.drop(columns="demand")
    print(f"4. What {better.name} says of the first hours, given their weather:")
    print(better.forecast(future=weather, quantiles=[0.1, 0.9]).head(6).to_string(index=False))


if __name__ == "__main__":
    main()
