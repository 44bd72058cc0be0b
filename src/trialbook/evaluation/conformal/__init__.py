"""Intervals and sets that hold the truth as often as they promise: conformal prediction."""

from trialbook.evaluation.conformal._calibrate import calibrate
from trialbook.evaluation.conformal._coverage import coverage_of

__all__ = ["calibrate", "coverage_of"]
