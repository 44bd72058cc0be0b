"""Databases: which tables and queries are read, how they are typed, and what is refused."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.errors import DataError
from trialbook.job import Job
from trialbook.tables import Storage, open_big, read_table, storage_of


def refused(address: str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(address)
    assert caught.value.cause
    assert caught.value.place
    assert caught.value.remedy
    return str(caught.value)


# -- SQLite ----------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE people (
                id INTEGER PRIMARY KEY, zip TEXT, born DATE, seen TIMESTAMP, member BOOLEAN,
                price NUMERIC(8, 2), note TEXT, scan BLOB
            );
            INSERT INTO people VALUES
                (1, '01234', '1970-03-05', '2021-01-02 10:00:00', 1, 2.5, '', x'00ff'),
                (2, '99', '1980-12-31', NULL, 0, 3, 'tall', NULL),
                (3, NULL, NULL, '2021-01-02 11:00:00', NULL, NULL, '7', NULL);
            CREATE TABLE orders (id INTEGER, "full name" TEXT);
            INSERT INTO orders VALUES (1, 'a');
            CREATE VIEW adults AS SELECT id, zip FROM people;
            CREATE TABLE empty (id INTEGER);
            """
        )
    connection.close()
    return path


def test_a_table_of_sqlite_has_the_types_that_it_declares(shop: Path) -> None:
    table = read_table(f"sqlite:///{shop}#people")
    assert list(table["id"]) == [1, 2, 3]
    assert table["zip"].iloc[:2].tolist() == ["01234", "99"]
    assert storage_of(table["zip"]) == Storage.STRING
    assert storage_of(table["note"]) == Storage.STRING
    assert table["born"].iloc[0] == pd.Timestamp("1970-03-05")
    assert storage_of(table["seen"]) == Storage.DATETIME
    assert table["member"].tolist() == [True, False, None]
    assert table["price"].iloc[:2].tolist() == [2.5, 3.0]
    assert storage_of(table["scan"]) == Storage.NESTED


@pytest.mark.parametrize("name", ["people", "main.people", '"people"', "PEOPLE", " people "])
def test_a_table_is_found_by_its_name(shop: Path, name: str) -> None:
    assert len(read_table(f"sqlite:///{shop}#{name}")) == 3


def test_a_view_and_a_plain_path_are_read_too(shop: Path) -> None:
    assert list(read_table(f"sqlite:///{shop}#adults").columns) == ["id", "zip"]
    assert len(read_table(f"{shop}#people")) == 3
    assert len(read_table(Path(f"{shop}#people"))) == 3


def test_a_query_gives_its_rows(shop: Path) -> None:
    query = (
        "WITH some AS (SELECT * FROM people WHERE id < 3) SELECT zip, id * 2 AS twice FROM some;"
    )
    table = read_table(f"sqlite:///{shop}#{query}")
    assert table.to_dict("list") == {"zip": ["01234", "99"], "twice": [2, 4]}


def test_percent_signs_colons_and_hashes_mean_what_they_say(shop: Path) -> None:
    query = "SELECT id, '100% :a #1' AS t FROM people WHERE zip LIKE '%9' OR zip = '#;'"
    assert read_table(f"{shop}#{query}").to_dict("list") == {"id": [2], "t": ["100% :a #1"]}


def test_a_database_of_one_table_needs_no_name(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE only_one AS SELECT 1 AS a")
    connection.close()
    assert read_table(str(path)).to_dict("list") == {"a": [1]}


def test_what_cannot_be_read_of_sqlite_is_told(shop: Path, tmp_path: Path) -> None:
    assert "4 tables, and the address names none" in refused(f"sqlite:///{shop}")
    assert "adults, empty, orders, people" in refused(f"sqlite:///{shop}")
    assert "Did you mean 'people'?" in refused(f"sqlite:///{shop}#poeple")
    assert "no such column: nix" in refused(f"{shop}#SELECT nix FROM people")
    assert "no rows" in refused(f"{shop}#empty")
    assert "no rows" in refused(f"{shop}#SELECT * FROM people WHERE id > 9")
    assert "two columns are named 'id'" in refused(f"{shop}#SELECT id, id FROM people")
    assert "there is no such file" in refused(f"sqlite:///{tmp_path}/no.db#people")
    assert not (tmp_path / "no.db").exists()
    (tmp_path / "text.db").write_text("this is no database of any kind, only a text")
    assert "not a database" in refused(f"{tmp_path}/text.db#people")
    assert "in memory" in refused("sqlite://#people")


def test_no_parameter_of_an_address_lets_sqlite_write(shop: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    assert "unable to open" in refused(f"sqlite:///file:{new}?mode=rwc&uri=true#people")
    assert not new.exists()
    assert len(read_table(f"sqlite:///file:{shop}?uri=true#people")) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM people",
        "DROP TABLE people",
        "SELECT 1; DELETE FROM people",
        "SELECT 1 /* ; */; DELETE FROM people",
        "WITH some AS (SELECT 1) DELETE FROM people",
        "SELECT * FROM people WHERE zip = (DELETE FROM people)",
    ],
)
def test_nothing_but_a_query_is_sent(shop: Path, statement: str) -> None:
    before = shop.read_bytes()
    refused(f"sqlite:///{shop}#{statement}")
    assert shop.read_bytes() == before
    assert len(read_table(f"{shop}#people")) == 3


def test_the_types_of_a_column_are_those_of_all_its_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trialbook.tables.databases._sqlalchemy.BATCH_ROWS", 2)
    path = tmp_path / "mixed.db"
    cells = [
        (None, 1, 1, 1, "1970-01-01"),
        (None, 2, 0, 2, "1970-01-02"),
        (7, 0.5, 1, "x", "soon"),
        (8, 3, 1, 4, None),
        (9, 4, 2, 2.5, "1970-01-03"),
    ]
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (late, number, flag BOOLEAN, mixed, day DATE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", cells)
    connection.close()
    whole = read_table(str(path))
    assert whole["late"].tolist()[2:] == [7, 8, 9]
    assert whole["number"].tolist() == [1, 2, 0.5, 3, 4]
    assert whole["flag"].tolist() == [1, 0, 1, 1, 2]
    assert whole["mixed"].tolist() == ["1", "2", "x", "4", "2.5"]
    assert storage_of(whole["day"]) == Storage.STRING
    big = open_big(str(path))
    assert big is not None
    pd.testing.assert_frame_equal(big.read(), whole)
    some = big.read(["mixed"], np.array([False, True, True, False, False]))
    assert some["mixed"].tolist() == ["2", "x"]


def test_a_table_that_does_not_fit_into_memory_is_refused_or_put_aside(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trialbook.tables.plain._batches.free_memory", lambda: 100)
    assert "does not fit into memory" in refused(f"{shop}#people")
    big = open_big(f"{shop}#people")
    assert big is not None
    assert (big.n_rows, big.names[:2]) == (3, ["id", "zip"])
    assert big.folder is not None
    folder = big.folder.path
    assert folder.is_dir()
    del big
    assert not folder.exists()


# -- PostgreSQL ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sales(postgres):
    address = postgres.database("sales")
    postgres.run(
        """CREATE TABLE people (
            id BIGINT, zip TEXT, price NUMERIC(8, 2), whole NUMERIC(8, 0), ratio REAL,
            born DATE, seen TIMESTAMP, zoned TIMESTAMPTZ, member BOOLEAN, tags TEXT[],
            extra JSONB, key UUID, address INET, wait INTERVAL, at TIME, scan BYTEA
        )""",
        """INSERT INTO people VALUES
            (1, '01234', 2.50, 7, 0.5, '1970-03-05', '2021-01-02 10:00', '2021-01-02 10:00+02',
             true, '{a,b}', '{"a": 1}', '11111111-1111-1111-1111-111111111111', '10.0.0.1',
             '90 seconds', '10:30', 'x'),
            (2, '99', 'NaN', 8, 1.5, 'infinity', '-infinity', 'infinity',
             NULL, '{}', '[]', NULL, NULL, NULL, NULL, NULL)""",
        "CREATE SCHEMA north",
        "CREATE TABLE north.orders AS SELECT 1 AS id",
        "CREATE SCHEMA south",
        "CREATE TABLE south.orders AS SELECT 2 AS id",
        'CREATE TABLE south."Odd.Name" AS SELECT 3 AS id',
        "CREATE MATERIALIZED VIEW summary AS SELECT count(*) AS n FROM people",
        "DROP USER IF EXISTS guest",
        f"CREATE USER guest PASSWORD '{postgres.password}'",
        database="sales",
    )
    return address


def test_a_table_of_postgresql_comes_typed(sales: str) -> None:
    table = read_table(f"{sales}#people")
    kinds = {name: storage_of(table[name]).value for name in table.columns}
    assert kinds == {
        **dict.fromkeys(("id", "price", "whole", "ratio", "wait"), "number"),
        **dict.fromkeys(("zip", "key", "address", "at"), "string"),
        **dict.fromkeys(("born", "seen", "zoned"), "datetime"),
        "member": "bool",
        **dict.fromkeys(("tags", "extra", "scan"), "nested"),
    }
    first = table.iloc[0]
    assert (first["zip"], first["price"], first["wait"]) == ("01234", 2.5, 90.0)
    assert table["whole"].dtype == np.int64
    assert first["zoned"] == pd.Timestamp("2021-01-02 08:00")
    assert first["at"] == "10:30:00"
    assert table.iloc[1][["price", "born", "seen", "zoned"]].isna().all()


def test_a_table_is_found_in_whichever_schema_it_is(sales: str) -> None:
    assert read_table(f"{sales}#north.orders").to_dict("list") == {"id": [1]}
    assert read_table(f"{sales}#public.people")["id"].tolist() == [1, 2]
    assert read_table(f'{sales}#south."Odd.Name"').to_dict("list") == {"id": [3]}
    assert read_table(f"{sales}#Odd.Name").to_dict("list") == {"id": [3]}
    assert read_table(f"{sales}#summary").to_dict("list") == {"n": [2]}
    assert "Name the schema, too: north.orders or south.orders" in refused(f"{sales}#orders")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_reads_with_psycopg_3(sales: str, scheme: str) -> None:
    address = sales.replace("postgresql", scheme, 1)
    query = "SELECT id::text AS id, zip LIKE '%9' AS nine FROM people ORDER BY people.id"
    assert read_table(f"{address}#{query}").to_dict("list") == {
        "id": ["1", "2"],
        "nine": [False, True],
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people SET id = 0",
        "WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone",
        "SELECT 1; COMMIT; DELETE FROM people",
        "SELECT setval('counter', 5)",
        "SELECT * INTO copied FROM people",
        "SELECT $$ ' $$ AS a; DELETE FROM people",
    ],
)
def test_nothing_is_changed_in_postgresql(sales: str, statement: str) -> None:
    refused(f"{sales}#{statement}")
    assert len(read_table(f"{sales}#people")) == 2


def test_what_cannot_be_read_of_postgresql_is_told_without_the_password(
    sales: str, postgres
) -> None:
    guest = postgres.url("sales", user="guest")
    wrong = sales.replace(postgres.password, "no-S3cret")
    messages = {
        "does not exist": f"{sales}#SELECT nix FROM people",
        "Did you mean 'people'?": f"{sales}#peopel",
        "may not be read": f"{guest}#people",
        "password authentication failed": f"{wrong}#people",
        'database "no" does not exist': f"{postgres.url('no')}#people",
        "names none": sales,
    }
    for part, address in messages.items():
        message = refused(address)
        assert part in message
        assert "S3cret" not in message
        assert "Traceback" not in message
        assert "\n" not in message


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    message = refused("postgresql://ada:S3cret@127.0.0.1:1/shop#people")
    assert "cannot be opened" in message
    assert "postgresql://ada:***@127.0.0.1:1/shop#people" in message
    assert "S3cret" not in message


@pytest.mark.parametrize(
    "address", ["postgresql://a:S3cret#x@h/d#t", "postgresql://a:S3cret@h:x1/d#t"]
)
def test_an_address_that_is_none_is_refused_without_the_password(address: str) -> None:
    message = refused(address)
    assert "not the address of a database" in message
    assert "S3cret" not in message


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'trialbook[postgres]'" in refused("postgresql://a@h/d#t")
    assert "pip install 'snowflake-sqlalchemy'" in refused("snowflake://a@h/d#t")


def test_of_a_query_larger_than_memory_a_sample_is_trained_on(tmp_path: Path) -> None:
    rows = "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 3000)"
    with sqlite3.connect(tmp_path / "big.db") as connection:
        connection.execute(f"CREATE TABLE t AS {rows} SELECT i % 97 AS a, i % 2 AS y FROM r")
    connection.close()
    job = Job(data=f"{tmp_path}/big.db#t", target="y")
    prepared = prepare(job, memory=100_000)
    check = next(one for one in prepared.guardrails if one.name == "Sampling")
    assert check.verdict == "fixed"
    assert "the table has 3,000" in check.finding
    assert len(prepared.train) < 1500
    assert len(prepare(job).train) == 3000
