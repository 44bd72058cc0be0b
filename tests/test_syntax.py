"""Programs are parsed by several threads at once."""

import ast
import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from trialbook._syntax import parse, parse_expression

PROGRAM = "\n".join(
    f"def f{i}(x):\n    return [x, (x + {i}) * 2, {{'a': [x]}}]" for i in range(300)
)


def give_way(phase, info):
    """Let another thread run, as the end of an object that waits does."""
    time.sleep(0)


@pytest.fixture
def much_garbage():
    before = gc.get_threshold()
    gc.set_threshold(20)
    gc.callbacks.append(give_way)
    yield
    gc.callbacks.remove(give_way)
    gc.set_threshold(*before)


@pytest.mark.usefixtures("much_garbage")
def test_threads_that_parse_at_once_get_whole_trees():
    expected = ast.dump(ast.parse(PROGRAM))
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(lambda _: parse(PROGRAM), range(40)))
    assert {ast.dump(tree) for tree in trees} == {expected}


def test_an_expression_is_parsed_and_what_is_no_python_refused():
    assert isinstance(parse_expression("1 + 1").body, ast.BinOp)
    with pytest.raises(SyntaxError):
        parse("1 +")
