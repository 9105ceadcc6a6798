"""The depot over HTTP on a loopback port, with faults that tests can ask for.

DIR/web.json, read again at every request, is {"faults": [{"path": GLOB, …}, …]}. The first
fault whose glob fits the decoded path holds: `corrupt: true` flips a byte in the middle, `cut: K`
closes the connection after K bytes, `status: CODE` answers only that, `slow: SECONDS` waits
first. `times: N` lets it happen N times for each path. Every answer is a line in DIR/web.log:
method, path, status and bytes sent, separated by tabs.
"""

from __future__ import annotations

import asyncio
import fnmatch
import html
import http
import json
import mimetypes
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ADDRESS = "127.0.0.1"
REFRESH = "/.simlab/refresh"
_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
FAULTS = ("corrupt", "cut", "status", "slow")
_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_REQUEST_LIMIT = 64 * 1024


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Path = b""
    start: int = 0
    length: int = 0

    @property
    def size(self) -> int:
        """The bytes of its body: all of a text, the part that was asked for of a file."""
        return len(self.body) if isinstance(self.body, bytes) else self.length


class Web:
    """A static server of the tree below `root`; its log and faults lie in `directory`.

    `refresh` is called for a GET of REFRESH before it is answered.
    """

    def __init__(self, root: Path, directory: Path, refresh: Callable[[], None]) -> None:
        self._root = root.resolve()
        self._faults_file = directory / "web.json"
        self._log_file = directory / "web.log"
        self._refresh = refresh
        self._happened: dict[str, int] = {}
        self._faults_text = ""

    async def start(self, port: int | None = None) -> asyncio.Server:
        """Listen on `port` when it is free, else on any; return the server."""
        for choice in (port or 0, 0):
            try:
                return await asyncio.start_server(
                    self._connection, ADDRESS, choice, limit=_REQUEST_LIMIT, backlog=256
                )
            except OSError:
                if choice == 0:
                    raise
        raise AssertionError("port 0 listens or raises")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, or speaks no HTTP
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open for another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            method, target, _ = head[0].split(" ")
        except ValueError:
            return False
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        path = urllib.parse.unquote(urllib.parse.urlsplit(target).path)
        fault = self._fault(path)
        if "slow" in fault:
            await asyncio.sleep(float(fault["slow"]))
        if "status" in fault:
            answer = _plain(int(fault["status"]))
        elif method not in ("GET", "HEAD"):
            answer = _plain(405)
        elif path == REFRESH:
            self._refresh()
            answer = _plain(200)
        else:
            answer = self._file(path, headers)
        whole = answer.size if method != "HEAD" else 0
        sent = min(whole, int(fault.get("cut", whole)))
        if path != REFRESH:
            # Before the answer: a client that has read it finds it in the log.
            self._log(method, path, answer.status, sent)
        await self._send(writer, answer, sent, corrupt=bool(fault.get("corrupt")))
        again = method in ("GET", "HEAD")  # what another method sends on was not read
        return again and sent == whole and headers.get("connection", "").lower() != "close"

    def _log(self, method: str, path: str, status: int, sent: int) -> None:
        with self._log_file.open("a", encoding="utf-8") as log:
            log.write(f"{method}\t{path}\t{status}\t{sent}\n")

    def _fault(self, path: str) -> dict[str, Any]:
        try:
            text = self._faults_file.read_text(encoding="utf-8")
            faults = json.loads(text)["faults"] if text.strip() else []
        except FileNotFoundError:
            text, faults = "", []
        if text != self._faults_text:
            self._faults_text = text
            self._happened.clear()
        for number, fault in enumerate(faults):
            if fnmatch.fnmatchcase(path, fault["path"]):
                key = f"{number} {path}"
                self._happened[key] = self._happened.get(key, 0) + 1
                if self._happened[key] <= fault.get("times", float("inf")):
                    return dict(fault)
        return {}

    def _file(self, path: str, asked: Mapping[str, str]) -> _Answer:
        file = (self._root / path.lstrip("/")).resolve()
        if not file.is_relative_to(self._root) or not file.exists():
            return _plain(404)
        if file.is_dir():
            if not path.endswith("/"):
                return _Answer(301, (("Location", urllib.parse.quote(f"{path}/")),))
            if _JSON in asked.get("accept", "") and (file / "index.json").is_file():
                file /= "index.json"
            elif (file / "index.html").is_file():
                file /= "index.html"
            else:
                return _listing(file)
        size = file.stat().st_size
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        kind = _JSON if file.name == "index.json" else kind
        headers = (("Content-Type", kind), ("Accept-Ranges", "bytes"))
        span = _span(asked.get("range", ""), size)
        if span is None:
            return _Answer(200, headers, file, 0, size)
        start, end = span
        if start >= size:
            return _Answer(416, (("Content-Range", f"bytes */{size}"),))
        place = ("Content-Range", f"bytes {start}-{end}/{size}")
        return _Answer(206, (*headers, place), file, start, end - start + 1)

    async def _send(
        self, writer: asyncio.StreamWriter, answer: _Answer, left: int, *, corrupt: bool
    ) -> None:
        """Write an answer, and so many bytes of its body."""
        reason = http.HTTPStatus(answer.status).phrase
        lines = [
            f"HTTP/1.1 {answer.status} {reason}",
            "Server: simlab",
            f"Content-Length: {answer.size}",
        ]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        writer.write("\r\n".join((*lines, "", "")).encode("latin-1"))
        if isinstance(answer.body, bytes):
            writer.write(answer.body[:left])
        else:
            flip = answer.body.stat().st_size // 2 if corrupt else -1
            sent = 0
            with answer.body.open("rb") as file:
                file.seek(answer.start)
                while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    place = flip - answer.start - sent
                    if 0 <= place < len(chunk):
                        chunk = chunk[:place] + bytes([chunk[place] ^ 0xFF]) + chunk[place + 1 :]
                    writer.write(chunk)
                    await writer.drain()
                    left -= len(chunk)
                    sent += len(chunk)
        await writer.drain()


def _plain(status: int) -> _Answer:
    text = f"{status} {http.HTTPStatus(status).phrase}\n".encode()
    return _Answer(status, (("Content-Type", "text/plain"),), text)


def _listing(folder: Path) -> _Answer:
    names = sorted(f"{entry.name}{'/' if entry.is_dir() else ''}" for entry in folder.iterdir())
    links = "".join(
        f'<a href="{urllib.parse.quote(name)}">{html.escape(name)}</a><br>\n' for name in names
    )
    page = f"<!doctype html>\n{links}".encode()
    return _Answer(200, (("Content-Type", "text/html"),), page)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a Range header; None where it asks for everything."""
    match = _RANGE.fullmatch(wanted)
    if not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size - 1
    start = int(match[1])
    end = min(int(match[2]), size - 1) if match[2] else size - 1
    return (start, end) if start <= end or start >= size else None
