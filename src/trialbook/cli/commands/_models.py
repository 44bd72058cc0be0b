"""Commands of the registry: what is in it, who is champion, and who challenges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialbook.cli.commands._common import (
    console,
    data_option,
    json_option,
    timeout_option,
    tracking_option,
)
from trialbook.errors import OptionError
from trialbook.job import Job

if TYPE_CHECKING:
    from trialbook.evaluation import Difference
    from trialbook.lifecycle import Promotion, Retrained
    from trialbook.tracking import ModelVersion

workspace_option = click.option(
    "--workspace",
    default=Job.model_fields["workspace"].default,
    show_default=True,
    metavar="FOLDER",
    help="Folder that keeps the models.",
)


def version_document(version: ModelVersion) -> dict[str, Any]:
    """A version for programs."""
    return {
        "name": version.name,
        "version": version.version,
        "uri": version.uri,
        "aliases": version.aliases,
        "run_id": version.run_id,
        "tags": version.tags,
    }


@click.command()
@click.argument("model", required=False)
@workspace_option
@tracking_option
@json_option
def models(model: str | None, workspace: str, tracking_uri: str | None, as_json: bool) -> None:
    """List the registered models, or the versions of MODEL."""
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import versions_table
    from trialbook.errors import nearest

    found = api.registered_models(workspace, tracking_uri=tracking_uri)
    names = list(dict.fromkeys(one.name for one in found))
    if model is not None and model not in names:
        remedy = nearest(model, names) if names else "Register one first: trialbook register."
        raise OptionError(f"no registered model '{model}'", place=workspace, remedy=remedy)
    chosen = [one for one in found if model in (None, one.name)]
    if as_json:
        write_json([version_document(one) for one in chosen])
    elif chosen:
        console().print(versions_table(chosen))
    else:
        click.echo("no model is registered yet: trialbook register MODEL [TRIAL]")


@click.command()
@click.argument("model")
@data_option("New rows with the target, to compare on.")
@click.option(
    "--to",
    "alias",
    default="champion",
    show_default=True,
    metavar="ALIAS",
    help="Alias to give it.",
)
@click.option("--force", is_flag=True, help="Promote it whatever a comparison says.")
@workspace_option
@tracking_option
@json_option
def promote(
    model: str,
    data: str | None,
    alias: str,
    force: bool,
    workspace: str,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Make a version of MODEL the champion, if it is better.

    It is compared with the present champion on the new rows of --data.

    MODEL is churn (its challenger, or else its newest version), churn@3 or churn@candidate. The
    command ends with 1 if the version was not promoted.
    """
    from trialbook import api
    from trialbook.cli._output import write_json

    done = api.promote(
        model,
        data=data,
        alias=alias,
        force=force,
        workspace=workspace,
        tracking_uri=tracking_uri,
    )
    version, former = done.version, done.former
    if as_json:
        document = {
            **version_document(version),
            "promoted": done.promoted,
            "alias": alias,
            "former": None if former is None else former.version,
            "difference": done.difference,
            "rows_seen_before": done.n_seen,
            "rows_seen_before_left_out": done.left_out,
        }
        write_json(document)
    else:
        if done.difference is not None and former is not None:
            _say_difference(done.difference, former, version)
            _say_seen(done)
        verdict = f"is the {alias}" if done.promoted else f"stays what it is: no {alias}"
        click.echo(f"version {version.version} of {version.name} {verdict}")
    if not done.promoted:
        click.get_current_context().exit(1)


def _say_difference(found: Difference, first: ModelVersion, second: ModelVersion) -> None:
    """Two scores, and what lies between them."""
    click.echo(f"{found.metric} on {found.n_rows:,} rows:")
    click.echo(f"  version {first.version}: {found.first:.6g}")
    click.echo(f"  version {second.version}: {found.second:.6g}, {found.told}")


def _say_seen(done: Promotion | Retrained) -> None:
    """Whether the rows of a comparison were new to both models."""
    if not done.n_seen:
        click.echo("  neither was trained on them")
        return
    rows = f"{done.n_seen:,} rows of the data had trained one of the two"
    what = "they do not count" if done.left_out else "its score flatters, for they count"
    click.echo(f"  {rows}; {what}")


@click.command()
@click.argument("model")
@data_option("New rows with the target, to train on.", required=True)
@click.option(
    "--test",
    metavar="TABLE",
    help="Rows to compare on; else a fifth of the data, of forecasts the last horizon.",
)
@timeout_option(None, "Deadline for everything, such as 5m; else it takes what it takes.")
@workspace_option
@tracking_option
@json_option
def retrain(
    model: str,
    data: str,
    test: str | None,
    timeout: float | None,
    workspace: str,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Train MODEL anew on new data, as a challenger.

    The challenger is registered, and both are compared on rows that neither has seen.

    MODEL is churn (its champion, or else its newest version) or churn@3. What is trained is its
    configuration, of an ensemble that of its members; nothing is searched. The champion stays who
    it is until the challenger is promoted.
    """
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.cli._screen import progress
    from trialbook.cli._tables import print_steps, program

    with progress(as_json=as_json) as listener:
        done = api.retrain(
            model,
            data,
            test=test,
            timeout=timeout,
            workspace=workspace,
            tracking_uri=tracking_uri,
            listeners=[listener],
        )
    version, former = done.version, done.former
    if as_json:
        document = {
            **version_document(version),
            "former": former.version,
            "experiment": done.experiment.name,
            "trial": done.trial.label,
            "difference": done.difference,
            "rows_seen_before": done.n_seen,
            "rows_seen_before_left_out": done.left_out,
        }
        write_json(document)
        return
    click.echo(f"{done.trial.label} is version {version.version} of {version.name}, a challenger")
    _say_difference(done.difference, former, version)
    _say_seen(done)
    call = f"{program('trialbook')} promote {version.name}@{version.version}"
    print_steps(console(), [("promote it", f"{call} --data NEWER.csv --workspace {workspace}")])
