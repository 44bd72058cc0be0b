"""Databases and Spark: a table of theirs, or what a query gives."""

from __future__ import annotations

from typing import Final

from trialbook.tables.databases import _duckdb, _spark, _sqlalchemy
from trialbook.tables.databases._batched import batched
from trialbook.tables.databases._spark import is_spark, open_big_frame, read_frame
from trialbook.tables.plain import Kind

__all__ = ["DATABASE", "DUCKDB", "SPARK", "is_spark", "open_big_frame", "read_frame"]

SPARK: Final = Kind("Spark", _spark.claims, _spark.read, _spark.open_big)
DUCKDB: Final = batched("DuckDB", _duckdb.claims, _duckdb.batches)
DATABASE: Final = batched("database", _sqlalchemy.claims, _sqlalchemy.batches)
