"""The addresses that a Mac itself fetches from."""

from __future__ import annotations

import pytest
from locked import INSTALLER, wheel

from torchard.errors import TorchardError
from torchard.lock.web_addresses import LARGEST, format_requests, require_web_address


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x-1.0+cpu-py3-none-any.whl",
        "https://a.example:8443/~lab/x.whl?token=1&a=%20",
        "http://127.0.0.1:8000/x.whl",
        "http://localhost/x.whl",
    ],
)
def test_https_is_allowed_and_http_for_the_mac_itself(url):
    """The fragment, in which an index has the hash, is left out."""
    assert require_web_address(f"{url}#sha256=1", "x.whl") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x.whl",
        "http://127.0.0.1.example/x.whl",
        "ftp://a.example/x.whl",
        "file:///etc/passwd",
        "https://ada:canary@a.example/x.whl",
        "https://ada@a.example/x.whl",
        'https://a.example/x.whl"',
        "https://a.example/x\\.whl",
        "https://a.example/{a,b}.whl",
        "https://a.example/[1-9].whl",
        "https://a.example/x y.whl",
        "https://a.example/x\nurl=file:///etc/passwd",
        "https://a.example/é.whl",
        "",
    ],
)
def test_any_other_address_is_an_error(url):
    """Also one that curl would read as several, or as another option."""
    with pytest.raises(TorchardError, match=r"x\.whl would come from") as said:
        require_web_address(url, "x.whl")
    assert "canary" not in str(said.value)
    assert "Write `delivery: push`" in said.value.instead


def test_a_list_has_a_line_for_each_file():
    """A file without a known size has the largest, and each has an end of its time."""
    one = wheel("einops", size=2_000_000)
    content, largest = format_requests([(one, "https://a/b"), (INSTALLER, "https://a/c")])
    assert content.decode().splitlines() == [
        f"{one.sha256} 2000000 220 {one.file} https://a/b",
        f"{INSTALLER.sha256} 0 {120 + LARGEST // 20_000} {INSTALLER.file} https://a/c",
    ]
    assert largest == LARGEST
    assert format_requests([(one, "https://a/b")])[1] == 2_000_000
