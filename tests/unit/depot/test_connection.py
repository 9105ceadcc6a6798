"""How Torchard reaches a server: waits, proxies, certificates, and connections that stay open."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

import pytest
from fetching import BODY, CANARY, get, say
from tls import write_certificate

from torchard.depot import connection
from torchard.depot.connection_causes import find_connection_cause
from torchard.depot.depot import DepotError
from torchard.depot.download import DownloadError


def test_server_that_asks_to_wait_gets_its_time(answering, store, pauses):
    """Retry-After sets the pause if it is longer than ours; a date and nonsense are understood."""
    headers = iter(["7", "0", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])

    def answer(request):
        after = next(headers, None)
        if after is None:
            say(request, 200, BODY)
        else:
            say(request, 503, Retry_After=after)

    url, _ = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert pauses == [7, 0.5, 1, 2]


@pytest.mark.parametrize("wait", ["121", "9" * 30, "Wed, 21 Oct 2093 07:28:00 GMT"])
def test_server_that_asks_to_wait_for_long_ends_the_download(answering, store, pauses, wait):
    """Torchard waits at most two minutes. The message says what the server wants."""
    url, seen = answering(lambda request: say(request, 429, Retry_After=wait))
    with pytest.raises(DownloadError, match=r"answered 429 .* and asks to wait \d+ seconds"):
        get(store, f"{url}/a.conda")
    assert len(seen) == 1
    assert pauses == []


def test_each_hop_has_its_own_proxy(answering, store, monkeypatch):
    """Proxies come from the environment; a redirect to a host in NO_PROXY goes there directly."""
    there, _ = answering(lambda request: say(request, 200, BODY))
    proxy, seen = answering(lambda request: say(request, 302, Location=f"{there}/a.conda"))
    login = proxy.replace("://", f"://user:{CANARY}%40@")
    monkeypatch.setenv("http_proxy", login.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", urlsplit(there).netloc)
    assert get(store, "http://mirror.example/x").read_bytes() == BODY
    ((path, headers),) = seen
    assert path == "http://mirror.example/x"
    assert headers["Host"] == "mirror.example"
    basic = base64.b64encode(f"user:{CANARY}@".encode()).decode()
    assert headers["Proxy-Authorization"] == f"Basic {basic}"


def test_connection_is_used_for_the_next_file(answering, store):
    """Many small packages of one server do not need many connections."""

    def answer(request):
        request.protocol_version = "HTTP/1.1"
        ports.append(request.client_address[1])
        say(request, 200, BODY)

    ports = []
    url, _ = answering(answer, protocol="HTTP/1.1")
    for name in ("a.conda", "b.conda"):
        get(store, f"{url}/{name}", file=name)
    assert len(ports) == 2
    assert len(set(ports)) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that no authority has signed, with its key, in one file."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


def test_certificate_is_verified(answering, certificate, store, pauses, monkeypatch):
    """An unknown certificate is an error at once, unless SSL_CERT_FILE has it."""
    connection._pool.cache_clear()
    url, seen = answering(lambda request: say(request, 200, BODY), certificate=certificate)
    with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        get(store, f"{url}/a.conda")
    assert "SSL_CERT_FILE" in caught.value.instead
    assert (seen, pauses) == ([], [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    connection._pool.cache_clear()
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    connection._pool.cache_clear()


@pytest.mark.parametrize(
    ("variable", "answer", "instead"),
    [
        ("http_proxy", 407, "https_proxy=http://USER:PASSWORD@HOST:PORT"),
        ("https_proxy", 407, "https_proxy=http://USER:PASSWORD@HOST:PORT"),
        ("https_proxy", None, "an http:// proxy"),
    ],
)
def test_proxy_that_cannot_be_used_is_named(  # noqa: PLR0917  # fixtures
    answering, store, pauses, monkeypatch, variable, answer, instead
):
    """A proxy that wants a login, or that speaks SOCKS, is an error at once, and is named."""
    proxy, _ = answering(lambda request: say(request, answer))
    monkeypatch.setenv(variable, proxy if answer else "socks5h://127.0.0.1:1")
    with pytest.raises(DownloadError, match=r"the proxy wants a login|SOCKS proxy") as caught:
        get(store, f"{variable.partition('_')[0]}://mirror.example/x")
    assert instead in caught.value.instead
    assert pauses == []


def test_server_without_a_name_has_its_cause(store, pauses):
    """An attempt that fails for a known reason says what to check."""
    with pytest.raises(DepotError, match="in 5 attempts") as caught:
        get(store, "http://127.0.0.1:1/x")
    assert caught.value.instead.startswith("Check the address, and that the server runs.")
    assert len(pauses) == 4


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Failed to write: No space left on device (os error 28)", "the disk of this computer is"),
        ("cause: tunnel error: proxy authorization required", "the proxy wants a login"),
        ("HTTP status client error (407 Proxy Authentication Required)", "the proxy wants a login"),
        ("the server answered 407 Who are you", "the proxy wants a login"),
        ("Caused by: tunnel error: unsuccessful", "the proxy refuses to connect to the server"),
        (
            "tunnel error: failed to create underlying connection\nConnection refused",
            "the proxy do",
        ),
        ("Caused by: unsupported scheme socks5h", "Torchard cannot use a SOCKS proxy"),
        ("cause: error connecting to socks proxy\ncause: SOCKS error", "the proxy does not answer"),
        ("invalid peer certificate: Expired", "the server's certificate is not valid today"),
        ("invalid peer certificate: UnknownIssuer", "this computer does not trust the server's"),
        ("dns error: failed to lookup address information", "this computer cannot find the server"),
        ("operation timed out", "the server does not answer in time"),
        ("tcp connect error: Connection refused (os error 111)", "nothing answers at that address"),
    ],
)
def test_words_of_the_clients_are_understood(text, what):
    """What uv and py-rattler say of a failed connection has a cause and something to do."""
    found = find_connection_cause(text)
    assert found is not None
    assert found.what.startswith(what)
    assert found.instead.endswith((".", ")"))


def test_a_number_in_an_address_is_not_an_answer():
    """A package may have the number of an error in its version."""
    assert find_connection_cause("Failed to fetch https://mirror.example/407/m-4.407.whl") is None


def test_file_of_certificates_that_cannot_be_read_is_named(monkeypatch):
    """SSL_CERT_FILE with the path of no file stops every client, and each in other words."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    found = connection.explain_connection("builder error")
    assert found is not None
    assert found.what == "SSL_CERT_FILE names /nowhere/ca.pem, which cannot be read"
    assert connection.explain_connection("something else") is None
