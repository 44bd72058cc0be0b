"""Use exported models where there is no Trialbook: in clean environments, as their READMEs say.

    python tools/check_exports.py WORKSPACE DATA [--trial best]

The zip is unpacked and installed into a new virtual environment, and its script predicts DATA, a
table with the columns of training; for a model that forecasts series, rows of the future. Of the
context for Docker, the instructions are carried out one by one in another environment, as far as
that goes without a container; then the server is started as the image would start it, asked for
its health as Docker would ask, and asked for predictions. If a Docker daemon answers, the image is
built, too. All predictions must be those of the trial's model.

Run it with the Python that trained the models, with Trialbook installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import trialbook as tb
from trialbook.tables import read_table

START_S = 120
# What Debian's image of Python has: libraries of C and C++, and those of Python's own modules.
OF_THE_IMAGE = re.compile(
    r"(linux-vdso|ld-linux|libc|libm|libdl|librt|libpthread|libutil|libgcc_s|libstdc\+\+|libz"
    r"|libatomic)(\.|-|$)"
)
# A library that a wheel brings along is renamed by its content.
_RENAMED = re.compile(r"-[0-9a-f]{8}\.so")
# Commands of a Dockerfile that need a container: they change the system and its users.
_OF_A_CONTAINER = ("apt-get", "useradd", "rm ")


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def clean(folder: Path) -> dict[str, str]:
    """A new virtual environment, and the variables of a process in it."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH",)}
    return {**kept, "PATH": f"{folder / 'bin'}:{kept['PATH']}", "VIRTUAL_ENV": str(folder)}


def without_trialbook(environment: Mapping[str, str], folder: Path) -> None:
    """Make sure that the environment is clean."""
    code = "import importlib.util as u; raise SystemExit(u.find_spec('trialbook') is not None)"
    run(["python", "-c", code], folder, environment)


def check_zip(path: Path, data: Path, expected: pd.DataFrame, root: Path) -> None:
    """Do what the README of a zip says."""
    home = root / "zip"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(home)
    environment = clean(root / "zip-env")
    begun = time.monotonic()
    pip = ["pip", "install", "-q", "-r", "requirements.txt", "-c", "constraints.txt"]
    run(pip, home, environment)
    without_trialbook(environment, home)
    print(f"zip: installed in {time.monotonic() - begun:.0f} s")
    run(["python", "score.py", "input_example.json"], home, environment)
    out = home / "predictions.csv"
    of_series = "forecast" in expected
    proba = ["--proba"] if len(expected.columns) > 1 and not of_series else []
    run(["python", "score.py", data, "-o", out, *proba], home, environment)
    found = pd.read_csv(out, float_precision="round_trip")
    tell("zip, score.py", found, expected)
    flavour = "pyfunc" if of_series else "sklearn"
    code = (
        f"import sys, mlflow.{flavour}, pandas as pd, score; "
        f"m = mlflow.{flavour}.load_model('model'); "
        "c = score.Model('model'); X = c.conform(c.read(sys.argv[1])); told = m.predict(X); "
        "told = told if hasattr(told, 'columns') else pd.DataFrame({'prediction': told}); "
        "told.to_csv('mlflow.csv', index=False)"
    )
    run(["python", "-c", code, data], home, environment)
    loaded = pd.read_csv(home / "mlflow.csv", float_precision="round_trip")
    wanted = expected if of_series else expected[["prediction"]]
    tell(f"zip, mlflow.{flavour}.load_model", loaded, wanted)


def tell(what: str, found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare predictions with those of the trial's model."""
    if list(found) != list(expected) or len(found) != len(expected):
        sys.exit(f"{what}: other columns or rows: {list(found)}, {len(found)}")
    largest = 0.0
    for name in expected:
        one, other = found[name], expected[name]
        if pd.api.types.is_float_dtype(other):
            largest = max(largest, float(np.abs(one - other).max()))
        elif (one.astype(str) != other.astype(str)).any():
            sys.exit(f"{what}: other labels")
    print(f"{what}: {len(found):,} rows, largest difference {largest:.1e}")
    if largest > 1e-9:
        sys.exit("which is too much")


def instructions(path: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile."""
    text = path.read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def carry_out(context: Path, image: Path, environment: dict[str, str]) -> tuple[Path, Any, Any]:
    """Do what a Dockerfile says; where and how its server starts, and how it is checked."""
    app, start, health = image, None, None
    for name, rest in instructions(context / "Dockerfile"):
        print(f"docker: {name} {rest[:90]}")
        if name == "WORKDIR":
            app = image / rest.strip("/")
            app.mkdir(parents=True)
        elif name == "COPY":
            *sources, target = rest.split()
            for one in sources:
                if (context / one).is_dir():
                    shutil.copytree(context / one, app / target)
                else:
                    shutil.copy(context / one, app)
        elif name == "RUN":
            for part in map(str.strip, rest.split("&&")):
                if part.startswith(_OF_A_CONTAINER):
                    print(f"        (left out, for it changes a container: {part})")
                else:
                    run(["sh", "-ec", part], app, environment)
        elif name == "ENV":
            environment |= dict(one.split("=", 1) for one in rest.split())
        elif name == "HEALTHCHECK":
            health = json.loads(rest.split("CMD ", 1)[1])
        elif name == "CMD":
            start = json.loads(rest)
    return app, start, health


def check_context(context: Path, data: Path, expected: pd.DataFrame, root: Path) -> None:
    """Carry out a Dockerfile without a container, and ask its server."""
    environment = clean(root / "image-env")
    app, start, health = carry_out(context, root / "image", environment)
    without_trialbook(environment, app)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        environment |= {"PORT": str(one.getsockname()[1]), "HOST": "127.0.0.1"}
    server = subprocess.Popen(start, cwd=app, env=environment)
    try:
        deadline = time.monotonic() + START_S
        while subprocess.run(health, env=environment, capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("docker: the server is not healthy")
            time.sleep(0.2)
        print("docker: the server is healthy")
        home = f"http://127.0.0.1:{environment['PORT']}/invocations"
        answer = ask(home, data.read_bytes(), "text/csv")["predictions"]
        if "forecast" in expected:
            found = pd.DataFrame(answer)
            time_column = found.columns[0]
            found[time_column] = pd.to_datetime(found[time_column])
            tell("docker, /invocations", found, expected)
        else:
            found = pd.DataFrame({"prediction": answer})
            tell("docker, /invocations", found, expected[["prediction"]])
        example = (context / "input_example.json").read_bytes()
        print("docker, input_example.json:", ask(home, example, "application/json"))
    finally:
        server.terminate()
        server.wait()
    print("docker: libraries of the system that its base lacks:", *system_libraries(root))
    build(context)


def ask(home: str, body: bytes, kind: str) -> Any:
    """Send a request; what the server answers."""
    request = urllib.request.Request(home, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def system_libraries(root: Path) -> list[str]:
    """What the installed packages want of the system that Debian's image of Python lacks."""
    wanted = set()
    for library in (root / "image-env").rglob("*.so*"):
        done = subprocess.run(["ldd", library], capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            name, _, where = line.strip().partition(" => ")
            name = name.rpartition("/")[2]
            of_a_wheel = where.startswith(str(root)) or _RENAMED.search(name)
            if where and not of_a_wheel and not OF_THE_IMAGE.match(name):
                wanted.add(name)
    return sorted(wanted) or ["none"]


def build(context: Path) -> None:
    """Build the image where Docker is at work."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        print("docker: no daemon answers, so no image is built")
        return
    subprocess.run([docker, "build", "-q", context], check=True)
    print("docker: the image was built")


def expected_of(model: Any, data: Path) -> pd.DataFrame:
    """What the trial's model predicts."""
    if hasattr(model, "forecast"):
        return model.forecast(future=str(data))
    table = read_table(str(data), text=model.schema.text)
    expected = pd.DataFrame({"prediction": model.predict(table)})
    if model.is_classification:
        probabilities = model.predict_proba(table)
        for label in probabilities:
            expected[f"probability_{label}"] = probabilities[label]
    return expected


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description="Use exported models in clean environments.")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("data", type=Path, help="a CSV file with the columns of training")
    parser.add_argument("--trial", default="best")
    given = parser.parse_args()
    data = given.data.absolute()
    model = tb.load_model(given.trial, workspace=given.workspace)
    expected = expected_of(model, data)
    with tempfile.TemporaryDirectory(prefix="check-exports-") as folder:
        root = Path(folder)
        for to, name in (("zip", "model.zip"), ("docker", "context")):
            made = tb.export(given.trial, to=to, path=root / name, workspace=given.workspace)
            print(f"{to}: {made.path.name}, {made.size / 1e6:.1f} MB, {len(made.files)} files")
        check_zip(root / "model.zip", data, expected, root)
        check_context(root / "context", data, expected, root)


if __name__ == "__main__":
    main()
