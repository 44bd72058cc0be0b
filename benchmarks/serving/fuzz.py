"""Whether any request makes a server fail: ``python -m benchmarks.serving.fuzz --model best``.

schemathesis makes requests of the server's own document, by its rules and against them, and checks
that no answer is a 5xx, and that status, type and body are those of the document.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving.servers import running, trialbook

SECONDS = 300
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is schemathesis's own, 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="as trialbook serve takes it")
    parser.add_argument("--workspace", default="trialbook")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", nargs="*", default=[], help="more for trialbook serve")
    options = parser.parse_args(arguments)

    command = trialbook(options.model, "--workspace", options.workspace, *options.options)
    folder = Path(tempfile.mkdtemp(prefix="serving-fuzz-"))
    with running(command, folder / "server.log") as server:
        run = [Path(sys.executable).with_name("schemathesis"), "run"]
        asked = [
            f"{server.address}/openapi.json",
            f"--max-time={options.seconds}",
            f"--checks={','.join(CHECKS)}",
            f"--seed={options.seed}",
            "--workers=2",
            # Its coverage of an object of so many columns ends in an error of Python's parser.
            "--phases=examples,fuzzing",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--generation-database=none",
        ]
        ended = subprocess.run([str(part) for part in [*run, *asked]], cwd=folder, check=False)
    print(f"The log of the server: {folder / 'server.log'}")
    return ended.returncode


if __name__ == "__main__":
    raise SystemExit(main())
