"""Batch scoring of a table larger than the memory it may use: ``python -m benchmarks.batch``.

The table is made here, row group by row group. A child process predicts it, is watched through
``/proc``, and is killed as soon as it and its children hold more memory of their own (pages of
mapped files do not count) than the limit.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

ROWS, GROUP_ROWS, TRAIN_ROWS = 20_000_000, 250_000, 20_000
PROGRAM = (sys.executable, "-c", "import sys; from trialbook.cli import main; main(sys.argv[1:])")
LINE = "| {name} | {rows:,} | {size:.2f} GiB | {wall:,.0f} s | {speed:,.0f} | {peak:,.0f} MiB |"
HEADER = "| input | rows | size | wall | rows/s | peak memory |\n|---|--:|--:|--:|--:|--:|"


def rows(group: int, n_rows: int) -> pa.Table:
    """Make a row group: a key, four numbers, two categories, a date and the target."""
    random = np.random.default_rng(group)
    numbers = random.normal(size=(4, n_rows)).round(4)
    city = random.integers(0, 40, n_rows)
    kind = random.integers(0, 4, n_rows)
    days = np.datetime64("2020-01-01") + random.integers(0, 1500, n_rows)
    signal_ = numbers[0] - numbers[1] * (kind == 2) + 0.05 * city + random.normal(size=n_rows)
    columns = {
        "key": [f"K{group:05d}-{i:06d}" for i in range(n_rows)],
        **{
            f"n{i}": np.where(random.random(n_rows) < 0.05, np.nan, one)
            for i, one in enumerate(numbers)
        },
        "city": np.array([f"city {i}" for i in range(40)])[city],
        "kind": np.array(["red", "green", "blue", "grey"])[kind],
        "day": days.astype("datetime64[ms]"),
        "y": np.where(signal_ > 1, "yes", "no"),
    }
    return pa.table({name: pa.array(cells, from_pandas=True) for name, cells in columns.items()})


def make(folder: Path, n_rows: int, ending: str) -> Path:
    """Write the table, holding a row group at a time."""
    path = folder / f"big.{ending}"
    schema = rows(0, 10).drop_columns("y").schema
    with contextlib.ExitStack() as opened:
        if ending == "csv":
            sink = opened.enter_context(pa.csv.CSVWriter(path, schema))
        else:
            sink = opened.enter_context(pq.ParquetWriter(path, schema))
        for group in range(-(-n_rows // GROUP_ROWS)):
            size = min(GROUP_ROWS, n_rows - group * GROUP_ROWS)
            sink.write_table(rows(group + 1, size).drop_columns("y"))
    return path


class Held:
    """Reads twenty times a second what a process and its children hold, and kills it beyond."""

    def __init__(self, pid: int, limit: float) -> None:
        self.pid, self.limit, self.peak, self._done = pid, limit, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(0.05):
            self.peak = max(self.peak, sum(map(_anonymous, _family(self.pid))))
            if self.peak > self.limit:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> float:
        """End watching; the most that was held, in MiB."""
        self._done.set()
        self._thread.join()
        return self.peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _anonymous(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0


def predict(
    source: Path,
    out: Path,
    workspace: Path,
    limit: float,
    *,
    resume: bool = False,
    stop_after: int = 0,
) -> tuple[float, float]:
    """Predict a table in a process of its own; seconds and peak memory in MiB.

    Parameters
    ----------
    source, out, workspace : Path
    limit : float
        MiB that it may hold.
    resume : bool, optional
    stop_after : int, optional
        Kill it (as ``kill -9`` does) when so many parts are there.
    """
    command = [*PROGRAM, "predict", "best", str(source), "--workspace", str(workspace)]
    command += ["--out", str(out), "--keep", "key", "--proba"] + ["--resume"] * resume
    begun = time.monotonic()
    with subprocess.Popen(command) as child:
        held = Held(child.pid, limit)
        parts = out.with_name(f"{out.name}.parts")
        while child.poll() is None:
            time.sleep(0.05)
            if stop_after and len(list(parts.glob("part-*"))) >= stop_after:
                child.send_signal(signal.SIGKILL)
        peak = held.stop()
    if child.returncode and not stop_after:
        raise SystemExit(f"predict ended with {child.returncode}; it held {peak:,.0f} MiB")
    return time.monotonic() - begun, peak


def main() -> None:
    """Make the tables, predict them, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--limit", type=float, default=1500, help="MiB it may hold")
    parser.add_argument("--kill-after", type=int, default=0, help="parts, then resume and compare")
    parser.add_argument("--learner", default="lightgbm")
    parser.add_argument("--formats", nargs="+", default=["parquet", "csv"])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, at most {options.limit:,.0f} MiB\n\n{HEADER}", flush=True)
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        pq.write_table(rows(0, TRAIN_ROWS), folder / "train.parquet")
        train = [*PROGRAM, "train", str(folder / "train.parquet"), "--target", "y"]
        train += ["--allow", options.learner, "--max-trials", "1", "--no-voting", "--no-stacking"]
        train += ["--validation-size", "0.2", "--workspace", str(folder / "W")]
        subprocess.run(train, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for ending in options.formats:
            source, out = make(folder, options.rows, ending), folder / "out.parquet"
            wall, peak = predict(source, out, folder / "W", options.limit)
            assert pq.read_metadata(out).num_rows == options.rows
            size = source.stat().st_size / 2**30
            speed = options.rows / wall
            print(
                LINE.format(
                    name=source.name,
                    rows=options.rows,
                    size=size,
                    wall=wall,
                    speed=speed,
                    peak=peak,
                ),
                flush=True,
            )
            if options.kill_after:
                other = folder / "resumed.parquet"
                for _ in range(2):
                    again = other.with_name("resumed.parquet.parts").is_dir()
                    stop = 0 if again else options.kill_after
                    predict(
                        source, other, folder / "W", options.limit, resume=again, stop_after=stop
                    )
                digests = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (out, other)]
                same = "the same bytes" if digests[0] == digests[1] else "OTHER BYTES"
                print(f"killed after {options.kill_after} parts and resumed: {same}", flush=True)
                other.unlink()
            source.unlink()
            out.unlink()


if __name__ == "__main__":
    main()
