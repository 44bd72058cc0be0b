"""JSON as the standard has it: what Python's reader lets pass is told instead."""

from __future__ import annotations

import codecs
import json
from typing import Any, NoReturn

from trialbook.errors import nearest
from trialbook.serving.server._problems import Refused

_REMEDY = "Send one JSON document in UTF-8; /docs shows an example."


def read_json(body: bytes) -> Any:
    """Read a body.

    Parameters
    ----------
    body : bytes
        In UTF-8, with or without a byte order mark.

    Returns
    -------
    object

    Raises
    ------
    Refused
        With status 400, if it is empty, not UTF-8, no JSON, nested too deeply, has a key twice in
        one object, or holds NaN, Infinity or half a character, none of which are JSON.
    """
    text = as_utf8(body)
    if not text.strip():
        raise Refused(400, "the body is empty", remedy=_REMEDY)
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refused(
            400, f"the body is no JSON: {error.msg}", place=place, remedy=_REMEDY
        ) from None
    except RecursionError:
        raise Refused(
            400, "the body is nested too deeply", remedy="Send rows of plain values."
        ) from None
    except ValueError:  # Python's limit for digits of a whole number
        raise Refused(
            400, "the body has a number of thousands of digits", remedy="Send fewer digits."
        ) from None
    # Only an escape can bring half a character into a text that was UTF-8.
    if "\\ud" in text or "\\uD" in text:
        _check_characters(document)
    return document


def as_utf8(body: bytes) -> str:
    """The text of a body.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    str
        Without a byte order mark.

    Raises
    ------
    Refused
        With status 400, if it is not UTF-8.
    """
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            400, "the body is not UTF-8", place=f"byte {error.start}", remedy="Send UTF-8."
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refused(
            400,
            f"the key '{twice[:60]}' stands twice in one object",
            remedy="Send each key once.",
        )
    return made


def _constant(word: str) -> NoReturn:
    raise Refused(
        400, f"{word} is not JSON", remedy="Send null for a value that is missing or unknown."
    )


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _check_characters(document: Any) -> None:
    """Refuse texts that no encoding can write."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            try:
                one.encode("utf-8")
            except UnicodeEncodeError:
                raise Refused(
                    400,
                    "a text has half a character (a lone surrogate)",
                    remedy="Write characters beyond U+FFFF as pairs, or plainly in UTF-8.",
                ) from None


def unknown_word(what: str, word: object, known: tuple[str, ...], place: str) -> Refused:
    """A refusal for a word that is none of those known, with the nearest.

    Parameters
    ----------
    what : str
        What the word names: ``form``.
    word : object
        As it came.
    known : tuple of str
    place : str
        Where it stood.

    Returns
    -------
    Refused
        With status 400.
    """
    text = str(word)[:60]
    return Refused(400, f"unknown {what} '{text}'", place=place, remedy=nearest(text, known))
