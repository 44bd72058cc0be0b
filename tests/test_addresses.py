"""Addresses: their parts, what they are called, and that none of them shows a password."""

from __future__ import annotations

import pytest

from trialbook.addresses import (
    hide_password,
    is_query,
    place_of,
    scheme_of,
    split_fragment,
    title_of,
)
from trialbook.job import Job


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("data/bank.csv.gz", "bank"),
        ("parts/bank/*.parquet", "bank"),
        ("folder/part#1.csv", "part#1"),
        ("sqlite:///folder/shop.db#people", "people"),
        ("sqlite:///folder/shop.db", "shop"),
        ("postgresql://ada:secret@host:5432/shop#sales.orders", "orders"),
        ("postgresql://ada@host/shop#SELECT a, b FROM t", "shop"),
        ("postgresql://ada:secret@host:5432", "host"),
        ("shop.duckdb#'my table'", "my table"),
        ("shop.duckdb#with a as (select 1) select * from a", "shop"),
        ("shop.sqlite", "shop"),
        ("spark:sales.orders", "orders"),
        ("spark:SELECT * FROM sales.orders", "spark"),
        ("s3://bucket/folder/bank.csv.gz", "bank"),
        ("s3://bucket", "bucket"),
        ("https://host/bank.csv?token=abc", "bank"),
        ("file:///folder/my%20bank.csv", "my bank"),
    ],
)
def test_an_experiment_is_named_after_its_table_else_its_database(address: str, title: str):
    assert title_of(address) == title
    assert Job(data=address, target="y").experiment_name == title


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ada:secret@db:5432/shop#t", "postgresql://ada:***@db:5432/shop#t"),
        ("postgresql://ada:se/cret@db/shop", "postgresql://ada:***@db/shop"),
        ("postgresql://ada:se#cret@db/shop#t", "postgresql://ada:***@db/shop#t"),
        ("postgresql://ada:sec@ret@db/shop", "postgresql://ada:***@db/shop"),
        ("postgresql://:secret@db/shop", "postgresql://:***@db/shop"),
        (
            "postgresql:///shop?user=ada&password=secret",
            "postgresql:///shop?user=ada&password=***",
        ),
        (
            "https://host/t.csv?v=1&X-Amz-Signature=secret",
            "https://host/t.csv?v=1&X-Amz-Signature=***",
        ),
        ("https://x.blob/t.csv?sv=2&sig=secret", "https://x.blob/t.csv?sv=2&sig=***"),
        ("https://secret@host/t.csv", "https://***@host/t.csv"),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Dada%3BPWD%3Dsecret#t",
            "mssql+pyodbc:///?odbc_connect=***#t",
        ),
    ],
)
def test_passwords_and_keys_are_not_shown(address: str, shown: str):
    assert hide_password(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada@db:5432/shop#SELECT a FROM t WHERE mail LIKE '%@x'",
        "postgresql://db:5432/shop#SELECT a FROM t WHERE mail = 'a:b@x'",
        "sqlite:////folder/a:b@c.db#t",
        "https://host:8080/bank.csv?version=1",
        "data/a:b@c.csv",
        r"C:\data\bank.csv",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(address: str):
    assert hide_password(address) == address


def test_a_long_query_is_cut_short_in_messages_only():
    query = f"SELECT {', '.join(f'column_{i}' for i in range(50))}\nFROM t"
    address = f"postgresql://ada:secret@db/shop#{query}"
    shown = place_of(address)
    assert shown.startswith("postgresql://ada:***@db/shop#SELECT column_0, ")
    assert shown.endswith("...")
    assert "\n" not in shown
    assert query in hide_password(address)


def test_parts_of_an_address():
    assert scheme_of("S3://bucket/x.csv") == "s3"
    assert scheme_of(r"C://data") is None
    assert scheme_of("data/x.csv") is None
    assert split_fragment("sqlite:///x.db#a#b") == ("sqlite:///x.db", "a#b")
    assert split_fragment("sqlite:///x.db# ") == ("sqlite:///x.db", None)


@pytest.mark.parametrize(
    ("fragment", "query"),
    [
        ("SELECT 1", True),
        ("  (select 1)", True),
        ("-- all of it\nSELECT*FROM t", True),
        ("/* all */ WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("selections", False),
        ("select.orders", False),
        ("with", False),
        ("DELETE FROM t", False),
        ("/* 2 * 3 */ /* **/ select 1", True),
        ("/**/" * 40 + "x", False),  # does not take for ever
    ],
)
def test_a_query_is_told_from_a_name(fragment: str, query: bool):
    assert is_query(fragment) is query


def test_what_a_job_tells_holds_no_password_of_any_of_its_tables():
    address = "postgresql://ada:secret@db/shop#{}"
    tables = {name: address.format(name) for name in ("data", "validation", "test")}
    job = Job(target="y", **tables)
    assert "secret" not in str(job.told())
    assert job.told()["test"] == "postgresql://ada:***@db/shop#test"
    assert job.place == "postgresql://ada:***@db/shop#data"
