"""Tables that are no files here: each trains, predicts and tests; no password is written."""

import sqlite3

import pandas as pd
import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

ONE_TRIAL = ("--max-trials", "1", "--allow", "decision_tree", "--no-voting", "--no-stacking")
COLUMNS = "age DOUBLE PRECISION, city TEXT, joined DATE, member BOOLEAN, churn TEXT"


@pytest.fixture
def rows(make_customers):
    """Rows of customers as a database keeps them."""

    def make(n_rows, seed):
        frame = make_customers(n_rows, seed)[["age", "city", "joined", "member", "churn"]]
        frame = frame.astype(object).where(frame.notna(), None)
        return [(*row[:3], row[3] == "true", row[4]) for row in frame.itertuples(index=False)]

    return make


@pytest.fixture
def people(rows):
    return rows(150, 0)


@pytest.fixture
def new(rows):
    return rows(20, 1)


def fill(execute, people, new, sign):
    """Make the tables `people` and `new` by way of a database's own driver."""
    for name, data in (("people", people), ("new", new)):
        execute(f"CREATE TABLE {name} ({COLUMNS})")
        for row in data:
            execute(f"INSERT INTO {name} VALUES ({', '.join([sign] * len(row))})", row)


@pytest.fixture
def sqlite(folder, people, new):
    with sqlite3.connect(folder / "shop.db") as connection:
        fill(connection.execute, people, new, "?")
    connection.close()
    return "sqlite:///shop.db#{}"


@pytest.fixture
def duck(folder, people, new):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with duckdb.connect("shop.duckdb") as connection:
        fill(connection.execute, people, new, "?")
    return "shop.duckdb#{}"


@pytest.fixture
def server(postgres, people, new):
    import psycopg

    address = postgres.database("acceptance")
    with psycopg.connect(address) as connection:
        fill(connection.execute, people, new, "%s")
    return address + "#{}"


@pytest.fixture
def store(people, new):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    system = fsspec.filesystem("memory")
    for name, data in (("people", people), ("new", new)):
        frame = pd.DataFrame(data, columns=["age", "city", "joined", "member", "churn"])
        system.pipe_file(f"/shop/{name}", frame.to_csv(index=False).encode())
        system.mv(f"/shop/{name}", f"/shop/{name}.csv")
    yield "memory://shop/{}.csv"
    system.rm("/shop", recursive=True)


@pytest.mark.parametrize("kind", ["sqlite", "duck", "server", "store"])
def test_an_experiment_is_trained_on_a_table_that_is_no_file_here(kind, request, run, folder):
    address = request.getfixturevalue(kind)
    people, new = address.format("people"), address.format("new")
    trained = run("train", people, "--target", "churn", "--test", new, *ONE_TRIAL, "--json")
    assert trained.code == 0, trained.err
    assert trained.document["experiment"] == "people"
    plain = run("predict", new)
    assert plain.out.splitlines()[0] == "prediction"
    predicted = run("predict", new, "--json").document
    assert [row["prediction"] for row in predicted] == plain.out.split()[1:]
    assert len(predicted) == 20
    tested = run("test", new, "--json").document
    assert tested["metrics"]["roc_auc"] == pytest.approx(trained.document["test"]["roc_auc"])
    assert run("profile", people, "--target", "churn", "--json").code == 0
    assert run("tables", "upload", people, "--name", "kept").code == 0
    again = run("train", "kept", "--target", "churn", "--validation", new, *ONE_TRIAL, "--json")
    assert again.code == 0, again.err


def test_no_password_of_any_table_is_written_and_resume_needs_none(server, postgres, run, folder):
    people, new = server.format("people"), server.format("new")
    query = server.format("SELECT * FROM people WHERE age IS NOT NULL")
    tables = ("--validation", new, "--test", query)
    outcomes = [
        run("train", people, "--target", "churn", *tables, *ONE_TRIAL, "--json"),
        run("train", people, "--target", "churn", "--name", "plain", *ONE_TRIAL),
        run("resume", "--name", "people", "--max-trials", "2"),
        run("show", "--json"),
        run("train", people, "--target", "churn", *tables, "--dry-run"),
        run("train", people, "--target", "churn", *tables, "--dry-run", "--json"),
        run("guardrails", people, "--target", "churn", "--json"),
        run("predict", query),
        run("profile", people, "--html", "profile.html"),
        run("tables", "upload", people),
    ]
    for outcome in outcomes:
        assert outcome.code == 0, outcome.err
    outcomes += [
        run("predict", server.format("people where")),
        run("train", server.format("nothing"), "--target", "churn"),
        run("train", people, "--target", "chrun"),
        run("train", people, "--target", "churn", "--validation", server.format("SELECT 1 AS a")),
        run("test", server.format("SELECT age FROM people")),
    ]
    for outcome in outcomes[-5:]:
        assert outcome.code == 2, outcome
        assert outcome.error
    for outcome in outcomes:
        assert postgres.password not in outcome.out + outcome.err
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 30
    secret = postgres.password.encode()
    assert [path for path in files if secret in path.read_bytes()] == []
    assert any(b"postgresql://ada:***@127.0.0.1" in path.read_bytes() for path in files)
