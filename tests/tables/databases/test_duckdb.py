"""DuckDB's files: which tables and queries are read, how they are typed, and what is refused."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pandas as pd
import pytest

from trialbook.errors import DataError
from trialbook.tables import Storage, open_big, read_table, storage_of

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            CREATE TABLE people AS SELECT * FROM (VALUES
                (1, '01234', 2.50, 7::HUGEINT, true, DATE '1970-03-05',
                 TIMESTAMPTZ '2021-01-02 10:00:00+02', ['a'], {'a': 1}, INTERVAL 90 SECONDS,
                 'low'::ENUM ('low', 'high'), UUID '11111111-1111-1111-1111-111111111111'),
                (2, NULL, NULL, 8, NULL, DATE 'infinity', NULL, [], NULL, NULL, NULL, NULL)
            ) AS t (id, zip, price, whole, member, born, zoned, tags, extra, wait, level, key);
            CREATE SCHEMA north;
            CREATE TABLE north.orders AS SELECT 1 AS id;
            CREATE TABLE north.people AS SELECT 2 AS id;
            CREATE SCHEMA south;
            CREATE TABLE south."odd "" name" AS SELECT 3 AS id;
            CREATE TABLE south.twice AS SELECT 4 AS id;
            CREATE TABLE north.twice AS SELECT 5 AS id;
            CREATE VIEW ids AS SELECT id FROM people;
            """
        )
    return path


def refused(address: str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(address)
    assert caught.value.remedy
    return str(caught.value)


def test_a_table_of_duckdb_comes_typed(shop: Path) -> None:
    table = read_table(f"{shop}#people")
    kinds = {name: storage_of(table[name]) for name in table.columns}
    assert kinds == {
        **dict.fromkeys(("id", "price", "whole", "wait"), Storage.NUMBER),
        **dict.fromkeys(("zip", "level", "key"), Storage.STRING),
        **dict.fromkeys(("born", "zoned"), Storage.DATETIME),
        "member": Storage.BOOL,
        **dict.fromkeys(("tags", "extra"), Storage.NESTED),
    }
    first = table.iloc[0]
    assert (first["zip"], first["price"], first["whole"], first["wait"]) == ("01234", 2.5, 7, 90)
    assert first["zoned"] == pd.Timestamp("2021-01-02 08:00")
    assert pd.isna(table["born"].iloc[1])


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("people", [1, 2]),
        ("main.people", [1, 2]),
        ("north.people", [2]),
        ("orders", [1]),
        ("ORDERS", [1]),
        ("ids", [1, 2]),
        ('south."odd "" name"', [3]),
        ("SELECT max(id) AS id FROM north.people WHERE 'a;b' LIKE '%;%';", [2]),
    ],
)
def test_tables_are_found_in_whichever_schema_they_are(
    shop: Path, name: str, ids: list[int]
) -> None:
    assert read_table(f"duckdb:///{shop}#{name}")["id"].tolist() == ids


def test_a_file_of_one_table_needs_no_name(tmp_path: Path) -> None:
    for name in ("one.ddb", "one.db"):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute("CREATE SCHEMA lone; CREATE TABLE lone.one AS SELECT 1 AS a")
        assert read_table(tmp_path / name).to_dict("list") == {"a": [1]}
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE one AS SELECT 2 AS a")
    connection.close()
    assert read_table(tmp_path / "other.db").to_dict("list") == {"a": [2]}


def test_a_big_table_is_put_aside(shop: Path) -> None:
    query = "SELECT i, i % 7 = 0 AS seventh, 'text ' || i AS t FROM range(50000) r (i)"
    big = open_big(f"{shop}#{query}")
    assert big is not None
    assert (big.n_rows, big.names) == (50_000, ["i", "seventh", "t"])
    assert int(big.read(["i"])["i"].sum()) == 49_999 * 25_000


def test_what_cannot_be_read_is_told(shop: Path, tmp_path: Path) -> None:
    assert "7 tables, and the address names none" in refused(f"duckdb:///{shop}")
    assert "Did you mean 'people'?" in refused(f"{shop}#poeple")
    assert "north.twice or south.twice" in refused(f"{shop}#twice")
    assert '"nix" not found' in refused(f"{shop}#SELECT nix FROM people")
    assert "no rows" in refused(f"{shop}#SELECT * FROM people WHERE id > 9")
    assert "two columns are named 'id'" in refused(f"{shop}#SELECT id, id FROM people")
    assert "there is no such file" in refused(f"duckdb:///{tmp_path}/no.duckdb#people")
    assert not (tmp_path / "no.duckdb").exists()
    (tmp_path / "text.duckdb").write_text("this is no database of any kind, only a text" * 200)
    assert "not a database" in refused(f"{tmp_path}/text.duckdb#people")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM people", "SELECT 1; DROP TABLE people", "COPY people TO 'x.csv'"]
)
def test_nothing_but_a_query_is_sent(shop: Path, statement: str) -> None:
    before = shop.read_bytes()
    refused(f"{shop}#{statement}")
    assert shop.read_bytes() == before


def test_where_duckdb_is_missing_it_is_said_what_to_install(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'trialbook[tables]'" in refused(f"{shop}#people")
