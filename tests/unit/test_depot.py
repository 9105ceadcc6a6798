"""The controller's depot, against real servers on loopback ports."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from simlab.web import Web
from torchard import credentials, depot, download
from torchard.depot import Depot, DepotError
from torchard.download import DownloadError

BODY = bytes(range(256)) * 40
SIZE = len(BODY)
SHA = hashlib.sha256(BODY).hexdigest()
CANARY = "canary-7d1f"


class Served:
    """simlab's web server in a thread: faults are asked for, requests looked at."""

    def __init__(self, directory):
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

    def fault(self, **fault):
        """Let requests go wrong from here on."""
        text = json.dumps({"faults": [{"path": "*", **fault}]})
        (self.directory / "web.json").write_text(text, encoding="utf-8")

    def log(self):
        """Return (status, bytes) of every answer so far."""
        path = self.directory / "web.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [tuple(int(one) for one in line.split("\t")[2:]) for line in lines]

    def stop(self):
        """End the server and its connections."""

        async def end():
            self.server.close()
            tasks = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def web(tmp_path):
    """Simlab's web server with `a.conda` in it."""
    served = Served(tmp_path / "web")
    yield served
    served.stop()


@pytest.fixture
def answering():
    """Return what starts a server that answers as a function of the request says."""
    servers = []

    def begin(answer):
        seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, dict(self.headers)))
                answer(self)

            do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

            def log_message(self, *_words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", seen

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def say(request, status, body=b"", **headers):
    """Answer a request."""
    request.send_response(status)
    for name, value in {"Content_Length": len(body), **headers}.items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


@pytest.fixture
def pauses():
    """The pauses that the depot has made."""
    return []


@pytest.fixture
def store(tmp_path, pauses):
    """A depot that notes its pauses and makes none."""
    return Depot(tmp_path / "depot", pauses.append)


def get(store, url, size=SIZE, file="a.conda"):
    """Fetch the artefact from a URL."""
    return store.fetch(file, SHA, size, lambda: url)


def kept(store):
    """Return every file below files/."""
    return [path for path in (store.root / "files").rglob("*") if path.is_file()]


def never():
    """Stand for an address that nobody may ask for."""
    raise AssertionError("the address was asked for")


def test_artefact_is_fetched_once(web, store, pauses):
    """A fetched artefact lies under its sha256 and name; the next fetch contacts nobody."""
    path = get(store, f"{web.url}/a.conda")
    assert path == store.root / "files" / SHA / "a.conda"
    assert path.read_bytes() == BODY
    assert store.fetch("a.conda", SHA, SIZE, never) == path
    assert Depot(store.root).fetch("a.conda", SHA, None, never) == path
    assert web.log() == [(200, SIZE)]
    assert pauses == []
    assert list((store.root / "partial").iterdir()) == []


def test_artefact_of_unknown_size_is_fetched(web, store):
    """An installer's size is not known: its sha256 alone decides."""
    assert get(store, f"{web.url}/a.conda", size=None).read_bytes() == BODY


@pytest.mark.parametrize("cut", [0, 1, SIZE // 2, SIZE - 1])
@pytest.mark.parametrize("size", [SIZE, None])
def test_broken_download_goes_on_where_it_broke_off(web, store, pauses, cut, size):
    """Cut at byte k, the rest alone is asked for; after one pause."""
    web.fault(cut=cut, times=1)
    assert get(store, f"{web.url}/a.conda", size).read_bytes() == BODY
    rest = (206, SIZE - cut) if cut else (200, SIZE)
    assert web.log() == [(200, cut), rest]
    assert pauses == [0.25]


def test_next_run_goes_on_where_the_last_one_gave_up(web, store, pauses, tmp_path):
    """What has arrived before the last attempt failed is not fetched again."""
    web.fault(cut=1000)
    with pytest.raises(DepotError) as caught:
        get(store, f"{web.url}/a.conda")
    assert f"in {depot.ATTEMPTS} attempts: the connection broke off after 5000 of" in str(
        caught.value
    )
    assert pauses == [0.25, 0.5, 1, 2]
    assert kept(store) == []
    web.fault(status=404, times=0)
    get(Depot(store.root, pauses.append), f"{web.url}/a.conda")
    assert web.log()[-1] == (206, SIZE - 5000)


def test_server_without_ranges_sends_the_whole_again(answering, store):
    """A server that knows no Range starts anew, and the parts are not mixed."""

    def answer(request):
        body = BODY[:700] if len(seen) == 1 else BODY
        say(request, 200, body, Content_Length=SIZE)

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert seen[1][1]["Range"] == "bytes=700-"
    assert len(seen) == 2


def test_another_part_than_was_asked_for_is_thrown_away(answering, store):
    """A server that answers a Range with another part is asked for the whole."""

    def answer(request):
        if len(seen) == 1:
            say(request, 200, BODY[:700], Content_Length=SIZE)
        elif "Range" in request.headers:
            say(request, 206, BODY[600:], Content_Range=f"bytes 600-{SIZE - 1}/{SIZE}")
        else:
            say(request, 200, BODY)

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert len(seen) == 3


@pytest.mark.parametrize("left", [b"poison", BODY + b"more", b"x" * SIZE])
def test_wrong_beginning_from_an_older_run_is_thrown_away(web, store, left):
    """What an older run left does not spoil this one, whatever it is."""
    partial = store.root / "partial" / SHA
    partial.parent.mkdir(parents=True)
    partial.write_bytes(left)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert web.log()[-1] == (200, SIZE)


def test_whole_that_was_not_yet_shown_is_taken(web, store):
    """A download whose last step was stopped has nothing left to fetch."""
    partial = store.root / "partial" / SHA
    partial.parent.mkdir(parents=True)
    partial.write_bytes(BODY)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert [status for status, _ in web.log()] == [416]


@pytest.mark.parametrize("size", [SIZE, None])
def test_wrong_bytes_are_thrown_away(web, store, pauses, size):
    """Other bytes than the sha256 says are refused at once, both hashes shown, nothing kept."""
    web.fault(corrupt=True)
    with pytest.raises(DepotError) as caught:
        get(store, f"{web.url}/a.conda", size)
    spoilt = bytearray(BODY)
    spoilt[SIZE // 2] ^= 0xFF
    assert f"wanted {SHA}, found {hashlib.sha256(spoilt).hexdigest()}" in caught.value.message
    assert "thrown away" in caught.value.message
    assert kept(store) == []
    assert (store.root / "partial" / SHA).stat().st_size == 0
    assert pauses == []


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 1])
def test_wrong_length_is_refused_before_it_is_read(web, store, pauses, size):
    """A server that has another number of bytes is refused at once; both numbers are shown."""
    with pytest.raises(DownloadError) as caught:
        get(store, f"{web.url}/a.conda", size)
    assert f"wanted {size} bytes, found {SIZE}" in caught.value.message
    assert kept(store) == []
    assert len(web.log()) == 1
    assert pauses == []


def test_body_without_an_end_is_not_read_to_its_end(answering, store):
    """A server that tells no length cannot fill the disk: reading ends past the wanted size."""
    sent = []

    def answer(request):
        say(request, 200, Content_Length=None)
        with contextlib.suppress(OSError):
            sent.extend(request.wfile.write(b"x" * (1 << 20)) for _ in range(10_000))

    url, _ = answering(answer)
    with pytest.raises(DownloadError, match="wanted 10240 bytes, found at least"):
        get(store, f"{url}/a.conda")
    assert len(sent) < 100
    assert kept(store) == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_server_that_may_think_better_is_asked_again(web, store, pauses, status):
    """A 500 and its like are followed by another attempt."""
    web.fault(status=status, times=2)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert [code for code, _ in web.log()] == [status, status, 200]
    assert pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    ("status", "way_out"),
    [(404, "lock again"), (410, "lock again"), (401, "netrc"), (403, "netrc")],
)
def test_server_that_does_not_have_it_is_asked_once(web, store, pauses, status, way_out):
    """A 404 and its like are final, and say what to do."""
    web.fault(status=status)
    with pytest.raises(DownloadError) as caught:
        get(store, f"{web.url}/a.conda")
    assert f"{web.url}/a.conda cannot be had: the server answered {status}" in caught.value.message
    assert way_out in caught.value.instead
    assert len(web.log()) == 1
    assert pauses == []


def test_server_that_nobody_runs_is_tried_again(store, pauses):
    """A refused connection may be a server that restarts: all attempts are made."""
    with pytest.raises(DepotError, match=r"in 5 attempts: .*refused"):
        get(store, "http://127.0.0.1:1/a.conda")
    assert len(pauses) == depot.ATTEMPTS - 1


def test_redirect_without_end_is_refused(answering, store):
    """A redirect to itself ends in one sentence."""
    url, _ = answering(lambda request: say(request, 302, Location=request.path))
    with pytest.raises(DownloadError) as caught:
        get(store, f"{url}/a.conda")
    assert "the server answered 302" in caught.value.message
    assert "\n" not in caught.value.message
    assert ".." not in caught.value.message


@pytest.mark.parametrize("size", [SIZE, None])
def test_web_page_in_its_place_is_called_so(answering, store, size):
    """A portal's page instead of a package is named as what it is, and not kept."""
    page = b"<html>Please log in</html>"
    url, _ = answering(lambda request: say(request, 200, page, Content_Type="text/html; x=y"))
    with pytest.raises((DepotError, DownloadError), match="It is a web page"):
        get(store, f"{url}/a.conda", size)
    assert kept(store) == []


def test_right_bytes_with_a_wrong_type_are_taken(answering, store):
    """What a server calls the bytes does not matter when they are the right ones."""
    url, _ = answering(lambda request: say(request, 200, BODY, Content_Type="text/html"))
    assert get(store, f"{url}/a.conda").read_bytes() == BODY


@pytest.mark.parametrize("same_process", [True, False])
def test_poisoned_file_is_noticed_and_fetched_anew(web, store, same_process):
    """A file that was changed in the depot is noticed, also by the process that verified it."""
    path = get(store, f"{web.url}/a.conda")
    path.write_bytes(BODY[:-1] + b"!")
    again = store if same_process else Depot(store.root)
    assert get(again, f"{web.url}/a.conda").read_bytes() == BODY
    assert len(web.log()) == 2


def test_file_that_was_removed_is_fetched_anew(web, store):
    """A file that is gone is not handed out, also by the process that verified it."""
    get(store, f"{web.url}/a.conda").unlink()
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_same_bytes_under_another_name_are_another_file(web, store):
    """A path that is handed out is there, whatever other name its bytes came under before."""
    get(store, f"{web.url}/a.conda")
    assert get(store, f"{web.url}/a.conda", file="b.conda").read_bytes() == BODY


def test_verified_file_is_hashed_once(web, store, monkeypatch):
    """For twenty Macs a wheel is read once, and each gets the verified file."""
    get(store, f"{web.url}/a.conda")
    fresh = Depot(store.root)
    hashed = []
    digest = depot._digest
    monkeypatch.setattr(depot, "_digest", lambda stream: hashed.append(1) or digest(stream))
    for _ in range(20):
        fresh.fetch("a.conda", SHA, SIZE, never)
    assert len(hashed) == 1


def test_memory_does_not_grow_with_the_artefact(answering, store):
    """A wheel of 64 MB passes in pieces: the process holds a few of them at a time."""
    piece = b"\0" * (1 << 20)
    digest = hashlib.sha256()
    for _ in range(64):
        digest.update(piece)

    def answer(request):
        say(request, 200, Content_Length=64 << 20)
        for _ in range(64):
            request.wfile.write(piece)

    url, _ = answering(answer)
    program = (
        "import resource, sys; from pathlib import Path; from torchard.depot import Depot\n"
        "import torchard.download\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); root, url, sha = sys.argv[1:]\n"
        "Depot(Path(root)).fetch('a', sha, 64 << 20, lambda: url); print(peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, store.root, f"{url}/a", digest.hexdigest()],
        capture_output=True,
        text=True,
        check=True,
    )
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 16 << 20


def test_threads_fetch_an_artefact_once(web, store):
    """Macs that want the same artefact at the same time cost one download."""
    turns = []

    def wait(seconds):
        turns.append(seconds)
        arrived.wait(5)

    arrived = threading.Event()
    started = threading.Barrier(4)
    paths = []

    def fetch():
        own = Depot(store.root, wait)
        started.wait()
        paths.append(get(own, f"{web.url}/a.conda"))
        arrived.set()

    web.fault(slow=0.2)
    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(paths) == 4
    assert paths[0].read_bytes() == BODY
    assert web.log() == [(200, SIZE)]
    assert list((store.root / "partial").iterdir()) == []


def test_download_that_ends_as_another_begins_is_left_alone(web, store, monkeypatch):
    """A file that is shown between another's opening and locking it is not written again."""
    lock = fcntl.flock
    path = store.root / "files" / SHA / "a.conda"

    def late(stream, how):
        if not path.exists():
            partial = store.root / "partial" / SHA
            partial.write_bytes(BODY)
            path.parent.mkdir(parents=True)
            partial.replace(path)
        lock(stream, how)

    monkeypatch.setattr(depot.fcntl, "flock", late)
    assert get(store, f"{web.url}/a.conda") == path
    assert path.read_bytes() == BODY
    assert web.log() == []
    assert list((store.root / "partial").iterdir()) == []


def test_processes_fetch_an_artefact_once(web, store):
    """Two runs on one controller cost one download, too."""
    web.fault(slow=0.5)
    program = (
        "import sys; from pathlib import Path; from torchard.depot import Depot\n"
        "root, url, sha = sys.argv[1:]\n"
        "print(Depot(Path(root)).fetch('a.conda', sha, None, lambda: url))"
    )
    command = [sys.executable, "-c", program, store.root, f"{web.url}/a.conda", SHA]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {one.communicate()[0] for one in both}
    assert said == {f"{store.root}/files/{SHA}/a.conda\n"}
    assert web.log() == [(200, SIZE)]


def test_file_url_is_read(web, store):
    """A mirror may be a folder of this computer, with any sign in its path."""
    folder = web.directory / "a b%é"
    folder.mkdir()
    (folder / "a.conda").write_bytes(BODY)
    assert get(store, (folder / "a.conda").as_uri()).read_bytes() == BODY


def test_file_url_that_is_not_there_is_refused_at_once(store, pauses, tmp_path):
    """A missing file does not come by waiting."""
    with pytest.raises(DownloadError, match=r"nothing\.conda cannot be had"):
        get(store, (tmp_path / "nothing.conda").as_uri())
    assert pauses == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "a.conda", "", "javascript:x", "/etc/hosts"])
def test_other_urls_are_refused(store, url):
    """Only https, http and file URLs are fetched from."""
    with pytest.raises(DownloadError, match="is no https, http or file URL"):
        get(store, url)


def test_length_is_told_without_the_bytes(web):
    """A server's or a folder's file has its length asked for alone."""
    assert download.length(f"{web.url}/a.conda") == SIZE
    assert web.log() == [(200, 0)]
    assert download.length((web.root / "a.conda").as_uri()) == SIZE


def test_length_is_asked_for_with_the_login(answering):
    """What a download is given, a question for its length is given, too; redirects are followed."""
    url, _ = answering(wanting_a_login)
    host = urlsplit(url).netloc
    private = f"http://user:{CANARY}%40%2F@{host}/a.conda"
    assert download.length(private) == SIZE
    there, _ = answering(lambda request: say(request, 302, Location=f"{url}/a.conda"))
    with pytest.raises(DownloadError, match="the server answered 401"):
        download.length(there)
    other, _ = answering(lambda request: say(request, 200, BODY))
    there, _ = answering(lambda request: say(request, 302, Location=f"{other}/a.conda"))
    assert download.length(there) == SIZE


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Length": None},
        {"Content_Length": "0"},
        {"Content_Length": "-1"},
        {"Content_Length": "many"},
        {"Content_Type": "text/html"},
    ],
)
def test_length_that_is_not_told_is_refused(answering, headers):
    """A server that tells none, or answers with a portal's page, is not believed."""
    url, _ = answering(lambda request: say(request, 200, BODY, **headers))
    with pytest.raises(DownloadError) as caught:
        download.length(url.replace("://", f"://user:{CANARY}@") + f"/a.conda?{CANARY}")
    assert caught.value.message.startswith(f"No length is told of {url}/a.conda.")
    assert ("web page" in caught.value.message) == ("Content_Type" in headers)


@pytest.mark.parametrize("status", [404, 405, 416, 503])
def test_server_that_will_not_tell_a_length_says_why(web, status):
    """An answer that is none is shown; one that may be another next time is told apart."""
    web.fault(status=status)
    kind = download.BrokenOffError if status == 503 else DownloadError
    with pytest.raises(kind, match=f"the server answered {status}"):
        download.length(f"{web.url}/a.conda")


def test_depot_that_cannot_be_written_is_told(web, tmp_path):
    """A depot below a file is an error with the way out."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DepotError) as caught:
        get(Depot(tmp_path / "file" / "depot"), f"{web.url}/a.conda")
    assert "cannot be kept below" in caught.value.message
    assert "TORCHARD_DEPOT" in caught.value.instead


def test_disk_that_is_full_is_told(web, store):
    """A disk that takes no more is an error of this computer, not of the server's."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from torchard.depot import Depot, DepotError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "root, url, sha = sys.argv[1:]\n"
        "try: Depot(Path(root)).fetch('a.conda', sha, None, lambda: url)\n"
        "except DepotError as error: print(error)"
    )
    command = [sys.executable, "-c", program, store.root, f"{web.url}/a.conda", SHA]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a.conda cannot be kept below" in done.stdout
    assert "File too large" in done.stdout
    assert len(web.log()) == 1
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def wanting_a_login(request):
    """Answer with the artefact where the login is right."""
    login = base64.b64encode(f"user:{CANARY}@/".encode()).decode()
    right = request.headers.get("Authorization") == f"Basic {login}"
    say(request, *((200, BODY) if right else (401,)), WWW_Authenticate='Bearer realm="x"')


def test_login_of_a_url_goes_into_the_header(answering, store):
    """A login is unquoted and sent as a header; the request's own address holds none."""
    url, seen = answering(wanting_a_login)
    host = urlsplit(url).netloc
    assert get(store, f"http://user:{CANARY}%40%2F@{host}/a.conda").read_bytes() == BODY
    assert seen[0][1]["Host"] == host


def test_login_is_looked_up_in_netrc(answering, store, tmp_path, monkeypatch):
    """A login that conda, pip and uv find in ~/.netrc is found for downloads, too."""
    url, _ = answering(wanting_a_login)
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login user password {CANARY}@/\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert get(store, f"{url}/a.conda").read_bytes() == BODY


def test_netrc_that_cannot_be_read_is_no_login(web, store, tmp_path, monkeypatch):
    """A damaged ~/.netrc does not keep anybody from a server that asks for no login."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 {CANARY}", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_login_is_not_handed_to_another_host(answering, store):
    """A redirect to another host takes the login along no more; one on its own host does."""
    other, seen_there = answering(lambda request: say(request, 200, BODY))

    def answer(request):
        to = "/b.conda" if request.path == "/a.conda" else f"{other}/c.conda"
        say(request, 302, Location=to)

    url, seen = answering(answer)
    get(store, url.replace("://", f"://user:{CANARY}@") + "/a.conda")
    assert ["Authorization" in headers for _, headers in seen] == [True, True]
    assert ["Authorization" in headers for _, headers in seen_there] == [False]


@pytest.mark.parametrize(
    "what",
    [
        "refused", "no login", "404", "500", "wrong sha256", "wrong length", "redirect loop",
        "redirect to a login", "redirect to nonsense", "bad port", "scheme", "full", "status line",
    ],
)  # fmt: skip
def test_no_secret_is_ever_printed(answering, store, what, caplog, capfd):
    """Login, token and query of a URL are in no message, whatever goes wrong."""

    def answer(request):
        if what == "status line":
            request.wfile.write(f"HTTP/9 ://user:{CANARY}@x\r\n\r\n".encode())
            return
        to = {
            "redirect loop": request.path,
            "redirect to a login": f"http://user:{CANARY}@127.0.0.1:1/x?token={CANARY}",
            "redirect to nonsense": f"http://127.0.0.1:1/a b?{CANARY}",
        }.get(what)
        status = {"404": 404, "500": 500, "no login": 401}.get(what, 302 if to else 200)
        say(request, status, b"other", **({"Location": to} if to else {}))

    url, _ = answering(answer)
    host = urlsplit(url).netloc
    if what in {"refused", "bad port"}:
        host = "127.0.0.1:1" if what == "refused" else "127.0.0.1:port"
    url = f"http://user:{CANARY}@{host}/t/{CANARY}/a.conda?token={CANARY}#{CANARY}"
    if what == "scheme":
        url = url.replace("http", "ftp")
    if what == "full":
        store.root.write_text("", encoding="utf-8")
    size = 6 if what == "wrong length" else 5
    with pytest.raises((DepotError, DownloadError)) as caught:
        get(store, url, size)
    assert CANARY not in str(caught.value)
    assert "user" not in caught.value.message
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err + caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example/b/c.whl", "https://a.example/b/c.whl"),
        ("at https://u:p@a.example/b, then", "at https://a.example/b, then"),
        ("https://u:p@ss@a.example/b", "https://a.example/b"),
        ("https://u:p/w@a.example/b", "https://a.example/b"),
        ("https://token@a.example", "https://a.example"),
        ("https://a.example/t/tk-1-2/c/d.conda", "https://a.example/t/***/c/d.conda"),
        ("(https://a.example/b?sig=x&y=z)", "(https://a.example/b)"),
        ("'https://a.example/b#sha256=x'", "'https://a.example/b'"),
        ("mail x@y.example: a\x1b[2J\r\nb\u202e", "mail x@y.example: a [2J \nb "),
    ],
)
def test_text_is_shown_without_what_is_nobodys(text, shown):
    """A text loses its URLs' logins, tokens and queries, and what moves a terminal's cursor."""
    assert credentials.hidden(text) == shown


def test_logins_are_put_to_their_own_hosts():
    """A login is added where its host is meant with its port, and no other login stands."""
    known = credentials.logins("one=http://u:p@a.example:81/simple https://t@b.example/ http://c/")
    assert known == {"a.example:81": "u:p", "b.example": "t"}
    put = {
        "http://a.example:81/w": "http://u:p@a.example:81/w",
        "http://a.example/w": "http://a.example/w",
        "https://x:y@b.example/w": "https://x:y@b.example/w",
    }
    assert {url: credentials.with_login(url, known) for url in put} == put


def test_depot_lies_where_it_is_told(tmp_path, monkeypatch):
    """TORCHARD_DEPOT names the depot; without it, it is in the person's own cache."""
    monkeypatch.setenv("TORCHARD_DEPOT", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Depot().root == tmp_path / "elsewhere"
    monkeypatch.delenv("TORCHARD_DEPOT")
    assert Depot().root == tmp_path / ".cache" / "torchard" / "depot"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_for_what_is_there_already():
    """The HTTP client is loaded by those who download, and by nobody else."""
    program = "import sys, torchard.depot; print('urllib.request' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "False\n"
    assert download.__name__ in sys.modules
