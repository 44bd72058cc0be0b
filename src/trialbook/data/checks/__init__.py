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
from trialbook.data.checks._dates import FIRST_DAY, LAST_DAY, dates_out_of_range
from trialbook.data.checks._drift import drift
from trialbook.data.checks._duplicates import duplicates
from trialbook.data.checks._leaks import after_the_fact, target_leak
from trialbook.data.checks._look import Check, Look, Part, SetCheck, Sets
from trialbook.data.checks._mixed import mixed_types
from trialbook.data.checks._numbers import target_outliers

__all__ = ["FIRST_DAY", "LAST_DAY", "Look", "Part", "Sets", "check", "check_sets"]

# In the order in which they are reported.
CHECKS: tuple[Check, ...] = (
    constants_and_copies,
    unsupported,
    identifiers,
    high_cardinality,
    missing_values,
    mixed_types,
    dates_out_of_range,
    target_leak,
    after_the_fact,
    balance,
    rare_classes,
    target_outliers,
)
# Once it is known which rows train, validate and test.
SET_CHECKS: tuple[SetCheck, ...] = (duplicates, drift)


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


def check_sets(sets: Sets) -> tuple[Guardrail, ...]:
    """Check the sets of rows against each other.

    Parameters
    ----------
    sets : Sets

    Returns
    -------
    tuple of Guardrail
        In the order of `SET_CHECKS`.
    """
    return tuple(one for made in SET_CHECKS for one in made(sets))
