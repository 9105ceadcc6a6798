"""What uv and py-rattler say of proxies and certificates, from local servers that are real ones."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tls import write_certificate

from torchard.catalog.mac_class import MacClass
from torchard.lab.model import Mirrors
from torchard.lock import conda, wheels
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

ARM = MacClass("osx-arm64", "14.0")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Refusing(BaseHTTPRequestHandler):
    """A proxy that wants a login."""

    def do_CONNECT(self):
        """Answer 407."""
        self.send_response(407, "Proxy Authentication Required")
        self.send_header("Proxy-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_CONNECT  # noqa: N815  # the name that http.server calls

    def log_message(self, *_words):
        """Print nothing."""


@pytest.fixture
def server(tmp_path):
    """Start a server on a port of 127.0.0.1, with TLS or without."""
    started = []

    def begin(*, tls):
        served = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(write_certificate(tmp_path / "both.pem"))
            served.socket = context.wrap_socket(served.socket, server_side=True)
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        started.append(served)
        return f"127.0.0.1:{served.server_port}"

    yield begin
    for one in started:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize("client", ["uv", "rattler"])
@pytest.mark.parametrize(
    ("trouble", "what", "instead"),
    [
        ("certificate", "does not trust the server's certificate", "SSL_CERT_FILE"),
        ("login", "the proxy", "https_proxy"),
        ("socks", "SOCKS proxy|the proxy does not answer", "proxy"),
    ],
)
def test_trouble_on_the_way_is_named(  # noqa: PLR0917  # fixtures
    asks, store, server, monkeypatch, client, trouble, what, instead
):
    """A proxy or a certificate is the cause in the message, for wheels and for channels."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    url = "https://mirror.example/x"
    if trouble == "certificate":
        url = f"https://{server(tls=True)}/x"
    elif trouble == "login":
        monkeypatch.setenv("https_proxy", f"http://{server(tls=False)}")
    else:
        monkeypatch.setenv("https_proxy", "socks5h://127.0.0.1:1")
    places = Mirrors(conda={"conda-forge": url}, wheels=url)
    question = Question(asks(pip=["a"]), ARM, None, ("conda-forge",), places)
    ask = (
        (lambda: wheels.resolve_wheels(question, "3.12.13", {}))
        if client == "uv"
        else (lambda: conda.solve_conda(question, store))
    )
    with pytest.raises(LockError, match=f"could not be read.*because .*({what})") as caught:
        ask()
    assert instead in caught.value.instead
