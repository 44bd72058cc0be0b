"""A whole explanation: importances, curves, pictures and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from trialbook.data import Schema, prepare
from trialbook.errors import OptionError
from trialbook.evaluation.explanations import (
    FILE,
    Explanation,
    HeldOut,
    Question,
    explain,
    fold_models,
)
from trialbook.job import Job

TRUE = {"size", "kind", "note", "day"}


def auc(y: np.ndarray, told: np.ndarray) -> float:
    return float(roc_auc_score(y, told[:, 1]))


def question(model: Any, rows: pd.DataFrame, schema: Schema) -> Question:
    """Rows of the first half are predicted by the model of the second, and the other way round."""
    half = len(rows) // 2
    models = fold_models(model, 2, classification=True)
    assert models is not None
    parts = [(models[0], np.arange(half)), (models[1], np.arange(half, len(rows)))]
    y = (rows["label"] == "yes").to_numpy().astype(int)
    X = rows[schema.names]
    held = HeldOut(X, y, parts, "validation rows")
    drawn = np.random.default_rng(0).permutation(len(rows))[:60]
    some = X.iloc[drawn].set_axis(drawn)
    return Question("one", model, schema, some, X.iloc[::10], held, auc, "roc_auc")


@pytest.fixture(scope="module")
def found(models: dict[str, Any], rows: pd.DataFrame, schema: Schema) -> Explanation:
    return explain(question(models["adjusted"], rows, schema))


def test_true_columns_come_first_by_values_and_by_permutation(found: Explanation) -> None:
    assert set(found.importance["column"].head(4)) == TRUE
    alone = [columns[0] for columns in found.permutation["columns"] if len(columns) == 1]
    assert set(alone[:4]) == TRUE
    assert (found.permutation["repeats"] == 5).all() and (found.permutation["std"] >= 0).all()
    assert found.permutation["importance"].iloc[0] > 3 * found.permutation["std"].iloc[0]
    assert {"kind_b", "note_good"} <= set(found.features["feature"].head(8))


def test_each_fold_is_predicted_by_the_model_that_has_not_seen_it(
    models: dict[str, Any], rows: pd.DataFrame
) -> None:
    for kind in ("forest", "blend", "stack", "adjusted"):
        folds = fold_models(models[kind], 2, classification=True)
        assert folds is not None
        told = [one(rows.head(5)) for one in folds]
        assert not np.allclose(told[0], told[1])
        np.testing.assert_allclose(told[0].sum(axis=1), 1)
    forest = fold_models(models["forest"], 2, classification=True)
    assert forest is not None
    first = models["forest"].estimators_[0].predict_proba(rows.head(5))
    np.testing.assert_allclose(forest[0](rows.head(5)), first)
    assert fold_models(models["forest"], 3, classification=True) is None


def test_curves_go_the_way_of_the_truth(found: Explanation) -> None:
    curves = {one.column: one for one in found.dependence}
    assert set(curves) == (TRUE | {"noise", "other"}) - {"note"}  # a text has no line of values
    size, kind = curves["size"], curves["kind"]
    assert size.kind == "number" and size.mean[-1, 1] > size.mean[0, 1] + 0.2
    assert size.grid == sorted(size.grid)
    assert size.curves.shape == (40, len(size.grid), 2)
    assert kind.kind == "level" and set(kind.grid) == {"a", "b", "c"}
    assert kind.grid[int(kind.mean[:, 1].argmax())] == "b"
    assert curves["day"].kind == "date" and curves["day"].grid[0].startswith("2024-01")
    assert found.interaction is not None and 0 <= found.interaction.strength <= 1


def test_one_row_adds_up_and_names_its_class(found: Explanation) -> None:
    table = found.row(3)
    told = found.values.base + found.values.raw[3].sum(axis=0)
    assert table.attrs["label"] == "yes"
    assert table.attrs["prediction"] == pytest.approx(told[1])
    assert found.row(3, "no").attrs["prediction"] == pytest.approx(told[0])
    assert list(np.abs(table["value"])) == sorted(np.abs(table["value"]), reverse=True)
    with pytest.raises(OptionError, match="no row 60"):
        found.row(60)
    with pytest.raises(OptionError, match="no class 'maybe'"):
        found.row(0, "maybe")


def test_it_is_kept_as_tables_and_pictures(found: Explanation, tmp_path: Path) -> None:
    found.save(str(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    pictures = ("importance", "beeswarm", "waterfall", "features", "permutation", "dependence")
    assert {f"{name}.png" for name in (*pictures, "interaction")} < names
    document = json.loads((tmp_path / FILE).read_text("utf-8"))
    assert document["importance"][0]["column"] in TRUE and document["exact"] is True
    values = pd.read_parquet(tmp_path / "values.parquet")
    of_yes = values[values["class"] == "yes"]
    assert list(of_yes["row"]) == sorted(of_yes["row"]) and len(of_yes) == 60
    added = of_yes["base"] + of_yes[list(found.rows.columns)].sum(axis=1)
    np.testing.assert_allclose(added, of_yes["prediction"])


def test_little_time_leaves_out_parts_and_says_so(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema
) -> None:
    found = explain(question(models["near"], rows, schema), timeout=0.01)
    assert 0 < len(found.rows) <= 60
    assert any("time" in note for note in found.notes)
    assert any("sampled" in note for note in found.notes)
    assert {"importance", "beeswarm", "waterfall"} <= set(found.figures())


def test_columns_that_go_together_are_mixed_up_together(
    models: dict[str, Any], rows: pd.DataFrame, schema: Schema
) -> None:
    twins = rows[schema.names].assign(noise=rows["size"] + 0.01 * rows["noise"])
    asked = question(models["linear"], rows, schema)
    held = HeldOut(twins, asked.held.y, asked.held.parts, "twins")  # type: ignore[union-attr]
    from trialbook.evaluation.explanations import permutation_importance

    table = permutation_importance(held, auc, schema.names)
    assert ("noise", "size") in set(table["columns"])


def test_one_repeat_has_no_spread(
    monkeypatch: pytest.MonkeyPatch,
    models: dict[str, Any],
    rows: pd.DataFrame,
    schema: Schema,
    tmp_path: Path,
) -> None:
    from trialbook.evaluation.explanations import _importance

    monkeypatch.setattr(_importance, "REPEATS", 1)
    found = explain(question(models["linear"], rows, schema))
    found.save(tmp_path)
    table = json.loads((tmp_path / FILE).read_text("utf-8"))["permutation"]
    assert table and all(one["std"] is None and one["repeats"] == 1 for one in table)


def test_numbers_are_explained_in_their_own_unit(
    numbers: Any, rows: pd.DataFrame, tmp_path: Path
) -> None:
    job = Job(
        data=Job.IN_MEMORY, target="amount", folds=2, ignore=("label",), types={"note": "text"}
    )
    schema = prepare(job, frame=rows).schema
    X = rows[schema.names]
    found = explain(Question("one", numbers, schema, X.head(40), X.iloc[::10]))
    assert set(found.importance["column"].head(4)) == TRUE
    np.testing.assert_allclose(
        found.values.base + found.values.raw.sum(axis=1), numbers.predict(X.head(40))[:, None]
    )
    assert found.row(0).attrs["label"] is None and not len(found.permutation)
    found.save(tmp_path)
    assert "class" not in pd.read_parquet(tmp_path / "values.parquet")
