"""Makes the environments of the frameworks: ``python -m benchmarks.install [NAME ...]``.

Without a name all of them are made, and one that is there already is brought up to date. What was
installed is written to ``locks/NAME.txt``, and the next time these very versions are installed;
``--upgrade`` resolves them anew.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.catalog import Catalog, Environment, read_catalog

# A marker that is false everywhere: the requirement is known and never met.
NOWHERE = "sys_platform == 'none'"


def find_links(environ: Mapping[str, str]) -> dict[str, str]:
    """Hand pip's places for wheels on to uv, which wants commas where pip has spaces."""
    places = environ.get("PIP_FIND_LINKS", "").split()
    if not places or "UV_FIND_LINKS" in environ:
        return {}
    return {"UV_FIND_LINKS": ",".join(places)}


def locked(lines: Iterable[str]) -> list[str]:
    """Keep what another machine can use of a list of installed distributions.

    Parameters
    ----------
    lines : iterable of str
        As ``pip freeze`` prints them.

    Returns
    -------
    list of str
        ``name==version``, without the builds of this machine, such as ``+cpu``, and without what
        came from a file or a folder.
    """
    pattern = re.compile(r"^([A-Za-z0-9._-]+)==([^+\s@]+)(\+\S+)?$")
    found = [pattern.match(line.strip()) for line in lines]
    return sorted((f"{one[1]}=={one[2]}" for one in found if one), key=str.lower)


def arguments(
    environment: Environment, pins: Path, overrides: Path, *, use_lock: bool
) -> list[str]:
    """What follows ``uv pip install`` for an environment."""
    lock = environment.lock
    given = ["--python", str(environment.python), "--constraint", str(pins)]
    given += ["--override", str(overrides), "pandas", "pyarrow", "psutil", *environment.packages]
    return given + (["--constraint", str(lock)] if lock and use_lock and lock.exists() else [])


def find_uv() -> str:
    """The command uv: beside this interpreter, where the Makefile puts it, or on the path.

    Raises
    ------
    FileNotFoundError
        If it is nowhere.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is needed to make the environments: pip install uv")
    return uv


def install(environment: Environment, catalog: Catalog, *, upgrade: bool = False) -> None:
    """Make an environment, and note what was installed.

    Parameters
    ----------
    environment : Environment
        Which.
    catalog : Catalog
        For the pins and overrides that all environments share.
    upgrade : bool
        Resolve anew, whatever the lock says.

    Raises
    ------
    subprocess.CalledProcessError
        If something cannot be installed.
    FileNotFoundError
        If there is no uv.
    """
    uv = find_uv()
    environ = os.environ | find_links(os.environ)
    if not environment.python.exists():
        environment.folder.parent.mkdir(parents=True, exist_ok=True)
        command = [uv, "venv", "--quiet", "--python", sys.executable, str(environment.folder)]
        subprocess.run(command, check=True, env=environ)
    with tempfile.TemporaryDirectory() as folder:
        pins, overrides = Path(folder, "pins.txt"), Path(folder, "overrides.txt")
        pins.write_text("\n".join(catalog.pins) + "\n", "utf-8")
        overrides.write_text("".join(f"{name}; {NOWHERE}\n" for name in catalog.never), "utf-8")
        given = arguments(environment, pins, overrides, use_lock=not upgrade)
        command = [uv, "pip", "install", "--compile-bytecode", *given]
        subprocess.run(command, check=True, env=environ)
    if environment.lock:
        write_lock(environment.python, environment.lock, uv)


def write_lock(python: Path, lock: Path, uv: str) -> None:
    """Note the versions of what an environment has."""
    freeze = [uv, "pip", "freeze", "--python", str(python)]
    done = subprocess.run(freeze, check=True, capture_output=True, text=True)
    lock.parent.mkdir(exist_ok=True)
    lock.write_text("\n".join(locked(done.stdout.splitlines())) + "\n", "utf-8")


def main() -> int:
    """Make the environments that the command line names."""
    catalog = read_catalog()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(catalog.environments))
    parser.add_argument("--upgrade", action="store_true", help="resolve versions anew")
    options = parser.parse_args()
    unknown = set(options.names) - set(catalog.environments)
    if unknown:
        parser.error(f"no environment {', '.join(sorted(unknown))}")
    failed = []
    for name in options.names or catalog.environments:
        environment = catalog.environments[name]
        print(f"making {environment.folder}", flush=True)
        try:
            install(environment, catalog, upgrade=options.upgrade)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"{name} cannot be made: {error}", file=sys.stderr)
            failed.append(name)
        for why in environment.missing():
            print(f"still needed: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
