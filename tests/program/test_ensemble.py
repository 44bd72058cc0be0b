"""Programs of a vote and a stack, run on members whose predictions are known."""

from __future__ import annotations

import ast
import re
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from trialbook.ensemble import select_weights
from trialbook.evaluation import metric
from trialbook.program import (
    Code,
    Columns,
    Frame,
    import_program,
    stacking_program,
    voting_program,
)
from trialbook.program._snippets import brier_loss
from trialbook.tasks._tabular import metric_code

N_ROWS = 240
CLASSES = {2: ("no", "yes"), 3: ("a", "b", "c"), 0: ()}


class Member:
    """A stored model that answers what a column of the table says."""

    def __init__(self, column, n_classes):
        self.column, self.n_classes = column, n_classes

    def answer(self, X):
        values = X[self.column].to_numpy()
        if not self.n_classes:
            return values
        score = np.column_stack([-((values - k) ** 2) for k in range(self.n_classes)])
        share = np.exp(score)
        return share / share.sum(axis=1, keepdims=True)

    def model(self, X, y):
        """A fitted estimator with that answer."""
        if self.n_classes:
            return FixedClassifier(self).fit(X, np.array(CLASSES[self.n_classes])[y])
        return FixedRegressor(self).fit(X, y)


class FixedClassifier(DummyClassifier):
    def __init__(self, member=None):
        super().__init__()
        self.member = member

    def predict_proba(self, X):
        return self.member.answer(X)


class FixedRegressor(DummyRegressor):
    def __init__(self, member=None):
        super().__init__()
        self.member = member

    def predict(self, X):
        return self.member.answer(X)


class Ensemble:
    """A table, its folds, two members and the program over them."""

    def __init__(
        self, root, kind, n_classes, *, n_folds=3, metric_name=None, balance=False, adjustment=None
    ):
        rng = np.random.default_rng(0)
        self.n_classes = n_classes
        self.y = rng.integers(0, n_classes, N_ROWS) if n_classes else rng.normal(5, 2, N_ROWS)
        noise = rng.normal(size=(2, N_ROWS))
        X = pd.DataFrame({"good": self.y + 0.6 * noise[0], "bad": self.y + 0.7 * noise[1]})
        if n_folds == 1:
            folds = (np.arange(N_ROWS) >= 80).astype(int)[:, None]
        else:
            folds = np.where(np.arange(N_ROWS)[:, None] % n_folds == np.arange(n_folds), 0, 1)
        names = [f"__fold_{i}" for i in range(n_folds)]
        target = np.array(CLASSES[n_classes])[self.y] if n_classes else self.y
        table = X.assign(target=target, **dict(zip(names, folds.T)))
        table.to_parquet(root / "train.parquet", index=False)
        self.members = {name: Member(name, n_classes) for name in X}
        where = [
            (row, fold) for fold in range(n_folds) for row in np.flatnonzero(folds[:, fold] == 0)
        ]
        self.rows, fold_of = np.array(where).T
        self.oof = {}
        for name, member in self.members.items():
            values = member.answer(X.iloc[self.rows])
            self.oof[name] = values
            columns = pd.DataFrame(values) if n_classes else pd.DataFrame({"prediction": values})
            columns.columns = [str(column) for column in columns.columns]
            columns.insert(0, "row", self.rows)
            columns.insert(1, "fold", fold_of)
            (root / name / "oof").mkdir(parents=True)
            columns.to_parquet(root / name / "oof/oof.parquet", index=False)
        task = "classification" if n_classes else "regression"
        default = {0: "rmse", 2: "roc_auc", 3: "log_loss"}[n_classes]
        self.metric = metric(metric_name or default, task, n_classes)
        self.positive = 1 if n_classes == 2 else None
        frame = Frame(
            experiment="test",
            task=task,
            target="target",
            classes=CLASSES[n_classes],
            positive=self.positive,
            columns=Columns(numeric=("good", "bad")),
            fold_columns=tuple(names),
            validation="by folds",
            weight=None,
            metric=metric_code(self.metric),
            data=Code(f'Path("{root}/train.parquet")'),
            seed=0,
            n_jobs=1,
            balance=balance,
        )
        members = {name: Code(f'Path("{root}/{name}")') for name in self.members}
        about = {"title": "Two together", "summary": "A test.", "adjustment": adjustment}
        self.text = (
            voting_program(frame, members, select_weights, **about)
            if kind == "voting"
            else stacking_program(frame, members, **about)
        )
        (root / "trial.py").write_text(self.text, "utf-8")
        self.program = import_program(root / "trial.py", "an_ensemble")
        self.loaded = self.program.load()
        X, y = self.loaded[:2]
        self.program.stored_model = lambda name: self.members[name].model(X, y)

    def cross_validate(self):
        """What is yielded for each fold, and the mean score."""
        results = list(self.program.cross_validate(*self.loaded))
        y = self.loaded[1]
        return results, np.mean([self.program.evaluate(y, rows, p) for _, rows, p in results])

    def alone(self, name):
        """The score of one member, over all validating rows."""
        return self.metric.score(self.y[self.rows], self.oof[name], self.positive)

    def answer(self, model, X):
        return model.predict_proba(X) if self.n_classes else model.predict(X)


@pytest.fixture
def make(tmp_path):
    yield lambda *args, **options: Ensemble(tmp_path, *args, **options)
    sys.modules.pop("an_ensemble", None)


KINDS = pytest.mark.parametrize("kind", ["voting", "stacking"])
TASKS = pytest.mark.parametrize("n_classes", [2, 3, 0])


@KINDS
@TASKS
def test_it_is_readable_python_of_public_libraries(make, kind, n_classes):
    text = make(kind, n_classes).text
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {
        "matplotlib",
        "mlflow",
        "numpy",
        "pandas",
        "pathlib",
        "scipy",
        "sklearn",
        "threadpoolctl",
    }
    assert "trialbook" not in text.replace("trialbook rerun", "")
    assert text.startswith("# %% [markdown]\n# # Two together\n")
    assert max(map(len, text.splitlines())) <= 200


@KINDS
@TASKS
def test_it_reads_the_members_predictions_of_rows_they_did_not_see(make, kind, n_classes):
    one = make(kind, n_classes)
    X, y, folds, oof, where = one.loaded
    assert list(X.columns) == ["good", "bad"]
    np.testing.assert_allclose(y, one.y)
    assert folds.shape == (N_ROWS, 3)
    np.testing.assert_allclose(oof, list(one.oof.values()))
    np.testing.assert_array_equal(where["row"], one.rows)


@KINDS
@TASKS
@pytest.mark.parametrize("n_folds", [1, 3])
def test_every_validating_row_is_predicted_once_and_better_than_by_one_member(
    make, kind, n_classes, n_folds
):
    one = make(kind, n_classes, n_folds=n_folds)
    results, score = one.cross_validate()
    assert len(results) == n_folds
    rows = np.concatenate([rows for _, rows, _ in results])
    assert sorted(rows) == sorted(one.rows)
    sign = -1 if one.metric.greater_is_better else 1
    assert sign * score < sign * min(one.alone("good"), one.alone("bad"), key=lambda s: sign * s)


@TASKS
def test_a_vote_is_the_weighted_mean_of_its_members(make, n_classes):
    one = make("voting", n_classes)
    results, _ = one.cross_validate()
    weights = results[0][0]
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    for again, rows, prediction in results:
        np.testing.assert_array_equal(again, weights)
        kept = np.isin(one.rows, rows)
        mean = sum(w * values[kept] for w, values in zip(weights, one.oof.values()))
        np.testing.assert_allclose(prediction, mean)
    X, y = one.loaded[:2]
    model = one.program.combine([found for found, _, _ in results], X, y)
    mean = sum(w * member.answer(X) for w, member in zip(weights, one.members.values()))
    np.testing.assert_allclose(one.answer(model, X), mean)


def test_a_vote_scores_its_members_as_the_leaderboard_does(make):
    one = make("voting", 2)
    where = one.loaded[4]
    # Each fold's model ranks well, but speaks on a scale of its own: all rows together mislead.
    for name, shift in (("good", 0.3), ("bad", 0.0)):
        path = one.program.MEMBERS[name] / "oof/oof.parquet"
        table = pd.read_parquet(path)
        table["1"] = 0.5 * table["1"] + shift * (table["fold"] - 1)
        table["0"] = 1 - table["1"]
        table.to_parquet(path, index=False)
    one.loaded = one.program.load()
    results, score = one.cross_validate()
    alone = [
        np.mean(
            [
                one.metric.score(one.y[where.row[where.fold == k]], p[where.fold == k], 1)
                for k in range(3)
            ]
        )
        for p in one.loaded[3]
    ]
    assert results[0][0][0] > 0
    assert score >= max(alone)


def test_a_member_without_weight_is_not_kept(make):
    one = make("voting", 2)
    X, y = one.loaded[:2]
    model = one.program.combine([np.array([0.0, 1.0])], X, y)
    assert [name for name, _ in model.estimators] == ["bad"]


@TASKS
def test_a_stack_answers_what_its_meta_learner_makes_of_the_members(make, n_classes):
    one = make("stacking", n_classes)
    results, _ = one.cross_validate()
    X, y = one.loaded[:2]
    model = one.program.combine([found for found, _, _ in results], X, y)
    answer = one.answer(model, X)
    if n_classes:
        np.testing.assert_allclose(answer.sum(axis=1), 1)
        assert list(model.classes_) == list(CLASSES[n_classes])
        assert set(model.predict(X)) <= set(CLASSES[n_classes])
        assert (answer.argmax(axis=1) == y).mean() > 0.7
    else:
        assert np.corrcoef(answer, y)[0, 1] > 0.9
        assert (model.final_estimator_.estimator.coef_ >= 0).all()


def test_a_stack_never_predicts_a_row_by_a_meta_learner_that_saw_it(make):
    one = make("stacking", 0, n_folds=1)
    honest = np.concatenate([p for _, _, p in one.cross_validate()[0]])
    _, y, _, oof, where = one.loaded
    rows = where["row"].to_numpy()
    seen = one.program.META.fit(np.column_stack(oof), y[rows]).predict(np.column_stack(oof))
    assert not np.isclose(honest, seen).any()


def test_a_stack_balances_classes_where_the_experiment_does(make):
    assert 'class_weight="balanced"' in make("stacking", 2, balance=True).text


@pytest.mark.parametrize("name", ["accuracy", "f1"])
def test_a_vote_is_chosen_by_the_metric_of_the_experiment(make, name):
    one = make("voting", 2, metric_name=name)
    _, score = one.cross_validate()
    assert score >= max(one.alone("good"), one.alone("bad")) - 0.02


ADJUSTED = pytest.mark.parametrize(
    ("n_classes", "adjustment", "metric_name"),
    [
        (2, "temperature", "log_loss"),
        (2, "temperature_or_isotonic", "log_loss"),
        (3, "temperature_or_isotonic", "log_loss"),
        (2, "class_weights", "f1"),
        (3, "class_weights", "balanced_accuracy"),
    ],
)


@KINDS
@ADJUSTED
@pytest.mark.parametrize("n_folds", [1, 3])
def test_an_adjusted_ensemble_answers_what_its_validation_rows_were_scored_for(
    make, kind, n_classes, adjustment, metric_name, n_folds
):
    options = {"n_folds": n_folds, "metric_name": metric_name}
    one = make(kind, n_classes, adjustment=adjustment, **options)
    program = one.program
    program.cross_fitted = always
    results, score = one.cross_validate()
    assert np.isfinite(score)
    X, y = one.loaded[:2]
    model = program.combine([found for found, _, _ in results], X, y)
    assert type(model).__name__ == "AdjustedClassifier"
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    labels = np.array(CLASSES[n_classes])[proba.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), labels)
    adjust, by = results[0][0][1]
    assert adjust is program.WAYS[-1][1]
    np.testing.assert_allclose(proba, adjust(model.model_.predict_proba(X), by))


def always(y, proba, parts, loss, ways):
    """The last way for all rows, whether others gain by it or not."""
    find, adjust = ways[-1]
    found = find(y, proba, loss)
    return (adjust, found), adjust(proba, found)


@KINDS
@ADJUSTED
def test_an_ensemble_that_gains_nothing_by_it_is_as_without(
    make, kind, n_classes, adjustment, metric_name
):
    one = make(kind, n_classes, adjustment=adjustment, metric_name=metric_name)
    one.program.cross_fitted = lambda y, proba, *_: (None, proba)
    results, _ = one.cross_validate()
    X, y = one.loaded[:2]
    model = one.program.combine([found for found, _, _ in results], X, y)
    assert type(model).__name__ in ("VotingClassifier", "StackingClassifier")
    rows = np.concatenate([rows for _, rows, _ in results])
    assert sorted(rows) == sorted(one.rows)


def test_an_adjusted_program_is_what_a_reader_can_follow(make):
    text = make("voting", 3, adjustment="temperature").text
    assert "adjustment, blend = cross_fitted(" in text
    assert "WAYS = [(find_temperature, tempered)]" in text
    assert "vote = AdjustedClassifier(vote, *adjustment)" in text
    assert "from scipy.optimize import minimize_scalar" in text
    assert "reweighted" not in text
    assert "isotonic" not in text


@pytest.mark.parametrize("adjustment", ["temperature", "temperature_or_isotonic", "class_weights"])
def test_what_was_found_is_printed_in_short(make, adjustment, capsys):
    one = make("voting", 2, adjustment=adjustment, metric_name="log_loss")
    one.program.cross_fitted = always
    lines = one.text.splitlines()
    start = lines.index(
        '    print(f"validation log_loss: {np.nanmean(scores):.9f} ± {np.nanstd(scores):.9f}")'
    )
    show = [line[4:] for line in lines[start + 1 :]]
    show = show[: show.index("")]
    results, _ = one.cross_validate()
    exec("\n".join(show), {**vars(one.program), "results": results})
    printed = capsys.readouterr().out.splitlines()
    heading, *listed, adjusted = printed
    smooth = adjustment == "class_weights"
    assert heading == f"weights, chosen by {'Brier score' if smooth else 'log_loss'}:"
    weights = [float(line.split()[0]) for line in listed]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0
    assert sum(weights) == pytest.approx(1, abs=0.002)
    assert {line.split()[1] for line in listed} <= {"good", "bad"}
    name = {"temperature": "tempered", "class_weights": "reweighted"}.get(adjustment, "isotonic")
    assert adjusted.startswith(f"adjusted: {name} ")
    assert len(adjusted) < 60


@pytest.mark.parametrize(
    ("adjustment", "balance", "loss"),
    [
        ("class_weights", False, "brier_loss"),
        ("class_weights", True, "mean_loss"),
        (None, False, "mean_loss"),
    ],
)
def test_a_vote_whose_classes_are_weighted_later_is_chosen_by_its_probabilities(
    make, adjustment, balance, loss
):
    options = {"metric_name": "f1", "adjustment": adjustment, "balance": balance}
    one = make("voting", 2, **options)
    assert re.search(rf"weights = select_weights\(oof.*, {loss}\)$", one.text, re.MULTILINE)
    assert ("def brier_loss" in one.text) == (loss == "brier_loss")
    _, score = one.cross_validate()
    assert np.isfinite(score)


def test_the_brier_loss_is_the_metric_of_that_name():
    y = np.array([0, 1, 1, 0])
    proba = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.5, 0.5]])
    brier = metric("brier", "classification", 3)
    assert brier_loss(y, proba) == pytest.approx(brier.score(y, proba))
