"""The command that lets a model answer over HTTP."""

from __future__ import annotations

from typing import Any

import click

from trialbook.cli.commands._common import (
    json_option,
    model_argument,
    read_duration,
    timeout_option,
    trust_option,
    where,
)
from trialbook.job import n_bytes


def _read_size(ctx: click.Context, parameter: click.Parameter, value: str) -> int:
    """Read a size, or say how one is written."""
    try:
        return n_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


def _read_split(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """Read shares such as ``90,10``."""
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.replace("/", ",").split(","))
    except ValueError:
        raise click.BadParameter("give two numbers, such as 90,10", ctx, parameter) from None


@click.command()
@model_argument
@click.argument("challenger", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--token",
    metavar="TOKEN",
    help="What requests must carry; else the variable TRIALBOOK_TOKEN, which other users of the "
    "machine do not see.",
)
@click.option("--token-file", metavar="FILE", help="File whose first line is the token.")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    metavar="NAME",
    multiple=True,
    help="Name to which requests may be addressed, such as models.example.org or *.example.org; "
    "may be given several times. On an address of this machine itself, only its own are allowed "
    "without it.",
)
@click.option(
    "--split",
    metavar="A,B",
    callback=_read_split,
    help="How requests are split between MODEL and CHALLENGER, such as 90,10.",
)
@click.option(
    "--max-body",
    default="16MB",
    show_default=True,
    metavar="SIZE",
    callback=_read_size,
    help="Largest body.",
)
@timeout_option("30s", "Most time for a body to arrive, and for the answer.")
@click.option(
    "--max-connections",
    default=500,
    show_default=True,
    type=click.IntRange(1),
    help="Most connections at once; others are answered with status 503.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "python", "onnx"]),
    default="auto",
    show_default=True,
    help="What computes; auto takes ONNX where it was seen to give the same.",
)
@click.option(
    "--unknown",
    type=click.Choice(["warn", "error"]),
    default="warn",
    show_default=True,
    help="What a category is that was not there in training.",
)
@click.option("--explain", is_flag=True, help="Answer /explain, too.")
@click.option("--log", metavar="FOLDER", help="Keep what is asked and answered, for drift.")
@click.option(
    "--watch",
    metavar="DURATION",
    callback=read_duration,
    help="Look so often whether MODEL means another version now, and serve that.",
)
@where
@trust_option
@json_option
def serve(
    model: str,
    challenger: str | None,
    token: str | None,
    token_file: str | None,
    host: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Let MODEL answer over HTTP.

    It answers as MLflow's and Azure's servers do.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    CHALLENGER is a second one that answers a share of the requests. /docs shows how to ask.
    """
    import logging

    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.serving import is_loopback, read_token

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    logging.getLogger("trialbook.serving").setLevel(logging.INFO)
    given = read_token(token, token_file)

    def ready(address: str) -> None:
        if as_json:
            write_json({"address": address, "token": given is not None})
        else:
            click.echo(f"serving on {address} (see {address}/docs)")
        if given is None and not is_loopback(host):
            click.echo("note: without --token, whoever reaches this address may ask", err=True)

    api.serve(model, challenger, host=host, token=given, ready=ready, **options)
