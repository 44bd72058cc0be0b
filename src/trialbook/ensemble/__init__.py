"""Many models as one: how much each counts, and which may take part."""

from trialbook.ensemble._caruana import select_weights
from trialbook.ensemble._members import candidates, smoothed, stackable

__all__ = ["candidates", "select_weights", "smoothed", "stackable"]
