"""Multinomial naive Bayes: classes by how much of each column there is."""

from __future__ import annotations

from dataclasses import replace

from trialbook.learners._base import Float, Learner, Params, Space, Start
from trialbook.learners._linear import FEATURES
from trialbook.learners._naive_bayes import prior, seconds
from trialbook.program import ModelCode, call
from trialbook.tasks import Table


class MultinomialNaiveBayes(Learner):
    """Independent columns as shares of a whole (McCallum and Nigam 1998)."""

    key = "multinomial_naive_bayes"
    name = "Multinomial naive Bayes"
    tasks = ("classification",)
    aliases = ("multinomial_nb",)

    def space(self, table: Table) -> Space:
        return {"alpha": Float(1e-3, 10.0, log=True)}

    def starts(self, table: Table) -> tuple[Start, ...]:
        # One imagined row of every kind: Laplace's rule, and scikit-learn's own.
        return (Start("laplace", {"alpha": 1.0}, gain=0.02),)

    def cost(self, params: Params, table: Table) -> float:
        return seconds(table)

    def code(self, params: Params, table: Table) -> ModelCode:
        return ModelCode(
            estimator=call("MultinomialNB", **params, **prior(table)),
            imports=("from sklearn.naive_bayes import MultinomialNB",),
            preprocessing=replace(FEATURES, numeric="minmax"),
        )
