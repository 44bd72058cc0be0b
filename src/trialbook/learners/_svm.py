"""Support vector machine with a radial kernel: smooth borders on small tables."""

from __future__ import annotations

from dataclasses import replace

from trialbook.learners._base import Float, Learner, Params, Space, Start, class_weight
from trialbook.learners._engineered import of_model
from trialbook.learners._linear import (
    CALIBRATION_IMPORTS,
    DENSE_FEATURES,
    SCALED_TARGET_IMPORTS,
    calibrated,
    can_calibrate,
    scaled_target,
)
from trialbook.learners._selection import (
    USUAL,
    can_select,
    narrowed,
    selected,
    selection_s,
    selection_space,
)
from trialbook.program import ModelCode, call
from trialbook.tasks import Table

# Its time grows with the square of the rows and beyond.
MAX_ROWS = 6000


class SVM(Learner):
    """Kernel machine with a radial kernel (Cortes and Vapnik 1995)."""

    key = "svm"
    name = "SVM"
    aliases = ("support_vector_machine", "svc", "svr", "support_vector_classification")
    max_classes = 30

    def space(self, table: Table) -> Space:
        space = {"C": Float(0.05, 100.0, log=True), "gamma": Float(1e-4, 1.0, log=True)}
        if not table.is_classification:
            space["epsilon"] = Float(0.001, 0.5, log=True)
        return {**space, **selection_space(table)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        if not can_calibrate(table):
            return ()
        # gamma is scikit-learn's own, one over columns and their variance. 1 is its own C, too;
        # 10 bends borders further, which rows that are nearly separable bear.
        few_columns = {"C": 3.0, "select": USUAL}
        return (
            *(
                (Start("few_columns", few_columns, gain=0.2, max_rows=MAX_ROWS),)
                if can_select(table)
                else ()
            ),
            Start("c1", {"C": 1.0}, gain=0.2, max_rows=MAX_ROWS),
            Start("c10", {"C": 10.0}, gain=0.12, max_rows=MAX_ROWS),
        )

    def cost(self, params: Params, table: Table) -> float:
        choice_s, table = selection_s(params, table), narrowed(params, table)
        fits = 2.2 if table.is_classification else 1.0
        strength = float(params.get("C", 1.0) or 1.0)
        squares = (table.n_rows / 1000) ** 2
        width = 0.015 + 0.001 * table.n_features
        return float(0.1 + choice_s + fits * squares * width * max(1.0, strength) ** 0.15)

    def code(self, params: Params, table: Table) -> ModelCode:
        features = replace(DENSE_FEATURES, select=selected(params))
        if table.is_classification:
            classifier = call("SVC", **of_model(params), **class_weight(table), cache_size=500)
            return ModelCode(
                estimator=calibrated(classifier),
                imports=("from sklearn.svm import SVC", *CALIBRATION_IMPORTS),
                preprocessing=features,
            )
        return ModelCode(
            estimator=scaled_target(call("SVR", **of_model(params), cache_size=500)),
            imports=("from sklearn.svm import SVR", *SCALED_TARGET_IMPORTS),
            preprocessing=features,
        )
