import ast
import io
import warnings
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.data import Guardrail
from trialbook.data._schema import Schema
from trialbook.data._types import detect
from trialbook.program._code import Code
from trialbook.program._exploration import exploration_program
from trialbook.program._notebook import to_notebook

GUARDRAILS = (
    Guardrail("Class balance", "passed", "even", ""),
    Guardrail("Missing values", "alerted", "a|b is *empty*", "look at it", ("a|b",), (3, 17)),
)


def schema_of(frame, target, task="classification", overrides=None):
    classes = tuple(sorted(frame[target].unique().tolist())) if task == "classification" else ()
    columns = detect(frame.drop(columns=target), overrides=overrides or {})
    positive = 1 if len(classes) == 2 else None
    return Schema(task, target, classes, positive, columns)


def program_of(
    frame, target="y", task="classification", data="data.parquet", overrides=None, first_rows=None
):
    return exploration_program(
        title="a table",
        schema=schema_of(frame, target, task, overrides),
        guardrails=GUARDRAILS,
        data=data,
        n_rows=len(frame),
        task=task,
        first_rows=first_rows,
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

    def run_program(frame, target="y", task="classification", overrides=None, first_rows=None):
        schema = schema_of(frame, target, task, overrides)
        stored = frame[[*schema.names, target]].assign(__fold_0=np.int8(1), __fold_1=np.int8(0))
        stored.to_parquet("data.parquet")
        program = program_of(frame, target, task, overrides=overrides, first_rows=first_rows)
        namespace = {}
        with warnings.catch_warnings(), matplotlib.rc_context():
            warnings.simplefilter("error")
            exec(compile(program, "explore.py", "exec"), namespace)
        return SimpleNamespace(**namespace, program=program, titles=titles)

    yield run_program
    plt.close("all")
    pd.reset_option("display.max_rows")
    pd.reset_option("display.max_colwidth")


def every_kind(n=120, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(["no", "yes"], n)
    words = np.array(["river", "stone", "cloud", "paper", "light"])
    flag = rng.choice(np.array([True, False, None], dtype=object), n)
    day = pd.Timestamp("2024-01-31") + pd.to_timedelta(rng.integers(0, 400, n), unit="D")
    return pd.DataFrame(
        {
            "signal": np.where(y == "yes", 1.0, 0.0) + rng.normal(size=n).round(3),
            "noise": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "noise, shifted": rng.normal(size=n),
            "few": rng.integers(0, 4, n),
            "flag": flag,
            "colour": rng.choice(["red", "green", "$blue$", np.nan], n).astype(object),
            "day": day,
            "written day": day.strftime("%d/%m/%Y").to_numpy(dtype=object),
            "story": [" ".join(rng.choice(words, rng.integers(4, 12))) for _ in range(n)],
            "y": y,
        }
    )


def test_every_kind_of_column_has_its_section(run):
    ran = run(every_kind())
    for heading in (
        "# # a table: a first look at the data",
        "# ## Checks of the data",
        "# ## Columns",
        "# ## Missing values",
        "# ## The target",
        "# ## Which columns go with the target?",
        "# ## Numeric columns",
        "# ## How columns go together",
        "# ## Categorical columns",
        "# ## Dates and times",
        "# ## Texts",
        "# ## The strongest columns, and the target",
    ):
        assert heading in ran.program
    assert not [name for name in ran.table if name.startswith("__fold_")]
    assert ran.association.index[0] == "signal"
    assert ran.association["noise, shifted"] < 0.1 < ran.association["signal"] <= 1
    assert {"signal", "colour", "day: rows over time", "story: words"} <= set(ran.titles)
    assert ran.table["written day"].dtype.kind == "M"
    assert (ran.table["written day"] == ran.table["day"]).all()


def test_the_notebook_says_what_the_profile_says(run):
    frame = every_kind()
    frame.loc[7, "noise, shifted"] = 1e6
    ran, profile = run(frame), tb.profile(frame, "y")
    for column in profile.strongest:
        told = ran.related.loc[column.name]
        assert told["tells of the target"] == pytest.approx(column.association.share, abs=0.02)
    outliers = ran.outliers.loc["noise, shifted"]
    expected = profile["noise, shifted"].numbers.outliers
    assert (outliers["outliers"], outliers["furthest"], outliers["in row"]) == (1, 1e6, 8)
    assert (outliers["below"], outliers["or above"]) == (expected.low, expected.high)
    assert ran.described.loc["flag", "entropy (bits)"] == pytest.approx(
        profile["flag"].levels.entropy
    )
    assert {"day: day of the week", "Share of each class of y, by day"} <= set(ran.titles)


def test_correlations_are_of_all_types(run):
    ran = run(every_kind())
    assert ran.together[0] == "y"
    assert set(ran.pairs["measure"]) == {
        *("rank correlation", "correlation ratio of ranks", "Cramér's V")
    }
    assert ran.pairs["correlation"].abs().max() <= 1
    near = ran.near.iloc[0]
    assert {near["column"], near["other column"]} == {"day", "written day"}


def test_regression_has_the_distribution_of_its_target(run):
    frame = every_kind()
    frame["y"] = frame["few"] * 10.0 + np.arange(len(frame)) / 100
    ran = run(frame, task="regression")
    assert ran.association.index[0] == "few"
    assert "y: all values" in ran.titles
    assert "story: characters" in ran.titles


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    "kept",
    [
        ["signal"],
        ["few"],
        ["flag"],
        ["colour"],
        ["day"],
        ["written day"],
        ["story"],
        ["colour", "flag", "story"],
    ],
    ids="+".join,
)
def test_any_mix_of_kinds_runs(run, kept, task):
    frame = every_kind()[[*kept, "y"]]
    if task == "regression":
        frame["y"] = np.random.default_rng(1).normal(size=len(frame))
    ran = run(frame, task=task)
    assert list(ran.association.index.sort_values()) == sorted(kept)


def test_sections_of_absent_kinds_are_left_out():
    program = program_of(every_kind()[["story", "y"]])
    assert "# ## Texts" in program
    for heading in ("Numeric columns", "Outliers", "Categorical columns", "Dates"):
        assert heading not in program


def test_columns_that_are_nearly_empty_run(run):
    frame = every_kind(60)
    for name in ("signal", "colour", "flag", "day", "story"):
        frame[name] = frame[name].where(np.arange(60) < 2)
    overrides = {"story": "text", "colour": "categorical", "day": "datetime"}
    assert "signal" in run(frame, overrides=overrides).association


def test_a_target_that_is_mostly_zero_still_has_associations(run):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "z": rng.normal(size=400), "y": np.where(x > 1.5, x, 0.0)})
    ran = run(frame, task="regression")
    assert ran.association["x"] > 0.5 > 0.1 > ran.association["z"]


@pytest.mark.parametrize("kind", [int, bool, str])
def test_classes_of_any_type_and_number_run(run, kind):
    frame = every_kind()
    codes = np.arange(len(frame)) % (2 if kind is bool else 45)
    frame["y"] = codes.astype(object if kind is str else kind)
    if kind is str:
        frame["y"] = frame["y"].map("class number {:03}, with a long name".format)
    assert len(run(frame).labels) == (2 if kind is bool else 8)


def test_only_the_strongest_of_many_columns_are_drawn(run):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    frame = pd.DataFrame(rng.normal(size=(80, 150)), columns=[f"x{i}" for i in range(150)])
    frame["x149"] += 3 * y
    frame["y"] = y
    ran = run(frame)
    assert len(ran.numeric_shown) == 30
    assert ran.numeric_shown[0] == "x149"
    assert "# And 50 more columns: 50 numeric." in ran.program


@pytest.mark.slow
def test_three_thousand_columns_run(run):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(100, 3000)).round(1)).add_prefix("x")
    frame["y"] = rng.integers(0, 2, 100)
    assert len(run(frame).association) == 3000


def test_awkward_names_are_kept_apart_from_the_markup(run):
    rng = np.random.default_rng(0)
    names = [
        "a|b",
        'say "x"',
        "it's",
        "$x^",
        "# %% [markdown]",
        "two\nlines",
        "`tick`",
        "_",
        "{x}",
    ]
    frame = pd.DataFrame(rng.normal(size=(50, len(names))), columns=names)
    frame["the\ntarget|"] = rng.integers(0, 2, 50)
    ran = run(frame, target="the\ntarget|")
    assert sorted(ran.association.index) == sorted(names)
    assert "| `a\\|b` | numeric |" in ran.program
    cells = [line for line in ran.program.splitlines() if line.startswith("# %%")]
    assert len(cells) == program_of(frame.add_prefix("x"), "xthe\ntarget|").count("\n# %%") + 1


def test_guardrails_that_need_a_person_come_first():
    program = program_of(every_kind())
    found = "a\\|b is \\*empty\\* (rows 3, 17)"
    row = f"# | Missing values | **alerted** | {found} | look at it |"
    assert program.index(row) < program.index("# | Class balance | **passed** | even |  |")


def test_column_types_come_with_their_evidence_and_why_they_are_not_used():
    frame = every_kind().assign(same=1.0)
    program = program_of(frame)
    assert "| `flag` | boolean | stored as true and false |" in program
    assert "| no: constant |" in program
    assert '"same"' not in program
    assert "120 rows, 9 features (1 more column not used)." in program


def test_data_is_a_path_or_an_expression():
    frame = every_kind()
    assert 'DATA = "../tables/train.parquet"\n' in program_of(
        frame, data="../tables/train.parquet"
    )
    assert "DATA = Path(FOLDER) / NAME\n" in program_of(frame, data=Code("Path(FOLDER) / NAME"))


def test_only_standard_libraries_are_imported():
    imported = set()
    for node in ast.walk(ast.parse(program_of(every_kind()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported == {"matplotlib", "numpy", "pandas"}


def test_program_becomes_a_notebook():
    assert to_notebook(program_of(every_kind()), {}).count('"cell_type": "code"') > 15


def test_of_a_big_table_the_first_rows_are_looked_at(run):
    found = run(every_kind(120), first_rows=90)
    assert len(found.table) == 90
    assert "120 rows" in found.program
    assert "sample of 90" in found.program
