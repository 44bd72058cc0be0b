"""Forecast what shops sell in the next weeks: each item, each shop, each state, all of them.

Sales by state, shop and kind of goods are a hierarchy. All levels are forecast, and reconciled, so
that those of items add up to those of shops and states.

    python examples/forecasting/shop_orders.py [--data FOLDER]

`FOLDER` has train.csv.gz and test.csv.gz with the columns date, quantity, price, state, store_id,
product_category and, if there are such, SKU.
"""

from __future__ import annotations

import numpy as np

import trialbook as tb
from tables import options, read

LEVELS = ("state", "store_id", "product_category", "SKU")


def main() -> None:
    """Do what the steps say, one after the other."""
    folder, asked = options(__doc__, "shop-orders")
    horizon = 14 if folder is None else 30
    train, test = read(folder, "shop-orders/data/orders.csv", "date", horizon)
    found = tb.forecast(
        train,
        "quantity",
        time="date",
        hierarchy=[name for name in LEVELS if name in train],
        horizon=horizon,
        test=test,
        **asked,
    )
    best = found.best
    print(f"1. {len(train):,} rows to learn from: {best.label}, MASE {best.score:.3f}")
    print("2. MASE of the days that followed, by level:")
    for name, value in best.metrics.items():
        if name.startswith("test_mase_"):
            print(f"   {name.removeprefix('test_mase_'):<18}{value:.3f}")

    future = test.drop(columns="quantity")
    total = found.forecast(future=future, level="total")["forecast"].to_numpy()
    states = found.forecast(future=future, level="state")
    summed = states.groupby("date")["forecast"].sum().to_numpy()
    apart = np.abs(total - summed).max()
    print(f"3. The forecast of all is the sum of the states', to {apart:.1e}:")
    print(states.groupby("state").head(2).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
