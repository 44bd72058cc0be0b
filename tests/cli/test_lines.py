"""Progress as lines."""

import pytest

from trialbook import events
from trialbook.cli._format import clock, number, span
from trialbook.cli._lines import check_line, line, metrics_line
from trialbook.cli._progress import State, update


def lines(story):
    state, said = State(began=0.0, now=0.0), []
    for second, event in enumerate(story):
        state = update(state, event, float(second))
        said.append(line(state, event))
    return said


def test_a_story_in_lines(story):
    assert [said for said in lines(story) if said] == [
        "[ 0:00] bank: classification by roc_auc, 41,188 rows, 20 features, "
        "3-fold cross-validation, deadline 5:00, workspace W",
        "[ 0:02] check class balance: alerted. 'yes' has 11 % of the rows. "
        "Class weights are tried.",
        "[ 0:03] 2 checks of the data: 1 alerted, 1 passed; "
        "plan of 3 steps on 2 workers of 1 core each, about 9.0 s: "
        "Baseline (1.0 s), LightGBM (14 s), Voting ensemble (3.0 s)",
        "[ 0:04] trial 1 Baseline: started",
        "[ 0:06] trial 1 Baseline: 0.50000 ± 0.00000 in 0.4 s, best so far",
        "[ 0:07] trial 2 LightGBM: started",
        "[ 0:08] trial 3 SVM: started",
        "[ 0:11] trial 3 SVM: failed. took more memory than 4.0 GB",
        "[ 0:12] trial 4 Tree: 0.61000, stopped after fold 1 of 3: no gain",
        "[ 0:13] trial 2 LightGBM: 0.96123 ± 0.00400 in 12 s, best so far",
        "[ 0:14] skipped Voting ensemble: one trial is not enough",
        "[ 0:15] warning: the disk is nearly full",
        "[ 0:16] no more trials: the deadline is near",
        "[ 0:17] test of LightGBM: roc_auc 0.96300, accuracy 0.91000",
        "[ 0:18] finished in 1:05: best is LightGBM, 0.96123",
    ]


def test_what_a_model_could_not_do_stands_behind_its_score():
    said = lines([events.TrialFinished(3, "ets", "x", 0.5, 0.1, 2.0, False, "naive for 'a'")])
    assert said[0].endswith("trial 3 ets: 0.50000 ± 0.10000 in 2.0 s; naive for 'a'")


def test_every_event_is_one_line_at_most(story):
    assert all("\n" not in said for said in lines(story) if said)


def test_an_event_of_a_later_version_is_passed_over():
    class Later(events.Event):
        pass

    assert lines([Later()]) == [None]


def test_long_plans_and_what_is_left_of_them_are_cut_short():
    labels = tuple(f"tree-{number}" for number in range(1, 40))
    plan, skipped = lines(
        [
            events.PlanReady(tuple((label, 1.0) for label in labels), 2, 1),
            events.StepsSkipped(labels, "the search had ended"),
        ]
    )
    assert plan.endswith("tree-5 (1.0 s), tree-6 (1.0 s) and 33 more")
    assert skipped.endswith("tree-5, tree-6 and 33 more: the search had ended")


def test_a_check_is_told_in_sentences():
    told = check_line("Dates", "alerted", "2 rows are late (rows 3, 9)", "one_hot: no effect.")
    assert told == "check Dates: alerted. 2 rows are late (rows 3, 9). one_hot: no effect."


def test_many_metrics_are_cut_short():
    metrics = {f"m{index}": 0.5 for index in range(9)}
    assert metrics_line(metrics, "m7", 2) == "m7 0.50000, m0 0.50000 and 7 more"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.961234, "0.96123"),
        (0.0, "0.00000"),
        (0.00012345, "0.000123"),
        (1.5, "1.5000"),
        (-3.25, "-3.2500"),
        (51234.56, "51,234.6"),
        (float("nan"), ""),
        (float("inf"), "∞"),
        (None, ""),
    ],
)
def test_numbers_are_short(value, expected):
    assert number(value) == expected


def test_times_are_short():
    assert [clock(s) for s in (0, 65, 3605, -1)] == ["0:00", "1:05", "1:00:05", "0:00"]
    assert [span(s) for s in (0.44, 12.4, 200, 9000)] == ["0.4 s", "12 s", "3 min", "2.5 h"]


def test_a_forecast_begins_with_its_series_and_not_with_features():
    started = events.Started(
        "sales",
        "forecasting",
        "mase",
        3648,
        2,
        "5 windows",
        "W",
        None,
        series="304 series of quarters (QS), horizon 8, season 4",
    )
    (said,) = lines([started])
    assert (
        "sales: forecasting by mase, 3,648 rows, 304 series of quarters (QS), horizon 8, season 4,"
        " 5 windows" in said
    )
    assert "features" not in said
