"""Spark: tables of a Hive metastore and data frames, in a session on this machine.

`make test-spark` installs PySpark and runs this.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import trialbook as tb
from trialbook.errors import DataError
from trialbook.tables import Storage, open_big, read_table, storage_of

pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
# A session takes ten seconds to start on an idle machine, and minutes on a busy one.
LONGEST_S = 600
pytestmark = pytest.mark.timeout(2 * LONGEST_S)

CONFIGURATION = """
spark.ui.enabled false
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.master local[2]
spark.driver.memory 1g
spark.sql.shuffle.partitions 2
spark.sql.catalogImplementation hive
spark.sql.warehouse.dir {folder}/warehouse
spark.hadoop.javax.jdo.option.ConnectionURL jdbc:derby:;databaseName={folder}/metastore;create=true
spark.driver.extraJavaOptions -Dderby.system.home={folder}
"""
PEOPLE = """
    SELECT id, CASE WHEN id % 3 = 0 THEN 'north' ELSE 'south' END AS region,
           CAST(id % 50 + 18 AS INT) AS age, CAST(id AS DECIMAL(8, 2)) / 4 AS price,
           DATE '2021-01-01' AS joined, TIMESTAMP '2021-01-01 10:00:00' AS seen,
           id % 2 = 0 AS member, array('a') AS tags, lpad(CAST(id AS STRING), 5, '0') AS zip,
           CASE WHEN id % 50 > 25 THEN 'yes' ELSE 'no' END AS bought
    FROM range(0, 120)
"""
# A session that saves tables, and ends before another one may open the metastore.
SAVE = f"""
from pyspark.sql import SparkSession
session = SparkSession.builder.getOrCreate()
session.sql("CREATE DATABASE sales")
session.sql({PEOPLE!r}).write.partitionBy("region").saveAsTable("sales.people")
session.sql("SELECT id, age, region FROM sales.people LIMIT 5").write.saveAsTable("sales.new")
session.stop()
"""
TRAIN = """
import sys
from trialbook.cli import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def metastore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an embedded Hive metastore, which Spark's configuration names."""
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(CONFIGURATION.format(folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.chdir(folder)
        run(SAVE)
        yield folder


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_experiment_is_trained_on_a_table_of_hive(metastore: Path) -> None:
    source = Path(tb.__file__).parents[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(source), prepend=os.pathsep)
        workspace = metastore / "workspace"
        run(
            TRAIN,
            *("train", "spark:sales.people", "--target", "bought", "--max-trials", "1"),
            *("--allow", "decision_tree", "--no-voting", "--no-stacking"),
            *("--workspace", str(workspace)),
        )
    experiment = tb.open(workspace)
    assert experiment.name == "people"
    assert experiment.best.score > 0.9


@pytest.fixture(scope="module")
def session(metastore: Path) -> Iterator[object]:
    from pyspark.sql import SparkSession

    made = SparkSession.builder.getOrCreate()
    yield made
    made.stop()


def refused(address: str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(address)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_table_of_spark_comes_typed(session: object) -> None:
    table = read_table("spark:sales.people")
    kinds = {name: storage_of(table[name]) for name in table.columns}
    assert kinds == {
        **dict.fromkeys(("id", "age", "price"), Storage.NUMBER),
        **dict.fromkeys(("region", "zip", "bought"), Storage.STRING),
        **dict.fromkeys(("joined", "seen"), Storage.DATETIME),
        "member": Storage.BOOL,
        "tags": Storage.NESTED,
    }
    assert sorted(table["id"]) == list(range(120))
    assert set(table["zip"].str.len()) == {5}


def test_a_model_predicts_a_table_of_spark(metastore: Path, session: object) -> None:
    experiment = tb.open(metastore / "workspace")
    assert len(experiment.predict("spark:sales.people")) == 120


def test_queries_and_data_frames_are_read(session) -> None:
    query = (
        "WITH old AS (SELECT * FROM sales.people WHERE age > 60) SELECT count(*) AS n FROM old;"
    )
    assert read_table(f"spark:{query} -- all")["n"].tolist() == [14]
    frame = session.sql("SELECT id, zip FROM sales.people WHERE id < 3 ORDER BY id")
    expected = {"id": [0, 1, 2], "zip": ["00000", "00001", "00002"]}
    assert read_table(frame).to_dict("list") == expected
    big = open_big(frame)
    assert big is not None
    assert big.read().to_dict("list") == expected


def test_nothing_is_changed(session) -> None:
    for statement in (
        "DELETE FROM sales.people",
        "DROP TABLE sales.people",
        "WITH a AS (SELECT 1) INSERT INTO sales.new SELECT 1, 1, 'x'",
        "SELECT 1; DROP TABLE sales.people",
    ):
        refused(f"spark:{statement}")
    assert session.table("sales.new").count() == 5


def test_what_cannot_be_read_is_told(session: object) -> None:
    assert "Did you mean 'people'?" in refused("spark:sales.poeple")
    assert "Did you mean 'sales'?" in refused("spark:sale.people")
    assert "nix" in refused("spark:SELECT nix FROM sales.people")
    assert "Known databases: default, sales" in refused("spark:")


def test_of_a_table_that_does_not_fit_into_memory_some_rows_are_drawn(
    session, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = session.range(5000)
    monkeypatch.setattr("trialbook.tables.databases._spark.free_memory", lambda: 4 * 8 * 2000)
    notes = []
    big = open_big(frame, notes=notes)
    assert big is not None
    assert 1500 < big.n_rows < 2500
    assert "the table has 5,000 rows" in notes[0].finding
    assert f"{big.n_rows:,} of them" in notes[0].action
    with pytest.raises(DataError, match="does not fit into memory: 2,000 of its 5,000 rows"):
        read_table(frame)


def test_a_pandas_table_on_spark_is_read(session) -> None:
    frame = session.range(4).toDF("n").pandas_api()
    pd.testing.assert_frame_equal(read_table(frame), pd.DataFrame({"n": range(4)}))
