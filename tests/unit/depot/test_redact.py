"""Logins go only to their own hosts, and nothing prints them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from fetching import BODY, CANARY, get, say, wanting_a_login
from hypothesis import given
from hypothesis import strategies as st

from torchard import redact
from torchard.depot.depot import DepotError
from torchard.depot.download import DownloadError
from torchard.workspace import controller


def test_login_of_a_url_goes_into_the_header(answering, store):
    """A login is unquoted and sent as a header; the address of the request has none."""
    url, seen = answering(wanting_a_login)
    host = urlsplit(url).netloc
    assert get(store, f"http://user:{CANARY}%40%2F@{host}/a.conda").read_bytes() == BODY
    assert seen[0][1]["Host"] == host


def test_login_is_looked_up_in_netrc(answering, store, tmp_path, monkeypatch):
    """Downloads use the login in ~/.netrc, as conda, pip and uv do."""
    url, _ = answering(wanting_a_login)
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login user password {CANARY}@/\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert get(store, f"{url}/a.conda").read_bytes() == BODY


def test_damaged_netrc_is_ignored(web, store, tmp_path, monkeypatch):
    """A server that needs no login can be used in spite of a damaged ~/.netrc."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 {CANARY}", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_login_is_not_handed_to_another_host(answering, store):
    """A redirect on the same host keeps the login; one to another host does not."""
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
    """No message has the login, token or query of a URL, whatever fails."""

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
        ("http://u:it'sSECRET@a.example:9", "http://a.example:9"),
        ("http://u:\"a<b>`c(d)@a.example/b?x='y'(z)w.", "http://a.example/b."),
        ("https://a.example/t/it's-mine/c", "https://a.example/t/***/c"),
        ("at <https://u:p@a.example/b>: no", "at <https://a.example/b>: no"),
        ("https://a.example/b?mail=x@y.example", "https://***"),
        ("https://u:p?w@a.example/b", "https://***"),
        ("mail x@y.example: a\x1b[2J\r\nb\u202e", "mail x@y.example: a [2J \nb "),
    ],
)
def test_text_is_printed_without_secrets(text, shown):
    """A text loses its URLs' logins, tokens and queries, and what moves a terminal's cursor."""
    assert redact.redact(text) == shown


SIGNS = st.text(st.characters(min_codepoint=33, exclude_categories=["C", "Z"]))


@given(
    secret=st.builds("{}SECRET{}".format, SIGNS, SIGNS),
    form=st.sampled_from(
        ["u:{}@h.example/b", "{}:p@h", "{}@h:1/b?x", "h.example/b?t={}&y", "h#{}"]
    ),
    around=st.sampled_from(["{}", "'{}'", "({})", "<{}>, then", 'index-url="{}";', "`{}`: no"]),
)
def test_no_secret_is_shown_whatever_signs_it_has(secret, form, around):
    """A login, a query and a fragment may have quotes, brackets and more."""
    shown = redact.redact(around.format("https://" + form.format(secret)))
    assert "SECRET" not in shown
    assert "https://" in shown


@pytest.mark.parametrize("proxy", ["http://u:it'sSECRET@a.example:9", "u:SECRET@a.example:9"])
def test_a_proxy_is_named_without_its_login(monkeypatch, proxy):
    """Also if it has no scheme, as curl and pip accept it."""
    monkeypatch.setenv("https_proxy", proxy)
    texts = [one.text for one in controller.examine_computer() if one.topic == "proxy"]
    assert "https: http://a.example:9" in texts


def test_logins_are_added_to_their_own_hosts():
    """A login is added for the same host and port, unless the URL already has a login."""
    known = redact.find_logins("one=http://u:p@a.example:81/simple https://t@b.example/ http://c/")
    assert known == {"a.example:81": "u:p", "b.example": "t"}
    put = {
        "http://a.example:81/w": "http://u:p@a.example:81/w",
        "http://a.example/w": "http://a.example/w",
        "https://x:y@b.example/w": "https://x:y@b.example/w",
    }
    assert {url: redact.add_login(url, known) for url in put} == put
