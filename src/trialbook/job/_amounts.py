"""Durations and amounts of memory, as people write them."""

from __future__ import annotations

import re

from trialbook.errors import OptionError

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def seconds(value: str | float) -> float:
    """Read a duration such as ``90``, ``"90s"``, ``"5m"`` or ``"1.5h"``.

    Parameters
    ----------
    value : str or float
        A number of seconds, or a number with the unit s, m, h or d.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    ValueError
        If it is not a positive duration.
    """
    match = re.fullmatch(
        r"\s*([\d.]+)\s*([a-z]*?)(?:ec|ecs|in|ins|inutes)?\s*", str(value).lower()
    )
    if not match or match[2] not in SECONDS:
        raise ValueError(f"'{value}' is not a duration; write it like 90s, 5m or 1.5h")
    duration = float(match[1]) * SECONDS[match[2]]
    if duration <= 0:
        raise ValueError("a duration must be greater than zero")
    return duration


def read_seconds(value: str | float, option: str = "timeout") -> float:
    """Read a duration that a person gave as an option; `OptionError` if it is none.

    Parameters
    ----------
    value : str or float
        As in `seconds`.
    option : str
        Name of the option, for the error.

    Returns
    -------
    float
        Seconds.
    """
    try:
        return seconds(value)
    except ValueError as error:
        raise OptionError(str(error), place=f"option {option}") from None


def n_bytes(value: str | int) -> int:
    """Read an amount of memory such as ``"4GB"``, ``"512M"`` or a number of bytes.

    Parameters
    ----------
    value : str or int
        A number with the unit k, M, G or T (powers of 1024), or bytes.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    ValueError
        If it is not a positive amount.
    """
    match = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)(?:i?b)?\s*", str(value).lower())
    if not match:
        raise ValueError(f"'{value}' is not an amount of memory; write it like 4GB or 512MB")
    amount = int(float(match[1]) * BYTES[match[2]])
    if amount <= 0:
        raise ValueError("an amount of memory must be greater than zero")
    return amount
