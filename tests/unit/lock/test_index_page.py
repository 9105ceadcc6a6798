"""Pages of wheel indexes, in both forms, and what servers send instead."""

from __future__ import annotations

import json

import pytest

from torchard.lock.index_page import IndexFile, read_index_page

URL = "https://index.example/simple/torch/"
JSON = "application/vnd.pypi.simple.v1+json"
FILES = [
    {"url": "../../files/torch-1.0-py3-none-any.whl#sha256=00", "requires-python": ">=3.10"},
    {"url": "https://other.example/torch%2B1.whl", "yanked": False, "size": 1, "hashes": {}},
    {"url": "yanked.whl", "yanked": "it is broken"},
    {"url": "also-yanked.whl", "yanked": True},
    {"url": "http://[half/a.whl"},
]
FOUND = (
    IndexFile("https://index.example/files/torch-1.0-py3-none-any.whl", ">=3.10"),
    IndexFile("https://other.example/torch%2B1.whl", ""),
)


def page(files=FILES, version="1.1"):
    return json.dumps({"meta": {"api-version": version}, "name": "torch", "files": files}).encode()


def test_json_page_is_read():
    """Relative addresses are made absolute, and yanked files are left out."""
    assert read_index_page(page(), JSON, URL) == FOUND
    assert [one.name for one in FOUND] == ["torch-1.0-py3-none-any.whl", "torch+1.whl"]


@pytest.mark.parametrize("kind", ["text/html", "application/vnd.pypi.simple.v1+html", ""])
def test_html_page_is_read(kind):
    """Attributes are unquoted, and a page that ends in the middle of a tag has the links before."""
    text = """<!DOCTYPE html><h1>Links</h1><a name="top">no file</a>
        <A HREF="../../files/torch-1.0-py3-none-any.whl#sha256=00"
           data-requires-python="&gt;=3.10">torch</A>
        <a href="https://other.example/torch%2B1.whl">torch</a>
        <a href="yanked.whl" data-yanked="">torch</a>
        <a href="http://[half/a.whl">torch</a>
        <!-- <a href="comment.whl">torch</a> --> <a href="torn.whl"""
    assert read_index_page(text.encode(), kind, URL) == FOUND


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (page(), "application/json", "its media type is 'application/json'"),
        (b"", JSON, "truncated"),
        (b"\xff", JSON, "malformed"),
        (b"[]", JSON, "Expected `object`, got `array`"),
        (b'{"files": []}', JSON, "missing required field `meta`"),
        (page(version="2.0"), JSON, "it has version '2.0', not 1"),
        (page([{"url": 1}]), JSON, "Expected `str`, got `int`"),
        (page([{"url": "a", "yanked": []}]), JSON, "got `array`"),
        (page("a"), JSON, "Expected `array`, got `str`"),
        (b'{"more": ' + b"[" * 100_000, JSON, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_page_that_is_not_one_of_an_index_is_an_error(content, kind, said):
    """A portal's answer, or a damaged page, is one sentence."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_index_page(content, kind, URL)
    assert said in str(caught.value)


def test_html_without_links_has_no_files():
    """A page without links, with odd bytes or without an end lists nothing."""
    for content in (b"", b"<html>Please log in</html>", b"\xff\0<", b"<a " * 1000, b"<a href"):
        assert read_index_page(content, "text/html", URL) == ()
