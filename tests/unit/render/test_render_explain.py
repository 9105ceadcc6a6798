"""Why one Mac gets what its plan says, as text and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from locked import INSTALLER, built, mac
from stories import ESCAPE, INTEL_LOCK, LOCK, on_screen

from torchard.catalog.catalog import load_catalog
from torchard.json_schema import make_schema
from torchard.lab.model import Environment, Lab, MacHost, Position, Request
from torchard.lock.lockfile import lock_path
from torchard.mac.state import RunLock
from torchard.plan.codec import dumps, to_data
from torchard.plan.explain import explain
from torchard.plan.plan import plan_mac, unreachable
from torchard.plan.target import Target
from torchard.render.explain import explain_lines
from torchard.render.explain_json import ExplanationDocument, explanation_document
from torchard.resources import find_resource

SCHEMA = json.loads(find_resource("schemas/explain.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
WIDTHS = (60, 80, 120, 200)
SPECS = {"conda": ("nodejs",), "pip": ("pandas>=2", "einops", "numpy")}
TORCH = Environment("torch", "3.12", Request("3.12"), **SPECS, where=Position("lab.yaml", 2, 3))
PLAIN = Environment("plain", "3.12", None, where=Position("lab.yaml", 7, 3))
EMPTY = mac(prefix_state="absent", prefix_arch=None)


def explain_mac(name, state, locks, request=None, macs=("torch",), **said):
    """Explain the plan of a Mac of a lab at line 12 of its file."""
    lab = Lab(
        Path("/lab/lab.yaml"),
        {"torch": replace(TORCH, pytorch=request or TORCH.pytorch), "plain": PLAIN},
        *({}, {}),
    )
    host = MacHost(name, environments=macs, where=Position("lab.yaml", 12, 3))
    if state is None:
        reason = "192.0.2.41:22 refused the connection;\nturn Remote Login on there"
        return explain(host, unreachable(name, reason), None, lab, load_catalog())
    known = {one.environment: one for one in locks}
    installer = None if state.prefix_state == "whole" else INSTALLER
    target = Target(host, state, installer=installer, locks=known, **said)
    written = {lock_path(lab.path, one.environment, one.mac_class) for one in locks}
    return explain(host, plan_mac(target), target, lab, load_catalog(), written)


def intel():
    """Nothing is there yet, and the newest releases have nothing for it."""
    state = replace(EMPTY, arch="x86_64", macos="12.7.6")
    return explain_mac("library-03", state, [INTEL_LOCK], warnings=("torch: look at this",))


def order():
    """All is up to date, on a Mac under Rosetta."""
    state = mac(
        built(LOCK),
        links={"torch": built(LOCK).path},
        conda_version="26.5.3",
        prefix_ours={"sha256": "0"},
        translated=True,
        virtual=True,
    )
    return explain_mac("studio-01", state, [LOCK], macs=("torch", "plain"))


def at_work():
    """Another run is at work on a Mac that is up to date."""
    lock = RunLock("t", "ada@desk", 1_000_000, (41,))
    state = mac(built(LOCK), links={"torch": built(LOCK).path}, lock=lock, clock=1_000_100)
    return explain_mac("studio-01", state, [LOCK])


def refused():
    """A blocker, a request that has no answer, and a lock that was left behind."""
    state = mac(prefix_state="foreign", macos="13.6", lock=RunLock("t", "ada", 1_000_000))
    said = ("torch: there is no answer. Write another python.",)
    return explain_mac("studio-02", state, [], Request("3.15", companions=()), blockers=said)


def away():
    """Nothing was read."""
    return explain_mac("library-04", None, [], macs=("torch", "plain"))


def hostile():
    """A Mac whose every answer moves the cursor."""
    state = mac(
        built(LOCK, path=f"/Users/ann/{ESCAPE}"),
        links={"torch": f"/Users/ann/{ESCAPE}"},
        user=f"ann{ESCAPE}",
        conda_version=f"1{ESCAPE}",
        prefix_made_for=f"/Volumes/{ESCAPE}",
        lock=RunLock("t", f"ada{ESCAPE}\nWarnings", 0, (41,)),
    )
    return explain_mac("studio-01", state, [LOCK], warnings=(f"a{ESCAPE}\n\nWhat is to be done",))


STORIES = {one.__name__: one for one in (intel, order, at_work, refused, away, hostile)}
every_story = pytest.mark.parametrize("story", STORIES)


@every_story
def test_an_explanation_reads_as_it_is_written_down(story, golden):
    """On a terminal of 80 columns, and of 120."""
    lines = list(explain_lines(STORIES[story]()))
    screens = (f"── {n} columns ──\n{on_screen(lines, n)}" for n in (80, 120))
    golden(f"explain-{story}.txt", "\n".join(screens))


@every_story
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(story):
    """From 60 columns to 200; a pipe gets each line whole."""
    lines = list(explain_lines(STORIES[story]()))
    whole = on_screen(lines, 80, terminal=False)
    assert whole == "".join(f"{line.plain}\n" for line in lines)
    for width in WIDTHS:
        screen = on_screen(lines, width)
        assert max(map(len, screen.splitlines())) <= width
        assert "".join(screen.split()) == "".join(whole.split())


@every_story
def test_an_explanation_as_json_holds_to_its_schema(story):
    """Only ASCII goes out, and it says what the text says."""
    found = STORIES[story]()
    text = dumps(explanation_document(found))
    assert text.isascii()
    data = json.loads(text)
    VALIDATOR.validate(data)
    record = data["explain"]
    assert (record["mac"], record["state"]) == (found.mac.name, found.planned.state)
    screen = "\n".join(line.plain for line in explain_lines(found))
    for part in record["parts"]:
        assert part["name"] in screen
    for environment in record["environments"].values():
        for group in environment["passed_over"]:
            assert group["releases"][0] in screen
            assert ", and ".join(group["obstacles"]) in screen
        if environment["lock"]:
            assert environment["lock"]["digest"][:8] in screen


def test_nothing_from_a_mac_moves_the_cursor():
    """Escapes, bidi marks and line breaks are written out; nobody forges a heading."""
    lines = list(explain_lines(hostile()))
    assert all(line.plain.isprintable() for line in lines)
    heads = [line.plain for line in lines if line.style == "bold"]
    assert len(heads) == len(set(heads)) == 6
    assert sum(r"\x1b]0;owned\x07\x1b[2J\u202e" in line.plain for line in lines) >= 5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(state="failed"),
        lambda record: record["environments"]["torch"].pop("lock"),
        lambda record: record["environments"]["torch"]["passed_over"][0].update(obstacles=[]),
        lambda record: record["environments"]["torch"]["answer"].update(refusal={}),
        lambda record: record["found"].update(key="x"),
    ],
)
def test_the_schema_refuses_what_explains_nothing(spoil):
    """No reason, two answers, a key too many or too few."""
    data = to_data(explanation_document(intel()))
    VALIDATOR.validate(data)
    spoil(data["explain"])
    assert not VALIDATOR.is_valid(data)


def test_the_schema_is_that_of_the_types(schema_file):
    """Each part has a title and a description, and the example fits."""
    example = to_data(explanation_document(intel()))
    schema_file("explain", make_schema(ExplanationDocument, "explain", [example]))


def test_what_is_installed_has_its_name():
    """A pinned installer of the catalogue by its version, and a link that is only set."""
    text = on_screen(explain_lines(intel()), 200)
    assert re.search(r"\+ miniconda   no Miniconda at ~/miniconda3; 26.5.3-1 is installed", text)
    ready = explain_mac("studio-01", mac(built(LOCK), conda_version="26.5.3"), [LOCK])
    text = on_screen(explain_lines(ready), 200)
    assert (
        f"only its link is missing or elsewhere; ~/.torchard/generations/torch-{LOCK.digest[:8]}"
        in text
    )
