"""The environment of an exported model, down to the last package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError

# A wheel of xgboost-cpu is there for these alone, and the other is 700 MB where it is not needed.
# As in pyproject.toml.
_CPU = (
    "sys_platform == 'win32' or (sys_platform == 'linux' and (platform_machine == 'x86_64' or "
    "platform_machine == 'aarch64'))"
)
_NOT_CPU = (
    "sys_platform != 'win32' and (sys_platform != 'linux' or (platform_machine != 'x86_64' and "
    "platform_machine != 'aarch64'))"
)
# What `mlflow.pyfunc.load_model` needs and a server of ours does not: a fifth of an image.
LOADERS = frozenset({"mlflow", "mlflow-skinny"})


def portable(lines: Iterable[str]) -> list[str]:
    """Requirement lines for any machine, rather than for one like that which trained.

    Parameters
    ----------
    lines : iterable of str
        As ``name==version``.

    Returns
    -------
    list of str
    """
    made = []
    for line in lines:
        name, _, version = line.partition("==")
        if name in ("xgboost", "xgboost-cpu"):
            made.append(f"xgboost-cpu=={version}; {_CPU}")
            made.append(f"xgboost=={version}; {_NOT_CPU}")
        else:
            made.append(line)
    return made


def constraints(lines: Iterable[str]) -> list[str]:
    """The versions of everything that some requirements bring along, as installed here.

    Parameters
    ----------
    lines : iterable of str
        As ``name==version``.

    Returns
    -------
    list of str
        Sorted, without those of `lines`. What is not installed here in the version that is
        wanted says nothing of what comes with it.
    """
    from packaging.requirements import Requirement

    wanted = {_plain(line.partition("==")[0]): line.partition("==")[2] for line in lines}
    found: dict[str, str] = {}
    queue, seen = list(wanted), set(wanted)
    while queue:
        name = queue.pop()
        try:
            here = Distribution.from_name(name)
        except PackageNotFoundError:
            continue
        version = here.version.partition("+")[0]
        if name not in wanted:
            found[name] = version
        elif wanted[name] != version:
            continue
        for line in here.requires or ():
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                child = _plain(one.name)
                if child not in seen:
                    seen.add(child)
                    queue.append(child)
    return [f"{name}=={found[name]}" for name in sorted(found)]


def _plain(name: str) -> str:
    """A name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
