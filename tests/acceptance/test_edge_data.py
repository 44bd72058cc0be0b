"""Tables and options at the edge of what is usual: each ends with a model that predicts."""

import numpy as np
import pandas as pd
import pytest

import trialbook as tb

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("warm_workers")]

LEARNERS = ["decision_tree", "logistic_regression"]
ALONE = {"allow": LEARNERS, "max_trials": 1}
ENSEMBLED = {"allow": LEARNERS, "max_trials": 2}
N_ROWS = 120


def table(n_rows=N_ROWS, seed=0, **columns):
    """Two numbers and a category, of which the first number and the category matter."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n_rows),
            "noise": rng.normal(size=n_rows),
            "shade": rng.choice(["light", "dark"], n_rows),
        }
    )
    return frame.assign(**columns)


def answer(frame):
    """Something to learn from a table: True for about half of the rows."""
    return (frame["size"] + (frame["shade"] == "dark") > 0.5).to_numpy()


@pytest.fixture
def classify(tmp_path):
    """Train on a table, and see that the result is whole and predicts the table itself."""

    def train(frame, target="y", **options):
        options = {"folds": 2, **ALONE, **options}
        if "fold_columns" in options or "validation" in options or options["folds"] is None:
            del options["folds"]
        experiment = tb.classify(frame, target, **options, workspace=tmp_path / "W")
        board = experiment.leaderboard
        assert set(board["state"]) == {"finished"}, board[["trial", "error"]].to_string()
        assert np.isfinite(board["score"]).all()
        assert experiment.status == "finished"
        known = set(frame[target].dropna().tolist())
        predicted = experiment.predict(frame)
        assert len(predicted) == len(frame)
        assert set(predicted.tolist()) <= known
        probabilities = experiment.predict_proba(frame)
        assert set(probabilities.columns) == known
        assert np.allclose(probabilities.sum(axis=1), 1)
        return experiment

    return train


def kept(experiment):
    """The training rows as they were kept, with their folds."""
    return pd.read_parquet(experiment.folder / "data" / "train.parquet")


def sides(experiment):
    """The sides of the folds, one column each: 1 trains, 0 validates."""
    rows = kept(experiment)
    return rows[[name for name in rows.columns if name.startswith("__fold_")]].to_numpy()


def verdicts(experiment):
    return {one.name: one.verdict for one in experiment.guardrails}


# -- classes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_class_with_very_few_rows(n_rare, classify):
    frame = table()
    frame["y"] = np.where(answer(frame), "yes", "no")
    frame.loc[: n_rare - 1, "y"] = "rare"
    experiment = classify(frame, folds=3, **ENSEMBLED)
    rare = (kept(experiment)["y"] == "rare").to_numpy()
    assert rare.sum() == n_rare
    assert (sides(experiment)[rare] == 1).any(axis=0).all()
    assert list(experiment.predict_proba(frame).columns) == ["no", "rare", "yes"]
    assert experiment.metric == "log_loss"


def test_48_classes_on_400_rows(classify):
    rng = np.random.default_rng(0)
    kinds = np.array([f"kind {i:02}" for i in range(48)])
    code = rng.permutation(np.arange(400) % 48)
    frame = pd.DataFrame({"code": code + rng.normal(0, 0.2, 400), "other": rng.normal(size=400)})
    frame["y"] = kinds[code]
    experiment = classify(frame, allow=["decision_tree", "lightgbm", "knn"], max_trials=3)
    assert experiment.predict_proba(frame).shape == (400, 48)
    assert (experiment.predict(frame) == frame["y"]).mean() > 0.3


LABELS = {
    "whole numbers": (0, 1),
    "other whole numbers": (-1, 7),
    "true and false": (False, True),
    "text": ("no", "yes"),
    "text of numbers and of nothing": ("1.50", "None"),
    "unicode and quotes": ('n\'est "pas"', "œuf\\n"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind_come_back_as_they_were(kind, classify):
    negative, positive = LABELS[kind]
    frame = table()
    frame["y"] = [positive if flag else negative for flag in answer(frame)]
    experiment = classify(frame)
    predicted = experiment.predict(frame).tolist()
    assert {type(label) for label in predicted} == {type(positive)}
    assert np.mean([a == b for a, b in zip(predicted, frame["y"])]) > 0.7


def test_a_positive_label_steers_the_binary_metrics(classify):
    frame = table()
    frame["y"] = np.where(answer(frame) & (frame["noise"] > 0), "sick", "well")
    precision = {}
    for label in ("sick", "well"):
        experiment = classify(
            frame, positive_label=label, allow=["decision_tree"], max_trials=1, test_size=0.25
        )
        assert experiment.schema.classes[experiment.schema.positive] == label
        precision[label] = experiment.best.metrics["validation_precision_score_binary"]
    assert precision["sick"] != precision["well"]


def test_rows_without_a_target_are_left_out(classify):
    frame = table()
    frame["y"] = np.where(answer(frame), "yes", "no")
    frame.loc[:9, "y"] = None
    experiment = classify(frame)
    assert len(kept(experiment)) == N_ROWS - 10
    assert verdicts(experiment)["Missing target values"] == "fixed"


def test_a_regression_on_a_few_rows_with_a_far_off_value(tmp_path):
    frame = table(40)
    frame["y"] = frame["size"] * 3 + 1
    frame.loc[0, "y"] = 1e9
    experiment = tb.regress(
        frame, "y", allow=["decision_tree", "elastic_net"], max_trials=2, workspace=tmp_path / "W"
    )
    assert np.isfinite(experiment.leaderboard["score"]).all()
    assert np.isfinite(experiment.predict(frame)).all()


# -- columns ----------------------------------------------------------------------------------


def test_one_column_of_use_among_constant_copied_and_empty_ones(classify):
    frame = table()
    frame["y"] = np.where(frame["size"] > 0, "yes", "no")
    frame = frame[["size", "y"]].assign(
        same=1, label="x", copy=frame["size"], empty=np.nan, number=range(N_ROWS)
    )
    experiment = classify(frame)
    dropped = {column.name for column in experiment.schema.columns if not column.used}
    assert dropped >= {"same", "label", "copy", "empty"}
    assert (experiment.predict(frame) == frame["y"]).mean() > 0.9


def test_300_columns_on_60_rows(classify):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 300)), columns=[f"c{i}" for i in range(300)])
    frame["y"] = np.where(frame["c7"] > 0, "yes", "no")
    experiment = classify(frame)
    assert len(experiment.schema.used) == 300


NAMES = [
    *("the size", 'it\'s "noise"', "a shade, or not", "größe", "шум", "色", "__size", "noise__0"),
    *("size[0]", "<noise>", "{shade}", "class", "None", "lambda", "size\n(cm)", "noise\\t"),
    *("X", "TARGET", "weight", "mean ± std", "row", "prediction", "fold__0"),
]


def test_columns_of_any_name(classify):
    frame = pd.concat([table(seed=seed) for seed in range(8)], axis=1)
    flags = answer(frame.iloc[:, :3])
    frame = frame.iloc[:, : len(NAMES)].set_axis(NAMES, axis=1)
    frame["y"] = np.where(flags, "yes", "no")
    learners = ["logistic_regression", "lightgbm", "xgboost", "catboost", "hist_gradient_boosting"]
    experiment = classify(frame, allow=learners, max_trials=5)
    assert [column.name for column in experiment.schema.used] == NAMES
    assert (experiment.predict(frame[frame.columns[::-1]]) == frame["y"]).mean() > 0.7
    used = {trial.learner for trial in experiment.trials}
    assert len(used) >= 4


@pytest.mark.parametrize("target", ["the réponse «y»", 'it\'s "y"', "0"])
def test_a_target_of_any_name(target, classify):
    frame = table()
    frame[target] = np.where(answer(frame), "yes", "no")
    experiment = classify(frame, target, test_size=0.25, **ENSEMBLED)
    assert experiment.schema.target == target
    assert 0.5 < experiment.best.metrics["test_score"] <= 1


def test_numbers_as_names_of_columns(classify):
    frame = table()
    frame["y"] = np.where(answer(frame), "yes", "no")
    named = frame.set_axis([0, 1, 2, "y"], axis=1)
    experiment = classify(named)
    as_text = frame.set_axis(["0", "1", "2", "y"], axis=1)
    assert list(experiment.predict(as_text)) == list(experiment.predict(named))


def test_a_column_may_have_no_name_or_a_reserved_one(tmp_path, classify):
    frame = table()
    frame["y"] = np.where(answer(frame), "yes", "no")
    with pytest.raises(tb.DataError, match=r"'__fold_0' is reserved.*Rename it"):
        classify(frame.rename(columns={"noise": "__fold_0"}))
    assert not (tmp_path / "W").exists()


# -- validation -------------------------------------------------------------------------------


@pytest.fixture
def frame():
    frame = table()
    frame["y"] = np.where(answer(frame), "yes", "no")
    return frame


def test_weights_change_the_model_and_are_no_feature(frame, classify):
    frame["w"] = np.where(frame["y"] == "yes", 50.0, 1.0)
    plain = classify(frame.drop(columns="w"), allow=["logistic_regression"])
    weighted = classify(frame, weight="w", allow=["logistic_regression"])
    assert "w" not in weighted.schema.names
    new = table(seed=1)
    often = (weighted.predict(new) == "yes").mean()
    assert often > (plain.predict(new) == "yes").mean()


def test_rows_of_a_group_stay_together(frame, classify):
    frame["household"] = [f"house {i % 17}" for i in range(N_ROWS)]
    frame["place"] = np.arange(N_ROWS) % 17 + frame["size"] / 1e6
    experiment = classify(frame, group_column="household", folds=3, test_size=0.2, **ENSEMBLED)
    assert "household" not in experiment.schema.names
    rows = kept(experiment).assign(house=lambda rows: rows["place"].round())
    test = pd.read_parquet(experiment.folder / "data" / "test.parquet")
    assert set(rows["house"]).isdisjoint(test["place"].round())
    for _, one in rows.groupby("house"):
        columns = [name for name in one.columns if name.startswith("__fold_")]
        assert (one[columns].nunique() == 1).all()


def test_the_latest_rows_validate_and_test(frame, classify):
    days = pd.date_range("2024-01-01", periods=N_ROWS, freq="D").to_series(index=frame.index)
    frame["day"] = days.sample(frac=1, random_state=0).to_numpy()
    experiment = classify(frame, time_column="day", folds=None, test_size=0.2, **ENSEMBLED)
    rows = kept(experiment)
    test = pd.read_parquet(experiment.folder / "data" / "test.parquet")
    assert rows["day"].max() < test["day"].min()
    for side in sides(experiment).T:
        assert rows["day"][side == 1].max() < rows["day"][side == 0].min()


def test_a_column_of_fold_names(frame, classify):
    frame["part"] = np.arange(N_ROWS) % 3
    experiment = classify(frame, fold_columns=["part"])
    assert sides(experiment).shape == (N_ROWS, 3)
    assert "part" not in experiment.schema.names
    for name in range(3):
        validating = frame.index[frame["part"] == name]
        assert any(
            set(np.flatnonzero(side == 0)) == set(validating) for side in sides(experiment).T
        )


def test_fold_columns_of_ones_and_zeros(frame, classify):
    frame["first"] = (np.arange(N_ROWS) % 4 != 0).astype(int)
    frame["second"] = (np.arange(N_ROWS) % 5 != 0).astype(int)
    experiment = classify(frame, fold_columns=["first", "second"], **ENSEMBLED)
    assert (sides(experiment) == frame[["first", "second"]].to_numpy()).all()


def test_a_separate_validation_table(frame, classify):
    validation = table(50, seed=3)
    validation["y"] = np.where(answer(validation), "yes", "no")
    experiment = classify(frame, validation=validation, **ENSEMBLED)
    assert sides(experiment)[:, 0].tolist() == [1] * N_ROWS + [0] * 50
    model = experiment.trials[-1]
    proba = experiment.predict_proba(validation, model.label)["yes"]
    from sklearn.metrics import roc_auc_score

    assert model.score == pytest.approx(roc_auc_score(validation["y"] == "yes", proba), abs=1e-9)


def test_a_separate_test_table_with_weights_and_an_unknown_class(frame, classify):
    test = table(50, seed=4)
    test["y"] = np.where(answer(test), "yes", "no")
    test.loc[0, "y"] = "perhaps"
    test.loc[1, "shade"] = "blue"
    experiment = classify(frame, test=test)
    assert verdicts(experiment)["Classes of the test table"] == "alerted"
    assert 0.5 < experiment.best.metrics["test_score"] <= 1


def test_random_repeats_and_a_single_hold_out(frame, classify):
    repeats = classify(frame, folds=4, validation_size=0.25)
    assert [(side == 0).sum() for side in sides(repeats).T] == [30] * 4
    assert len({tuple(side) for side in sides(repeats).T}) == 4
    single = classify(frame, folds=None, validation_size=0.25)
    assert [(side == 0).sum() for side in sides(single).T] == [30]
    default = classify(frame, folds=None)
    assert sides(default).shape[1] == 10


def test_ignored_columns_and_types_that_override(frame, classify):
    frame["zip"] = np.arange(N_ROWS) % 7
    experiment = classify(frame, ignore=["noise"], types={"zip": "categorical"})
    kinds = {column.name: column.semantic.value for column in experiment.schema.used}
    assert kinds == {"size": "numeric", "shade": "categorical", "zip": "categorical"}


def test_a_name_of_any_kind_for_the_experiment(frame, classify, tmp_path):
    name = "Kunden / Q1: «größer» 100%?"
    experiment = classify(frame, name=name)
    assert tb.open(tmp_path / "W", name).leaderboard.equals(experiment.leaderboard)
    assert experiment.best.notebook.is_file()
