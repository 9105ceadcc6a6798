"""The catalogue's advisories against records in OSV's schema, which are written as OSV has them."""

from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from fixed_catalog import load_real_catalog

from torchard.catalog.catalog import load_catalog
from torchard.cli.main import cli
from torchard.curate.osv import (
    fetch_vulnerabilities,
    find_advisory_differences,
    read_vulnerabilities,
)
from torchard.curate.refresh import find_new_rows
from torchard.errors import TorchardError
from torchard.lab.model import Mirrors

# As https://api.osv.dev/v1/query answers, with fewer references.
LOAD = {
    "id": "GHSA-53q9-r3pm-6pq6",
    "summary": "PyTorch: `torch.load` with `weights_only=True` leads to remote code execution",
    "details": "# Description",
    "aliases": ["CVE-2025-32434"],
    "modified": "2025-05-28T15:47:15Z",
    "published": "2025-04-18T15:05:31Z",
    "database_specific": {"severity": "CRITICAL", "cwe_ids": ["CWE-502"]},
    "references": [{"type": "PACKAGE", "url": "https://github.com/pytorch/pytorch"}],
    "affected": [
        {
            "package": {"name": "torch", "ecosystem": "PyPI", "purl": "pkg:pypi/torch"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.6.0"}]},
            ],
            "versions": ["1.0.0", "2.5.1"],
            "database_specific": {"last_known_affected_version_range": "<= 2.5.1"},
        }
    ],
    "schema_version": "1.6.0",
    "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N"}],
}
NEW = {
    **LOAD,
    "id": "PYSEC-2026-200",
    "aliases": ["CVE-2026-99999", "GHSA-xxxx-yyyy-zzzz"],
    "summary": "",
    "details": "A crafted file\nruns code.",
}


def answer(*records, following=None):
    """Return an answer of the API."""
    page = {"vulns": list(records), **({"next_page_token": following} if following else {})}
    return json.dumps(page).encode()


def compare(*records):
    """Return the sentences about some records."""
    found = read_vulnerabilities(answer(*records))
    return list(find_advisory_differences(found, load_catalog()))


def change(record, *, events=None, **fields):
    """Return a record with other events or fields."""
    changed = {**copy.deepcopy(record), **fields}
    if events:
        changed["affected"][0]["ranges"][0]["events"] = events
    return changed


def test_a_record_that_the_catalogue_has_agrees():
    """Its range has the releases of the row, and its list of versions adds none."""
    assert compare(LOAD) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([{"introduced": "0"}, {"fixed": "2.7.0"}], "1.12.1 to 2.6.0, and the catalogue 1.12.1"),
        ([{"introduced": "2.0.0"}, {"fixed": "2.6.0"}], "2.1.0 to 2.5.1, and the catalogue"),
        ([{"introduced": "0"}, {"last_affected": "2.6.0"}], "1.12.1 to 2.6.0, and the catalogue"),
        (
            [
                {"introduced": "0"},
                {"fixed": "1.13.0"},
                {"introduced": "2.1.0"},
                {"last_affected": "2.1.2"},
            ],
            "1.12.1 and 2.1.0 and 2.5.1, and the catalogue",
        ),
    ],
)
def test_other_releases_than_the_rows_are_named(events, said):
    """Each run of releases is named by the outer two, and a listed version counts as well."""
    (line,) = compare(change(LOAD, events=events))
    assert line.startswith("CVE-2025-32434 = GHSA-53q9-r3pm-6pq6: OSV says that it affects ")
    assert said in line


def test_a_record_that_the_catalogue_lacks_is_described():
    """Its CVE number comes first, and its first text says what it is."""
    (line,) = compare(NEW)
    assert line == (
        "CVE-2026-99999 = PYSEC-2026-200 = GHSA-xxxx-yyyy-zzzz: the catalogue has it neither under"
        " `advisories` nor under `dismissed`. OSV says that it affects 1.12.1 to 2.5.1: A crafted"
        " file runs code."
    )


def test_a_dismissed_record_is_not_reported():
    """The catalogue has a row with the reason."""
    assert compare(change(NEW, aliases=["CVE-2024-7804"])) == []
    assert compare(change(NEW, id="CVE-2024-7804", aliases=[])) == []


def test_a_withdrawn_record_is_reported_only_if_the_catalogue_has_it():
    """OSV keeps such a record with a time."""
    when = "2025-06-01T00:00:00Z"
    assert compare(change(NEW, withdrawn=when)) == []
    (line,) = compare(change(LOAD, withdrawn=when))
    assert line.endswith(f"q6: OSV withdrew it on {when}, and the catalogue has it.")


def test_a_record_about_another_package_says_nothing():
    """A record may name several packages, and torch in another ecosystem is another project."""
    other = change(NEW)
    other["affected"][0]["package"] = {"name": "torch", "ecosystem": "RubyGems"}
    assert compare(other) == []


def test_git_ranges_are_not_releases():
    """Their events are commits."""
    git = change(NEW)
    git["affected"][0].update(versions=[])
    git["affected"][0]["ranges"][0].update(type="GIT", repo="https://github.com/pytorch/pytorch")
    assert "affects no release in it" in compare(git)[0]


def test_a_records_text_cannot_move_the_cursor():
    """It is printed as text, and not all of a long one."""
    (line,) = compare(change(NEW, summary="\x1b[2J" + "x" * 5000))
    assert line.isprintable()
    assert len(line) < 500


def test_each_row_of_the_real_catalogue_has_a_number_of_its_own():
    """No advisory is dismissed as well."""
    real = load_real_catalog()
    names = [one.id for one in (*real.advisories, *real.dismissed)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"vulns": 1}', b"\xff", b"[" * 100_000])
def test_what_is_not_a_record_is_an_error(content):
    """Another document is an error, and so is a broken one."""
    with pytest.raises(ValueError, match="it has no records of OSV"):
        read_vulnerabilities(content)


def test_one_record_and_a_list_are_read_as_well():
    """OSV offers each record as a file."""
    for content in (LOAD, [LOAD]):
        (found,) = read_vulnerabilities(json.dumps(content).encode())
        assert found.names == ("CVE-2025-32434", "GHSA-53q9-r3pm-6pq6")


def test_every_page_of_an_answer_is_asked_for():
    """Each query but the first has the token of the page before."""
    asked = []

    def ask(_url, body):
        asked.append(json.loads(body))
        return answer(LOAD, following="two") if len(asked) == 1 else answer(NEW)

    assert [one.id for one in fetch_vulnerabilities(ask)] == [LOAD["id"], NEW["id"]]
    package = {"name": "torch", "ecosystem": "PyPI"}
    assert asked == [{"package": package}, {"package": package, "page_token": "two"}]


def test_pages_without_an_end_are_an_error():
    """A broken server cannot keep the command busy."""
    with pytest.raises(TorchardError, match="more than 20 pages"):
        list(fetch_vulnerabilities(lambda _url, _body: answer(following="again")))


def test_a_page_that_is_missing_hides_nothing_of_the_others(monkeypatch):
    """What the first page has is reported, and so is the page that did not answer."""
    pages = [answer(NEW, following="two"), b"<html>"]
    monkeypatch.setattr("torchard.curate.refresh.fetch_vulnerabilities", lambda: fetch(pages))
    found = find_new_rows(["advisories"], load_catalog(), Mirrors())
    assert [one.partition(" = ")[0] for one in found.remarks] == ["CVE-2026-99999"]
    assert found.unanswered == [
        "OSV: https://api.osv.dev/v1/query gave an answer without records of OSV."
    ]


def fetch(pages):
    """Yield the records of some pages."""
    return fetch_vulnerabilities(lambda _url, _body: pages.pop(0))


@pytest.fixture
def server():
    """A server that answers posted queries: one page, and then that it has no more."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_words):
            pass

        def do_POST(self):
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            content = answer(NEW, following="two")
            self.send_response(200 if len(seen) == 1 else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_refresh_prints_what_came_and_exits_with_1_for_a_page_that_did_not(server, monkeypatch):
    """The query is posted as OSV's API wants it, and the error names the server's answer."""
    url, seen = server
    monkeypatch.setattr("torchard.curate.osv.QUERY", url)
    done = CliRunner().invoke(cli, ["catalog", "refresh", "--from", "advisories"])
    assert done.exit_code == 1
    assert done.stdout.startswith("CVE-2026-99999 = PYSEC-2026-200 = GHSA-xxxx-yyyy-zzzz: ")
    assert f"No answer from OSV: {url} cannot be fetched: the server answered 404" in done.stderr
    assert [one.get("page_token") for one in seen] == [None, "two"]
    assert "Not every source answered" in str(done.exception)
