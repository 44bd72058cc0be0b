"""The commands, in the order in which a person meets them.

Everything heavy is imported inside the commands, so that ``trialbook --help`` is instant.
"""

from __future__ import annotations

import click

from trialbook.cli.commands._card import card
from trialbook.cli.commands._catalogue import tables
from trialbook.cli.commands._charts import charts, learning_curve
from trialbook.cli.commands._drift import drift
from trialbook.cli.commands._explain import explain
from trialbook.cli.commands._export import export
from trialbook.cli.commands._features import features
from trialbook.cli.commands._guardrails import guardrails
from trialbook.cli.commands._judge import errors, fairness
from trialbook.cli.commands._many import many
from trialbook.cli.commands._models import models, promote, retrain
from trialbook.cli.commands._predict import predict, test
from trialbook.cli.commands._profile import profile
from trialbook.cli.commands._register import register
from trialbook.cli.commands._results import leaderboard, notebook, rerun, show
from trialbook.cli.commands._serve import serve
from trialbook.cli.commands._train import demo, forecast, resume, run, train

# What a person wants to do, and the commands for it.
SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Data": (tables, profile, guardrails),
    "Training": (train, forecast, run, resume, rerun, many, demo),
    "Results": (leaderboard, show, features, notebook, charts, learning_curve),
    "Judgement": (test, explain, errors, fairness, card),
    "Production": (register, models, retrain, promote, predict, export, serve, drift),
}

__all__ = ["SECTIONS"]
