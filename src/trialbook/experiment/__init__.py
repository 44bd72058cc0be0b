"""Runs a job: load, guard, split, plan, trials, ensembles, test, report."""

from trialbook.experiment._design import PlanPreview, Tables, check, plan
from trialbook.experiment._learning import learning_curve
from trialbook.experiment._machine import n_cores
from trialbook.experiment._ranking import ENSEMBLES, leaderboard_table, ranked, winner
from trialbook.experiment._rerun import rerun
from trialbook.experiment._run import resume, train

__all__ = [
    "ENSEMBLES",
    "PlanPreview",
    "Tables",
    "check",
    "leaderboard_table",
    "learning_curve",
    "n_cores",
    "plan",
    "ranked",
    "rerun",
    "resume",
    "train",
    "winner",
]
