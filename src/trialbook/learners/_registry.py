"""Finding learners: those of this package, and those that other packages register."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from trialbook.errors import OptionError, nearest
from trialbook.learners._base import Learner

ENTRY_POINT_GROUP = "trialbook.learners"


@cache
def all_learners() -> dict[str, Learner]:
    """Every learner by its key, this package's first, in alphabetical order.

    Returns
    -------
    dict of str to Learner

    Raises
    ------
    OptionError
        If a plug-in cannot be imported, is no learner, or takes a key that exists.
    """
    found: dict[str, Learner] = {}
    for module in _modules():
        for kind in vars(importlib.import_module(module)).values():
            if _is_learner(kind) and kind.__module__ == module:
                found[kind.key] = kind()
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        place = f"entry point {ENTRY_POINT_GROUP}: {point.name} = {point.value}"
        remedy = "Repair or uninstall the package that brings it."
        try:
            kind = point.load()
        except (ImportError, AttributeError) as error:
            raise OptionError(
                f"a plug-in learner cannot be loaded: {error}", place=place, remedy=remedy
            ) from error
        if not _is_learner(kind):
            raise OptionError(
                "a plug-in learner is not a Learner class", place=place, remedy=remedy
            )
        if kind.key in found:
            raise OptionError(f"two learners are called '{kind.key}'", place=place, remedy=remedy)
        found[kind.key] = kind()
    return found


def _modules() -> list[str]:
    """The modules of this package that may hold learners: those of tables, then of series."""
    home = Path(__file__).parent
    return [
        f"{package}.{module.name}"
        for package, folder in (
            ("trialbook.learners", home),
            ("trialbook.learners.series", home / "series"),
        )
        for module in sorted(pkgutil.iter_modules([str(folder)]), key=lambda one: one.name)
        if not module.ispkg
    ]


def _is_learner(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Learner) and hasattr(kind, "key")


def available(task: str, allow: Sequence[str] = (), block: Sequence[str] = ()) -> list[Learner]:
    """The learners of a task that may be tried.

    Parameters
    ----------
    task : str
        Name of a task.
    allow, block : sequence of str
        Names in any spelling; an empty `allow` allows all.

    Returns
    -------
    list of Learner

    Raises
    ------
    OptionError
        If a name is unknown, does not suit the task, names what is not installed, or nothing is
        left.
    """
    known = {
        key: one for key, one in all_learners().items() if task in one.tasks and installed(one)
    }
    named = [find(name, task) for name in allow]
    for one in named:
        if not installed(one):
            package = f"trialbook[{one.extra}]" if one.extra else one.requires
            raise OptionError(
                f"the learner '{one.key}' needs the package {one.requires}, which is missing",
                place="option allow",
                remedy=f"pip install '{package}', or take it out of the list.",
            )
    allowed = {one.key for one in named} or set(known)
    blocked = {find(name, task).key for name in block}
    chosen = [one for key, one in known.items() if key in allowed - blocked]
    if not chosen:
        raise OptionError(
            "no learner is left to try",
            place="options allow and block",
            remedy="Block fewer learners.",
        )
    return chosen


def find(name: str, task: str | None = None) -> Learner:
    """The learner of a name, in camel or snake case, or in another product's spelling.

    Parameters
    ----------
    name : str
    task : str, optional
        Task that it must be able to do.

    Returns
    -------
    Learner

    Raises
    ------
    OptionError
        If there is none, with the nearest name.
    """
    wanted = _fold(name)
    matching = [
        one
        for one in all_learners().values()
        if wanted in {_fold(spelling) for spelling in (one.key, one.name, *one.aliases)}
        or wanted in {_fold(one.key + suffix) for suffix in ("classifier", "regressor")}
    ]
    if not matching:
        raise OptionError(f"unknown learner '{name}'", remedy=nearest(name, all_learners()))
    suited = [one for one in matching if task is None or task in one.tasks]
    if not suited:
        raise OptionError(
            f"the learner '{name}' does not do {task}", remedy="Take it out of the list."
        )
    return suited[0]


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def installed(learner: Learner) -> bool:
    """Whether the package that a learner requires is there; it is looked for, not imported.

    Parameters
    ----------
    learner : Learner

    Returns
    -------
    bool
    """
    return importlib.util.find_spec(learner.requires) is not None
