"""Functions that let a model answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from trialbook.job import read_seconds

if TYPE_CHECKING:
    from trialbook.models import Model


def serve(
    model: str | Path | Model = "best",
    challenger: str | Path | Model | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    token: str | None = None,
    allowed_hosts: Sequence[str] = (),
    split: Sequence[float] | None = None,
    max_body: int = 16 * 2**20,
    timeout: str | float = 30.0,
    max_connections: int = 500,
    engine: Literal["auto", "python", "onnx"] = "auto",
    unknown: Literal["warn", "error"] = "warn",
    explain: bool = False,
    log: str | Path | None = None,
    watch: str | float | None = None,
    trust: bool = False,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a model over HTTP until the process is told to stop.

    Parameters
    ----------
    model : str, Path or Model
        As in `load_model`, or an ``.onnx`` file.
    challenger : str, Path or Model, optional
        A second model, which answers a share of the requests.
    host : str
        Address to listen on.
    port : int
        0 for a free one.
    token : str, optional
        What requests must carry as bearers; else that of ``TRIALBOOK_TOKEN``, if there is one.
    allowed_hosts : sequence of str
        Names to which requests may be addressed, such as ``models.example.org`` or
        ``*.example.org``. A server on an address of this machine itself (the default) knows
        ``localhost`` and such addresses and refuses others, which a page might have made up;
        one on another address looks at names if some are given. ``"*"`` allows any.
    split : sequence of float, optional
        How requests are split between both, such as ``(90, 10)``; without it, the challenger
        answers those that name it in the header ``X-Trialbook-Model``.
    max_body : int
        Most bytes of a body.
    timeout : str or float
        Most time for the body to arrive, and for the answer after that.
    max_connections : int
        Most connections at once; who comes then is answered with status 503.
    engine : {"auto", "python", "onnx"}
        What computes the answers; ``auto`` takes ONNX where it was seen to give the same.
    unknown : {"warn", "error"}
        What a category is that was not there in training.
    explain : bool
        Whether ``/explain`` answers.
    log : str or Path, optional
        Folder that keeps what was asked and answered, for ``trialbook drift``.
    watch : str or float, optional
        Time between two looks whether the names mean other models now.
    trust : bool
        Whether models from outside the workspace may be unpickled.
    workspace, name, tracking_uri
        As in `load_model`.
    ready : callable, optional
        Told the address once it is taken and the models are loaded.

    Raises
    ------
    OptionError
        If an option does not fit, the address is taken, or the extra ``serve`` is not installed.
    TrialbookError
        If a model cannot be found or loaded.
    """
    from trialbook import serving

    token = serving.read_token(token, None)
    bound = serving.listen(host, port)
    app = serving.create_app(
        *((model,) if challenger is None else (model, challenger)),
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        split=split,
        token=token,
        allowed_hosts=serving.names_at(bound.getsockname()[0], allowed_hosts),
        max_body=max_body,
        timeout=read_seconds(timeout),
        engine=engine,
        unknown=unknown,
        explain=explain,
        log=log,
        watch=None if watch is None else read_seconds(watch, "watch"),
        trust=trust,
    )
    serving.run(app, bound, ready, max_connections=max_connections)
