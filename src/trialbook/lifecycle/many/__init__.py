"""Many models: an experiment for each part of a table, under one name and within one budget."""

from trialbook.lifecycle.many._models import ManyModels, open_many, train_many
from trialbook.lifecycle.many._plan import Part

__all__ = ["ManyModels", "Part", "open_many", "train_many"]
