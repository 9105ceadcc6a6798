"""How a file is fetched from real servers on loopback ports, whatever they do."""

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


def test_server_that_only_drips_is_left_and_the_rest_is_asked_for(answering, store, monkeypatch):
    """It would keep a run for ever without ever being silent."""
    monkeypatch.setattr(download, "_WINDOW", 0.2)

    def answer(request):
        if "Range" in request.headers:
            begun = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            whole = f"bytes {begun}-{SIZE - 1}/{SIZE}"
            say(request, 206, BODY[begun:], Content_Range=whole)
            return
        say(request, 200, b"", Content_Length=SIZE)
        with contextlib.suppress(OSError):  # nobody listens any more
            for byte in BODY[:100]:
                request.wfile.write(bytes([byte]))
                request.wfile.flush()
                time.sleep(0.01)

    url, seen = answering(answer)
    assert get(store, f"{url}/a.conda").read_bytes() == BODY
    assert len(seen) == 2


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
    assert download.fetch_length(f"{web.url}/a.conda") == SIZE
    assert web.log() == [(200, 0)]
    assert download.fetch_length((web.root / "a.conda").as_uri()) == SIZE


def test_length_is_asked_for_with_the_login(answering):
    """What a download is given, a question for its length is given, too; redirects are followed."""
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
def test_length_that_is_not_told_is_refused(answering, headers):
    """A server that tells none, or answers with a portal's page, is not believed."""
    url, _ = answering(lambda request: say(request, 200, BODY, **headers))
    with pytest.raises(DownloadError) as caught:
        download.fetch_length(url.replace("://", f"://user:{CANARY}@") + f"/a.conda?{CANARY}")
    assert caught.value.message.startswith(f"No length is told of {url}/a.conda.")
    assert ("web page" in caught.value.message) == ("Content_Type" in headers)


@pytest.mark.parametrize("status", [404, 405, 416, 503])
def test_server_that_will_not_tell_a_length_says_why(web, status):
    """An answer that is none is shown; one that may be another next time is told apart."""
    web.fault(status=status)
    kind = download.BrokenOffError if status == 503 else DownloadError
    with pytest.raises(kind, match=f"the server answered {status}"):
        download.fetch_length(f"{web.url}/a.conda")
