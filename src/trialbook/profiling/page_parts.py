"""What every page of Trialbook is made of: its frame, its look, and small pieces of HTML.

A page is one file that asks for nothing else. Texts of tables are escaped by `esc` where they are
put into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from trialbook.profiling._format import figure, share
from trialbook.profiling._html import Bar, esc, fact, meter, pairs, ranking, table
from trialbook.profiling._style import STYLE

__all__ = [
    "Bar",
    "document",
    "esc",
    "fact",
    "figure",
    "meter",
    "pairs",
    "ranking",
    "share",
    "table",
]


def document(
    kind: str,
    title: str,
    about: str,
    parts: Mapping[str, tuple[str, str]],
    *,
    script: str = "",
    style: str = "",
) -> str:
    """A page.

    Parameters
    ----------
    kind : str
        What it is, such as ``Profile of a table``; it stands above the title.
    title, about : str
        Plain text.
    parts : mapping of str to tuple of (str, str)
        By its place in the page, the name of each part, which links to it, and its HTML. Parts
        without HTML are left out.
    script, style : str, optional
        More of either.

    Returns
    -------
    str
        HTML.
    """
    kept = {key: part for key, part in parts.items() if part[1]}
    links = "".join(f'<a href="#{key}">{name}</a>' for key, (name, _) in kept.items())
    body = "".join(f'<section id="{key}">{text}</section>' for key, (_, text) in kept.items())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{esc(title)}: {esc(kind[:1].lower() + kind[1:])}</title>"
        f"<style>{STYLE}{style}</style></head><body>"
        '<a class="skip" href="#main">Skip to the figures</a>'
        f'<header><p class="over">{esc(kind)}</p><h1>{esc(title)}</h1>'
        f'<p class="muted">{esc(about)}</p>'
        f'<nav aria-label="Parts of this page">{links}</nav></header>'
        f'<main id="main">{body}</main>'
        "<footer>Made by Trialbook. This page is one file, and asks for nothing else.</footer>"
        + (f"<script>{script}</script>" if script else "")
        + "</body></html>\n"
    )
