"""The checks of the data: one file a family, pure functions, and their order here."""

from __future__ import annotations

from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._classes import balance, rare_classes
from trialbook.data.checks._columns import (
    constants_and_copies,
    high_cardinality,
    identifiers,
    missing_values,
    unsupported,
)
from trialbook.data.checks._leaks import target_leak
from trialbook.data.checks._look import Check, Look
from trialbook.data.checks._mixed import numbers_in_text

__all__ = ["Look", "check"]

# In the order in which they are reported.
CHECKS: tuple[Check, ...] = (
    constants_and_copies,
    unsupported,
    identifiers,
    high_cardinality,
    missing_values,
    numbers_in_text,
    target_leak,
    balance,
    rare_classes,
)


def check(look: Look) -> tuple[Guardrail, ...]:
    """Check the training rows.

    Parameters
    ----------
    look : Look

    Returns
    -------
    tuple of Guardrail
        In the order of `CHECKS`.
    """
    return tuple(one for made in CHECKS for one in made(look))
