"""The rooms of the house: traffic goes one way, through their doors."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "trialbook"


def rooms_of_the_house():
    """The rooms in the order of the page on the architecture, from the top."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    house = page.split("src/trialbook/\n", 1)[1].split("\ntests/", 1)[0]
    return re.findall(r"^  (\w+)(?:/|\.py) ", house, re.MULTILINE)


# From the top. The modules beside these folders are above them all.
TABLES = ("mltable", "databases", "remote", "files", "delta", "text", "plain")
# The first two import the last, and not one another.
ONNX = ("estimators", "transformers", "graph")


def imported(path):
    """The modules and names of this package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}".split(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)


def passages(folder, package):
    """From which part of a package to which other part of it something is imported."""
    depth = len(package)
    for path in sorted(folder.rglob("*.py")):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        for parts in imported(path):
            if parts[:depth] == package and len(parts) > depth and parts[depth] != room:
                yield path.relative_to(ROOT), room, parts[depth:]


def test_every_room_is_on_the_page_of_the_architecture():
    there = {path.stem for path in SOURCES.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert sorted(rooms_of_the_house()) == sorted(there - {"__pycache__"})


def test_a_room_imports_only_rooms_below_it():
    order = rooms_of_the_house()
    upwards = [
        f"{path} imports {'.'.join(there)}"
        for path, room, there in passages(SOURCES, ["trialbook"])
        if there[0] in order and order.index(there[0]) < order.index(room)
    ]
    assert upwards == []


def test_a_room_is_entered_by_its_door():
    through_walls = [
        f"{path} imports {'.'.join(there)}"
        for path, _, there in passages(SOURCES, ["trialbook"])
        if any(part.startswith("_") for part in there[1:])
    ]
    assert through_walls == []


@pytest.mark.parametrize("folder", TABLES)
def test_a_folder_of_tables_imports_only_folders_below_it(folder):
    below = TABLES[TABLES.index(folder) + 1 :]
    home = SOURCES / "tables"
    elsewhere = [
        f"{path} imports {'.'.join(there)}"
        for path, room, there in passages(home, ["trialbook", "tables"])
        if room == folder and there[0] not in below
    ]
    assert elsewhere == []


def test_learners_and_transformers_of_graphs_import_only_the_graph():
    home = SOURCES / "models" / "onnx"
    elsewhere = [
        f"{path} imports {'.'.join(there)}"
        for path, room, there in passages(home, ["trialbook", "models", "onnx"])
        if room in ONNX and (room == "graph" or there[0] != "graph")
    ]
    assert elsewhere == []


def test_a_folder_of_graphs_is_entered_by_its_door():
    home = SOURCES / "models" / "onnx"
    through_walls = [
        f"{path} imports {'.'.join(there)}"
        for path, _, there in passages(home, ["trialbook", "models", "onnx"])
        if there[0] in ONNX and any(part.startswith("_") for part in there[1:])
    ]
    assert through_walls == []
