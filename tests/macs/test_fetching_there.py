"""A Mac fetches its packages itself, and verifies each before it is used."""

from __future__ import annotations

import hashlib
import ssl
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from on_a_mac import CONTROLLER
from tls import write_certificate

from torchard.lock.lockfile import Wheel
from torchard.lock.web_addresses import format_requests
from torchard.operations import change_scripts
from torchard.operations.deliver import FileList

BODIES = {name: (name * 100_000).encode() for name in "abc"}
WHOLE = {one: hashlib.sha256(body).hexdigest() for one, body in BODIES.items()}


class Server(ThreadingHTTPServer):
    """A web server; `answers` has what it says of a path instead of the right bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.seen = {}, []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answer as a static server: from the byte that is asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.strip("/")
        begin = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.server.seen.append((name, begin))
        answer = self.server.answers.get(name)
        if answer is None or answer(self, begin):
            beyond = begin >= len(BODIES[name])
            say(self, b"" if beyond else BODIES[name], begin, status=416 if beyond else None)

    def log_message(self, *_words):
        pass


def say(request, body, begin=0, *, length=None, status=None):
    """Send a body from a byte on."""
    request.send_response(status or (206 if begin else 200))
    request.send_header(
        "Content-Length", str(max(0, len(body) - begin) if length is None else length)
    )
    if begin and status is None:
        request.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
    request.end_headers()
    request.wfile.write(body[begin:])


def once(answer):
    """Answer so the first time, and right afterwards."""
    left = [answer]
    return lambda request, begin: left.pop()(request, begin) if left else True


def cut(request, begin):
    """End the connection in the middle."""
    say(request, BODIES["b"][:50_000], begin, length=len(BODIES["b"]) - begin)
    request.close_connection = True


def flood(request, _begin):
    """Send without an end, and do not say how much."""
    request.send_response(200)
    request.end_headers()
    request.close_connection = True
    for _ in range(400):
        request.wfile.write(bytes(1 << 20))


def refuse_range(request, begin):
    """Send all of it, whatever was asked for."""
    say(request, BODIES["b"], status=200)


@pytest.fixture
def server():
    """A web server with three files."""
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(mac, server):
    """Let the Mac fetch the three files; `change` has other fields of the second one."""

    def run(change=None, url=None, **variables):
        mac.tool("sleep", "exec /bin/sleep 0.02")
        files = []
        for name, body in BODIES.items():
            wheel = Wheel(name, "1", f"{name}-1-py3-none-any.whl", WHOLE[name], len(body))
            files.append(replace(wheel, **(change or {})) if name == "b" else wheel)
        requests = format_requests((one, f"{url or server.url}/{one.name}") for one in files)
        listed = FileList(*requests, "copy it again")
        mac.push(listed.sha256, listed.content)
        return mac.run(change_scripts.fetch_files(listed, CONTROLLER), **variables)

    return run


def there(mac):
    """Return the files in the Mac's depot by their letter."""
    found = [path for path in (mac.torchard / "depot").iterdir() if path.is_file()]
    return {path.read_bytes()[:1].decode() for path in found if path.name in WHOLE.values()}


def part(mac, content):
    """Put a part of the second file where an earlier run has left it."""
    mac.incoming.mkdir(parents=True, exist_ok=True)
    (mac.incoming / f"{WHOLE['b']}.part").write_bytes(content)


def left_over(mac):
    """Return what is left of a fetch besides whole files."""
    return [*(mac.incoming.iterdir()), *(mac.torchard / "kits").iterdir()]


def test_what_is_missing_is_fetched_and_verified(mac, fetch, server):
    """In one connection; a second run asks for nothing."""
    done = fetch()
    assert (done.returncode, done.stderr) == (0, "")
    assert there(mac) == {"a", "b", "c"}
    assert server.seen == [("a", 0), ("b", 0), ("c", 0)]
    assert left_over(mac) == []
    assert fetch().returncode == 0
    assert len(server.seen) == 3


def test_a_part_of_an_earlier_run_is_continued(mac, fetch, server):
    """Only the rest is asked for."""
    part(mac, BODIES["b"][:30_000])
    assert fetch().returncode == 0
    assert there(mac) == {"a", "b", "c"}
    assert ("b", 30_000) in server.seen


def test_a_connection_that_breaks_off_is_continued(mac, fetch, server):
    """In the same run, from the byte where it ended."""
    server.answers["b"] = once(cut)
    assert fetch().returncode == 0
    assert there(mac) == {"a", "b", "c"}
    assert ("b", 50_000) in server.seen


@pytest.mark.parametrize("content", [b"?" * 30_000, b"?" * 100_000, b"?" * 120_000])
def test_a_part_with_other_bytes_is_fetched_from_its_beginning(mac, fetch, server, content):
    """Whatever its length: shorter, as long, or longer than the file."""
    part(mac, content)
    done = fetch()
    assert (done.returncode, there(mac)) == (0, {"a", "b", "c"}), done.stderr
    assert ("b", 0) in server.seen


def test_a_server_that_continues_nothing_sends_the_whole_file(mac, fetch, server):
    """The part is removed."""
    part(mac, BODIES["b"][:30_000])
    server.answers["b"] = refuse_range
    done = fetch()
    assert (done.returncode, there(mac)) == (0, {"a", "b", "c"}), done.stderr


def test_a_file_of_unknown_size_is_fetched_and_continued(mac, fetch, server):
    """An installer has no size in the catalogue."""
    part(mac, BODIES["b"][:30_000])
    done = fetch({"size": 0})
    assert (done.returncode, there(mac)) == (0, {"a", "b", "c"}), done.stderr


@pytest.mark.parametrize("body", [b"?" * 100_000, b"short"])
def test_a_server_that_lies_is_named(mac, fetch, server, body):
    """Nothing of it stays, the rest does, and the message says what to type."""
    server.answers["b"] = lambda request, _begin: say(request, body)
    done = fetch()
    assert done.returncode == 1
    assert f"b-1-py3-none-any.whl could not be fetched from {server.url[7:]}" in done.stderr
    assert "has the wrong sha256" in done.stderr
    assert "copy it again" in done.stderr
    assert there(mac) == {"a", "c"}
    assert left_over(mac) == []


def test_a_server_that_floods_is_stopped(mac, fetch, server):
    """Whether or not it says how much it sends."""
    server.answers["b"] = flood
    done = fetch()
    assert done.returncode == 1
    assert "more" in done.stderr
    assert there(mac) == {"a"}
    sizes = [path.stat().st_size for path in mac.incoming.iterdir()]
    assert sum(sizes) < 4 << 20
    server.answers["b"] = lambda request, _begin: say(request, b"x" * 100_001)
    assert "sends more bytes than the lock says; copy it again" in fetch().stderr


@pytest.mark.parametrize(
    ("status", "words"), [(404, "the server answered 404; copy it again"), (503, "answered 503")]
)
def test_an_error_of_the_server_is_named(mac, fetch, server, status, words):
    """A temporary one is tried again first."""
    server.answers["b"] = lambda request, _begin: say(request, b"no", status=status)
    done = fetch()
    assert done.returncode == 1
    assert words in done.stderr
    assert [name for name, _ in server.seen].count("b") == (1 if status == 404 else 7)
    assert "The whole log is on the Mac" in done.stderr


def test_a_redirect_leaves_https_for_nothing(mac, fetch, server):
    """Also one to a file of the Mac."""

    def redirect(request, _begin):
        request.send_response(302)
        request.send_header("Location", f"{server.url}/a")
        request.send_header("Content-Length", "0")
        request.end_headers()

    server.answers["b"] = redirect
    done = fetch()
    assert done.returncode == 1
    assert "it redirects to an address that is not https" in done.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "this Mac cannot connect"),
        ("https://no.such.host.invalid", "this Mac cannot find that name; check its DNS"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named(mac, fetch, url, words):
    """With what to look at on the Mac."""
    done = fetch(url=url)
    assert done.returncode == 1
    assert words in done.stderr


def test_a_certificate_must_be_trusted_by_the_mac_or_its_account(mac, fetch, server, tmp_path):
    """Nothing is fetched otherwise, and the message says what to set."""
    certificate = write_certificate(tmp_path / "certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url.replace("http:", "https:")
    done = fetch(url=url)
    assert done.returncode == 1
    assert "its certificate was not accepted" in done.stderr
    assert "CURL_CA_BUNDLE" in done.stderr
    assert there(mac) == set()
    done = fetch(url=url, CURL_CA_BUNDLE=str(certificate))
    assert (done.returncode, there(mac)) == (0, {"a", "b", "c"}), done.stderr


def test_a_proxy_of_the_account_is_used_and_its_password_is_not_logged(mac, fetch):
    """Its variables count before macOS's own settings."""
    mac.tool("scutil", "echo HTTPSEnable : 1; echo HTTPSProxy : 127.0.0.1; echo HTTPSPort : 2")
    url = "https://packages.example.invalid"
    assert "127.0.0.1 port 2" in fetch(url=url).stderr
    done = fetch(url=url, https_proxy="http://ada:canary-1@127.0.0.1:3")
    assert "127.0.0.1 port 3" in done.stderr
    logs = "".join(path.read_text() for path in (mac.torchard / "log").iterdir())
    assert "canary-1" not in done.stderr + logs
    assert left_over(mac) == []


def test_a_full_disk_is_named(mac, fetch):
    """The part is removed, because the next attempt needs its room."""
    mac.tool("curl", "echo 'curl: (23) Failure writing output to destination' >&2; exit 23")
    mac.tool("df", "echo x; echo 'disk 9 9 0 100% /'")
    done = fetch()
    assert done.returncode == 1
    assert "this Mac's disk is full; make room" in done.stderr


def test_no_setting_of_the_account_changes_what_curl_does(mac, fetch, server):
    """Its .curlrc is not read."""
    (mac.home / ".curlrc").write_text('user-agent = "own"\nproxy = "http://127.0.0.1:1"\n')
    assert fetch().returncode == 0
