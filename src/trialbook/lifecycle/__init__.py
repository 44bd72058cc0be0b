"""Experiments, trials and models as people use them: judged, compared, promoted, exported."""

from trialbook.lifecycle._backtest import Backtest, backtest
from trialbook.lifecycle._explain import explain_model
from trialbook.lifecycle._export import export
from trialbook.lifecycle._features import featurization_summary
from trialbook.lifecycle._find_model import (
    find_any_model,
    find_model,
    find_trial,
)
from trialbook.lifecycle._handle import Experiment
from trialbook.lifecycle._learned_from import LearnedFrom, learned_from
from trialbook.lifecycle._promote import Promotion, promote
from trialbook.lifecycle._retrain import Retrained, retrain
from trialbook.lifecycle._series import require_rows
from trialbook.lifecycle._series_drift import forecast_drift
from trialbook.lifecycle._trial import Trial
from trialbook.lifecycle.card import ModelCard, card_ending
from trialbook.lifecycle.many import ManyModels, Part, open_many, train_many

__all__ = [
    "Backtest",
    "Experiment",
    "LearnedFrom",
    "ManyModels",
    "ModelCard",
    "Part",
    "Promotion",
    "Retrained",
    "Trial",
    "backtest",
    "card_ending",
    "explain_model",
    "export",
    "featurization_summary",
    "find_any_model",
    "find_model",
    "find_trial",
    "forecast_drift",
    "learned_from",
    "open_many",
    "promote",
    "require_rows",
    "retrain",
    "train_many",
]
