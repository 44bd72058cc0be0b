"""The frame of a tabular program."""

from __future__ import annotations

import ast
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
