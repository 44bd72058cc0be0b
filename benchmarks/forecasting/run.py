"""Runs systems on sets of series: ``python -m benchmarks.forecasting.run``.

A run whose row is in the table of results is left out, so that a stopped comparison goes on where
it stopped: call the same again.
"""

from __future__ import annotations

import argparse

from benchmarks.catalog import HERE, read_catalog
from benchmarks.forecasting.scoring import METRICS
from benchmarks.forecasting.sets import find_sets
from benchmarks.process import ended_by_signals
from benchmarks.results import AMLB_COLUMNS, NUMBERS, Constraint, budget_of, machine
from benchmarks.run import Plan, add_options, run_plans, versions_of

RESULTS = HERE / "forecasting" / "results"
TABLE = "results.csv"
# Beside those of all benchmarks; `models` names what took part.
COLUMNS = [*AMLB_COLUMNS, *METRICS, "models", "peak_memory_mb", "machine"]
NUMERIC = [one for one in [*NUMBERS, *METRICS] if one in COLUMNS]


@ended_by_signals()
def main() -> int:
    """Run what the command line asks for and the table of results does not have."""
    options = _options()
    constraint = Constraint(budget_of(options.budget), options.cores)
    catalog = read_catalog(section="forecasters")
    versions = versions_of(catalog.choose(options.systems))
    plans = [
        Plan(one, version, dataset, constraint, seed, machine())
        for dataset in find_sets(options.data, options.sets, options.earlier)
        for one, version in versions
        for seed in options.seeds
    ]
    run_plans(
        plans,
        options.results / TABLE,
        options.results,
        columns=COLUMNS,
        again=options.again,
        dry_run=options.dry_run,
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add_options(parser, "forecasting", RESULTS)
    parser.add_argument("--systems", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="SEED")
    parser.add_argument(
        "--earlier",
        type=int,
        default=0,
        metavar="N",
        help="forecast from N earlier origins, too, a horizon apart",
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
