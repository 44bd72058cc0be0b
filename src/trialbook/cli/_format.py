"""How numbers and times are written for people."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """Write a score: five significant digits or so, never a wall of zeros.

    Examples
    --------
    >>> number(0.961234), number(12345.678), number(None)
    ('0.96123', '12,345.7', '')
    """
    if value is None or math.isnan(value):
        return ""
    size = abs(value)
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    if size >= 1000:
        return f"{value:,.1f}"
    if size >= 1:
        return f"{value:.4f}"
    return f"{value:.5f}" if size >= 0.001 or size == 0 else f"{value:.3g}"


def clock(seconds: float) -> str:
    """Write a moment: ``1:05`` or ``2:00:05``."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def span(seconds: float) -> str:
    """Write a duration: ``0.4 s``, ``12 s``, ``3 min``, ``1.5 h``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
