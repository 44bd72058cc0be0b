"""The page that shows how a server is asked: one file, without scripts, made from its document."""

from __future__ import annotations

import html
import json
from typing import Any, Final

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2430; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #dde2ea;
  vertical-align: top; }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f4f6f9; border-radius: 4px; }
code { padding: 0 .25rem; } pre { padding: .8rem 1rem; overflow-x: auto; }
.quiet { color: #5b6675; }
@media (prefers-color-scheme: dark) {
  body { background: #14181f; color: #e4e8ee; } code, pre { background: #1f2630; }
  th, td { border-color: #303947; } .quiet { color: #9aa6b6; }
}
"""
# What stands of long lists of categories.
MOST_SHOWN: Final = 12


def page(document: dict[str, Any], example: dict[str, Any], address: str) -> str:
    """Write the page.

    Parameters
    ----------
    document : dict
        What `openapi` gave.
    example : dict
        A request to show.
    address : str
        Of the server, as its reader calls it.

    Returns
    -------
    str
        HTML that loads nothing else.
    """
    info = document["info"]
    token = "security" in document
    head = " -H 'Authorization: Bearer TOKEN'" if token else ""
    body = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    call = (
        f"curl {address}/invocations{head} \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
    title = html.escape(info["title"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>{html.escape(info['summary'])} "
        f'<span class="quiet">{html.escape(info["description"])}</span></p>'
        f"<h2>A request</h2><pre>{html.escape(call)}</pre>"
        f"<h2>Columns</h2>{_columns(document)}"
        f"<h2>Addresses</h2>{_addresses(document)}"
        '<p class="quiet">Everything, for programs: <a href="/openapi.json">openapi.json</a></p>'
        "</body></html>\n"
    )


def _columns(document: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(one['type'][0])}</td>"
        f"<td>{html.escape(one['description'])}{_levels(one)}</td></tr>"
        for name, one in document["components"]["schemas"]["Row"]["properties"].items()
    ]
    return "<table><tr><th>name</th><th>type</th><th></th></tr>" + "".join(rows) + "</table>"


def _levels(column: dict[str, Any]) -> str:
    levels = column.get("x-categories", [])
    if not levels:
        return ""
    more = len(levels) - MOST_SHOWN
    shown = ", ".join(levels[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f'<br><span class="quiet">{html.escape(shown)}</span>'


def _addresses(document: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td>"
        f"<td>{html.escape(one['summary'])}</td></tr>"
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]
    return "<table>" + "".join(rows) + "</table>"
