"""Linear support vector machine: a linear model that minds the rows near the border."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start, class_weight
from trialbook.learners._linear import (
    CALIBRATION_FOLDS,
    CALIBRATION_IMPORTS,
    FEATURES,
    SCALED_TARGET_IMPORTS,
    calibrated,
    can_calibrate,
    million_entries,
    scaled_target,
)
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table


class LinearSVM(Learner):
    """Linear model with a hinge or tube loss (Fan et al. 2008)."""

    key = "linear_svm"
    name = "Linear SVM"
    aliases = ("linear_svc", "linear_svr", "linear_support_vector_machine")

    def space(self, table: Table) -> Space:
        if table.is_classification:
            return {"C": Float(1e-4, 10.0, log=True)}
        return {"C": Float(1e-4, 10.0, log=True), "epsilon": Float(0.001, 0.3, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        if not can_calibrate(table):
            return ()
        # The squared hinge on scaled columns is content with weak weights, and converges sooner.
        if table.is_classification:
            return (Start("weak", {"C": 0.05}, gain=0.08),)
        return (Start("weak", {"C": 0.1, "epsilon": 0.05}, gain=0.06),)

    def cost(self, params: Params, table: Table) -> float:
        fits = (CALIBRATION_FOLDS + 1) * table.n_outputs if table.is_classification else 1
        strength = float(params.get("C", 1.0) or 1.0)
        return float(0.1 + 0.06 * (10 * strength) ** 0.3 * million_entries(table) * fits)

    def code(self, params: Params, table: Table) -> ModelCode:
        if table.is_classification:
            classifier = call(
                "LinearSVC",
                **params,
                **class_weight(table),
                max_iter=5000,
                random_state=Code("SEED"),
            )
            return ModelCode(
                estimator=calibrated(classifier),
                imports=("from sklearn.svm import LinearSVC", *CALIBRATION_IMPORTS),
                preprocessing=FEATURES,
            )
        regressor = call(
            "LinearSVR",
            **params,
            loss="squared_epsilon_insensitive",
            dual="auto",
            max_iter=5000,
            random_state=Code("SEED"),
        )
        return ModelCode(
            estimator=scaled_target(regressor),
            imports=("from sklearn.svm import LinearSVR", *SCALED_TARGET_IMPORTS),
            preprocessing=FEATURES,
        )
