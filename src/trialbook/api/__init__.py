"""The public functions. Everything heavy is imported when one of them is called."""

from trialbook.api._batch import drift, score
from trialbook.api._experiments import open, rerun, resume
from trialbook.api._explain import explain
from trialbook.api._judging import card, find_trial
from trialbook.api._many import open_many, train_many
from trialbook.api._models import export, load_model, promote, registered_models, retrain
from trialbook.api._serving import serve
from trialbook.api._tables import guardrails, profile
from trialbook.api._train import classify, forecast, plan, regress, train

__all__ = [
    "card",
    "classify",
    "drift",
    "explain",
    "export",
    "find_trial",
    "forecast",
    "guardrails",
    "load_model",
    "open",
    "open_many",
    "plan",
    "profile",
    "promote",
    "registered_models",
    "regress",
    "rerun",
    "resume",
    "retrain",
    "score",
    "serve",
    "train",
    "train_many",
]
