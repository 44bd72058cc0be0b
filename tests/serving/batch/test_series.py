"""Rows of the future in batches: no series is parted, and nothing is lost by a kill."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from tests.forecasters import future_of, monthly, trained

from trialbook.errors import DataError, OptionError
from trialbook.serving import score
from trialbook.serving.batch._series import by_series

SHOPS = ("east", "north", "south", "west")


class Killed(BaseException):
    """Stands for the end of a process."""


def killed(progress):
    if progress.rows >= 12:
        raise Killed


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("naive"), monthly(shops=SHOPS))


def future(n_rows=6):
    table = future_of(n_rows, shops=SHOPS).reset_index(drop=True)
    return table.assign(note=[f"n{row:03}" for row in table.index])


@pytest.mark.parametrize("rows_per_batch", [1, 5, 7, 50_000])
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_batches_give_what_the_model_gives(naive, tmp_path, name, rows_per_batch):
    table = future()
    getattr(table, "to_csv" if name.endswith("csv") else "to_parquet")(
        tmp_path / name, index=False
    )
    out = tmp_path / "out.parquet"
    done = score(naive, tmp_path / name, out, rows_per_batch=rows_per_batch)
    assert done.n_rows == len(table)
    expected = naive.forecast(future=table)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)


def test_a_run_that_was_killed_carries_on_to_the_same_bytes(naive, tmp_path):
    future().to_parquet(tmp_path / "in.parquet")
    options = {"rows_per_batch": 6, "keep": ["all"], "quantiles": [0.1, 0.9]}
    options["context"] = monthly(74, SHOPS)
    table = future().assign(month=lambda t: t["month"] + pd.DateOffset(months=2))
    for ending in (".parquet", ".csv", ".jsonl"):
        whole, out = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
        score(naive, table, whole, **options)
        with pytest.raises(Killed):
            score(naive, table, out, **options, listener=killed)
        done = score(naive, table, out, **options, resume=True)
        assert done.reused_rows == 12
        assert out.read_bytes() == whole.read_bytes()
    assert done.columns == ("note", "month", "shop", "forecast", "0.1", "0.9")
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("n000,2024-03-01,east,")


def test_parts_of_another_context_or_of_other_quantiles_are_not_taken_up(naive, tmp_path):
    table, out = future(), tmp_path / "out.csv"
    options = {"rows_per_batch": 6, "quantiles": [0.5]}
    with pytest.raises(Killed):
        score(naive, table, out, **options, listener=killed)
    with pytest.raises(OptionError, match="the model is another one"):
        score(naive, table, out, resume=True, rows_per_batch=6, quantiles=[0.4])
    with pytest.raises(OptionError, match="the model is another one"):
        score(naive, table, out, **options, resume=True, context=monthly(73, SHOPS))


def test_several_processes_write_the_same(naive, tmp_path):
    table = future()
    for workers in (1, 2):
        score(naive, table, tmp_path / f"{workers}.csv", rows_per_batch=6, workers=workers)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_a_wrong_row_is_counted_in_the_whole_table_and_leaves_nothing(naive, tmp_path):
    table = future()
    table.loc[20, "month"] = pd.Timestamp("2024-03-09")
    with pytest.raises(DataError, match=r"between the steps of MS .*row 21 of") as caught:
        score(naive, table, tmp_path / "out.csv", rows_per_batch=6)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_series_that_stand_apart_are_refused_by_name(naive, tmp_path):
    mixed = future().sort_values(["month", "shop"], ignore_index=True)
    with pytest.raises(DataError, match=r"rows of the series 'east' stand apart .*\(row 5 of"):
        score(naive, mixed, tmp_path / "out.csv", rows_per_batch=4)
    score(naive, mixed, tmp_path / "out.parquet")
    expected = naive.forecast(future=mixed)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"proba": True}, "--proba has no meaning here: 'model' forecasts series"),
        ({"interval": 0.9}, "--interval has no meaning here"),
        ({"explain": True}, "--explain has no meaning here"),
        ({"quantiles": [2]}, "'2' is no level of a quantile"),
        ({"keep": ["notes"]}, "no column 'notes' to keep. Did you mean 'note'"),
    ],
)
def test_what_has_no_meaning_is_refused(naive, tmp_path, options, message):
    with pytest.raises(OptionError) as caught:
        score(naive, future(), tmp_path / "out.csv", **options)
    assert message.split(". ")[0] in str(caught.value)


def test_quantiles_are_of_forecasts_alone(model, table, tmp_path):
    with pytest.raises(OptionError, match=r"--quantiles has no meaning here: .* no series"):
        score(model, table, tmp_path / "out.csv", quantiles=[0.1])


def test_series_are_not_parted():
    names = ["a", "a", "b", "b", "b", "c", "d", "d"]
    table = pa.table({"id": names, "value": range(8)})

    def parts(n_rows, ids=("id",), rows=table):
        tables = [rows.slice(start, n_rows) for start in range(0, len(rows), n_rows)]
        return [one["value"].to_pylist() for one in by_series(tables, list(ids), "the table")]

    assert parts(3) == [[0, 1], [2, 3, 4], [5], [6, 7]]
    assert parts(1) == [[0, 1], [2, 3, 4], [5], [6, 7]]
    assert parts(8) == [[0, 1, 2, 3, 4, 5], [6, 7]]
    assert parts(3, ids=()) == [list(range(8))]
    missing = pa.table({"id": [None, None, "b", None], "value": range(4)})
    assert parts(4, rows=missing) == [[0, 1, 2, 3]]
    with pytest.raises(DataError, match=r"row 4 of the table"):
        parts(1, rows=missing)
