"""Features are joined by keys and as of a time, or it is said why they cannot be."""

import numpy as np
import pandas as pd
import pytest

import trialbook
from trialbook.compat import databricks as automl
from trialbook.compat.databricks._lookups import join
from trialbook.errors import DataError, OptionError


@pytest.fixture
def orders():
    return pd.DataFrame(
        {
            "user": [2, 1, 3, 1, 9],
            "when": pd.to_datetime(
                ["2024-01-05", "2024-01-02", "2024-01-03", "2024-02-01", "2024-01-01"]
            ),
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )


@pytest.fixture
def keep(tmp_path):
    """Keep a feature table in a workspace under a name; the workspace."""

    def upload(frame, name="features"):
        trialbook.tables.upload(frame, name, tmp_path / "kept")
        return str(tmp_path / "kept")

    return upload


USERS = pd.DataFrame({"user": [1, 2, 3], "level": ["gold", "tin", "gold"], "age": [30, 40, 50]})
LEVELS = pd.DataFrame(
    {
        "user": [1, 1, 2, 3],
        "when": pd.to_datetime(["2024-01-01", "2024-01-20", "2024-01-05", "2024-01-04"]),
        "level": [10, 11, 20, 30],
    }
)
BY_USER = {"table_name": "default.features", "lookup_key": "user"}


def test_each_row_gets_the_features_of_its_key_and_rows_without_are_said(orders, keep):
    joined, (note,) = join(orders, [BY_USER], keep(USERS))
    assert joined["user"].tolist() == orders["user"].tolist()
    assert joined["level"].fillna("?").tolist() == ["tin", "gold", "gold", "gold", "?"]
    assert joined["age"].fillna(0).tolist() == [40, 30, 50, 30, 0]
    assert note.verdict == "alerted" and "1 row of 5" in note.finding
    assert note.columns == ("level", "age")


def test_features_are_those_that_were_known_at_the_time(orders, keep):
    lookup = BY_USER | {"lookup_key": ["user"], "timestamp_lookup_key": "when"}
    joined, _ = join(orders, [lookup], keep(LEVELS))
    # On the very day it counts; user 3 had no level yet, user 9 none at all.
    assert joined["level"].fillna(0).tolist() == [20, 10, 0, 11, 0]
    assert list(joined.columns) == ["user", "when", "amount", "level"]


def test_a_time_that_is_a_primary_key_may_be_named_among_the_keys(orders, keep):
    lookup = BY_USER | {"lookup_key": ["user", "when"], "timestamp_lookup_key": "when"}
    joined, _ = join(orders, [lookup], keep(LEVELS))
    assert joined["level"].fillna(0).tolist() == [20, 10, 0, 11, 0]


def test_a_time_alone_may_be_the_key(orders, keep):
    days = pd.DataFrame({"when": orders["when"], "holiday": [False, True, False, False, True]})
    exact = {"table_name": "features", "lookup_key": "when"}
    latest = exact | {"timestamp_lookup_key": "when"}
    workspace = keep(days)
    expected = days["holiday"].tolist()
    assert join(orders, [exact], workspace)[0]["holiday"].tolist() == expected
    assert join(orders, [latest], workspace)[0]["holiday"].tolist() == expected
    later = orders.assign(when=orders["when"] + pd.Timedelta(hours=1))
    assert join(later, [latest], workspace)[0]["holiday"].tolist() == expected


def test_times_may_be_text_on_one_side(orders, keep):
    lookup = BY_USER | {"timestamp_lookup_key": "when"}
    text = orders.assign(when=orders["when"].dt.strftime("%Y-%m-%d"))
    joined, _ = join(text, [lookup], keep(LEVELS))
    assert joined["level"].fillna(0).tolist() == [20, 10, 0, 11, 0]


def test_whole_and_broken_numbers_are_the_same_keys_and_times(orders, keep):
    features = LEVELS.assign(user=LEVELS["user"].astype(float), when=[0.5, 5.0, 1.0, 2.0])
    lookup = BY_USER | {"timestamp_lookup_key": "when"}
    joined, _ = join(orders.assign(when=[1, 2, 3, 5, 0]), [lookup], keep(features))
    assert joined["level"].fillna(0).tolist() == [20, 10, 30, 11, 0]


def test_missing_keys_and_times_match_nothing(orders, keep):
    features = LEVELS.astype({"user": float, "when": object})
    features.loc[4] = [np.nan, pd.Timestamp("2024-01-01"), 99]
    holes = orders.astype({"user": float})
    holes.loc[0, "user"] = np.nan
    holes.loc[1, "when"] = pd.NaT
    joined, _ = join(holes, [BY_USER | {"timestamp_lookup_key": "when"}], keep(features))
    assert joined["level"].fillna(0).tolist() == [0, 0, 0, 11, 0]


def test_a_table_may_call_its_keys_otherwise(orders, keep):
    features = LEVELS.rename(columns={"user": "customer", "when": "since"})
    workspace = keep(features)
    lookup = {**BY_USER, "timestamp_lookup_key": "when", "primary_keys": ["customer"]}
    joined, _ = join(orders, [lookup | {"timestamp_key": "since"}], workspace)
    assert joined["level"].fillna(0).tolist() == [20, 10, 0, 11, 0]
    with pytest.raises(DataError, match=r"no key column 'when'.*timestamp_key"):
        join(orders, [lookup], workspace)


def test_several_tables_are_joined_one_after_another(orders, keep):
    keep(USERS[["user", "age"]], "people")
    lookups = [
        {"table_name": "people", "lookup_key": "user"},
        BY_USER | {"timestamp_lookup_key": "when"},
    ]
    joined, notes = join(orders, lookups, keep(LEVELS))
    assert list(joined.columns) == ["user", "when", "amount", "age", "level"]
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("lookup", "words"),
    [
        ({"lookup_key": "user"}, "needs 'table_name' and 'lookup_key'"),
        ({"table_name": "features"}, "needs 'table_name' and 'lookup_key'"),
        (BY_USER | {"lookup_keys": "user"}, "Did you mean 'lookup_key'"),
        (BY_USER | {"primary_keys": ["a", "b"]}, "1 keys and 2 primary keys"),
        (BY_USER | {"lookup_key": "usr"}, "no column 'usr'.*Did you mean 'user'"),
        (BY_USER | {"timestamp_lookup_key": "whenn"}, "no column 'whenn'"),
        (BY_USER | {"lookup_key": "amount"}, "no key column 'amount'"),
        (BY_USER | {"table_name": "no.such"}, "neither a table nor a file 'no.such'"),
        ("features", "a lookup is a dict"),
    ],
)
def test_a_lookup_that_cannot_be_is_refused(orders, keep, lookup, words):
    with pytest.raises((OptionError, DataError), match=words):
        join(orders, [lookup], keep(USERS))


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (USERS.assign(user=["1", "x", "3"]), "numbers in the dataset and text in the"),
        (pd.concat([USERS, USERS.head(1)]), "several rows for user=1.*timestamp_lookup_key"),
        (USERS.assign(amount=1), "both have the column 'amount'"),
    ],
)
def test_a_feature_table_that_does_not_fit_is_refused(orders, keep, features, words):
    with pytest.raises(DataError, match=words):
        join(orders, [BY_USER], keep(features))


def test_a_series_with_two_rows_for_one_time_is_refused(orders, keep):
    twice = pd.concat([LEVELS, LEVELS.head(1)])
    with pytest.raises(DataError, match="user=1, when="):
        join(orders, [BY_USER | {"timestamp_lookup_key": "when"}], keep(twice))


def test_a_time_that_is_none_is_refused(orders, keep):
    features = LEVELS.assign(when=[1, 2, 3, 4])
    lookup = BY_USER | {"timestamp_lookup_key": "when"}
    with pytest.raises(DataError, match="not both times or both numbers"):
        join(orders, [lookup], keep(features))
    with pytest.raises(DataError, match="holds text, not times"):
        join(orders.assign(when="soon"), [lookup], keep(features))


def test_a_model_learns_from_joined_features_and_predicts_with_them(classify, table, folder):
    scores = pd.DataFrame({"id": table["id"], "score": (table["churn"] == "yes").astype(float)})
    trialbook.tables.upload(scores, "scores")
    trialbook.tables.upload(table[["id", "city", "churn"]], "customers")
    lookups = [{"table_name": "scores", "lookup_key": ["id"]}]
    summary = classify("default.customers", feature_store_lookups=lookups)
    best = summary.best_trial
    assert best.evaluation_metric_score == 1.0
    found = trialbook.open(name=summary.experiment.name)
    assert "Feature lookup" in [one.name for one in found.guardrails]
    rows = automl.join_features(table[["id", "city"]], lookups)
    assert (best.load_model().predict(rows) == table["churn"]).all()
