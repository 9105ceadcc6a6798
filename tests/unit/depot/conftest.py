"""Servers on loopback ports, and a depot that makes no pauses."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from fetching import Served

from torchard.depot.depot import Depot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    # The path and the headers of each request.
    Seen = list[tuple[str, dict[str, str]]]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    """Simlab's web server with `a.conda` in it."""
    served = Served(tmp_path / "web")
    yield served
    served.stop()


@pytest.fixture
def answering() -> Iterator[Callable[..., tuple[str, Seen]]]:
    """Return what starts a server that answers as a function of the request says."""
    servers: list[ThreadingHTTPServer] = []

    def begin(
        answer: Callable[[BaseHTTPRequestHandler], object],
        protocol: str = "HTTP/1.0",
        certificate: Path | None = None,
    ) -> tuple[str, Seen]:
        seen: Seen = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = protocol

            def do_GET(self) -> None:
                seen.append((self.path, dict(self.headers)))
                answer(self)

            do_HEAD = do_CONNECT = do_GET  # noqa: N815  # the names that http.server calls

            def handle(self) -> None:
                # A client that rejects an answer ends its connection without reading all of it.
                with suppress(ConnectionError):
                    super().handle()

            def log_message(self, *_words: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        scheme = "http" if certificate is None else "https"
        return f"{scheme}://127.0.0.1:{server.server_port}", seen

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the depot has made."""
    return []


@pytest.fixture
def store(tmp_path: Path, pauses: list[float]) -> Depot:
    """A depot that notes its pauses and makes none."""
    return Depot(tmp_path / "depot", pauses.append)
