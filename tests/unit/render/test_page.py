"""The page on a lab: what it says, and that nothing a Mac sends is markup in it."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from stories import standing

from torchard.lab.model import MacHost
from torchard.plan.disk_use import DiskUse
from torchard.plan.drift import EnvironmentStatus, Verified
from torchard.plan.plan import MacPlan, Plan
from torchard.render.page import describe_page, render_page
from torchard.render.status import status_document

HOSTILE = (
    "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\x1b[2J&amp;{{ 7*7 }}"
)
VOID = {"meta", "img", "link", "br", "input", "rect"}


class Reader(HTMLParser):
    """Read a page: its elements with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def lab_of(document, name="lab.yaml"):
    """Return a lab that gives torch to every Mac of a document."""
    macs = {mac: MacHost(mac, environments=("torch",)) for mac in document.macs}
    return SimpleNamespace(path=Path("/lab") / name, environments={"torch": None}, macs=macs)


def status_of(name, owner, **more):
    return EnvironmentStatus(name, owner, "same", remarks=("a remark",), **more)


def read(document):
    return Reader(render_page(document, lab_of(document), "2026-12-01 08:00 UTC"))


@pytest.fixture
def document():
    """The status of seven Macs in every state."""
    made = status_document(*standing())
    return msgspec.structs.replace(made, disk={"studio-01": DiskUse(3 * 10**9)}, depot=10**9)


def test_the_grid_says_what_each_mac_has(document):
    """The first sign is drift, then what an apply would do, then the last verification."""
    rows = {one.name: one for one in describe_page(document, lab_of(document))["rows"]}
    torch = {name: one.cells[0] for name, one in rows.items()}
    assert (torch["studio-01"].word, torch["studio-01"].tone) == ("up to date", "good")
    assert torch["studio-01"].lines == ("python 3.12.13", "verified 2026-11-26 10:31")
    assert torch["studio-03"].word == "changed by hand, to update"
    assert torch["studio-04"].word == "gone, to activate"
    assert torch["studio-05"].word == "to build"
    assert torch["studio-06"].word == "made by a person"
    assert torch["studio-07"].word == "not read"
    assert rows["studio-03"].cells[1].word == "to remove"
    assert [one.state.word for one in rows.values()][-3:] == ["to change", "blocked", "unreachable"]
    assert (rows["studio-01"].macos, rows["studio-07"].macos) == ("15.1", "")


def test_an_environment_of_a_blocked_mac_is_not_called_up_to_date():
    """Nothing was planned for that Mac."""
    status = status_of("torch", "lab", verified=Verified(torch="2.15.0"))
    made = status_document(Plan((MacPlan("a", "blocked", reason="no"),)), {"a": (status,)})
    (row,) = describe_page(made, lab_of(made))["rows"]
    assert (row.cells[0].word, row.cells[0].tone) == ("not compared", "off")


def test_macs_with_the_same_details_are_one_block(document):
    """Their rows lead to it. It has the lines of status and plan, and is open if there is news."""
    shown = describe_page(document, lab_of(document))
    first, second, *_ = shown["blocks"]
    assert first.title.startswith("2 Macs · studio-01 studio-02")
    assert (first.is_open, first.apply, second.is_open) == (False, "", True)
    assert "cowsay" in second.status
    assert "new generation" in second.apply
    assert [one.block for one in shown["rows"]] == [1, 1, 2, 3, 4, 5, 6]


def test_versions_and_systems_are_counted(document):
    """The most frequent comes first. A Mac that was not read counts as that."""
    shown = describe_page(document, lab_of(document))
    assert [(one.name, one.macs) for one in shown["systems"]] == [
        ("macOS 15, arm64", 6),
        ("not read", 1),
    ]
    (disk,) = shown["disks"]
    assert len(disk.parts) == len(shown["disk_parts"])
    assert (disk.parts[0], disk.total) == ("3000 MB", "3000 MB")
    assert [(name, [one.name for one in found]) for name, found in shown["releases"]] == [
        ("torch", ["python 3.12.13"]),
        ("old-env", ["python 3.12.13"]),
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (status_of("torch", "lab", verified=Verified(torch="2.15.0", mps=True)), "up to date"),
        (status_of("torch", "lab"), "not there"),
        (status_of("torch", "torchard", verified=Verified()), "not in the lab"),
        (status_of("torch", "person"), "made by a person"),
        (status_of("other", "lab"), "not wanted"),
    ],
)
def test_a_cell_of_a_mac_that_is_up_to_date(status, word):
    """It says whose the environment is, and whether MPS worked."""
    plan = Plan((MacPlan("a", "up_to_date", arch="arm64", macos="15.1"),))
    made = status_document(plan, {"a": (status,)})
    (row,) = describe_page(made, lab_of(made))["rows"]
    assert row.cells[0].word == word
    if word == "up to date":
        assert row.cells[0].lines == ("torch 2.15.0", "verified · MPS")
        assert describe_page(made, lab_of(made))["releases"][0][1][0].name == "torch 2.15.0"


def test_the_page_loads_nothing_and_runs_nothing(document):
    """Its policy allows its own style by its sha256. No address is in it but those of its parts."""
    page = render_page(document, lab_of(document), "now")
    read_page = Reader(page)
    policy = next(one["content"] for _, one in read_page.elements if "http-equiv" in one)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    names = {tag for tag, _ in read_page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in read_page.elements:
        assert not any(name.startswith("on") or name in {"style", "src"} for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\(|@import|//", style)


def test_nothing_that_a_mac_sends_is_markup(document):
    """Tags, quotes, escapes and templates are text, and no character turns the line around."""
    status = EnvironmentStatus(
        HOSTILE, "torchard", "modified", remarks=(HOSTILE,), version=HOSTILE, verification=HOSTILE,
        verified=Verified(HOSTILE, HOSTILE, HOSTILE, HOSTILE, mps=True),
    )  # fmt: skip
    mac = MacPlan("a", "blocked", HOSTILE, HOSTILE, HOSTILE, HOSTILE, warnings=(HOSTILE,))
    made = status_document(Plan((mac,)), {"a": (status,)})
    made = msgspec.structs.replace(made, disk={"a": DiskUse(1)})
    page = render_page(made, lab_of(made, f"{HOSTILE.replace('/', '')}.yaml"), "now")
    clean = render_page(status_document(*standing()), lab_of(document), "now")
    tags = {tag for tag, _ in Reader(page).elements}
    assert tags <= {tag for tag, _ in Reader(clean).elements} | {"table", "caption"}
    assert Reader(page).text.count("49") == 0
    assert not re.search(
        "[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]", page
    )
    assert "&lt;script&gt;alert(1)" in page


def test_every_link_leads_to_a_part_of_the_page(document):
    """Each id is there once, and each cell of the grid names its column for a phone."""
    found = read(document)
    ids = [one["id"] for _, one in found.elements if "id" in one]
    assert len(ids) == len(set(ids))
    assert {one["href"][1:] for _, one in found.elements if "href" in one} <= set(ids)
    cells = [one for tag, one in found.elements if tag == "td" and one.get("role") == "cell"]
    assert cells
    assert all(one["data-column"] for one in cells)
    assert found.open == []


def test_a_lab_without_environments_has_a_page():
    """There is nothing to count then."""
    made = status_document(Plan((MacPlan("a", "up_to_date"),)), {})
    lab = replace_environments(lab_of(made))
    page = render_page(made, lab, "now")
    assert "1 Mac of" in page
    assert 'id="disk"' not in page


def replace_environments(lab):
    """Return a lab whose Macs have no environment."""
    lab.macs = {name: replace(mac, environments=()) for name, mac in lab.macs.items()}
    return lab
