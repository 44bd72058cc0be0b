"""Whether a tracking server answers at all, found out before any work is done."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from trialbook.addresses import hide_password
from trialbook.errors import WorkspaceError

# MLflow tries a request again for minutes, which is right while trials run: a server that restarts
# costs none. Before there are any, a person who mistyped an address wants to know.
PROBE_S = 10.0
# What a gateway answers in place of a server that is down; any other answer is of a server.
DOWN = (502, 503, 504)


def is_server(uri: str) -> bool:
    """Whether a tracking URI is that of a server which is asked over HTTP.

    Parameters
    ----------
    uri : str

    Returns
    -------
    bool
    """
    return uri.startswith(("http:", "https:"))


def check_server(uri: str | None) -> None:
    """Refuse a tracking server that does not answer, or whose address holds a password.

    Parameters
    ----------
    uri : str or None
        A tracking URI; one that is no server's is left to MLflow.

    Raises
    ------
    WorkspaceError
        If nothing answers within `PROBE_S` seconds. It is asked once.
    """
    if uri is None or not is_server(uri):
        return
    if "@" in urlsplit(uri).netloc:
        raise WorkspaceError(
            "the address of a tracking server must not hold a password: notebooks show it",
            place=hide_password(uri),
            remedy="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead.",
        )
    reason = _why_not(uri)
    if reason is not None:
        raise WorkspaceError(
            f"the tracking server cannot be reached: {reason}",
            place=hide_password(uri),
            remedy="Start it, or check its address (--tracking-uri).",
        )


def _why_not(uri: str) -> str | None:
    """Why a server does not answer; None if it does, whatever it says."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=PROBE_S):
            return None
    except HTTPError as error:  # it has an answer, as to who may ask
        return f"it answers {error.code} ({error.reason})" if error.code in DOWN else None
    except URLError as error:
        if isinstance(error.reason, ssl.SSLError):  # whom to trust is for MLflow's settings to say
            return None
        return _told(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return _told(error)


def _told(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"it does not answer within {PROBE_S:g} s"
    said = reason.strerror if isinstance(reason, OSError) else None
    return said or str(reason)
