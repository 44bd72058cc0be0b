"""Every learner's models are explained, and what explains them adds up."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trialbook.evaluation.explanations import Request, say, values_of
from trialbook.learners import all_learners

# The tables and programs of the contract of all learners.
_PATH = Path(__file__).parents[2] / "learners" / "test_contract.py"
_SPEC = importlib.util.spec_from_file_location("contract_of_learners", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
contract = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = contract
_SPEC.loader.exec_module(contract)

pytestmark = contract.pytestmark
quick = contract.quick

SAMPLED = {"knn", "mlp", "svm", "tabm"}
# Of correlated columns it makes coefficients of 1e13, and sums of such are noise: what does not
# add up is sampled.
UNSTABLE = {"lasso_lars"}
# Fewer rounds, for each takes a tree a class.
FASTER = {"hist_gradient_boosting": {"learning_rate": 0.5}}


@pytest.mark.parametrize(("key", "task"), contract.combinations())
def test_values_add_up_to_what_a_learner_predicts(key: str, task: str, tmp_path: Path) -> None:
    learner, n_classes = all_learners()[key], contract.TASKS[task]
    table, data = contract.easy_table(n_classes), contract.easy_data(n_classes)
    params = {**learner.starts(table)[0].params, **FASTER.get(key, {})}
    source = contract.write(learner, params, table, tmp_path, data)
    module = contract.load(source, tmp_path)
    loaded: tuple[Any, ...] = module.load()
    _, _, models = contract.scores_of(module)
    vote = module.combine(models, loaded[0], loaded[1])
    X = loaded[0].head(3)
    request = Request(bool(n_classes), engineered=key not in SAMPLED)
    found = values_of(vote, X, loaded[0].iloc[20:40], request)
    told = say(vote, X, classification=bool(n_classes))
    np.testing.assert_allclose(found.base + found.raw.sum(axis=1), told, rtol=0, atol=1e-6)
    assert found.exact == (key not in SAMPLED) or key in UNSTABLE
    if found.exact:
        assert found.engineered is not None
        assert (found.error == 0).all()
        whole = found.base + found.engineered.sum(axis=1)
        np.testing.assert_allclose(whole, told, rtol=0, atol=1e-6)
        assert found.engineered.shape[1] == len(found.features)
    else:
        assert found.error.max() > 0
