"""Features of several columns as a hyperparameter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trialbook.learners import all_learners
from trialbook.learners._engineered import (
    MAX_CLASSES,
    MIN_ROWS,
    engineered,
    of_model,
    offered,
    widened,
)
from trialbook.program import Columns
from trialbook.tasks import Table

MIXED = Columns(numeric=("a", "b", "c"), categorical={"d": 3, "e": 40})


def table(columns: Columns = MIXED, n_rows: int = 1000, n_classes: int = 2) -> Table:
    return Table(
        task="classification" if n_classes else "regression",
        n_rows=n_rows,
        n_folds=5,
        n_classes=n_classes,
        columns=columns,
        n_features=48,
        n_coded=5,
        metric="accuracy" if n_classes else "rmse",
        n_jobs=1,
    )


def test_features_are_told_from_the_hyperparameters_of_the_model() -> None:
    params = {"learning_rate": 0.1, "features": "crosses+arithmetic"}
    assert engineered(params) == ("arithmetic", "crosses")
    assert of_model(params) == {"learning_rate": 0.1}
    assert engineered({"features": "none"}) == engineered({}) == ()


@pytest.mark.parametrize(
    ("columns", "suited"),
    [
        (MIXED, "arithmetic+crosses+target_encoding"),
        (Columns(numeric=("a", "b")), "arithmetic"),
        (Columns(numeric=("a",)), ""),
        (Columns(numeric=("a",), categorical={"d": 3}), "target_encoding"),
        (Columns(categorical={"d": 3, "e": 3}), "crosses+target_encoding"),
        (Columns(text=("t",), datetime={"s": None}), ""),
        (Columns(numeric=tuple(f"n{i}" for i in range(3000))), ""),
    ],
)
def test_only_features_that_the_columns_allow_are_offered(columns: Columns, suited: str) -> None:
    kinds = ("arithmetic", "crosses", "target_encoding")
    assert offered(table(columns), *kinds) == suited


def test_little_evidence_and_many_classes_offer_less() -> None:
    assert offered(table(n_rows=MIN_ROWS - 1), "arithmetic") == ""
    many = table(n_classes=MAX_CLASSES + 1)
    assert offered(many, "arithmetic", "crosses", "target_encoding") == "arithmetic"


def test_the_columns_that_are_added_count_in_the_cost() -> None:
    params = {"features": "arithmetic+crosses+target_encoding"}
    assert widened({}, table()).n_columns == 5
    assert widened(params, table()).n_columns == 5 + 3 + 1 + 2
    assert widened(params, table(n_classes=4)).n_columns == 5 + 3 + 4 + 8
    boosting = all_learners()["lightgbm"]
    assert widened({"features": "all_pairs"}, table()).n_columns == 5 + 4 * 3
    plain, more = ({"learning_rate": 0.05}, {"learning_rate": 0.05, **params})
    assert boosting.cost(plain, table()) < boosting.cost(more, table())


def test_no_start_asks_for_features_that_the_table_does_not_have() -> None:
    of_tables = [one for one in all_learners().values() if "forecasting" not in one.tasks]
    for learner in of_tables:
        for columns in (MIXED, Columns(numeric=("a",)), Columns(categorical={"d": 3, "e": 3})):
            facts = replace(table(columns), n_coded=len(columns))
            for start in learner.starts(facts):
                wanted = engineered(start.params)
                assert "+".join(wanted) == offered(facts, *wanted), start.name
