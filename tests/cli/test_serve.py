"""The command that serves: what it refuses before anything is loaded, and what it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from trialbook.cli import main


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--split", "most"], "give two numbers, such as 90,10"),
        (["--max-body", "huge"], "is not an amount"),
        (["--timeout", "soon"], "is not a duration"),
        (["--port", "70000"], "70000 is not in the range"),
        (["--max-connections", "0"], "0 is not in the range"),
        (["--engine", "fast"], "'fast' is not one of"),
        (["--token", "a", "--token-file", "b"], "a token and a file of one were given"),
        (["--allowed-host", "http://a.example", "--port", "0"], "is no name of a host"),
        (["--host", "256.1.1.1"], "cannot listen on 256.1.1.1:8080"),
    ],
)
def test_options_that_do_not_fit_are_told(capsys, options, told):
    assert main(["serve", "churn", *options]) == 2
    assert told in capsys.readouterr().err


def run(code):
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False
    )


def test_without_the_extra_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from trialbook.cli import main; sys.exit(main(['serve', 'churn', '--port', '0']))"
    )
    ended = run(code)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "pip install 'trialbook[serve]'" in line


def test_the_room_of_servers_is_entered_without_a_server():
    code = (
        "import sys, trialbook.serving; print('fastapi' in sys.modules, 'uvicorn' in sys.modules)"
    )
    assert run(code).stdout == "False False\n"
