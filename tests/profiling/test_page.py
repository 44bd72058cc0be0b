"""The page: whole in one file, escaped, bounded, and readable without seeing it."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.profiling import _page, profile_of, some_of

VOID = {"meta", "input", "br"}


class Checked(HTMLParser):
    """Collects what a page is made of, and refuses tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.addresses = [], [], [], [], []
        self.unnamed = 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.addresses += [v for k, v in attributes if k in ("src", "action") or k == "srcset"]
        self.unnamed += tag == "svg" and not found.get("aria-label")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(frame, target="y", **options):
    text = tb.profile(frame, target, **options).to_html()
    return text, Checked(text)


def test_the_page_is_whole_and_asks_for_nothing(every_kind):
    text, page = page_of(every_kind())
    assert text.startswith("<!DOCTYPE html>")
    assert page.addresses == []
    assert not re.search(r"https?://|//cdn|@import|url\(", text)
    assert "link" not in page.tags
    assert page.tags.count("script") == 1


def test_every_part_is_there_and_every_link_leads_somewhere(every_kind):
    text, page = page_of(every_kind())
    for heading in ("Overview", "Checks of the data", "Columns", "What tells y", "Time coverage"):
        assert f"<h2>{heading}</h2>" in text
    assert "<h2>Target: y</h2>" in text
    assert "<h2>How columns go together</h2>" in text
    assert len(set(page.ids)) == len(page.ids)
    assert {link for link in page.links if link.startswith("#")} <= {f"#{i}" for i in page.ids}
    assert page.tags.count("details") == 9 + 1


def test_every_chart_says_what_it_shows(every_kind):
    _, page = page_of(every_kind())
    assert page.tags.count("svg") > 10
    assert page.unnamed == 0


def test_names_and_cells_are_escaped(every_kind):
    hostile = '"><img src=x onerror=alert(1)>'
    frame = every_kind().rename(columns={"signal": hostile, "y": "<b>y</b>"})
    frame["story"] = frame["story"] + " <script>alert(2)</script>"
    frame.loc[0, "<b>y</b>"] = "<i>yes</i>"
    text, page = page_of(frame, "<b>y</b>")
    assert page.tags.count("script") == 1
    assert not {"img", "b", "i"} & set(page.tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize(
    ("source", "title"),
    [("data/bank.csv.gz", "bank"), ("bank@3", "bank"), ("shop.db#SELECT a/b FROM t", "shop")],
)
def test_the_page_is_named_after_the_table(every_kind, source, title):
    text = profile_of(some_of(every_kind()), source=source).to_html()
    assert f"<h1>{title}</h1>" in text
    assert source in text


def test_without_a_target_the_page_has_what_there_is(every_kind):
    text, _ = page_of(every_kind(), None)
    assert "What tells" not in text
    assert "Target:" not in text
    assert "<h2>How columns go together</h2>" in text


def test_a_wide_table_makes_no_giant_page(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 700))).add_prefix("x")
    frame["x650"] += 5 * (np.arange(50) % 2)
    frame["y"] = np.where(np.arange(50) % 2, "a", "b")
    text, page = page_of(frame)
    assert len(text) < 1_500_000
    assert page.tags.count("details") == _page.DETAILED_COLUMNS + 1
    assert "and 201 more columns" in text
    assert "x650" in text


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_small_and_empty_columns_have_a_page(rows):
    frame = pd.DataFrame(
        {
            "n": np.arange(rows) * 1.5,
            "empty": [np.nan] * rows,
            "list": [[1]] * rows,
            "when": pd.date_range("2024-01-01", periods=rows),
        }
    )
    text, _ = page_of(frame, None)
    assert "unsupported" in text


def test_a_notebook_shows_it_in_a_frame_of_its_own(every_kind):
    text = tb.profile(every_kind(), "y")._repr_html_()
    frame = Checked(text)
    assert frame.tags == ["iframe"]
    assert "Each column" not in text
