"""The exploration notebook of series: it runs on whatever series there are."""

import ast
import io
import warnings
from types import SimpleNamespace

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from trialbook.data import Guardrail, prepare
from trialbook.job import Job
from trialbook.program import series_exploration_program, to_notebook
from trialbook.program._exploration_series import calendar_parts


def table_of(frequency="D", n_series=3, n_rows=60, period=7):
    """Series with a season; those of higher numbers are larger and shorter."""
    parts = []
    for i in range(n_series):
        place = np.arange(n_rows - 2 * i)
        parts.append(
            pd.DataFrame(
                {
                    "shop": f"shop {i}",
                    "day": pd.date_range("2021-01-01", periods=len(place), freq=frequency),
                    "sales": (i + 1) * (10 + 3 * np.sin(2 * np.pi * place / period)) + place / 9,
                    "open": np.where(place % 5, 1.0, 0.5),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def prepared_of(table, **options):
    asked = {"series": ("shop",), "horizon": 4, **options}
    job = Job(
        data=Job.IN_MEMORY,
        target="sales",
        task="forecasting",
        time_column="day",
        **asked,
    )
    return prepare(job, frame=table)


def program_of(prepared):
    return series_exploration_program(
        title="shops",
        schema=prepared.schema,
        guardrails=(*prepared.guardrails, Guardrail("Gaps", "fixed", "2 gaps", "filled")),
        data="rows.parquet",
        told=prepared.series_told,
        n_rows=len(prepared.train),
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the program of a table as a script; every figure is drawn, every warning an error."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    titles = []

    def show():
        for number in plt.get_fignums():
            figure = plt.figure(number)
            figure.savefig(io.BytesIO(), format="png", dpi=40)
            titles.extend(axes.get_title(loc="left") for axes in figure.axes)
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.chdir(tmp_path)

    def run_program(table, **options):
        prepared = prepared_of(table, **options)
        prepared.train.to_parquet("rows.parquet")
        program, namespace = program_of(prepared), {}
        with warnings.catch_warnings(), matplotlib.rc_context():
            warnings.simplefilter("error")
            exec(compile(program, "explore.py", "exec"), namespace)
        return SimpleNamespace(**{**namespace, "program": program, "titles": titles})

    yield run_program
    plt.close("all")
    pd.reset_option("display.max_rows")
    pd.reset_option("display.max_colwidth")


def test_several_series_have_all_sections(run):
    ran = run(table_of())
    for heading in (
        "# # shops: a first look at the series",
        "# 3 series of days (D), horizon 4, season 7; 174 rows. The target is `sales`.",
        "# | Gaps | **fixed** | 2 gaps | filled |",
        "# ## Series: how many, how long, and when",
        "# ## The series over time",
        "# ## Season",
        "# ## Autocorrelation",
        "# ## Trend, season and what is left",
        "# ## What is known of the future",
    ):
        assert heading in ran.program, heading
    assert ran.described["rows"].to_dict() == {"shop 0": 60, "shop 1": 58, "shop 2": 56}
    assert list(ran.names) == ["shop 2", "shop 1", "shop 0"]  # by their sums
    assert {"sales: the sum of 3 series", "by weekday", "shop 2: remainder"} <= set(ran.titles)
    assert (ran.strengths["season"] > 0.9).all()
    changes = ran.found["changes"].mean(axis=0)
    assert changes[7 - 1] > 0.5 > changes[7 - 4]  # a peak at the season
    assert list(ran.related) == ["open"]


def test_columns_may_be_called_series_and_time(run):
    table = table_of().rename(columns={"open": "time"})
    ran = run(table.assign(series=np.arange(len(table)) % 4))
    assert list(ran.related) == ["time", "series"]


def test_the_top_of_a_hierarchy_is_the_sum(run):
    north = table_of(n_series=2, n_rows=60).assign(region="north")
    both = pd.concat([north, north.assign(region="south")])
    ran = run(both, series=("region", "shop"), hierarchy=("region", "shop"))
    assert "sum of" not in " ".join(ran.titles)
    assert "the first is the sum of all leaves" in ran.program
    top = ran.table[ran.table["unique_id"] == ran.names[0]].set_index("ds")["sales"]
    np.testing.assert_allclose(top, both.groupby("day")["sales"].sum().loc[top.index])


def test_a_table_may_be_one_series(run):
    ran = run(table_of(n_series=1).drop(columns=["shop", "open"]), series=())
    assert len(ran.names) == 1
    assert "sum of" not in " ".join(ran.titles)
    assert "What is known of the future" not in ran.program


@pytest.mark.parametrize(
    ("frequency", "calendar"),
    [
        ("YS", []),
        ("QS-OCT", ["quarter"]),
        ("MS", ["month"]),
        ("W-SUN", ["month"]),
        ("B", ["weekday", "month"]),
        ("D", ["weekday", "month"]),
        ("h", ["hour", "weekday", "month"]),
        ("15min", ["hour", "weekday", "month"]),
    ],
)
def test_a_season_is_looked_for_in_the_parts_of_the_calendar_that_rows_differ_by(
    run, frequency, calendar
):
    assert list(calendar_parts(frequency)) == calendar
    ran = run(table_of(frequency, n_rows=50), horizon=2)
    drawn = [title for title in ran.titles if title.startswith("by ")]
    assert drawn[:1] == [f"by {part}" for part in calendar[:1]]
    assert ("STL" in ran.program) == (frequency not in ("YS", "W-SUN"))


def test_series_that_are_zero_or_never_change_run(run):
    table = table_of()
    table.loc[table["shop"] == "shop 1", "sales"] = 0.0
    table.loc[table["shop"] == "shop 2", "sales"] = 4.0
    ran = run(table)
    assert ran.described.loc["shop 1", "zeros"] == 1
    assert ran.described.loc["shop 2", "std"] == 0


def test_of_many_series_some_are_drawn(run):
    ran = run(table_of(n_series=20))
    assert len(ran.shown) == 12
    assert len(ran.described) == 20


def test_series_that_are_shorter_than_two_seasons_run(run):
    ran = run(table_of("MS", n_series=2, n_rows=16), horizon=2)
    assert ran.long == []


def test_it_needs_no_trialbook():
    imported = set()
    for node in ast.walk(ast.parse(program_of(prepared_of(table_of())))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported == {"matplotlib", "numpy", "pandas", "statsmodels"}


def test_the_notebook_runs_in_a_kernel(tmp_path):
    prepared = prepared_of(table_of())
    prepared.train.to_parquet(tmp_path / "rows.parquet")
    notebook = nbformat.reads(to_notebook(program_of(prepared), {}), as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()
    shown = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(shown) >= 6
