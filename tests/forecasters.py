"""Forecasters of a few series, for the tests of whatever asks them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from trialbook.data import NODES_FILE, prepare
from trialbook.execution import PROGRAM, Request
from trialbook.execution._work import run_trial
from trialbook.experiment._design import make_design
from trialbook.job import Job
from trialbook.learners import find
from trialbook.models import forecaster_at
from trialbook.program import Code


def monthly(n_rows=72, shops=("north", "south"), price=False):
    """Months with a trend and a season; the price, if there is one, is known of the future."""
    rng = np.random.default_rng(0)
    month = np.arange(n_rows)
    tables = []
    for size, shop in enumerate(shops, 1):
        sold = size * (50 + month + 20 * np.sin(2 * np.pi * month / 12)) + rng.normal(size=n_rows)
        when = pd.date_range("2018-01-01", periods=n_rows, freq="MS")
        table = pd.DataFrame({"month": when, "shop": shop, "number": size, "sold": sold})
        if price:
            table["price"] = rng.choice([1.0, 2.0, 3.0], n_rows)
            table["sold"] -= 10 * size * table["price"]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def trained(root, table, learner="seasonal_naive", params=None, **options):
    """The forecaster of one trial, trained as the engine does."""
    fields = {"target": "sold", "task": "forecasting", "time_column": "month", "horizon": 6}
    job = Job.from_fields(fields | {"data": Job.IN_MEMORY, "series": ("shop",), **options})
    prepared = prepare(job, frame=table)
    prepared.train.to_parquet(root / "train.parquet", index=False)
    (root / "schema.json").write_text(json.dumps(prepared.schema.to_dict()), "utf-8")
    task = make_design(job, prepared).task
    found = find(learner, "forecasting")
    known = task.table()
    params = found.starts(known)[0].params if params is None else params
    frame = task.frame(Code('Path("../../train.parquet")'))
    if prepared.nodes is not None:  # of a hierarchy
        prepared.nodes.to_parquet(root / NODES_FILE, index=False)
        frame = frame.in_hierarchy(Code(f'Path("../../{NODES_FILE}")'))
    text = task.program(frame, found.code(params, known), title="a title", summary="")
    folder = root / learner
    (folder / "program").mkdir(parents=True)
    (folder / PROGRAM).write_text(text, "utf-8")
    payload = {"schema": str(root / "schema.json"), "learner": found.key, "metadata": {}}
    run_trial(Request(1, "trial", str(folder), payload), lambda *_, **__: None)
    return forecaster_at(folder / "model")


def future_of(n_rows=6, start="2024-01-01", shops=("north", "south")):
    months = pd.date_range(start, periods=n_rows, freq="MS")
    return pd.concat([pd.DataFrame({"month": months, "shop": shop}) for shop in shops])


def visited(n_rows=72):
    """Months of two shops in which visits, which nobody knows ahead, tell the sales to come."""
    rng, tables = np.random.default_rng(1), []
    for shop in ("north", "south"):
        visits = rng.integers(1, 6, n_rows).astype(float)
        sold = 100 + 20 * np.append(np.full(6, 3.0), visits[:-6]) + rng.normal(size=n_rows)
        when = pd.date_range("2018-01-01", periods=n_rows, freq="MS")
        tables.append(pd.DataFrame({"month": when, "shop": shop, "sold": sold, "visits": visits}))
    return pd.concat(tables, ignore_index=True)
