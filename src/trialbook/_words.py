"""Parts of sentences that many messages need: counts, lists of names, texts cut short."""

from __future__ import annotations

from collections.abc import Iterable


def plural(count: int, one: str, many: str | None = None) -> str:
    """How many of something: ``1 row``, ``2,000 rows``, ``3 classes``.

    Parameters
    ----------
    count : int
    one : str
        What it is called.
    many : str, optional
        What several are called; with an s by default.

    Returns
    -------
    str
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str], shown: int = 5) -> str:
    """The first names of a list in quotes, and how many more there are."""
    names = list(names)
    text = ", ".join(f"'{name}'" for name in names[:shown])
    return text + (f" and {len(names) - shown:,} more" if len(names) > shown else "")


def shorten(text: str, length: int) -> str:
    """A text, cut where it is longer than so many characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def sentence(text: str) -> str:
    """Write a clause as a sentence; names in code and of files stay as they are.

    Examples
    --------
    >>> sentence("one_hot: by codes."), sentence("t.csv is not UTF-8"), sentence("none")
    ('one_hot: by codes.', 't.csv is not UTF-8.', 'None.')
    """
    first = text.split(maxsplit=1)[0].rstrip(".:,…?!")
    begin = text[:1] if "_" in first or "." in first else text[:1].upper()
    return f"{begin}{text[1:]}{'' if text.endswith(('.', '…', '?', '!')) else '.'}"


def brief(value: float) -> str:
    """A figure in three digits, or as a whole number: as much as an interval leaves sure.

    Examples
    --------
    >>> brief(0.12345), brief(145.2), brief(999.7), brief(-12345678.9)
    ('0.123', '145', '1,000', '-12,345,679')
    """
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e9 else f"{value:.3g}"
