"""The state follows from the events."""

from trialbook import events
from trialbook.cli._progress import State, update


def play(story, stop=None):
    state = State(began=0.0, now=0.0)
    for second, event in enumerate(story):
        state = update(state, event, float(second))
        if stop is not None and isinstance(event, stop):
            break
    return state


def finished(number, score, best):
    return events.TrialFinished(number, f"trial {number}", "x", score, 0.0, 1.0, best)


def test_a_whole_story(story):
    state = play(story)
    assert [trial.label for trial in state.ranked] == ["LightGBM", "Baseline"]
    assert state.best.label == "LightGBM"
    assert [step.state for step in state.steps] == ["done", "done", "skipped"]
    assert [trial.label for trial in state.failed] == ["SVM"]
    assert state.running == ()
    assert state.stopping == "the deadline is near"
    assert state.tested.metrics["roc_auc"] == 0.963


def test_running_trials_collect_the_scores_of_their_folds(story):
    state = play(story, stop=events.TrialFailed)
    (trial,) = state.running
    assert (trial.label, trial.scores, trial.n_folds) == ("LightGBM", (0.95, 0.97), 3)


def test_the_time_left_counts_from_the_start_of_the_command(story):
    state = play(story, stop=events.PlanReady)
    assert state.elapsed_s == 3
    assert state.left_s == 297
    assert update(state, events.Event(), 999.0).left_s == 0


def test_without_a_deadline_there_is_no_time_left():
    started = events.Started("e", "regression", "rmse", 10, 2, "hold-out", "W", None)
    assert play([started]).left_s is None


def test_an_error_metric_ranks_upwards_once_two_scores_differ():
    assert [t.number for t in play([finished(1, 5.0, True)]).ranked] == [1]
    better_second = play([finished(1, 5.0, True), finished(2, 4.0, True)])
    assert [t.number for t in better_second.ranked] == [2, 1]
    worse_second = play([finished(1, 4.0, True), finished(2, 5.0, False)])
    assert [t.number for t in worse_second.ranked] == [1, 2]


def test_a_gain_metric_ranks_downwards_once_two_scores_differ():
    better_second = play([finished(1, 0.5, True), finished(2, 0.5, False), finished(3, 0.9, True)])
    assert [t.number for t in better_second.ranked] == [3, 1, 2]
    worse_second = play([finished(1, 0.9, True), finished(2, 0.5, False)])
    assert [t.number for t in worse_second.ranked] == [1, 2]


def test_steps_of_one_label_are_marked_one_after_the_other():
    plan = events.PlanReady((("LightGBM", 1.0), ("LightGBM", 1.0)), 1, 1)
    state = play([plan, events.TrialStarted(1, "LightGBM", "x")])
    assert [step.state for step in state.steps] == ["running", "waiting"]
    state = update(state, events.TrialFailed(1, "LightGBM", "x", "crashed"), 9.0)
    assert [step.state for step in state.steps] == ["failed", "waiting"]


def test_a_state_is_never_changed_in_place(story):
    before = play(story, stop=events.PlanReady)
    update(before, story[4], 9.0)
    assert before.running == ()
    assert before.steps[0].state == "waiting"
