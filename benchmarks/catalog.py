"""The table of frameworks and environments, read from ``peers.yaml``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent
VENVS = HERE / ".venvs"
LOCKS = HERE / "locks"

CONSTANT = "constant"
FOREST = "random_forest"
OURS = "trialbook"
# Where the adapters are of what a section of ``peers.yaml`` lists.
ADAPTERS = {
    "frameworks": "benchmarks.frameworks",
    "forecasters": "benchmarks.forecasting.systems",
}
# They are yardsticks, and nobody's peer.
BASELINES = (CONSTANT, FOREST)


@dataclass(frozen=True)
class Environment:
    """A virtual environment: what is installed in it, and which commands it needs beside."""

    name: str
    packages: tuple[str, ...]
    commands: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where it is made."""
        return VENVS / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def lock(self) -> Path | None:
        """The versions of all that was installed when it was last tried.

        Packages that come with constraints need no others.
        """
        return None if "--constraint" in self.packages else LOCKS / f"{self.name}.txt"

    def missing(self) -> list[str]:
        """What keeps it from being used, with the remedy."""
        problems = [] if self.python.exists() else [f"make -C benchmarks {self.name}"]
        return problems + [why for name, why in self.commands.items() if not shutil.which(name)]


@dataclass(frozen=True)
class Framework:
    """A row of the comparison.

    Parameters
    ----------
    name : str
        Its name in results.
    adapter : str
        Module in the folder of adapters.
    environment : Environment
        What the adapter runs in.
    package : str
        Distribution whose version is recorded.
    peer : str
        What it counts as in comparisons; its own name by default.
    params : mapping
        Options for the adapter.
    folder : str
        Package of the adapters.
    """

    name: str
    adapter: str
    environment: Environment
    package: str
    peer: str
    params: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ADAPTERS["frameworks"]

    @property
    def module(self) -> str:
        """What its environment runs."""
        return f"{self.folder}.{self.adapter}"


@dataclass(frozen=True)
class Catalog:
    """All frameworks by name, and what the environments have in common."""

    frameworks: Mapping[str, Framework]
    environments: Mapping[str, Environment]
    pins: tuple[str, ...]
    never: tuple[str, ...]

    def choose(self, names: Sequence[str]) -> list[Framework]:
        """The named frameworks in the order of the table; all of them without a name.

        Raises
        ------
        ValueError
            If a name is not in the table.
        """
        unknown = [name for name in names if name not in self.frameworks]
        if unknown:
            known = ", ".join(self.frameworks)
            raise ValueError(f"no framework {', '.join(unknown)}; known: {known}")
        return [one for name, one in self.frameworks.items() if not names or name in names]


def read_catalog(
    path: Path = HERE / "peers.yaml", section: Literal["frameworks", "forecasters"] = "frameworks"
) -> Catalog:
    """Read the table of frameworks.

    Parameters
    ----------
    path : Path
        A file like ``peers.yaml``.
    section : {"frameworks", "forecasters"}
        Those of tables, or of series.

    Returns
    -------
    Catalog
    """
    raw = yaml.safe_load(path.read_text("utf-8"))
    environments = {
        name: Environment(
            name,
            tuple(str(package).format(root=ROOT) for package in row["packages"]),
            row.get("commands", {}),
        )
        for name, row in raw["environments"].items()
    }
    frameworks = {
        name: Framework(
            name,
            row["adapter"],
            environments[row["environment"]],
            row["package"],
            row.get("peer", name),
            row.get("params", {}),
            ADAPTERS[section],
        )
        for name, row in raw[section].items()
    }
    return Catalog(frameworks, environments, tuple(raw["pins"]), tuple(raw["never"]))
