"""What the report says of results, failed ones and late ones among them."""

import pandas as pd
import pytest

from benchmarks import summary
from benchmarks.forecasting.report import build, errors, mark, of_one_machine, write
from benchmarks.forecasting.run import COLUMNS, NUMERIC

SYSTEMS = ("seasonal_naive", "auto_ets", "trialbook", "other")
MASES = {"air": (2.0, 1.0, 1.0, 3.0), "bike": (1.0, 1.5, 0.5, 0.8)}


@pytest.fixture
def rows(row):
    return [
        row(system, task, mase)
        for task, mases in MASES.items()
        for system, mase in zip(SYSTEMS, mases)
    ]


def as_table(rows):
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(**{name: pd.to_numeric(table[name]) for name in NUMERIC})


def compared(rows):
    return summary.compare(mark(as_table(rows)), {name: name for name in SYSTEMS})


def section(text, begins):
    (found,) = (one for one in text.split("### ")[1:] if one.startswith(begins))
    return found


def line(text, begins):
    (found,) = (one for one in text.splitlines() if one.startswith(f"| {begins} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_means_are_geometric_and_wins_are_counted(rows):
    text = build(compared(rows), "1m2c", [])
    ours = line(section(text, "Overall"), "trialbook")
    assert ours[:4] == ["trialbook", "0.70711", "1.25", "0.5"]
    ets = line(section(text, "Overall"), "auto_ets")
    # It ties with ours on one set, and is the worst of the other.
    assert ets[1:6] == ["1.2247", "2.75", "0.86603", "0.57735", "1-1-0"]


def test_a_failed_run_counts_as_seasonal_naive_and_is_in_brackets(rows, row):
    rows[3] = row("other", "air", None)
    table = errors(compared(rows), "mase")
    assert line(table, "air") == ["air", "2", "**1**", "**1**", "(2)"]
    assert line(table, "geometric mean")[-1] == f"{(2 * 0.8) ** 0.5:.5g}"
    text = build(compared(rows), "1m2c", [])
    assert "TimeoutError: ended after 240 s" in section(text, "Failures")


def test_a_run_far_over_its_budget_has_failed_and_one_a_little_over_has_not(rows, row):
    late = {"training_duration": 80.0, "predict_duration": 5.0}
    rows[3] = row("other", "air", 0.1, **late)
    rows[7] = row("other", "bike", 0.1, **late | {"predict_duration": 15.0})
    found = mark(as_table(rows)).set_index(["framework", "task"])
    assert found.loc[("other", "air"), ["mase", "coverage"]].tolist() == [0.1, 75]
    assert found.loc[("other", "bike"), "mase"] == 1.0
    assert found.loc[("other", "bike"), "info"] == "took 1.6 times its budget"
    assert pd.isna(found.loc[("other", "bike"), "coverage"])


def test_sets_that_some_do_not_have_are_named_and_left_out(rows):
    text = build(compared(rows[:-1]), "1m2c", ["flaml"])
    assert "Not compared, because no run of them is there: flaml." in text
    assert "* bike: other" in text
    assert "Sets compared: 1 of 2" in text
    assert line(section(text, "MASE\n"), "geometric mean")[1:] == ["2", "1", "1", "3"]


def test_coverage_and_rolling_windows_are_shown(rows, row):
    rows[4] = row("seasonal_naive", "bike", 1.0, windows=8, mase_rolling=1.4)
    rows[6] = row("trialbook", "bike", 0.5, windows=8, mase_rolling=0.6)
    text = build(compared(rows), "1m2c", [])
    assert line(section(text, "Coverage"), "air")[1] == "75 (2.50)"
    rolled = line(section(text, "MASE over all windows"), "bike")
    assert rolled == ["bike", "8", "1.4", "", "**0.6**", ""]


def test_origins_are_averaged_and_do_not_count_among_sets(rows, row, tmp_path):
    earlier = [
        row(system, "bike", mase, fold=fold)
        for fold in ("1", "2")
        for system, mase in zip(SYSTEMS, (1.0, None, 1.3 if fold == "2" else 0.3))
    ]
    text = write(as_table([*rows, *earlier]), SYSTEMS, tmp_path).read_text("utf-8")
    assert "Sets compared: 2 of 2" in text
    assert line(section(text, "MASE\n"), "bike")[3] == "**0.5**"
    # A failed run counts as naive, a system without some origin is left out.
    found = line(section(text, "MASE from several origins"), "bike")
    assert found == ["bike", "3", "1", f"{3.5 / 3:.5g}", f"{2.1 / 3:.5g}", "", "2 of 3"]
    assert "| air |" not in section(text, "MASE from several origins")
    assert "several origins" not in write(as_table(rows), SYSTEMS, tmp_path).read_text("utf-8")


def test_models_are_counted_and_versions_named(rows):
    text = build(compared(rows), "1m2c", [])
    assert line(section(text, "Models"), "trialbook")[1] == "A (2), B (2)"
    assert "| other | 1.0 |" in section(text, "Versions")


def test_the_report_is_written_with_the_remarks_and_the_last_run_counts(rows, row, tmp_path):
    (tmp_path / "remarks.md").write_text("Measured on a busy machine.\n")
    again = row("trialbook", "air", 0.25, version="1.1")
    path = write(as_table([*rows, again]), SYSTEMS, tmp_path)
    text = path.read_text("utf-8")
    assert text.startswith("# Forecasts of Trialbook and its peers\n\nMeasured on a busy")
    assert line(section(text, "MASE\n"), "air")[3] == "**0.25**"


def test_systems_are_compared_on_one_machine_for_each_set(rows, row, tmp_path):
    slow = [row(system, "air", 9.0, machine="Slow CPU") for system in SYSTEMS[:3]]
    late = [
        row(system, "bike", 0.25, machine="Slow CPU", utc="2030-01-01T00:00:00")
        for system in SYSTEMS
    ]
    found = of_one_machine(as_table([*slow, *rows, *late]))
    # Of air the first machine has more systems, of bike the other has as many, measured later.
    assert found.groupby("task")["machine"].unique().map(list).to_dict() == {
        "air": ["Some CPU, 2 cores, 8 GB"],
        "bike": ["Slow CPU"],
    }
    path = write(as_table([*slow, *rows, *late]), SYSTEMS, tmp_path)
    assert "one for each set: Some CPU, 2 cores, 8 GB (air); Slow CPU (bike)." in path.read_text()
    path = write(as_table([*slow, *rows, *late]), SYSTEMS, tmp_path, machine="Slow CPU")
    assert "Machine: Slow CPU." in path.read_text()


def test_nothing_to_report_is_said(rows, tmp_path):
    with pytest.raises(ValueError, match="no results to report"):
        write(as_table([]), SYSTEMS, tmp_path)
    with pytest.raises(ValueError, match="no results for 5m2c"):
        write(as_table(rows), SYSTEMS, tmp_path, constraints=["5m2c"])
    with pytest.raises(ValueError, match="no results on Other CPU"):
        write(as_table(rows), SYSTEMS, tmp_path, machine="Other CPU")
