"""Progress on a terminal, recorded as text."""

import io

from rich.console import Console

from trialbook import events
from trialbook.cli._progress import State, update
from trialbook.cli._screen import LineProgress, LiveProgress, announce, progress, render


def text_of(drawing, width=100):
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(drawing)
    return console.export_text()


def play(story, stop):
    state = State(began=0.0, now=0.0)
    for second, event in enumerate(story):
        state = update(state, event, float(second))
        if isinstance(event, stop):
            break
    return state


def test_before_the_data_is_read_the_screen_says_so():
    assert text_of(render(State(began=0.0, now=2.0))) == "Reading the data … 0:02\n"


def test_time_left_steps_running_trials_and_leaderboard_are_shown(story):
    text = text_of(render(play(story, events.TrialFailed)))
    assert "0:11 of 5:00 4:49 left" in text
    assert "1 of 3 steps done; next Voting ensemble" in text
    assert "2 of 3" in text  # folds
    assert "0.96000" in text  # the mean of two folds
    assert "0.50000 ± 0.00000" in text
    assert "rank" in text
    assert "roc_auc" in text


def test_the_leaderboard_holds_the_ten_best(story):
    state = State(began=0.0, now=0.0, started=story[0])
    for index in range(14):
        trial = events.TrialFinished(
            index, f"trial {index}", "x", 0.5 + index / 100, 0.0, 1.0, True
        )
        state = update(state, trial, 1.0)
    text = text_of(render(state))
    assert "trial 13" in text
    assert "trial 4" in text
    assert "trial 3 " not in text
    assert "and 4 more" in text


def test_the_reason_for_stopping_takes_the_place_of_the_next_steps(story):
    text = text_of(render(play(story, events.Stopping)))
    assert "no more trials: the deadline is near" in text
    assert "next" not in text


def test_a_drawing_fits_a_narrow_terminal(story):
    text = text_of(render(play(story, events.Stopping)), width=60)
    assert max(map(len, text.splitlines())) <= 60


def test_only_what_matters_stays_on_the_screen(story):
    state = play(story, events.PlanReady)
    said = {type(event).__name__: announce(state, event) for event in story}
    assert said["FoldDone"] is None
    assert said["TrialFinished"] is None
    assert announce(state, story[1]) is None  # a check that passed
    assert "alerted class balance" in text_of(announce(state, story[2]))
    assert "2 checks of the data: 1 alerted, 1 passed" in text_of(said["PlanReady"])
    assert "#3 SVM failed: took more memory" in text_of(said["TrialFailed"])


def test_square_brackets_in_names_are_text_and_not_markup(story):
    state = play(story, events.PlanReady)
    failed = events.TrialFailed(1, "[red]x[/red]", "x", "[/nothing] was wrong")
    assert "[red]x[/red] failed: [/nothing] was wrong" in text_of(announce(state, failed))
    started = update(state, events.TrialStarted(9, "[bold]", "x"), 5.0)
    done = update(started, events.TrialFinished(9, "[/bold]", "[/x]", 0.5, 0.1, 1.0, True), 6.0)
    assert "[bold]" in text_of(render(started))
    assert "[/bold]" in text_of(render(done))


def test_a_live_listener_draws_the_whole_story(story):
    file = io.StringIO()
    listener = LiveProgress(Console(file=file, force_terminal=True, width=100))
    with listener.live:
        for event in story:
            listener(event)
        listener.live.refresh()
    assert "bank: classification by roc_auc" in file.getvalue()
    assert listener.state.finished is not None


def test_where_there_is_no_terminal_progress_is_lines(capsys, story):
    with progress(as_json=False) as listener:
        listener(story[0])
    assert isinstance(listener, LineProgress)
    assert "bank: classification" in capsys.readouterr().out


def test_beside_a_document_the_lines_go_to_standard_error(capsys, story):
    with progress(as_json=True) as listener:
        listener(story[0])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "bank: classification" in captured.err
