"""How files are fetched from real servers on loopback ports, which do all kinds of things."""

from __future__ import annotations

import contextlib
import hashlib
import time
from urllib.parse import urlsplit

import pytest
from fetching import BODY, CANARY, SHA, SIZE, get, kept, say, wanting_a_login

from torchard.depot import depot, download
from torchard.depot.depot import Depot, DepotError
from torchard.depot.download import DownloadError


@pytest.mark.parametrize("cut", [0, 1, SIZE // 2, SIZE - 1])
@pytest.mark.parametrize("size", [SIZE, None])
def test_broken_download_continues_where_it_broke_off(web, store, pauses, cut, size):
    """After a cut at byte k, one pause later, only the rest is fetched."""
    web.fault(cut=cut, times=1)
    assert get(store, f"{web.url}/a.conda", size).read_bytes() == BODY
    rest = (206, SIZE - cut) if cut else (200, SIZE)
    assert web.log() == [(200, cut), rest]
    assert pauses == [0.25]


def test_next_run_continues_where_the_last_one_ended(web, store, pauses, tmp_path):
    """Bytes that came before the last attempt failed are not fetched again."""
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
    """A server without Range requests starts again, and parts are not mixed."""

    def answer(request):
        body = BODY[:700] if len(seen) == 1 else BODY
        say(request, 200, body, Content_Length=SIZE)

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert seen[1][1]["Range"] == "bytes=700-"
    assert len(seen) == 2


def test_another_part_than_was_asked_for_is_thrown_away(answering, store):
    """After another part than the one asked for, the whole is fetched."""

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
    """Whatever an earlier run left, this one ends with the right bytes."""
    partial = store.root / "partial" / SHA
    partial.parent.mkdir(parents=True)
    partial.write_bytes(left)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert web.log()[-1] == (200, SIZE)


def test_server_that_only_drips_is_left_and_the_rest_is_asked_for(answering, store, monkeypatch):
    """A server that sends a few bytes a minute does not stop a run."""
    monkeypatch.setattr(download, "_WINDOW", 0.2)

    def answer(request):
        if "Range" in request.headers:
            begun = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            whole = f"bytes {begun}-{SIZE - 1}/{SIZE}"
            say(request, 206, BODY[begun:], Content_Range=whole)
            return
        say(request, 200, b"", Content_Length=SIZE)
        with contextlib.suppress(OSError):  # the other end is closed
            for byte in BODY[:100]:
                request.wfile.write(bytes([byte]))
                request.wfile.flush()
                time.sleep(0.01)

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert len(seen) == 2


def test_whole_file_that_was_not_yet_renamed_is_used(web, store):
    """A download that was stopped before its last step has nothing left to fetch."""
    partial = store.root / "partial" / SHA
    partial.parent.mkdir(parents=True)
    partial.write_bytes(BODY)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert [status for status, _ in web.log()] == [416]


@pytest.mark.parametrize("size", [SIZE, None])
def test_wrong_bytes_are_deleted(web, store, pauses, size):
    """Bytes with another sha256 are an error at once. It has both hashes, and nothing is kept."""
    web.fault(corrupt=True)
    with pytest.raises(DepotError) as caught:
        get(store, f"{web.url}/a.conda", size)
    spoilt = bytearray(BODY)
    spoilt[SIZE // 2] ^= 0xFF
    assert f"wanted {SHA}, found {hashlib.sha256(spoilt).hexdigest()}" in caught.value.message
    assert "It was deleted" in caught.value.message
    assert kept(store) == []
    assert (store.root / "partial" / SHA).stat().st_size == 0
    assert pauses == []


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 1])
def test_wrong_length_is_an_error_before_it_is_read(web, store, pauses, size):
    """Another number of bytes is an error at once. It has both numbers."""
    with pytest.raises(DownloadError) as caught:
        get(store, f"{web.url}/a.conda", size)
    assert f"wanted {size} bytes, found {SIZE}" in caught.value.message
    assert kept(store) == []
    assert len(web.log()) == 1
    assert pauses == []


def test_body_without_an_end_is_not_read_to_its_end(answering, store):
    """A server cannot fill the disk: Torchard reads at most a chunk more than it wants."""
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
def test_temporary_failure_is_followed_by_another_attempt(web, store, pauses, status):
    """A server that is busy or restarts gets another chance."""
    web.fault(status=status, times=2)
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    assert [code for code, _ in web.log()] == [status, status, 200]
    assert pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "lock again"), (410, "lock again"), (401, "netrc"), (403, "netrc")],
)
def test_server_that_does_not_have_it_is_asked_once(web, store, pauses, status, said):
    """A 404 and its like are final, and the message says what to do."""
    web.fault(status=status)
    with pytest.raises(DownloadError) as caught:
        get(store, f"{web.url}/a.conda")
    error = f"{web.url}/a.conda cannot be fetched: the server answered {status}"
    assert error in caught.value.message
    assert said in caught.value.instead
    assert len(web.log()) == 1
    assert pauses == []


def test_refused_connection_is_tried_again(store, pauses):
    """The server may be about to restart: all attempts are made."""
    with pytest.raises(DepotError, match=r"in 5 attempts: .*refused"):
        get(store, "http://127.0.0.1:1/a.conda")
    assert len(pauses) == depot.ATTEMPTS - 1


def test_redirect_without_end_is_refused(answering, store):
    """A page that redirects to itself ends in one sentence."""
    url, _ = answering(lambda request: say(request, 302, Location=request.path))
    with pytest.raises(DownloadError) as caught:
        get(store, f"{url}/a.conda")
    assert "the server answered 302" in caught.value.message
    assert "\n" not in caught.value.message
    assert ".." not in caught.value.message


@pytest.mark.parametrize("size", [SIZE, None])
def test_web_page_instead_of_a_package_is_reported(answering, store, size):
    """A login page of a network is reported as a web page, and not kept."""
    page = b"<html>Please log in</html>"
    url, _ = answering(lambda request: say(request, 200, page, Content_Type="text/html; x=y"))
    with pytest.raises((DepotError, DownloadError), match="It is a web page"):
        get(store, f"{url}/a.conda", size)
    assert kept(store) == []


def test_right_bytes_with_a_wrong_type_are_used(answering, store):
    """The media type does not matter if the bytes are right."""
    url, _ = answering(lambda request: say(request, 200, BODY, Content_Type="text/html"))
    assert get(store, f"{url}/a.conda").read_bytes() == BODY


def test_file_url_is_read(web, store):
    """A mirror can be a folder of this computer, with any character in its path."""
    folder = web.directory / "a b%é"
    folder.mkdir()
    (folder / "a.conda").write_bytes(BODY)
    assert get(store, (folder / "a.conda").as_uri()).read_bytes() == BODY


def test_missing_file_of_a_file_url_is_an_error_at_once(store, pauses, tmp_path):
    """Waiting does not help."""
    with pytest.raises(DownloadError, match=r"nothing\.conda cannot be read"):
        get(store, (tmp_path / "nothing.conda").as_uri())
    assert pauses == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "a.conda", "", "javascript:x", "/etc/hosts"])
def test_other_urls_are_refused(store, url):
    """Torchard fetches from https, http and file URLs only."""
    with pytest.raises(DownloadError, match="is not an https, http or file URL"):
        get(store, url)


def test_length_is_found_without_the_bytes(web):
    """The length of a file is found without fetching it, from a server or a folder."""
    assert download.fetch_length(f"{web.url}/a.conda") == SIZE
    assert web.log() == [(200, 0)]
    assert download.fetch_length((web.root / "a.conda").as_uri()) == SIZE


def test_length_is_asked_for_with_the_login(answering):
    """A question for a length gets the login that a download gets, and follows redirects."""
    url, _ = answering(wanting_a_login)
    host = urlsplit(url).netloc
    private = f"http://user:{CANARY}%40%2F@{host}/a.conda"
    assert download.fetch_length(private) == SIZE
    there, _ = answering(lambda request: say(request, 302, Location=f"{url}/a.conda"))
    with pytest.raises(DownloadError, match="the server answered 401"):
        download.fetch_length(there)
    other, _ = answering(lambda request: say(request, 200, BODY))
    there, _ = answering(lambda request: say(request, 302, Location=f"{other}/a.conda"))
    assert download.fetch_length(there) == SIZE


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
def test_missing_length_is_an_error(answering, headers):
    """A server without a useful length, or a login page, is an error."""
    url, _ = answering(lambda request: say(request, 200, BODY, **headers))
    with pytest.raises(DownloadError) as caught:
        download.fetch_length(url.replace("://", f"://user:{CANARY}@") + f"/a.conda?{CANARY}")
    assert caught.value.message.startswith(f"The server does not say the length of {url}/a.conda.")
    assert ("web page" in caught.value.message) == ("Content_Type" in headers)


@pytest.mark.parametrize("status", [404, 405, 416, 503])
def test_failed_question_for_a_length_says_why(web, status):
    """The status is reported; a temporary failure has another type."""
    web.fault(status=status)
    kind = download.BrokenOffError if status == 503 else DownloadError
    with pytest.raises(kind, match=f"the server answered {status}"):
        download.fetch_length(f"{web.url}/a.conda")


def test_artefact_of_unknown_size_has_a_bound(answering, store, monkeypatch):
    """No server can fill the disk, although an installer's size is not known."""
    monkeypatch.setattr(download, "_LARGEST_FILE", SIZE)
    url, _ = answering(lambda request: say(request, 200, BODY + b"!"))
    with pytest.raises(DownloadError, match=f"wanted at most {SIZE} bytes, found {SIZE + 1}"):
        get(store, f"{url}/a.conda", size=None)
    url, _ = answering(lambda request: say(request, 200, BODY + b"!", Content_Length=None))
    with pytest.raises(DownloadError, match=f"found at least {SIZE + 1}"):
        get(store, f"{url}/a.conda", size=None)
    monkeypatch.setattr(download, "_LARGEST_FILE", SIZE + 1)
    url, _ = answering(lambda request: say(request, 200, BODY))
    assert get(store, f"{url}/a.conda", size=None).read_bytes() == BODY


def test_page_has_a_bound(answering, monkeypatch):
    """A page that is too large is not read to its end."""
    url, seen = answering(lambda request: say(request, 200, BODY, Content_Type="Text/HTML; x=y"))
    page = download.fetch_page(url, accept="text/html")
    assert (page.content, page.media_type) == (BODY, "text/html")
    assert seen[0][1]["Accept"] == "text/html"
    monkeypatch.setattr(download, "_LARGEST_PAGE", SIZE - 1)
    with pytest.raises(DownloadError, match="has more than"):
        download.fetch_page(url)


def test_chunks_of_a_body_are_put_together(answering, store):
    """A body without a length can come in chunks; a cut among them is noticed."""

    def answer(request):
        request.protocol_version = "HTTP/1.1"
        say(request, 200, Content_Length=None, Transfer_Encoding="chunked")
        parts = [BODY[:100], BODY[100:]] if len(seen) > 1 else [BODY[:100]]
        for part in parts:
            request.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if len(seen) > 1:
            request.wfile.write(b"0\r\n\r\n")

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda", size=None).read_bytes() == BODY
    assert len(seen) == 2
