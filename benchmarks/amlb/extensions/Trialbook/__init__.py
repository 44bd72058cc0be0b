"""Trialbook in the public AutoML benchmark: what its own process calls."""

from __future__ import annotations

from typing import Any

from amlb.resources import config as settings
from amlb.utils import call_script_in_same_dir


def setup(*args: Any, **options: Any) -> None:
    """Make the environment; the script is told where the benchmark is."""
    call_script_in_same_dir(__file__, "setup.sh", settings().root_dir, *args, **options)


def run(dataset: Any, config: Any) -> Any:
    """Run one task in that environment. Tables are handed over as files, never as objects."""
    from frameworks.shared.caller import run_in_venv

    request: dict[str, Any] = {
        "train": {"path": dataset.train.data_path("parquet")},
        "test": {"path": dataset.test.data_path("parquet")},
        "target": {"name": dataset.target.name},
    }
    if config.measure_inference_time:
        request["samples"] = dataset.inference_subsample_files(fmt="parquet")
    return run_in_venv(__file__, "exec.py", input_data=request, dataset=dataset, config=config)
