"""How times are read."""

from __future__ import annotations

from trialbook.job import seconds


def read_seconds(value: str | float) -> float:
    """Seconds of an option, such as ``"5m"``; `OptionError` if it is none."""
    from trialbook.errors import OptionError

    try:
        return seconds(value)
    except ValueError as error:
        raise OptionError(str(error), place="option timeout") from None
