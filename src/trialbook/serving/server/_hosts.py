"""By which names a server may be addressed, and from pages of which hosts.

A server on a machine's own address is not out of reach of strangers: a page may let its name
point to 127.0.0.1 (DNS rebinding), and then its browser takes page and server for one site. The
name stands in the header Host all the same. Requests that a page of another host sends without
such a trick carry the header Origin.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from trialbook.errors import OptionError
from trialbook.serving.server._problems import Refused

ANY: Final = "*"
# A name, or an address; that of IPv6 stands in brackets.
_NAME: Final = r"\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
_HOST: Final = re.compile(rf"({_NAME})\.?(?::[0-9]*)?")
_ORIGIN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://({_NAME})\.?(?::[0-9]+)?")
_PATTERN: Final = re.compile(rf"(?:\*\.)?(?:{_NAME})|\*")


class Hosts:
    """The hosts that requests may name.

    Those of this machine (``localhost``, ``127.0.0.1``, ``::1``) are always among them: no page
    of another machine has such a name.

    Parameters
    ----------
    names : sequence of str, optional
        Further ones, without ports: a name, an address, ``*.example.org`` for all names below
        one, or ``*`` for any. None if requests may be addressed to whatever they like.

    Raises
    ------
    OptionError
        If one is no name.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        self._checked = names is not None
        self._names = frozenset(_read(name) for name in names or ())

    def check(self, headers: Iterable[tuple[bytes, bytes]], *, origin: bool) -> None:
        """Refuse what is addressed to another host, or comes from a page of another host.

        Parameters
        ----------
        headers : iterable of (bytes, bytes)
            Of a request, with their names in lower case.
        origin : bool
            Whether the page that it comes from matters, which it does not where requests carry
            a token.

        Raises
        ------
        Refused
            With status 400 for its address, and 403 for its page.
        """
        hosts, pages = _values(headers, b"host"), _values(headers, b"origin")
        host = _name_in(hosts[0], _HOST) if len(hosts) == 1 else None
        if self._checked and not self._has(host):
            raise Refused(
                400,
                f"the request is addressed to '{', '.join(hosts)[:80]}', which this server is not",
                place="header Host",
                remedy="Address it to localhost or 127.0.0.1, or start the server with "
                "--allowed-host and the name.",
            )
        for page in pages if origin else ():
            its = _name_in(page, _ORIGIN)
            if (its is None or its != host) and not self._has(its):
                raise Refused(
                    403,
                    f"the request comes from a page of '{page[:80]}'",
                    place="header Origin",
                    remedy="Start the server with --allowed-host and the host of the page, or "
                    "with --token.",
                )

    def _has(self, host: str | None) -> bool:
        if ANY in self._names:
            return True
        if host is None:
            return False
        above = {f"*{host[dot.start() :]}" for dot in re.finditer(r"\.", host)}
        return is_loopback(host) or not self._names.isdisjoint({host} | above)


def names_at(address: str, names: Sequence[str]) -> Sequence[str] | None:
    """The names that requests must carry to a server at some address.

    Parameters
    ----------
    address : str
        Where it listens, such as ``127.0.0.1``.
    names : sequence of str
        Those that were given for it.

    Returns
    -------
    sequence of str or None
        As `Hosts` takes them: None where it is reached from elsewhere and none was given, for
        nobody but its user knows what it is called there.
    """
    return names if names or is_loopback(address) else None


def is_loopback(host: str) -> bool:
    """Whether a name or an address is that of the machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _read(name: str) -> str:
    """A name as it is compared."""
    name = name.strip().lower()
    made = f"[{name}]" if ":" in name and not name.startswith("[") else name
    if _PATTERN.fullmatch(made) is None:
        raise OptionError(
            f"'{name}' is no name of a host",
            place="option allowed-host",
            remedy="Give a name without scheme and port, such as models.example.org, or "
            "*.example.org for all below one.",
        )
    return made


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in headers if key == name]


def _name_in(text: str, form: re.Pattern[str]) -> str | None:
    found = form.fullmatch(text.lower())
    return found and found[1]
