"""Ridge regression on lagged values, a model for each step ahead."""

from __future__ import annotations

from trialbook.learners.series._by_step import ByStep
from trialbook.learners.series._linear_recursive import LinearRecursive


class LinearDirect(ByStep, LinearRecursive):
    """Ridge regression, one model for each step ahead, so that no forecast depends on another.

    It is not told dates either: of a season it knows by the lags, each step by its own weights.
    """

    key = "linear_direct"
    name = "Linear model by step"
    aliases = ("direct_linear", "direct_ridge")
    gain = 0.3  # less still: the order is by gain in time, and its trials are short
