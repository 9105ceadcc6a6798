"""Environments to lock, wheel indexes, and a server that can ask for a login."""

from __future__ import annotations

import base64
import functools
import re
import threading
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from wheelhouse import write_index

from torchard.depot.depot import Depot
from torchard.lab.model import Environment, Mirrors, Position
from torchard.lock import index_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from simlab.depot import Depot as SimulatedDepot


class Server:
    """The files below a folder; those below /private only for a login. `seen` is what was asked.

    A folder with an index.json is a page of a simple index (PEP 691). With `endless`, each page and
    each repodata.json is that text, again and again. Parts of a file are sent where `ranges` is
    set, and `sent` counts their bytes.
    """

    def __init__(self, root: Path, login: str, endless: bytes) -> None:
        wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
        self.seen: list[str] = []
        seen = self.seen
        self.sent = 0
        self.ranges = True
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append(f"{self.command} {self.path}")
                if endless and self.path.endswith(("/", "/repodata.json")):
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.send_header("Connection", "close")
                    self.end_headers()
                    with suppress(OSError):
                        while True:
                            self.wfile.write(endless)
                    return
                private = self.path.startswith("/private")
                if private and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="x"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.path = self.path.removeprefix("/private")
                part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                if part and outer.ranges:
                    begin, end = int(part[1]), int(part[2]) + 1
                    whole = Path(self.translate_path(self.path)).read_bytes()
                    content = whole[begin:end]
                    outer.sent += len(content)
                    self.send_response(206)
                    place = f"{begin}-{begin + len(content) - 1}/{len(whole)}"
                    self.send_header("Content-Range", f"bytes {place}")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                    return
                if Path(self.translate_path(self.path), "index.json").exists():
                    self.path += "index.json"
                send = super().do_HEAD if self.command == "HEAD" else super().do_GET
                send()

            do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

            def handle(self) -> None:
                # A client that has read enough ends its connection, also before its next request.
                with suppress(ConnectionError):
                    super().handle()

            def guess_type(self, path: str | PathLike[str]) -> str:
                page = str(path).endswith("/index.json")
                return "application/vnd.pypi.simple.v1+json" if page else super().guess_type(path)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=root)
        )
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"

    def stop(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return a function that serves a folder over HTTP."""
    servers: list[Server] = []

    def begin(root: Path, login: str = "", endless: bytes = b"") -> Server:
        servers.append(Server(root, login, endless))
        return servers[-1]

    yield begin
    for one in servers:
        one.stop()


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes an index: `shelf(wheel("a-1.0-py3-none-any.whl"))` is its URL.

    A `folder` of another name is another index.
    """

    def write(*wheels: dict[str, Any], folder: str = "index", json_pages: bool = False) -> str:
        return write_index(tmp_path / folder, *wheels, json_pages=json_pages).as_uri()

    return write


@pytest.fixture(autouse=True)
def bare_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The tests use no index, login or setting of the person who runs them."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in (
        *index_settings.INDEX_VARIABLES,
        "XDG_CONFIG_HOME",
        "UV_CONFIG_FILE",
        "PIP_INDEX_URL",
        "PIP_PYPI_URL",
        "NETRC",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    index_settings._index_of_pip.cache_clear()
    yield home
    index_settings._index_of_pip.cache_clear()


@pytest.fixture
def store(artefacts: Path) -> Depot:
    """The controller's depot of this run of the tests."""
    return Depot(artefacts, pause=lambda _seconds: None)


@pytest.fixture
def mirrors(simlab_depot: SimulatedDepot) -> Mirrors:
    """Mirrors in the folders of simlab's depot."""
    return Mirrors(
        conda={"conda-forge": simlab_depot.channel.as_uri()},
        wheels=(simlab_depot.root / "simple").as_uri(),
    )


def environment(
    *, conda: Sequence[str] = (), pip: Sequence[str] = (), python: str = "3.12", name: str = "torch"
) -> Environment:
    """Return an environment of lab.yaml: it is in line 2, and each of its items has its own line.

    The first of `conda` is in line 11, the first of `pip` in line 21.
    """
    lines = {f"conda/{place}": 11 + place for place in range(len(conda))}
    lines |= {f"pip/{place}": 21 + place for place in range(len(pip))}
    return Environment(
        name=name,
        python=python,
        pytorch=None,
        conda=tuple(conda),
        pip=tuple(pip),
        where=Position("lab.yaml", 2, 3),
        item_positions={path: Position("lab.yaml", line, 7) for path, line in lines.items()},
    )


@pytest.fixture
def asks() -> Callable[..., Environment]:
    """Return a function that makes an environment: `asks(conda=["numpy"])`."""
    return environment
