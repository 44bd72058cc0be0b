"""Source text from values."""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np
import pytest

from trialbook.program._code import (
    LINE_LENGTH,
    Code,
    assign,
    call,
    import_block,
    literal,
    sequence,
    set_constant,
    source_of,
)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -3,
        0.1,
        1 / 3,
        1e-300,
        123456789.123,
        "",
        "plain",
        'a "quote"',
        "it's",
        """both ' and " """,
        "line\nbreak\tand \\ slash",
        "ünï 漢字 \u00a0 \x00",
        (),
        ("a",),
        (1, 2.5, None),
        [],
        ["a", ["b"]],
        {},
        {"a": 1, "b": [0.25, {"c": None}]},
    ],
)
def test_a_literal_evaluates_to_its_value(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_numbers_that_are_not_finite_have_a_source() -> None:
    names = {"np": np, "float": float}
    assert math.isnan(eval(literal(float("nan")), names))
    assert eval(literal(float("-inf")), names) == -math.inf


def test_numpy_floats_are_written_as_floats() -> None:
    assert literal(np.float64(0.5)) == "0.5"


def test_code_stands_for_itself_and_text_is_quoted() -> None:
    assert literal([Code("SEED"), "SEED"]) == '[SEED, "SEED"]'


def test_a_value_without_source_is_refused() -> None:
    with pytest.raises(TypeError, match="no source for a set"):
        literal({1})


def test_hyperparameters_are_rounded_but_constants_are_not() -> None:
    assert call("f", 0.123456789, rate=[1.23456789]) == "f(0.123457, rate=[1.23457])"
    assert assign("CLASSES", [0.123456789]) == "CLASSES = [0.123456789]"


def test_a_short_call_stays_on_a_line_and_a_long_one_is_spread() -> None:
    assert call("f", 1, name="a") == 'f(1, name="a")'
    long = call("f", **{f"argument_{i}": i for i in range(9)})
    lines = long.split("\n")
    assert lines[0] == "f(" and lines[-1] == ")"
    assert lines[1] == "    argument_0=0,"
    ast.parse(long)


def test_calls_nest_with_indentation() -> None:
    inner = call("g", **{f"argument_{i}": i for i in range(9)})
    outer = call("f", inner, Code("x"))
    assert "\n        argument_0=0,\n" in outer
    ast.parse(outer)


@pytest.mark.parametrize("count", [0, 1, 5, 13, 400])
def test_lists_of_names_keep_every_name(count: int) -> None:
    names = [f"a column, number {i} - it's so" for i in range(count)]
    source = sequence(names)
    assert ast.literal_eval(source) == names
    assert all(len(line) <= LINE_LENGTH for line in source.split("\n"))


def test_many_short_names_fill_lines() -> None:
    assert len(sequence([f"x{i}" for i in range(100)]).split("\n")) < 15


PROGRAM = """import os

ROUNDS = None  # per fold; None finds them
NAMES = [
    "ä",
    "b",
]  # of columns


def f(ROUNDS=3):
    ROUNDS = 4
    return ROUNDS
"""


def test_a_constant_is_replaced_and_its_comment_kept() -> None:
    changed = set_constant(PROGRAM, "ROUNDS", [5, 6])
    assert "ROUNDS = [5, 6]  # per fold; None finds them\n" in changed
    assert changed.replace("[5, 6]", "None") == PROGRAM


def test_a_constant_over_several_lines_is_replaced() -> None:
    changed = set_constant(PROGRAM, "NAMES", ["c"])
    assert 'NAMES = ["c"]  # of columns\n\n\ndef f' in changed
    long = set_constant(PROGRAM, "NAMES", [f"a column called {i}" for i in range(30)])
    assert ast.parse(long)
    assert "]  # of columns\n" in long


def test_only_top_level_constants_count() -> None:
    with pytest.raises(KeyError, match="ABSENT"):
        set_constant(PROGRAM, "ABSENT", 1)
    changed = set_constant(PROGRAM, "ROUNDS", 9)
    assert "    ROUNDS = 4\n" in changed


def test_imports_stand_once_with_the_standard_library_first() -> None:
    block = import_block(
        [
            "import pandas as pd",
            "from sklearn.svm import SVC",
            "from pathlib import Path",
            "import numpy as np",
            "import pandas as pd",
            "from sklearn.svm import LinearSVC, SVC",
        ]
    )
    assert block == (
        "from pathlib import Path\n\n"
        "import numpy as np\n"
        "import pandas as pd\n"
        "from sklearn.svm import SVC, LinearSVC"
    )


def test_a_long_import_is_spread() -> None:
    names = [f"a_long_function_name_{i}" for i in range(8)]
    block = import_block([f"from package import {name}" for name in names])
    assert all(len(line) <= LINE_LENGTH for line in block.split("\n"))
    assert isinstance(ast.parse(block).body[0], ast.ImportFrom)


def test_the_source_of_a_function_is_dedented() -> None:
    def inner(x: int) -> int:
        """One more."""
        return x + 1

    assert source_of(inner).startswith("def inner(x")
    ast.parse(source_of(inner))
