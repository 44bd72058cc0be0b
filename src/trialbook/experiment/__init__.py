"""Runs a job: load, guard, split, plan, trials, ensembles, test, report."""

from trialbook.experiment._design import PlanPreview, Tables, check, plan
from trialbook.experiment._explain import explain_model
from trialbook.experiment._export import export
from trialbook.experiment._features import featurization_summary
from trialbook.experiment._find_model import find_any_model, find_model, find_trial
from trialbook.experiment._handle import Experiment
from trialbook.experiment._learned_from import LearnedFrom, learned_from
from trialbook.experiment._promote import Promotion, promote
from trialbook.experiment._rerun import rerun
from trialbook.experiment._retrain import Retrained, retrain
from trialbook.experiment._run import resume, train
from trialbook.experiment._trial import Trial
from trialbook.experiment.card import ModelCard, card_ending

__all__ = [
    "Experiment",
    "LearnedFrom",
    "ModelCard",
    "PlanPreview",
    "Promotion",
    "Retrained",
    "Tables",
    "Trial",
    "card_ending",
    "check",
    "explain_model",
    "export",
    "featurization_summary",
    "find_any_model",
    "find_model",
    "find_trial",
    "learned_from",
    "plan",
    "promote",
    "rerun",
    "resume",
    "retrain",
    "train",
]
