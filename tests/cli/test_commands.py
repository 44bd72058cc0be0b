"""What all commands have in common: options of one meaning have one name."""

from __future__ import annotations

import click
import pytest

from trialbook.cli._app import app
from trialbook.cli.commands import SECTIONS

# Those that have commands of their own.
GROUPS = {"tables", "many"}
COMMANDS = [one for commands in SECTIONS.values() for one in commands if one.name not in GROUPS]
# How an option is written wherever a command has it, and what stands for its value.
ALIKE = {"--data": "TABLE", "--timeout": "DURATION", "--workspace": "FOLDER", "--html": "FILE"}


def options(command: click.Command) -> dict[str, click.Option]:
    found = [one for one in command.params if isinstance(one, click.Option)]
    return {name: one for one in found for name in one.opts}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_options_of_one_meaning_have_one_name(command):
    has = options(command)
    assert "--json" in has and "--workspace" in has
    for name, metavar in ALIKE.items():
        assert name not in has or has[name].metavar == metavar
    assert has.get("-o") is has.get("--out")
    assert "--output" not in has and "--trial" not in has


def test_every_command_stands_in_one_section_with_its_whole_sentence(run):
    lines = [line.split(maxsplit=1) for line in run("--help").out.splitlines() if line]
    told = dict(line for line in lines if len(line) == 2)
    names = [name for section in app.sections.values() for name in section]
    assert sorted(names) == sorted(app.commands)
    for name in names:
        assert told[name].endswith("."), told[name]
        assert not told[name].endswith("..."), told[name]
