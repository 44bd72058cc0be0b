"""Bernoulli naive Bayes: classes by what is above the average."""

from __future__ import annotations

from trialbook.learners._base import Float, Learner, Params, Space, Start
from trialbook.learners._linear import FEATURES
from trialbook.learners._naive_bayes import prior, seconds
from trialbook.program import ModelCode, call
from trialbook.tasks import Table


class BernoulliNaiveBayes(Learner):
    """Independent columns, each above its mean or not (McCallum and Nigam 1998)."""

    key = "bernoulli_naive_bayes"
    name = "Bernoulli naive Bayes"
    tasks = ("classification",)
    aliases = ("bernoulli_nb",)

    def space(self, table: Table) -> Space:
        return {"alpha": Float(1e-3, 10.0, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        # One imagined row of every kind: Laplace's rule, and scikit-learn's own.
        return (Start("laplace", {"alpha": 1.0}, gain=0.02),)

    def cost(self, params: Params, table: Table) -> float:
        return seconds(table)

    def code(self, params: Params, table: Table) -> ModelCode:
        return ModelCode(
            estimator=call("BernoulliNB", **params, **prior(table)),
            imports=("from sklearn.naive_bayes import BernoulliNB",),
            preprocessing=FEATURES,
        )
