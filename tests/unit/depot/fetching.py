"""An artefact, servers that have it, and what fetches it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from typing import TYPE_CHECKING, NoReturn

from simlab.web import Web

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from torchard.depot.depot import Depot

BODY = bytes(range(256)) * 40
SIZE = len(BODY)
SHA = hashlib.sha256(BODY).hexdigest()
CANARY = "canary-7d1f"


class Served:
    """simlab's web server in a thread: faults are asked for, requests looked at."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.root.mkdir(parents=True)
        (self.root / "a.conda").write_bytes(BODY)
        self.directory = directory
        self.loop = asyncio.new_event_loop()
        web = Web(self.root, directory, lambda: None)
        self.server = self.loop.run_until_complete(web.start())
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def fault(self, **fault: object) -> None:
        """Let requests go wrong from here on."""
        text = json.dumps({"faults": [{"path": "*", **fault}]})
        (self.directory / "web.json").write_text(text, encoding="utf-8")

    def log(self) -> list[tuple[int, ...]]:
        """Return (status, bytes) of every answer so far."""
        path = self.directory / "web.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [tuple(int(one) for one in line.split("\t")[2:]) for line in lines]

    def stop(self) -> None:
        """End the server and its connections."""

        async def end() -> None:
            self.server.close()
            tasks = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def say(
    request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str | int | None
) -> None:
    """Answer a request."""
    request.send_response(status)
    for name, value in {"Content_Length": len(body), **headers}.items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def wanting_a_login(request: BaseHTTPRequestHandler) -> None:
    """Answer with the artefact where the login is right."""
    login = base64.b64encode(f"user:{CANARY}@/".encode()).decode()
    right = request.headers.get("Authorization") == f"Basic {login}"
    status, body = (200, BODY) if right else (401, b"")
    say(request, status, body, WWW_Authenticate='Bearer realm="x"')


def get(store: Depot, url: str, size: int | None = SIZE, file: str = "a.conda") -> Path:
    """Fetch the artefact from a URL."""
    return store.fetch(file, SHA, size, lambda: url)


def kept(store: Depot) -> list[Path]:
    """Return every file below files/."""
    return [path for path in (store.root / "files").rglob("*") if path.is_file()]


def never() -> NoReturn:
    """Stand for an address that nobody may ask for."""
    raise AssertionError("the address was asked for")
