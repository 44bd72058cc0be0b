"""Whether reloads lose requests: ``python -m benchmarks.serving.reload --model churn``.

A registered model's alias is moved to and fro between two of its versions, and the server is told
to reload, while requests come over many connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.serving.load import Load, ask, request
from benchmarks.serving.servers import HOST, running, trialbook

REQUESTS = 10_000
CONNECTIONS = 32
EVERY_S = 0.5
# What the server serves; no alias that people use is touched.
ALIAS = "benchmark"


def reload(address: str, token: str) -> dict[str, Any]:
    """Tell a server to look up its models anew; what it says."""
    asked = urllib.request.Request(
        f"{address}/reload", b"", {"Authorization": f"Bearer {token}"}, method="POST"
    )
    with urllib.request.urlopen(asked, timeout=120) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


async def scene(
    client: Any,
    model: str,
    numbers: Sequence[int],
    port: int,
    token: str,
    wires: Sequence[bytes],
    most: int,
) -> tuple[Load, int]:
    """Ask, and reload for as long as requests are under way.

    Returns
    -------
    tuple of (Load, int)
        What came back, and how often a model was replaced.
    """
    loop = asyncio.get_running_loop()
    asking = asyncio.create_task(ask(HOST, port, wires, connections=CONNECTIONS, most=most))
    changed = 0
    turn = 0
    while not asking.done():
        await asyncio.sleep(EVERY_S)
        turn += 1
        version = str(numbers[turn % len(numbers)])
        await loop.run_in_executor(None, client.set_registered_model_alias, model, ALIAS, version)
        told = await loop.run_in_executor(None, reload, f"http://{HOST}:{port}", token)
        changed += sum(one["changed"] for one in told["models"])
    return await asking, changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 1 if a request was lost or refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a registered model of two versions")
    parser.add_argument("--workspace", default="trialbook")
    parser.add_argument("--versions", type=int, nargs=2, default=[1, 2])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--data", required=True, help="CSV file of rows to ask for")
    parser.add_argument("--options", nargs="*", default=[], help="more for trialbook serve")
    options = parser.parse_args(arguments)

    from trialbook.tracking import Workspace

    client = Workspace.open(options.workspace).client
    client.set_registered_model_alias(options.model, ALIAS, str(options.versions[0]))
    token = secrets.token_hex()
    rows = json.loads(pd.read_csv(options.data, nrows=100).to_json(orient="records"))
    wires = [
        request(HOST, "/invocations", json.dumps({"inputs": [row]}).encode(), token=token)
        for row in rows
    ]
    command = trialbook(
        f"{options.model}@{ALIAS}", "--workspace", options.workspace, *options.options
    )
    log = Path(tempfile.gettempdir()) / "serving-reload.log"
    try:
        with running(command, log, {"TRIALBOOK_TOKEN": token}) as server:
            load, changed = asyncio.run(
                scene(
                    client,
                    options.model,
                    options.versions,
                    server.port,
                    token,
                    wires,
                    options.requests,
                )
            )
    finally:
        client.delete_registered_model_alias(options.model, ALIAS)
    print(
        f"{sum(load.statuses.values()):,} answers to {options.requests:,} requests in "
        f"{load.seconds:.1f} s: {load.statuses}; {load.lost} lost; {changed} models replaced; "
        f"p50 {1000 * load.quantile(0.5):.0f} ms, p99 {1000 * load.quantile(0.99):.0f} ms"
    )
    return 0 if load.statuses == {200: options.requests} and not load.lost else 1


if __name__ == "__main__":
    raise SystemExit(main())
