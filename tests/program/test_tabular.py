"""The frame of a tabular program."""

from __future__ import annotations

import ast
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trialbook.program import (
    Code,
    Columns,
    Frame,
    MetricCode,
    ModelCode,
    Preprocessing,
    call,
    import_program,
    set_constant,
    tabular_program,
    with_first_folds,
)

ACCURACY = MetricCode(
    name="accuracy",
    function="accuracy",
    source=(
        "def accuracy(y, proba, positive):\n"
        '    """Share of right labels."""\n'
        "    return float(np.mean(proba.argmax(axis=1) == y))"
    ),
    imports=("import numpy as np",),
    greater_is_better=True,
)
RMSE = MetricCode(
    name="rmse",
    function="rmse",
    source=(
        "def rmse(y, prediction):\n"
        '    """Root mean squared error."""\n'
        "    return float(np.sqrt(np.mean((y - prediction) ** 2)))"
    ),
    imports=("import numpy as np",),
    greater_is_better=False,
)
TREE = ModelCode(
    estimator=call("DecisionTreeClassifier", max_depth=3, random_state=Code("SEED")),
    imports=("from sklearn.tree import DecisionTreeClassifier",),
    preprocessing=Preprocessing(numeric="impute"),
)
REGRESSION_TREE = replace(
    TREE,
    estimator=call("DecisionTreeRegressor", max_depth=3, random_state=Code("SEED")),
    imports=("from sklearn.tree import DecisionTreeRegressor",),
)
# Trains in rounds: its depth stands for them.
ITERATIVE = replace(
    TREE,
    fit="pipeline.set_params(model__max_depth=rounds or 2)\nreturn pipeline.fit(X, y)",
)


@pytest.fixture
def frame(tmp_path: Path) -> Frame:
    n = 60
    rng = np.random.default_rng(1)
    size = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "size": size,
            "kind": rng.choice(["a", "b"], n),
            "label": np.where(size > 0, "yes", "no"),
            "price": size * 3,
            "w": rng.uniform(0.5, 2, n),
            "__fold_0": np.where(np.arange(n) < 40, 1, 0),
            "__fold_1": np.where(np.arange(n) >= 30, 1, np.where(np.arange(n) < 10, 0, -1)),
        }
    )
    path = tmp_path / "train.parquet"
    table.to_parquet(path)
    return Frame(
        experiment="e",
        task="classification",
        target="label",
        classes=("no", "yes"),
        positive=1,
        columns=Columns(numeric=("size",), categorical={"kind": 2}),
        fold_columns=("__fold_0", "__fold_1"),
        validation="Two folds.",
        weight=None,
        metric=ACCURACY,
        data=Code(f'Path("{path.as_posix()}")'),
        seed=5,
        n_jobs=1,
    )


def regression(frame: Frame) -> Frame:
    return replace(
        frame, task="regression", target="price", classes=(), positive=None, metric=RMSE
    )


def program(frame: Frame, model: ModelCode = TREE) -> str:
    return tabular_program(frame, model, title="A tree", summary="Small.")


def load(source: str, tmp_path: Path):
    path = tmp_path / "trial.py"
    path.write_text(source, encoding="utf-8")
    return import_program(path, "trial_of_frame")


def test_importing_a_program_does_no_work(frame: Frame, tmp_path: Path, capsys) -> None:
    load(program(frame), tmp_path)
    assert capsys.readouterr().out == ""


def test_cells_are_marked_and_headed(frame: Frame) -> None:
    source = program(frame)
    assert source.startswith("# %% [markdown]\n# # A tree\n#\n# Small.\n#\n# Two folds.\n")
    assert source.endswith("\n") and not source.endswith("\n\n")
    assert "\n\n\n\n" not in source
    compile(source, "trial.py", "exec")


def test_folds_train_and_validate_on_their_own_rows(frame: Frame, tmp_path: Path) -> None:
    module = load(program(frame), tmp_path)
    X, y, folds = module.load()
    assert set(np.unique(y)) == {0, 1}
    results = list(module.cross_validate(X, y, folds))
    assert [list(valid) for _, valid, _ in results] == [list(range(40, 60)), list(range(10))]
    assert results[0][0][-1].tree_.n_node_samples[0] == 40
    assert results[1][0][-1].tree_.n_node_samples[0] == 30
    for _, valid, prediction in results:
        assert prediction.shape == (len(valid), 2)
        assert module.evaluate(y, valid, prediction) > 0.8


def test_the_combined_model_averages_and_speaks_in_labels(frame: Frame, tmp_path: Path) -> None:
    module = load(program(frame), tmp_path)
    X, y, folds = module.load()
    models = [model for model, _, _ in module.cross_validate(X, y, folds)]
    combined = module.combine(models, X, y)
    assert set(combined.predict(X)) == {"no", "yes"}
    mean = np.mean([model.predict_proba(X) for model in models], axis=0)
    np.testing.assert_allclose(combined.predict_proba(X), mean)


def test_a_regression_predicts_numbers(frame: Frame, tmp_path: Path) -> None:
    module = load(program(regression(frame), REGRESSION_TREE), tmp_path)
    X, y, folds = module.load()
    results = list(module.cross_validate(X, y, folds))
    assert all(prediction.ndim == 1 for _, _, prediction in results)
    combined = module.combine([model for model, _, _ in results], X, y)
    assert combined.predict(X).shape == (60,)


def test_label_types_survive(frame: Frame, tmp_path: Path) -> None:
    table = pd.read_parquet(tmp_path / "train.parquet")
    for labels in ((False, True), (3, 7), (0.123456789, 2.5)):
        values = np.where(table["label"] == "yes", labels[1], labels[0])
        table.assign(label=values).to_parquet(tmp_path / "train.parquet")
        module = load(program(replace(frame, classes=labels)), tmp_path)
        _, y, _ = module.load()
        np.testing.assert_array_equal(y, table["label"] == "yes")


def test_rounds_are_found_once_and_then_fixed(frame: Frame, tmp_path: Path) -> None:
    source = program(frame, ITERATIVE)
    module = load(source, tmp_path)
    depths = [model[-1].max_depth for model, _, _ in module.cross_validate(*module.load())]
    assert depths == [2, 2]
    module = load(set_constant(source, "ROUNDS", [1, 4]), tmp_path)
    depths = [model[-1].max_depth for model, _, _ in module.cross_validate(*module.load())]
    assert depths == [1, 4]


def test_folds_that_are_left_out_are_no_features(frame: Frame, tmp_path: Path) -> None:
    whole = load(program(frame), tmp_path).load()
    module = load(with_first_folds(program(frame), frame.fold_columns, 1), tmp_path)
    X, y, folds = module.load()
    pd.testing.assert_frame_equal(X, whole[0])
    np.testing.assert_array_equal(y, whole[1])
    np.testing.assert_array_equal(folds, whole[2][:, :1])
    assert list(frame.fold_columns[:1]) == module.FOLDS


def test_weights_are_read_passed_on_and_kept_from_the_features(
    frame: Frame, tmp_path: Path
) -> None:
    weighted = replace(frame, weight="w")
    module = load(program(weighted), tmp_path)
    X, y, folds, weight = module.load()
    assert "w" not in X and len(weight) == 60
    model, _, _ = next(module.cross_validate(X, y, folds, weight))
    assert model[-1].tree_.weighted_n_node_samples[0] == pytest.approx(weight[:40].sum())


def test_a_learner_without_weights_still_loses_the_column(frame: Frame, tmp_path: Path) -> None:
    module = load(program(replace(frame, weight="w"), replace(TREE, weights=False)), tmp_path)
    X, *rest = module.load()
    assert "w" not in X
    assert len(rest) == 2


@pytest.mark.parametrize("weight", [None, "w"])
def test_rows_are_balanced_for_a_learner_that_cannot(
    frame: Frame, tmp_path: Path, weight: str | None
) -> None:
    model = replace(TREE, balance_rows=True)
    module = load(program(replace(frame, weight=weight), model), tmp_path)
    loaded = module.load()
    pipeline, _, _ = next(module.cross_validate(*loaded))
    root = pipeline[-1].tree_.value[0].ravel()
    if weight is None:
        np.testing.assert_allclose(root / root.sum(), [0.5, 0.5])
    else:
        assert np.isfinite(root).all()


@pytest.mark.parametrize("name", ["x", "y z", 'a "b"', "it's"])
def test_any_target_name_will_do(frame: Frame, tmp_path: Path, name: str) -> None:
    table = pd.read_parquet(tmp_path / "train.parquet").rename(columns={"label": name})
    table.to_parquet(tmp_path / "train.parquet")
    X, y, _ = load(program(replace(frame, target=name)), tmp_path).load()
    assert name not in X and y.sum() > 0


def test_a_program_runs_as_a_script(frame: Frame, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    import subprocess
    import sys

    path = tmp_path / "trial.py"
    for case, model in ((frame, TREE), (regression(frame), REGRESSION_TREE)):
        # The last cell shows how the stored model answers, which only a workspace has.
        source = program(case, model).replace("EXPLAIN = False", "EXPLAIN = True")
        path.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, path], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert f"validation {case.metric.name}: " in done.stdout
        assert "importance" in done.stdout


def test_the_parameters_name_what_the_reader_may_change(frame: Frame) -> None:
    constants = {
        node.targets[0].id: ast.unparse(node.value)
        for node in ast.parse(program(frame)).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert constants["TARGET"] == "'label'"
    assert constants["SEED"] == "5"
    assert constants["N_JOBS"] == "1"
    assert constants["POSITIVE"] == "1"
    assert constants["NUMERIC"] == "['size']"
    assert "ROUNDS" not in constants and "N_CATEGORICAL" not in constants


# -- one model of all rows --------------------------------------------------------------------


def refit_program(frame: Frame, model: ModelCode = TREE) -> str:
    return tabular_program(frame, model, title="A tree", summary="Small.", refit=True)


@pytest.mark.parametrize("is_classification", [True, False])
def test_a_refitted_model_is_one_that_has_seen_all_rows_that_a_fold_uses(
    frame: Frame, tmp_path: Path, is_classification: bool
) -> None:
    frame = replace(frame, fold_columns=("__fold_1",))
    if not is_classification:
        frame = regression(frame)
    module = load(refit_program(frame, TREE if is_classification else REGRESSION_TREE), tmp_path)
    loaded = module.load()
    model = module.refit(*loaded)
    (voter,) = model.estimators_
    used = (loaded[2] >= 0).any(axis=1)
    assert 0 < used.sum() < len(used)
    assert voter.estimator[-1].tree_.n_node_samples[0] == used.sum()
    expected = {"no", "yes"} if is_classification else set(model.predict(loaded[0]))
    assert set(model.predict(loaded[0])) == expected


def test_a_refitted_model_takes_as_many_rounds_as_the_folds_did_on_average(
    frame: Frame, tmp_path: Path
) -> None:
    module = load(set_constant(refit_program(frame, ITERATIVE), "ROUNDS", [1, 4]), tmp_path)
    model = module.refit(*module.load())
    assert model.estimators_[0].estimator[-1].max_depth == round(2.5)


def test_a_refitted_model_is_weighted(frame: Frame, tmp_path: Path) -> None:
    weighted = replace(frame, weight="w")
    for model in (
        TREE,
        replace(ITERATIVE, fit=f"{ITERATIVE.fit[:-1]}, model__sample_weight=weight)"),
    ):
        source = refit_program(weighted, model)
        if model.fit:
            source = set_constant(source, "ROUNDS", [2, 2])
        module = load(source, tmp_path)
        loaded = module.load()
        tree = module.refit(*loaded).estimators_[0].estimator[-1].tree_
        used = (loaded[2] >= 0).any(axis=1)
        assert tree.weighted_n_node_samples[0] == pytest.approx(loaded[3][used].sum())


def test_a_refit_differs_from_its_original_in_the_model_alone(
    frame: Frame, tmp_path: Path
) -> None:
    original, again = program(frame), refit_program(frame)
    assert "def refit(" not in original
    assert "model = refit(X, y, folds)" in again
    before, after = (load(source, tmp_path) for source in (original, again))
    for (_, rows, first), (_, same, second) in zip(
        before.cross_validate(*before.load()), after.cross_validate(*after.load())
    ):
        np.testing.assert_array_equal(rows, same)
        np.testing.assert_array_equal(first, second)


def test_the_first_rows_of_a_big_table_are_the_beginning_of_all(
    frame: Frame, tmp_path: Path
) -> None:
    whole = load(program(frame), tmp_path)
    assert "ROWS" not in program(frame)
    part = load(program(replace(frame, rows=45)), tmp_path)
    assert part.ROWS == 45
    X, y, folds = part.load()
    all_X, all_y, all_folds = whole.load()
    pd.testing.assert_frame_equal(X, all_X.head(45))
    assert np.array_equal(y, all_y[:45])
    assert np.array_equal(folds, all_folds[:45])


def test_first_rows_may_lie_in_several_row_groups(frame: Frame, tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    pd.read_parquet(path).to_parquet(path, row_group_size=20)
    X, _, _ = load(program(replace(frame, rows=45)), tmp_path).load()
    assert len(X) == 45


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_shapley_values_of_predictions_are_computed_on_request(
    frame: Frame, task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = task == "regression"
    source = program(regression(frame) if number else frame, REGRESSION_TREE if number else TREE)
    # What is no feature would be learned, too: the frame's table has both targets.
    source = source.replace("[TARGET, *FOLDS]", '[TARGET, "label", "price", "w", *FOLDS]')
    assert "SHAPLEY = False" in source
    path = tmp_path / "explained.py"
    path.write_text(source.replace("SHAPLEY = False", "SHAPLEY = True"), "utf-8")
    runpy.run_path(str(path), run_name="__main__")
    told = capsys.readouterr().out.split("mean size of Shapley values of predictions\n")[1]
    first, second = told.splitlines()[:2]
    assert first.startswith("size") and float(first.split()[1]) > 0.1
    assert second.startswith("kind") and float(second.split()[1]) < 0.05
