"""How Torchard reaches a server: waits, proxies, certificates, and connections that stay open."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fetching import BODY, CANARY, get, say

from torchard.depot import connection
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
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(Encoding.PEM))
    return path


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
