"""The command that writes a model in a form that others can use."""

from __future__ import annotations

import click

from trialbook.cli.commands._common import (
    console,
    json_option,
    model_argument,
    trust_option,
    where,
)

# As `trialbook.models.export.FORMATS`, which is too slow to import for --help.
FORMATS = ("onnx", "pickle", "zip", "docker")


@click.command()
@model_argument
@click.option("--to", required=True, type=click.Choice(FORMATS), help="The form to write.")
@click.option("-o", "--out", metavar="PATH", help="Where; else the model's name, here.")
@where
@trust_option
@json_option
def export(
    model: str,
    to: str,
    out: str | None,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Write MODEL in a form that others can use.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    onnx is one file with everything from the columns to the prediction, for any language, and
    safe to load; it is compared with the model on real rows first, and nothing is written if they
    differ. pickle is the estimator alone, with its requirements beside it. zip has the model, its
    environment, a script that predicts and a README. docker is a folder that an image is built
    from, which answers over HTTP.
    """
    from rich.text import Text

    from trialbook import api
    from trialbook.cli._output import write_json

    made = api.export(
        model,
        to=to,
        path=out,
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        trust=trust,
    )
    if as_json:
        parity = None if made.parity is None else made.parity.to_dict()
        document = {"model": made.model, "version": made.version, "format": made.format}
        written = {"path": made.path, "size": made.size, "files": made.files}
        write_json({**document, **written, "parity": parity})
        return
    screen = console()
    screen.print(Text(f"{made.path}", style="bold"), f"({made.size / 1e6:,.1f} MB)")
    if made.parity is not None:
        screen.print(Text(f"the same answers as in Python, on {made.parity}"))
    elif made.format != "docker":
        screen.print(Text("a pickle: whoever loads it runs code, so they must trust you"))
    else:
        screen.print(Text(f"docker build -t {made.path.name} {made.path}"))
