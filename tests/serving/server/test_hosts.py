"""Who a request is addressed to, and from whose page it comes."""

from __future__ import annotations

import pytest

from trialbook.errors import OptionError
from trialbook.serving import is_loopback, names_at
from trialbook.serving.server._hosts import Hosts
from trialbook.serving.server._problems import Refused

HERE = ["localhost", "LOCALHOST:80", "localhost.:1", "127.0.0.1", "127.0.0.2:8080", "[::1]:8080"]
ELSEWHERE = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.7:8080",
    "[2001:db8::1]",
    "localhost@evil.example",
    "evil.example/localhost",
    "localhost:80:80",
    "localhost evil",
    "[::1",
    "::1",
    "",
]


def refusal(hosts, *headers, origin=True):
    """The status of what is refused; None for what is let in."""
    pairs = [(key.encode(), value.encode("latin-1")) for key, value in headers]
    try:
        hosts.check(pairs, origin=origin)
    except Refused as refused:
        assert refused.cause and refused.place and refused.remedy
        return refused.status
    return None


@pytest.mark.parametrize("host", HERE)
def test_names_of_the_machine_itself_are_always_known(host):
    assert refusal(Hosts([]), ("host", host)) is None
    assert refusal(Hosts(["models.example.org"]), ("host", host)) is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_name_that_was_not_given_is_refused(host):
    assert refusal(Hosts([]), ("host", host)) == 400
    assert refusal(Hosts(["models.example.org"]), ("host", host)) == 400
    assert refusal(Hosts(["*"]), ("host", host)) is None
    assert refusal(Hosts(None), ("host", host)) is None


def test_no_host_or_two_are_refused():
    assert refusal(Hosts([])) == 400
    assert refusal(Hosts([]), ("host", "localhost"), ("host", "localhost")) == 400


def test_names_that_were_given_are_known_with_any_port():
    hosts = Hosts(["Models.example.org", "*.Example.net", "10.0.0.7", "2001:db8::1"])
    for known in (
        "models.example.org",
        "MODELS.example.org:8443",
        "a.example.net",
        "a.b.example.net:1",
        "10.0.0.7:8080",
        "[2001:db8::1]:80",
    ):
        assert refusal(hosts, ("host", known)) is None, known
    for strange in ("example.net", "example.org", "a.models.example.org", "badexample.net"):
        assert refusal(hosts, ("host", strange)) == 400, strange


@pytest.mark.parametrize(
    "name", ["http://a.example", "a.example:80", "a*.example", "*.*", "", "a b"]
)
def test_what_is_no_name_is_no_option(name):
    with pytest.raises(OptionError, match="is no name of a host"):
        Hosts([name])


def test_pages_of_other_hosts_are_refused_without_a_token():
    local, remote = ("host", "localhost:8080"), ("host", "models.example.org")
    for page in ("http://localhost:3000", "http://127.0.0.1:8080", "https://[::1]"):
        assert refusal(Hosts([]), local, ("origin", page)) is None, page
    for page in (
        "https://evil.example",
        "null",
        "",
        "localhost",
        "https://localhost.evil.example",
    ):
        for hosts in (Hosts([]), Hosts(None), Hosts(["models.example.org"])):
            assert refusal(hosts, local, ("origin", page)) == 403, page
            assert refusal(hosts, local, ("origin", page), origin=False) is None
        assert refusal(Hosts(["*"]), local, ("origin", page)) is None
    # A server that was given no name is of one host with the pages that it is addressed like.
    assert refusal(Hosts(None), remote, ("origin", "https://models.example.org")) is None
    assert (
        refusal(Hosts(["app.example.org"]), local, ("origin", "https://app.example.org")) is None
    )


def test_which_names_are_asked_for_depends_on_where_it_listens():
    assert names_at("127.0.0.1", []) == []
    assert names_at("::1", ()) == ()
    assert names_at("0.0.0.0", []) is None
    assert names_at("10.0.0.7", ["a.example"]) == ["a.example"]
    assert [is_loopback(host) for host in ("localhost", "127.1.2.3", "[::1]")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "a.example")] == [False] * 3


@pytest.mark.parametrize("path", ["/invocations", "/health", "/docs", "/nowhere"])
def test_whatever_is_asked_for_the_host_comes_first(serve, model, records, path):
    client = serve(model, allowed_hosts=["models.example.org"])
    body = {"inputs": records[:1]}
    known, strange = {"host": "models.example.org:80"}, {"host": "evil.example"}
    expected = {"/invocations": 200, "/health": 405, "/docs": 405, "/nowhere": 404}
    assert client.post(path, json=body, headers=known).status_code == expected[path]
    refused = client.post(path, json=body, headers=strange)
    assert refused.status_code == 400
    told = refused.json()["error"]
    assert told["place"] == "header Host"
    assert "evil.example" in told["cause"]
    assert "--allowed-host" in told["remedy"]


def test_a_page_of_another_host_is_told_so_and_a_token_lets_it_in(serve, model, records):
    body = {"inputs": records[:1]}
    page = {"host": "localhost", "origin": "https://evil.example"}
    refused = serve(model, allowed_hosts=[]).post("/invocations", json=body, headers=page)
    assert refused.status_code == 403
    assert refused.json()["error"]["place"] == "header Origin"
    closed = serve(model, allowed_hosts=[], token="s3cret")
    bearer = {"authorization": "Bearer s3cret"}
    assert closed.post("/invocations", json=body, headers=page | bearer).status_code == 200
    assert closed.post("/invocations", json=body, headers=page).status_code == 401
