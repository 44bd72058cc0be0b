"""The command that shows the checks of the data: of an experiment, or of a table before any."""

from __future__ import annotations

from typing import Any

import click

from trialbook.cli._options import JobCommand, job_from_options, some_job_options
from trialbook.cli.commands._common import console, json_option, open_experiment, where
from trialbook.job import OF_SERIES

# What steers the checks besides the table.
ASKED = (
    *("target", "task", "positive_label", "ignore", "types", "weight", "featurization"),
    *("imputers", "block_transformers", "transformer_params", "language"),
    *OF_SERIES,
    *("validation", "validation_size", "folds", "fold_columns", "group_column", "time_column"),
    *("test", "test_size", "seed"),
)


@click.command(cls=JobCommand)
@click.argument("data", required=False)
@some_job_options(*ASKED)
@where
@json_option
def guardrails(
    data: str | None,
    target: str | None,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Show the checks of DATA, or of an experiment.

    With DATA, which is whatever `trialbook train` takes, --target names the column to predict;
    series to forecast need --task forecasting, --time and --horizon, too. Without, the checks
    are those of an experiment, the latest one unless --name is given.

    Each check has a verdict: passed, fixed (found and handled) or alerted (for a person to
    decide).
    """
    from trialbook.cli._checks import guardrail_table, summary
    from trialbook.cli._output import write_json

    if data is None:
        given = [field for field, value in {"target": target, **asked}.items() if value]
        if given:
            raise click.UsageError(
                f"Missing argument 'DATA': --{given[0].replace('_', '-')} is about a table."
            )
        experiment = open_experiment(workspace, name, tracking_uri)
        title, found = experiment.name, experiment.guardrails
    else:
        if target is None:
            raise click.UsageError("Missing option '--target': the column to predict.")
        from trialbook import api

        job = job_from_options(data, asked | {"target": target, "workspace": workspace})
        title, found = job.place, api.guardrails(job)
    if as_json:
        write_json({"of": title, "guardrails": found})
        return
    console().print(f"{title}: {summary(found)}", style="bold", highlight=False, markup=False)
    console().print(guardrail_table(found))
