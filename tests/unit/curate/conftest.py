from __future__ import annotations

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from subprocess import CompletedProcess

    from simlab.depot import Depot

JSON = "application/vnd.pypi.simple.v1+json"


class Quiet(SimpleHTTPRequestHandler):
    """Serve a folder, with other texts for some pages by path; None removes a page."""

    def __init__(
        self,
        *arguments: Any,
        instead: Mapping[str, str | None],
        files: Mapping[str, bytes],
        **options: Any,
    ) -> None:
        self.instead = instead
        self.files = files
        super().__init__(*arguments, **options)

    def log_message(self, *_words: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path in self.files:
            self.send_part(self.files[self.path])
            return
        page = Path(self.translate_path(self.path)) / "index.json"
        only_html = self.path in self.instead and f"{self.path}index.json" not in self.instead
        as_json = JSON in self.headers.get("Accept", "") and page.is_file() and not only_html
        path = f"{self.path}index.json" if as_json else self.path
        if path in self.instead:
            text = self.instead[path]
        elif as_json:
            text = page.read_text(encoding="utf-8")
        else:
            super().do_GET()
            return
        if text is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", JSON if as_json else "text/html")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def send_part(self, content: bytes) -> None:
        """Answer a Range request."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert asked
        first, last = int(asked[1]), int(asked[2])
        part = content[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


class Served:
    """A web server over simlab's depot at `url`; `instead` replaces pages, `files` adds files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instead: dict[str, str | None] = {}
        self.files: dict[str, bytes] = {}
        handler = partial(Quiet, directory=root, instead=self.instead, files=self.files)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        # A short interval lets it end quickly.
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    @property
    def index(self) -> str:
        return f"{self.url}/simple"

    def lose(self, project: str, lost: str) -> None:
        """Remove every file whose name begins with `lost` from a project's pages."""
        folder = self.root / "simple" / project
        data = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        data["files"] = [one for one in data["files"] if not one["filename"].startswith(lost)]
        page = (folder / "index.html").read_text(encoding="utf-8")
        links = re.sub(rf"<a [^>]*>{re.escape(lost)}[^<]*</a>", "", page)
        self.instead[f"/simple/{project}/index.json"] = json.dumps(data)
        self.instead[f"/simple/{project}/"] = links


@pytest.fixture
def served(simlab_depot: Depot) -> Iterator[Served]:
    """The depot on its own loopback port, so that caches of other tests do not matter."""
    served = Served(simlab_depot.root)
    served.thread.start()
    yield served
    served.server.shutdown()
    served.thread.join()
    served.server.server_close()


@pytest.fixture
def catalog(
    torchard: Callable[..., CompletedProcess[str]], served: Served, tmp_path: Path
) -> Callable[..., CompletedProcess[str]]:
    """`torchard catalog …` on a machine that is configured with simlab's index."""
    reached = {"UV_DEFAULT_INDEX": served.index, "UV_CACHE_DIR": str(tmp_path / "uv")}
    return lambda *arguments: torchard("catalog", *arguments, **reached)
