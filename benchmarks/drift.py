"""False alarms and misses of ``trialbook drift``: ``python -m benchmarks.drift SETS``.

A random split of a table has no drift: whatever is told there is a false alarm. Shifts that are
planted into one half should be found.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from trialbook.data import Schema, Semantic, detect
from trialbook.evaluation.drift import Drawn, Drift, compare_rows
from trialbook.tables import read_table

ROWS = 4_000


def schema_of(folder: Path) -> tuple[Schema, pd.DataFrame]:
    """The schema and the rows of a data set, with the target last."""
    about = json.loads((folder / "meta.json").read_text("utf-8"))
    table = read_table(folder / about["files"]["train"])
    target = about["target"]
    table = table[table[target].notna()].reset_index(drop=True)
    columns = detect(table.drop(columns=target), overrides={})
    number = table[target].dtype.kind in "if" and about["task"] == "regression"
    classes = () if number else tuple(sorted(set(table[target])))
    task = "regression" if number else "classification"
    return Schema(task, target, classes, None, columns), table


def split(schema: Schema, table: pd.DataFrame, seed: int, rows: int) -> tuple[Drawn, Drawn]:
    """Two halves of random rows."""
    order = np.random.default_rng(seed).permutation(len(table))[: 2 * rows]
    halves = np.array_split(order, 2)
    names = [*schema.names, schema.target]
    old, new = (
        Drawn(table[names].iloc[half].reset_index(drop=True), half, len(half), "half")
        for half in halves
    )
    return old, new


def compared(schema: Schema, old: Drawn, new: Drawn) -> Drift:
    """The comparison of two halves."""
    return compare_rows("model", schema, old, new, reference="old half")


def shifts(schema: Schema) -> dict[str, Callable[[pd.DataFrame], tuple[pd.DataFrame, str]]]:
    """What is planted: each gives changed rows and the name of the column that moved."""
    numbers = [one.name for one in schema.used if one.semantic is Semantic.NUMERIC]
    levels = [one.name for one in schema.used if one.semantic is Semantic.CATEGORICAL]
    found: dict[str, Callable[[pd.DataFrame], tuple[pd.DataFrame, str]]] = {}

    def planted(name: str, column: str, change: Callable[[pd.Series], pd.Series]) -> None:
        found[name] = lambda rows: (rows.assign(**{column: change(rows[column])}), column)

    if numbers:
        first = numbers[0]
        planted("a number, half a deviation higher", first, lambda x: x + 0.5 * x.std())
        planted("a number, in other units", first, lambda x: x * 2.54)
        planted("a number, a fifth missing", first, lambda x: x.where(x.index % 5 > 0))
    if levels:
        first = levels[0]
        planted("a category, a fifth of it new", first, lambda x: x.where(x.index % 5 > 0, "new!"))
        planted(
            "a category, a third of it the same",
            first,
            lambda x: x.where(x.index % 3 > 0, x.value_counts().index[-1]),
        )
    return found


def main() -> None:
    """Print a line for each data set and kind of shift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    print("| set | columns | rows a half | splits | alarms: columns | target | model | AUC |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    lines = []
    for folder in options.sets:
        schema, table = schema_of(folder)
        alarms, areas = {"columns": 0, "target": 0, "model": 0}, []
        for seed in range(options.splits):
            old, new = split(schema, table, seed, options.rows)
            found = compared(schema, old, new)
            alarms["columns"] += bool(found.moved)
            alarms["target"] += bool(found.target and found.target.moved)
            if found.separation is not None:
                alarms["model"] += found.separation.moved
                areas.append(found.separation.auc)
        shown = f"{np.mean(areas):.3f}, at most {max(areas):.3f}" if areas else ""
        print(
            f"| {folder.name} | {len(schema.used)} | {len(old.frame):,} | {options.splits} |"
            f" {alarms['columns']} | {alarms['target']} | {alarms['model']} | {shown} |",
            flush=True,
        )
        old, new = split(schema, table, 0, options.rows)
        for name, plant in shifts(schema).items():
            frame, column = plant(new.frame)
            moved = compared(schema, old, Drawn(frame, new.positions, len(frame), "half"))
            others = [one for one in moved.moved if one != column]
            said = next((one.said for one in moved.columns if one.name == column), "")
            area = moved.separation.auc if moved.separation else float("nan")
            lines.append(
                f"| {folder.name} | {name} | {'yes' if column in moved.moved else 'NO'} |"
                f" {len(others)} | {area:.3f} | {said} |"
            )
    print("\n| set | planted | found | others | AUC | said |\n|---|---|---|--:|--:|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
