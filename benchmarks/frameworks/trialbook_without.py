"""Trialbook without one of its parts, where users have no option for that.

The plan and the programs are made in this process, so a part is taken away by replacing a function
in it; the processes that train run the programs as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.frameworks.shared import Request, main
from benchmarks.frameworks.trialbook import Trialbook
from trialbook.experiment import _design
from trialbook.learners import Learner, Params, Table, _engineered
from trialbook.search import Step
from trialbook.search._portfolio import projected_s

# CatBoost's usual rate. Left to itself it goes by the table and the number of rounds, and neither
# the patience of early stopping nor the projected time would know which it took.
CATBOOST: Params = {"learning_rate": 0.03}
# TabM's estimator is ours, and its defaults are a tuned start. The network is what `TabM.make`
# takes for numbers with embeddings; the library trains nothing, and the rest is its own example's.
TABM: Params = {
    "k": 32,
    "n_blocks": 2,
    "d_block": 512,
    "dropout": 0.1,
    "n_bins": 48,
    "d_embedding": 16,
    "learning_rate": 0.002,
    "weight_decay": 3e-4,
}
# An empty configuration leaves all arguments to the library. Named are defaults of the libraries
# that programs would set otherwise, or that the projected time depends on. With or without a
# portfolio, early stopping tells how many rounds boosting takes, and the size of the table how
# many trees a forest has.
CLASSIFICATION: dict[str, Params] = {
    "catboost": CATBOOST,
    "extra_trees": {"max_features": "sqrt"},
    "lightgbm": {"learning_rate": 0.1},
    "mlp": {"layers": 1, "width": 100},
    "random_forest": {"max_features": "sqrt"},
    "sgd": {"loss": "log_loss"},  # the library's own, a hinge, has no probabilities
    "tabm": TABM,
    "xgboost": {"learning_rate": 0.3},
}
REGRESSION: dict[str, Params] = {
    "catboost": CATBOOST,
    "lightgbm": {"learning_rate": 0.1},
    "mlp": {"layers": 1, "width": 100},
    "tabm": TABM,
    "xgboost": {"learning_rate": 0.3},
}


def library_defaults() -> None:
    """Let each learner start from its library's defaults, in alphabetical order.

    Which learners suit a table stays as it is.
    """
    _design.portfolio = _plain_portfolio


def _plain_portfolio(
    learners: Sequence[Learner], table: Table, budget_s: float | None = None
) -> list[Step]:
    """Take the place of `trialbook.search.portfolio`."""
    defaults = CLASSIFICATION if table.is_classification else REGRESSION
    steps = []
    for learner in sorted(learners, key=lambda one: one.key):
        starts = learner.starts(table)
        few_rows = any(one.max_rows is None or table.n_rows <= one.max_rows for one in starts)
        few_classes = learner.max_classes is None or table.n_classes <= learner.max_classes
        if few_rows and few_classes:
            params = defaults.get(learner.key, {})
            seconds = projected_s(learner, params, table)
            steps.append(Step(0, learner.key, "default", params, seconds))
    return [replace(step, number=number) for number, step in enumerate(steps, start=1)]


def no_engineered_features() -> None:
    """Let no table be one for features of several columns."""
    _engineered.possible_extras = lambda columns: ()


PATCHES: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (library_defaults, no_engineered_features)
}


class TrialbookWithout(Trialbook):
    """The best model of an experiment; `params` has a job's options, and what is replaced."""

    def start(self, request: Request) -> None:
        """Replace a function before the budget starts."""
        PATCHES[request.params.pop("patch")]()


if __name__ == "__main__":
    main(TrialbookWithout())
