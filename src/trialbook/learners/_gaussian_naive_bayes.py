"""Gaussian naive Bayes: classes by the mean and spread of every column."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start
from trialbook.learners._linear import DENSE_FEATURES
from trialbook.learners._naive_bayes import seconds
from trialbook.program import Code, ModelCode, call
from trialbook.tasks import Table


class GaussianNaiveBayes(Learner):
    """Independent columns, each with a normal distribution a class."""

    key = "gaussian_naive_bayes"
    name = "Gaussian naive Bayes"
    tasks = ("classification",)
    aliases = ("gaussian_nb", "naive_bayes")

    def space(self, table: Table) -> Space:
        return {"var_smoothing": Float(1e-9, 1.0, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        # A hundredth of the largest variance, added to all, keeps a rare level that one class
        # never has from deciding alone; scikit-learn's 1e-9 does not.
        return (Start("smooth", {"var_smoothing": 1e-2}, gain=0.02),)

    def cost(self, params: Params, table: Table) -> float:
        return seconds(table)

    def code(self, params: Params, table: Table) -> ModelCode:
        equal = Code("np.full(len(CLASSES), 1 / len(CLASSES))")
        priors = {"priors": equal} if table.balance else {}
        return ModelCode(
            estimator=call("GaussianNB", **params, **priors),
            imports=("from sklearn.naive_bayes import GaussianNB",),
            preprocessing=DENSE_FEATURES,
        )
