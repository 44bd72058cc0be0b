"""Many models as one: how much each counts, and which may take part."""

from trialbook.ensemble._budget import affordable, first_within
from trialbook.ensemble._calibration import adjustment
from trialbook.ensemble._caruana import select_weights
from trialbook.ensemble._inverse_error import inverse_error_weights
from trialbook.ensemble._live import LiveVote
from trialbook.ensemble._members import layer, smoothed, stackable, voters

__all__ = [
    "LiveVote",
    "adjustment",
    "affordable",
    "first_within",
    "inverse_error_weights",
    "layer",
    "select_weights",
    "smoothed",
    "stackable",
    "voters",
]
