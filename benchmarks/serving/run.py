"""Trialbook's server beside MLflow's, with one model: ``python -m benchmarks.serving.run``.

What was measured stands in ``results/serving.csv``, and is not measured again there.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd

from benchmarks.serving.load import Load, ask, request
from benchmarks.serving.servers import HOST, ROOT, mlflow, running, trialbook

RESULTS = Path(__file__).parents[1] / "results"
# Rows of a request, and requests under way at once.
ROWS = (1, 100)
CONNECTIONS = (1, 32)
SECONDS = 8.0
# Before the clock starts: libraries and caches get ready.
WARM_S = 1.5
# Different bodies, so that nothing is answered from a cache.
BODIES = 64
AIM_THROUGHPUT, AIM_P99 = 10.0, 0.2


@dataclass(frozen=True)
class Row:
    """A line of the results: one server, one kind of load."""

    server: str
    version: str
    model: str
    rows: int
    connections: int
    machine: str
    day: str
    seconds: float
    requests: int
    refused: int
    throughput: float
    p50_ms: float
    p99_ms: float
    load_before: float

    @property
    def key(self) -> tuple[str, str, str, int, int, str]:
        """What is not measured twice."""
        return (
            self.server,
            self.version,
            self.model,
            self.rows,
            self.connections,
            self.machine,
        )


def bodies(table: pd.DataFrame, n_rows: int) -> list[bytes]:
    """Requests of so many rows each, in the form that MLflow recommends.

    Parameters
    ----------
    table : DataFrame
        Rows to ask for, without the target.
    n_rows : int

    Returns
    -------
    list of bytes
    """
    made = []
    for number in range(BODIES):
        first = number * n_rows % max(1, len(table) - n_rows)
        part = table.iloc[first : first + n_rows]
        document = json.loads(part.to_json(orient="split", date_format="iso"))
        del document["index"]
        made.append(json.dumps({"dataframe_split": document}).encode())
    return made


def check(address: str, body: bytes) -> list[object]:
    """The predictions of a server, to see that all give the same."""
    asked = urllib.request.Request(
        f"{address}/invocations", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        predictions: list[object] = json.load(answer)["predictions"]
    return predictions


def measure(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Ask for some seconds, after a while that does not count."""
    asyncio.run(ask(HOST, port, requests, connections=connections, seconds=WARM_S))
    return asyncio.run(ask(HOST, port, requests, connections=connections, seconds=seconds))


def read_results(path: Path) -> list[Row]:
    """The lines that are there."""
    if not path.is_file():
        return []
    kinds = {one.name: one.type for one in fields(Row)}
    readers = {"int": int, "float": float}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(**{key: readers.get(str(kinds[key]), str)(text) for key, text in line.items()})
            for line in csv.DictReader(file)
        ]


def add_result(path: Path, row: Row) -> None:
    """Append a line, so that a run that is ended loses nothing."""
    new = not path.is_file()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Row)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(row))


def sources() -> str:
    """A hash of what serves, so that changed code is measured again."""
    digest = hashlib.sha256()
    for folder in ("serving", "models", "data"):
        for path in sorted((ROOT / "src" / "trialbook" / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def mlflow_version(python: str) -> str:
    """The version of MLflow in an environment.

    Raises
    ------
    SystemExit
        If it cannot serve.
    """
    code = "import mlflow, flask; print(mlflow.__version__)"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(
            f"MLflow's server is not installed in {python}: pip install 'trialbook[ui]' there, "
            "or name another one with --mlflow-python"
        )
    return found.stdout.strip()


def report(rows: Sequence[Row], machine: str) -> str:
    """The newest line of each load as a page.

    Parameters
    ----------
    rows : sequence of Row
    machine : str
        Lines of others are left out.

    Returns
    -------
    str
        Markdown.
    """
    newest = {
        (one.model, one.rows, one.connections, one.server): one
        for one in rows
        if one.machine == machine
    }
    lines = [
        "# Serving",
        "",
        "`python -m benchmarks.serving.run`: one model, the same requests, one server after the "
        "other in one run.",
        f"Machine: {machine}. The load generator has the same cores. `mlflow` is `mlflow models "
        "serve` as it comes; `x` is against it.",
        "",
        "| model | rows | at once | server | requests/s | x | p50 | p99 | p99 of mlflow's |",
        "|---|--:|--:|---|--:|--:|--:|--:|--:|",
    ]
    for key in sorted(newest):
        one = newest[key]
        base = newest.get((*key[:3], "mlflow"))
        gain = f"{one.throughput / base.throughput:.1f}" if base and base.throughput else ""
        share = f"{one.p99_ms / base.p99_ms:.2f}" if base and base.p99_ms else ""
        lines.append(
            f"| {one.model} | {one.rows} | {one.connections} | {one.server} "
            f"| {one.throughput:,.0f} | {gain} | {one.p50_ms:.1f} ms | {one.p99_ms:.1f} ms "
            f"| {share} |"
        )
    versions = sorted({f"{one.server} {one.version}" for one in newest.values()})
    lines += ["", f"Aim: {AIM_THROUGHPUT:g} times the requests, and a p99 of at most {AIM_P99:g}."]
    loads = [one.load_before for one in newest.values()]
    if loads:
        lines += [f"Load of the machine before each: {min(loads):.1f} to {max(loads):.1f}."]
    lines += [f"Versions: {', '.join(versions)}.", ""]
    return "\n".join(lines)


def machine_name() -> str:
    """The machine in words that tell its kind."""
    name = platform.processor() or platform.machine()
    cpu = Path("/proc/cpuinfo")
    if cpu.is_file():
        models = [line for line in cpu.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return f"{name}, {os.cpu_count()} cores"


def servers(options: argparse.Namespace, folder: str) -> Mapping[str, tuple[str, list[str]]]:
    """The commands to compare, with their versions."""
    ours = f"0.1.0-{sources()}"
    theirs = mlflow_version(options.mlflow_python)
    where = ["--workspace", options.workspace, "--trust"]
    found = {
        "mlflow": (theirs, mlflow(options.mlflow_python, folder, None)),
        "mlflow, 2 workers": (theirs, mlflow(options.mlflow_python, folder, 2)),
    }
    for engine in ("python", "onnx"):
        command = trialbook(options.model, "--engine", engine, *where)
        found[f"trialbook, {engine}"] = (ours, command)
    return {name: made for name, made in found.items() if not options.only or name in options.only}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not there yet, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="as trialbook serve takes it")
    parser.add_argument("--workspace", default="trialbook")
    parser.add_argument("--data", required=True, help="CSV file of rows to ask for")
    parser.add_argument("--target", required=True, help="its column that is left out")
    parser.add_argument("--label", help="how the model is called in the report")
    parser.add_argument("--mlflow-python", default=sys.executable)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--only", nargs="+", help="servers to measure")
    parser.add_argument("--again", action="store_true", help="measure what is there, too")
    parser.add_argument("--results", type=Path, default=RESULTS / "serving.csv")
    options = parser.parse_args(arguments)

    import trialbook as tb

    model = tb.load_model(options.model, workspace=options.workspace)
    label = options.label or model.label
    table = pd.read_csv(options.data).drop(columns=options.target)
    made = {n_rows: bodies(table, n_rows) for n_rows in options.rows}
    machine = machine_name()
    known = set() if options.again else {one.key for one in read_results(options.results)}
    expected: list[object] | None = None
    for name, (version, command) in servers(options, str(model.folder)).items():
        loads = [
            (n_rows, connections)
            for n_rows in options.rows
            for connections in options.connections
            if (name, version, label, n_rows, connections, machine) not in known
        ]
        if not loads:
            continue
        log = Path(tempfile.gettempdir()) / f"serving-{name.replace(', ', '-')}.log"
        try:
            # MLflow starts the server by its name.
            path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
            with running(command, log, {"PATH": path}) as server:
                predictions = check(server.address, made[options.rows[-1]][0])
                expected = expected or predictions
                if predictions != expected:
                    print(f"note: {name} predicts otherwise", file=sys.stderr)
                for n_rows, connections in loads:
                    wires = [request(HOST, "/invocations", body) for body in made[n_rows]]
                    before = os.getloadavg()[0]
                    load = measure(server.port, wires, connections, options.seconds)
                    row = Row(
                        server=name,
                        version=version,
                        model=label,
                        rows=n_rows,
                        connections=connections,
                        machine=machine,
                        day=date.today().isoformat(),
                        seconds=round(load.seconds, 2),
                        requests=len(load.latencies),
                        refused=sum(load.statuses.values()) - len(load.latencies) + load.lost,
                        throughput=round(load.throughput, 2),
                        p50_ms=round(1000 * load.quantile(0.5), 3),
                        p99_ms=round(1000 * load.quantile(0.99), 3),
                        load_before=round(before, 2),
                    )
                    add_result(options.results, row)
                    print(row, flush=True)
        except RuntimeError as error:
            print(f"{name}: {error}", file=sys.stderr)
    text = report(read_results(options.results), machine)
    options.results.with_suffix(".md").write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
