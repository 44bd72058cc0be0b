"""Make the tables of the Azure ML jobs in this folder: small, invented, the same each time.

python examples/azure/make_tables.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def write(table: pd.DataFrame, path: str) -> None:
    """Write a table as CSV or, by its name, as JSON lines."""
    target = HERE / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".jsonl":
        table.to_json(target, orient="records", lines=True)
    else:
        table.to_csv(target, index=False)


def bank(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """People whom a bank has called, and whether they opened a deposit."""
    job = rng.choice(["admin.", "blue-collar", "technician", "retired"], n_rows).astype(object)
    duration = rng.integers(5, 900, n_rows)
    euribor = rng.choice([0.9, 1.3, 4.9], n_rows)
    leaning = duration / 250 - euribor / 2 + (job == "retired") + rng.normal(0, 0.7, n_rows)
    job[rng.random(n_rows) < 0.08] = None
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "job": job,
            "marital": rng.choice(["married", "single", "divorced"], n_rows),
            "duration": duration,
            "euribor3m": euribor,
            "y": np.where(leaning > 0.8, "yes", "no"),
        }
    )


def machines(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Computers of the eighties, and how quick they were."""
    cycle = rng.integers(17, 1500, n_rows)
    memory = 2.0 ** rng.integers(8, 16, n_rows)
    cache = rng.choice([0, 8, 32, 64, 128], n_rows)
    speed = 12 + 9_000 / cycle + memory / 300 + cache / 2 + rng.normal(0, 8, n_rows)
    return pd.DataFrame(
        {
            "VendorName": rng.choice(["ibm", "nas", "honeywell", "burroughs"], n_rows),
            "MYCT": cycle,
            "MMAX": memory.astype(int),
            "CACH": cache,
            "CHMAX": rng.integers(1, 64, n_rows),
            "ERP": speed.round().astype(int),
        }
    )


def customers(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Customers of a telephone company; a weight says how many others each stands for."""
    months = rng.integers(1, 72, n_rows)
    plan = rng.choice(["monthly", "yearly"], n_rows)
    leaning = 1.5 * (plan == "monthly") - months / 30 + rng.normal(0, 0.6, n_rows)
    return pd.DataFrame(
        {
            "months": months,
            "plan": plan,
            "bill": (20 + months / 4 + rng.normal(0, 5, n_rows)).round(2),
            "calls": rng.poisson(3, n_rows),
            "stands_for": rng.integers(1, 5, n_rows),
            "churned": np.where(leaning > 0, "yes", "no"),
        }
    )


def flowers(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Three kinds of flowers, with two columns that say which rows train."""
    kind = rng.integers(0, 3, n_rows)
    part = np.arange(n_rows) % 4
    return pd.DataFrame(
        {
            "petal_length": (1.5 + 2 * kind + rng.normal(0, 0.4, n_rows)).round(1),
            "petal_width": (0.3 + 0.8 * kind + rng.normal(0, 0.2, n_rows)).round(1),
            "sepal_length": (5 + 0.7 * kind + rng.normal(0, 0.4, n_rows)).round(1),
            "cv1": np.where(part == 0, 0, 1),
            "cv2": np.where(part == 2, 0, 1),
            "kind": np.array(["setosa", "versicolor", "virginica"])[kind],
        }
    )


def loans(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Loans, with dates and codes that want a hint; one column is no feature."""
    amount = rng.integers(1, 60, n_rows) * 500
    years = rng.integers(0, 30, n_rows)
    leaning = amount / 9_000 - years / 8 + rng.normal(0, 0.6, n_rows)
    since = pd.Timestamp("1995-01-01") + pd.to_timedelta(rng.integers(0, 9_000, n_rows), "D")
    return pd.DataFrame(
        {
            "amount": amount,
            "years_employed": years,
            "branch": [f"{code:04d}" for code in rng.integers(1, 12, n_rows)],
            "customer_since": since.strftime("%d/%m/%Y"),
            "clerk": rng.choice(["anna", "ben", "chloe"], n_rows),
            "defaulted": leaning > 0.3,
        }
    )


def reviews(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Reviews with a price that is sometimes missing, and how many stars they gave."""
    good = ["great", "quality", "quick", "friendly", "works", "well", "happy"]
    bad = ["broken", "late", "refund", "waste", "slow", "returned"]
    stars = rng.integers(1, 6, n_rows)
    texts = []
    for star in stars:
        words = [rng.choice(good if rng.random() < star / 6 else bad) for _ in range(8)]
        texts.append(" ".join(words))
    price = rng.normal(30, 8, n_rows).round(2)
    return pd.DataFrame(
        {
            "review": texts,
            "price": np.where(rng.random(n_rows) < 0.15, np.nan, price),
            "shop": rng.choice([f"shop {i}" for i in range(12)], n_rows),
            "verified": rng.choice(["yes", "no"], n_rows),
            "stars": stars,
        }
    )


def energy(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """What a city needs of power, hour by hour, and its weather."""
    times = pd.date_range("2017-06-01", periods=n_rows, freq="h")
    hour = np.arange(n_rows) % 24
    warm = 20 + 6 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 1, n_rows)
    busy = 1_000 * np.sin(2 * np.pi * (hour - 8) / 24) - 600 * (times.dayofweek > 4)
    demand = 6_000 + busy + 60 * warm + rng.normal(0, 80, n_rows)
    return pd.DataFrame(
        {
            "timeStamp": times.strftime("%Y-%m-%d %H:%M:%S"),
            "demand": demand.round(1),
            "precip": rng.choice([0.0, 0.0, 0.0, 0.1], n_rows),
            "temp": warm.round(1),
        }
    )


def rides(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Bicycles that were lent, day by day, and to whom."""
    times = pd.date_range("2011-09-01", periods=n_rows)
    day = times.dayofyear.to_numpy()
    warm = 0.5 - 0.3 * np.cos(2 * np.pi * (day - 20) / 365)
    registered = 3_000 * warm + 400 * (times.dayofweek < 5) + rng.normal(0, 90, n_rows)
    casual = 900 * warm + 500 * (times.dayofweek > 4) + rng.normal(0, 60, n_rows)
    return pd.DataFrame(
        {
            "date": times.strftime("%m/%d/%Y"),
            "weekday": times.dayofweek,
            "weathersit": rng.choice(["clear", "mist", "rain"], n_rows),
            "temp": (warm + rng.normal(0, 0.03, n_rows)).round(3),
            "casual": casual.round().astype(int).clip(0),
            "registered": registered.round().astype(int),
            "cnt": (casual.round().clip(0) + registered.round()).astype(int),
        }
    )


def users(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """People who used a site, day by day; some days are missing."""
    times = pd.date_range("2017-06-01", periods=n_rows)
    count = 900 + 0.8 * np.arange(n_rows) - 350 * (times.dayofweek > 4)
    table = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), "count": count})
    table["count"] = (table["count"] + rng.normal(0, 30, n_rows)).round().astype(int)
    return table.drop(index=[40, 41, 97])


def orders(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """What shops of two states sold of two kinds of goods, day by day."""
    times, parts = pd.date_range("2022-01-03", periods=n_rows), []
    for state, shop in (("CA", "1"), ("CA", "2"), ("TX", "3")):
        for goods in ("FOOD", "HOBBIES"):
            level = 12 + 6 * (goods == "FOOD") + 2 * int(shop)
            price = 4 + 0.5 * rng.integers(0, 3, n_rows // 7 + 1).repeat(7)[:n_rows]
            sold = rng.poisson(level + 5 * (times.dayofweek > 4) - price)
            known = {"state": state, "store_id": shop, "product_category": goods}
            parts.append(pd.DataFrame({"date": times, **known, "price": price, "quantity": sold}))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Write all tables."""
    table = bank(np.random.default_rng(1), 330)
    write(table[:200], "bank-marketing/training-mltable-folder/bank_marketing_train.csv")
    write(table[200:270], "bank-marketing/validation-mltable-folder/bank_marketing_validation.csv")
    write(table[270:], "bank-marketing/test-mltable-folder/bank_marketing_test.csv")
    table = machines(np.random.default_rng(2), 180)
    write(table[:140], "hardware-performance/training-mltable-folder/machine_data_train.csv")
    write(table[140:], "hardware-performance/test-mltable-folder/machine_data_test.csv")
    write(customers(np.random.default_rng(3), 200), "churn-weights/data/churn.csv")
    table = flowers(np.random.default_rng(4), 120)
    write(table[:60], "flower-folds/data/flowers_1.csv")
    write(table[60:], "flower-folds/data/flowers_2.csv")
    write(loans(np.random.default_rng(5), 200), "loans-camel-case/data/loans.csv")
    write(reviews(np.random.default_rng(6), 160), "review-stars/data/reviews.jsonl")
    write(energy(np.random.default_rng(7), 480), "energy-demand/data/energy.csv")
    table = rides(np.random.default_rng(8), 254)
    write(table[:240], "bike-share/training-mltable-folder/bike_train.csv")
    write(table[240:], "bike-share/test-mltable-folder/bike_test.csv")
    write(users(np.random.default_rng(9), 240), "daily-users/data/users.csv")
    write(orders(np.random.default_rng(10), 224), "shop-orders/data/orders.csv")


if __name__ == "__main__":
    main()
