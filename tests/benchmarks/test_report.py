"""The report is made from any table of results."""

import pandas as pd
import pytest

from benchmarks import plots, report, summary


@pytest.fixture
def text(table, peers, tmp_path):
    return report.write(table, peers, tmp_path).read_text("utf-8")


def test_it_names_machine_versions_and_failures(text):
    assert "Some CPU, 2 cores, 8 GB" in text
    assert "| trialbook | 1.0 |" in text
    assert "| other | prices | 0 | TimeoutError: ended after 240 s |" in text


def test_the_best_score_is_bold_and_an_imputed_one_in_brackets(text):
    (line,) = [line for line in text.splitlines() if line.startswith("| prices | neg_rmse")]
    assert "| **-4** | -5 | **-4** | (-10) |" in line


def test_it_compares_with_the_best_peer_of_each_set(text):
    assert "Rival (best of both)" in text
    assert "1 of 3 are below 1" in text


def test_every_plot_that_it_shows_is_there(text, tmp_path):
    shown = [line.split("(")[1].rstrip(")") for line in text.splitlines() if line[:2] == "!["]
    assert len(shown) == 3
    assert all((tmp_path / name).stat().st_size > 1000 for name in shown)


def test_sets_that_someone_lacks_are_named(table, peers, tmp_path):
    rest = table[(table["framework"] != "other") | (table["task"] != "churn")]
    text = report.write(rest, peers, tmp_path).read_text("utf-8")
    assert "* churn: other" in text
    assert "Sets compared: 2 of 3" in text


def test_frameworks_can_be_chosen(table, peers, tmp_path):
    chosen = ["constant", "trialbook"]
    text = report.write(table, peers, tmp_path, frameworks=chosen).read_text("utf-8")
    assert "Rival" not in text


def test_frameworks_without_any_run_are_named(table, peers, tmp_path):
    rest = table[~table["framework"].isin(["other", "rival_small"])]
    text = report.write(rest, peers, tmp_path).read_text("utf-8")
    assert "no run of them is there: rival_small, other." in text
    assert "| Rival (incomplete: rival_large only) |" in text
    assert "best of both" not in text
    chosen = ["constant", "trialbook", "other"]
    text = report.write(rest, peers, tmp_path, frameworks=chosen).read_text("utf-8")
    assert "no run of them is there: other." in text


def test_a_failure_counts_as_the_constant_predictor_even_if_that_is_not_chosen(
    table, peers, tmp_path
):
    chosen = ["trialbook", "other"]
    text = report.write(table, peers, tmp_path, frameworks=chosen).read_text("utf-8")
    assert "| prices | neg_rmse | **-4** | (-10) |" in text
    assert "Sets compared: 3 of 3" in text


def test_seeds_that_someone_lacks_are_named(table, peers, tmp_path, row):
    failed = pd.DataFrame([row("trialbook", "churn", float("nan"), seed="1")])
    both = pd.concat([table, failed], ignore_index=True)
    text = report.write(both, peers, tmp_path, frameworks=["trialbook", "other"]).read_text()
    assert "* churn, seed 1: other" in text
    assert "Seeds: 0." in text
    assert "| churn | auc | **0.9** | 0.7 |" in text


def test_a_set_without_a_seed_that_all_have_is_named(table, peers, tmp_path):
    table.loc[(table["framework"] == "other") & (table["task"] == "churn"), "seed"] = "1"
    text = report.write(table, peers, tmp_path).read_text("utf-8")
    assert "* churn: no seed that all have" in text


def test_runs_that_were_ended_are_in_the_plot_of_times(table, peers, tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: figures.append(figure) or path)
    ended = (table["framework"] == "other") & (table["task"] == "prices")
    table.loc[ended, ["training_duration", "duration"]] = [float("nan"), 240.0]
    plots.draw(summary.compare(summary.impute(table), peers), tmp_path, "1m2c")
    lines = figures[0].axes[0].lines
    (crosses,) = [line for line in lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert list(crosses.get_xdata()) == [4.0]
    assert sum(len(line.get_xdata()) for line in lines if line.get_marker() == "o") == 17


def test_a_table_without_us_or_in_common_still_makes_a_report(table, peers, tmp_path):
    alone = table[table["framework"] == "trialbook"]
    assert "trialbook" in report.write(alone, peers, tmp_path).read_text("utf-8")
    others = table[table["framework"] != "trialbook"]
    assert "Overall" in report.write(others, peers, tmp_path).read_text("utf-8")
    rest = table[(table["framework"] != "other") | (table["task"] == "prices")]
    rest = rest[(rest["framework"] != "trialbook") | (rest["task"] == "churn")]
    assert "No set" in report.write(rest, peers, tmp_path).read_text("utf-8")


def test_nothing_to_report_is_said(table, peers, tmp_path):
    with pytest.raises(ValueError, match="no results"):
        report.write(table[:0], peers, tmp_path)


def test_our_shorter_runs_stand_beside_the_longer_ones_of_others(table, peers, tmp_path):
    longer = table.assign(constraint="5m2c")
    longer.loc[longer["framework"] == "trialbook", "result"] -= 0.3
    both = pd.concat([table, longer], ignore_index=True)
    text = report.write(both, peers, tmp_path).read_text("utf-8")
    first, second = text.split("## 5m2c")
    assert "with 60 s, the others" not in first
    (_, hurried) = second.split("### trialbook with 60 s, the others with 300 s")
    (row,) = [line for line in hurried.splitlines() if line.startswith("| Other |")]
    assert "3-0-0" in row  # with its results under 60 s, not those under 300 s


def test_remarks_come_first(table, peers, tmp_path):
    (tmp_path / report.REMARKS).write_text("Mind the noise.\n")
    text = report.write(table, peers, tmp_path).read_text("utf-8")
    assert text.index("Mind the noise.") < text.index("## 1m2c")
