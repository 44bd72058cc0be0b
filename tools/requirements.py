"""Print what Trialbook depends on, without Trialbook itself.

``python tools/requirements.py notebook`` prints the dependencies in pyproject.toml and those of
the extra ``notebook``, one a line.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    """Collect the core dependencies and those of the named extras."""
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    groups = [project["optional-dependencies"][extra] for extra in extras]
    return [*project["dependencies"], *(line for group in groups for line in group)]


if __name__ == "__main__":
    print(*requirements(sys.argv[1:]), sep="\n")
