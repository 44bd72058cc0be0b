"""The profile of a table before training: figures of its columns, and of how they go together."""

from __future__ import annotations

from trialbook.profiling._association import Coded, coded_levels, coded_numbers, correlation
from trialbook.profiling._build import profile_of, profile_of_training
from trialbook.profiling._figures import ColumnProfile
from trialbook.profiling._format import counts_of, share, size, summary
from trialbook.profiling._measures import MEASURES
from trialbook.profiling._profile import Profile
from trialbook.profiling._read import Looked, look, some_of

__all__ = [
    "MEASURES",
    "Coded",
    "ColumnProfile",
    "Looked",
    "Profile",
    "coded_levels",
    "coded_numbers",
    "correlation",
    "counts_of",
    "look",
    "profile_of",
    "profile_of_training",
    "share",
    "size",
    "some_of",
    "summary",
]
