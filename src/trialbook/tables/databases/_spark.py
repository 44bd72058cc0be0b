"""Tables of Spark's catalogue, which may be Hive's, and data frames of Spark's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from trialbook.addresses import SPARK, is_query, place_of
from trialbook.errors import DataError, nearest
from trialbook.memory import free_memory
from trialbook.tables.databases._queries import single_query
from trialbook.tables.plain import (
    BATCH_ROWS,
    COPIES,
    Asked,
    Note,
    ParquetTable,
    gather,
    plain,
    spool,
)

Result = TypeVar("Result")

# So many rows tell what one takes.
SAMPLE_ROWS = 1000
# Spark keeps what it sends, in its own memory, beside what arrives.
SPARK_COPIES = COPIES + 1
# A session that is made here serves one program on one machine: no page, no progress among the
# lines of others, and no talk. Whatever the user's configuration says comes before it.
OWN_SESSION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.shuffle.partitions": "8",
}
LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
# What a configuration holds that names a metastore.
_METASTORE = ("catalogImplementation", "javax.jdo.option", "hive.metastore")
# Where Hive's embedded metastore is, unless it is told otherwise: in the folder that one works in.
_EMBEDDED = "metastore_db"


def claims(asked: Asked) -> bool:
    """Whether it is a table or query of Spark's, such as ``spark:sales.orders``."""
    return asked.address[: len(SPARK)].lower() == SPARK


def is_spark(source: object) -> bool:
    """Whether it is a data frame of Spark's, or a pandas one on Spark."""
    return type(source).__module__.split(".")[0] == "pyspark" and hasattr(source, "columns")


def read(asked: Asked) -> pd.DataFrame:
    """Read a table, or what a query gives; see `read_table`."""
    place = place_of(asked.address)
    return _guarded(lambda: _whole(_frame(asked.address, place), place), place)


def open_big(asked: Asked) -> ParquetTable:
    """Bring a table over, or as many of its rows as fit into memory."""
    place = place_of(asked.address)
    return _guarded(lambda: _part(_frame(asked.address, place), place, asked.notes), place)


def read_frame(source: object) -> pd.DataFrame:
    """Read a data frame of Spark's as a whole."""
    place = "the Spark table"
    return _guarded(lambda: _whole(_plain_frame(source), place), place)


def open_big_frame(source: object, notes: list[Note]) -> ParquetTable:
    """Bring a data frame over, or as many of its rows as fit into memory."""
    place = "the Spark table"
    return _guarded(lambda: _part(_plain_frame(source), place, notes), place)


# -- rows ------------------------------------------------------------------------------------


def _plain_frame(source: Any) -> Any:
    return source.to_spark() if hasattr(source, "to_spark") else source


def _whole(frame: Any, place: str) -> pd.DataFrame:
    n_rows, fitting = _sizes(frame)
    if n_rows > fitting:
        raise DataError(
            f"the table does not fit into memory: {fitting:,} of its {n_rows:,} rows would",
            place=place,
            remedy="Ask for fewer rows or columns with a query.",
        )
    return gather(_batches(frame, place), place=place)


def _part(frame: Any, place: str, notes: list[Note]) -> ParquetTable:
    n_rows, fitting = _sizes(frame)
    if n_rows > fitting:
        drawn = frame.sample(fraction=fitting / n_rows, seed=0)
        table = spool(_batches(drawn, place), place=place)
        finding = f"the table has {n_rows:,} rows, more than fit into memory while it is fetched"
        notes.append(Note(finding, f"{table.n_rows:,} of them were drawn at random"))
        return table
    return spool(_batches(frame, place), place=place)


def _sizes(frame: Any) -> tuple[int, int]:
    """How many rows a table has, and how many of them fit into memory."""
    first = frame.limit(SAMPLE_ROWS).toArrow()
    if len(first) < SAMPLE_ROWS:
        return len(first), len(first)
    row_bytes = max(1.0, first.nbytes / len(first))
    return int(frame.count()), int(free_memory() / (SPARK_COPIES * row_bytes))


def _batches(frame: Any, place: str) -> Iterator[pa.RecordBatch]:
    for batch in frame.toArrow().to_batches(max_chunksize=BATCH_ROWS):
        yield plain(batch, place=place)


# -- what is asked for -----------------------------------------------------------------------


def _frame(address: str, place: str) -> Any:
    """The data frame that an address means."""
    asked = address[len(SPARK) :].strip()
    session = _session(place)
    if is_query(asked):
        # In brackets nothing but a query is allowed, and so nothing is changed.
        return session.sql(f"SELECT * FROM (\n{single_query(asked, place=place)}\n)")
    if not asked or not session.catalog.tableExists(asked):
        raise _no_table(session, asked, place)
    return session.table(asked)


def _no_table(session: Any, asked: str, place: str) -> DataError:
    database, _, name = asked.rpartition(".")
    databases = [one.name for one in session.catalog.listDatabases()]
    if database and database not in databases and "." not in database:
        return DataError(
            f"there is no database '{database}'",
            place=place,
            remedy=nearest(database, databases),
        )
    known = [one.name for one in session.catalog.listTables(database or None)]
    here = database or session.catalog.currentDatabase()
    if not known:
        remedy = f"The database '{here}' has no tables. Known databases: {', '.join(databases)}."
    elif name:
        remedy = nearest(name, known)
    else:
        remedy = f"Name one, such as spark:{here}.{known[0]}."
    cause = f"there is no table '{name}' in '{here}'" if name else "the address names no table"
    return DataError(cause, place=place, remedy=remedy)


# -- the session -----------------------------------------------------------------------------


def _session(place: str) -> Any:
    """The session that is active, or one that is made as the user's configuration says."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise DataError(
            "Spark is not installed",
            place=place,
            remedy="Install it: pip install 'trialbook[spark]'. It needs Java, too.",
        ) from None
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    configuration = _configuration()
    settings = OWN_SESSION
    if "spark.master" not in configuration and not os.environ.get("SPARK_REMOTE"):
        settings = OWN_SESSION | LOCAL
    builder = SparkSession.builder.appName("trialbook")
    for name, value in settings.items():
        if name not in configuration:
            builder = builder.config(name, value)
    if any(word in configuration for word in _METASTORE) or Path(_EMBEDDED).is_dir():
        builder = builder.enableHiveSupport()
    return builder.getOrCreate()


def _configuration() -> str:
    """All that the user's files and variables say of Spark and Hive."""
    texts = [os.environ.get("PYSPARK_SUBMIT_ARGS", "")]
    homes = [os.environ.get(name) for name in ("SPARK_CONF_DIR", "HIVE_CONF_DIR")]
    if os.environ.get("SPARK_HOME"):
        homes.append(os.path.join(os.environ["SPARK_HOME"], "conf"))
    for home in filter(None, homes):
        for name in ("spark-defaults.conf", "hive-site.xml"):
            path = Path(home, name)
            if path.is_file():
                texts.append(path.read_text("utf-8", errors="replace"))
    return "\n".join(texts)


# -- what can go wrong -----------------------------------------------------------------------


def _guarded(work: Callable[[], Result], place: str) -> Result:
    """Do something with Spark, and say it plainly if it fails."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError:
        return work()  # which says that it is missing
    try:
        return work()
    except (PySparkException, Py4JError) as error:
        raise _failure(error, place) from None


def _failure(error: Exception, place: str) -> DataError:
    text = str(error)
    if "JAVA_GATEWAY_EXITED" in text:
        return DataError(
            "Spark cannot start, for it finds no Java",
            place=place,
            remedy="Install Java 17 or newer, and name its folder in JAVA_HOME.",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next((one for one in lines if one.startswith("[")), lines[0] if lines else "")
    return DataError(
        f"Spark cannot read it: {line.partition(' SQLSTATE:')[0].rstrip('. ')}",
        place=place,
        remedy="Check the names, and try it in Spark's own shell.",
    )
