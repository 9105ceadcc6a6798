"""The depot over HTTP, and its faults."""

from __future__ import annotations

import http.client
import urllib.parse

import pytest


@pytest.fixture
def get(lab):
    """Return what asks for a path: status, body and headers."""
    address = urllib.parse.urlsplit(lab.web_url).netloc

    def get(path, method="GET", **headers):
        connection = http.client.HTTPConnection(address, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    return get


def test_file_is_served(get):
    """A file comes whole, a HEAD without its body, an absent one as 404."""
    status, body, headers = get("/digits")
    assert (status, body, headers["Content-Length"]) == (200, b"0123456789", "10")
    assert get("/digits", "HEAD")[:2] == (200, b"")
    assert get("/nothing")[0] == 404
    assert get("/digits", "POST")[0] == 405


@pytest.mark.parametrize(
    ("wanted", "body", "place"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_part_of_a_file_is_served(get, wanted, body, place):
    """A Range header gets that part, so that a download can be resumed."""
    status, found, headers = get("/digits", Range=wanted)
    assert (status, found, headers["Content-Range"]) == (206, body, place)


def test_range_beyond_the_end(get):
    """A part that begins after the end is 416."""
    assert get("/digits", Range="bytes=10-")[0] == 416


def test_folder_is_an_index(get):
    """A folder gives its index.html or a list of links; without the slash it is moved."""
    assert get("/simple/einops/")[1] == b"<a href='x'>x</a>"
    assert get("/simple/einops")[2]["Location"] == "/simple/einops/"
    assert b'<a href="Stub-arm64.sh">' in get("/installers/")[1]


def test_index_is_json_for_those_who_ask(get, stub_depot):
    """Who accepts PEP 691's JSON gets it where there is some, and anybody else the page."""
    asked = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
    page = stub_depot / "simple/einops/index.html"
    assert get("/simple/einops/", Accept=asked)[1] == page.read_bytes()
    page.with_suffix(".json").write_text('{"name": "einops"}', encoding="utf-8")
    _, body, headers = get("/simple/einops/", Accept=asked)
    assert (body, headers["Content-Type"]) == (b'{"name": "einops"}', asked.partition(",")[0])
    assert get("/simple/einops/", Accept="text/html")[1] == page.read_bytes()


@pytest.mark.parametrize("path", ["/../id_ed25519", "/%2e%2e/lab.yaml", "//etc/hostname"])
def test_nothing_outside_the_depot_is_served(get, path):
    """No path leads out of the depot."""
    assert get(path)[0] == 404


def test_corrupt_file_differs_in_one_byte(lab, get):
    """A corrupt file has its size and one other byte, in whichever part is asked for."""
    lab.web_fault("/dig*", corrupt=True)
    assert get("/digits")[1] == b"01234\xca6789"
    assert get("/digits", Range="bytes=5-6")[1] == b"\xca6"
    assert get("/installers/Stub-arm64.sh")[1] == b"echo arm64\n"
    lab.clear_web_faults()
    assert get("/digits")[1] == b"0123456789"


def test_cut_file_ends_early(lab, get):
    """A cut file promises its whole size and closes before."""
    lab.web_fault("/digits", cut=4)
    with pytest.raises(http.client.IncompleteRead) as error:
        get("/digits")
    assert error.value.partial == b"0123"


def test_status_can_pass(lab, get):
    """A status with `times` is given so many times, then the file."""
    lab.web_fault("/digits", status=503, times=2)
    assert [get("/digits")[0] for _ in range(3)] == [503, 503, 200]


def test_slow_file_arrives(lab, get):
    """A slow file is the same file."""
    lab.web_fault("/digits", slow=0.01)
    assert get("/digits")[1] == b"0123456789"


def test_unknown_fault_is_refused(lab):
    """A fault of no known kind is an error at once, not a fault that never happens."""
    with pytest.raises(ValueError, match="corrupt, cut, status, slow"):
        lab.web_fault("/digits", corupt=True)


def test_requests_are_logged(lab, get):
    """Every answer is logged: method, path, status, bytes sent."""
    before = len(lab.web_log())
    get("/digits")
    get("/digits", "HEAD")
    get("/nothing")
    assert [row[:3] for row in lab.web_log()[before:]] == [
        ("GET", "/digits", 200), ("HEAD", "/digits", 200), ("GET", "/nothing", 404),
    ]  # fmt: skip
    assert lab.web_log()[before][3] == 10


def test_connection_serves_several_requests(lab):
    """One connection carries several requests."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(lab.web_url).netloc, timeout=30)
    try:
        for _ in range(3):
            connection.request("GET", "/digits")
            assert connection.getresponse().read() == b"0123456789"
    finally:
        connection.close()
