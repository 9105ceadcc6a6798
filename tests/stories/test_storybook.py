"""How a story is read, what is wrong with a broken one, and what in it is made stable."""

from __future__ import annotations

import pytest
from agree import Note, check
from shelf import STORIES
from stable import stable
from storybook import StoryError, parse, read

HEAD = '# It is played.\nmacs:\n- {name: studio-01, arch: arm64, macos: "15.1"}\n---\n'
PLAN = {"format": 2, "kind": "plan", "macs": {}, "summary": dict.fromkeys(
    ("change", "up_to_date", "unreachable", "blocked", "failed", "fetch_bytes"), 0
)}  # fmt: skip


def test_there_are_thirty_stories_and_each_is_written_as_it_is_read():
    """Nothing of a file is lost between reading and writing it."""
    assert len(STORIES) >= 30
    for path in STORIES:
        assert read(path, without_output=True).text == path.read_text(encoding="utf-8")


def test_a_command_has_what_it_printed_and_its_exit_code():
    """On stdout and on stderr; brackets within it end nothing."""
    text = f"{HEAD}$ torchard plan\n[\n\n  [2] \n2> a note\n2>\n[3]\nstudio-01$ ls\n[0]\n"
    plan, ls = parse("a.story", text).steps
    assert (plan.stdout, plan.stderr, plan.code) == (("[", "", "  [2] "), ("a note", ""), 3)
    assert (ls.where, ls.line, ls.code) == ("studio-01", "ls", 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# It is played.\n$ torchard plan\n", "a.story:2: no line --- parts the Macs"),
        ("macs: []\n---\n", "a.story:1: a story begins with what it tells"),
        ("# It is played.\nmacs: [\n---\n", "a.story:2: this is not YAML"),
        ("# It is played.\nmac: []\n---\n", "a.story:2: 'mac' is none of macs, lab"),
        ("# It is played.\n\nmacs:\n- {name: a}\n---\n", "a.story:3: a has no arch"),
        (f"{HEAD}torchard plan\n[0]\n", "a.story:5: 'torchard plan' belongs to no command"),
        (f"{HEAD}$ torchard plan\n[0]\nin order\n", "a.story:7: 'in order' belongs to no command"),
        (f"{HEAD}studio-02$ ls\n[0]\n", "a.story:5: 'studio-02' is not a Mac of this story"),
        (f"{HEAD}studio-1: {{mps: false}}\n", "a.story:5: 'studio-1' is not a Mac of this story"),
        (f"{HEAD}$ torchard plan\nin order\n", "a.story:5: no exit code such as [0] ends"),
        (f"{HEAD}$ torchard plan\n$ torchard plan\n[0]\n", "a.story:5: no exit code"),
        (f"{HEAD}lab: {{macs: [}}\n", "a.story:5: this is not YAML"),
    ],
)
def test_what_is_not_a_story_is_reported_with_its_line(text, says):
    """One sentence, for the author."""
    with pytest.raises(StoryError) as raised:
        parse("a.story", text)
    assert str(raised.value).startswith(says)


def test_commands_may_lack_output_until_it_is_known():
    """A new story is its commands; --renew writes what is printed below each."""
    text = f"{HEAD}$ torchard lock\n# Then:\n$ torchard plan\n"
    story = parse("a.story", text, without_output=True)
    assert story.text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4 Macs · arm64 · 1 min 4 s to 2 min 0 s", "4 Macs · arm64 · N s"),
        ("29 packages, 4 MB      new", "29 packages, N MB      new"),
        ("29 packages, 14 MB     new", "29 packages, N MB      new"),
        ("sha256 c73b91d5… of 12 packages", "sha256 XXXXXXXX… of 12 packages"),
        ("+ pip      23.2.1    conda", "+ pip      X.Y       conda"),
        ("python 3.12.13, macOS 15.1, torch 2.15.0", "python 3.12.13, macOS 15.1, torch 2.15.0"),
        ("/generations/torch-3f9a12c4.2", "/generations/torch-XXXXXXXX.2"),
        ('"bytes": 0, "fetch_bytes": 1234', '"bytes": 0, "fetch_bytes": N'),
        ("built 2026-11-26 16:05:31", "built WHEN"),
        ('"needed": 12, "free": 345, "seconds": 0.4', '"needed": N, "free": N, "seconds": N'),
        ("8 MB needed, at least 79 GB free", "N MB needed, N GB free"),
        ("refused by 127.0.0.1:40123", "refused by 127.0.0.1:2201"),
    ],
)
def test_what_varies_is_named_and_keeps_its_column(text, expected):
    """And nothing else is touched."""
    assert stable(text, {"127.0.0.1:40123": "127.0.0.1:2201"}, "23.2.1") == expected


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (2, "Plan: 0 Macs to change, 1 up to date."),
        (0, "Plan: 1 Mac to change, 0 up to date."),
        (0, "Plan: 0 Macs to change."),
        (0, "In order."),
    ],
)
def test_a_plan_that_contradicts_itself_is_found(code, sentence):
    """Its counts, its last line and its exit code."""
    mac = dict.fromkeys(("class", "reason", "arch", "macos"))
    mac |= {"state": "up_to_date", "warnings": [], "steps": []}
    plan = {**PLAN, "macs": {"a": mac}, "summary": {**PLAN["summary"], "up_to_date": 1}}
    check(Note(["plan"], 0, [plan]), "Plan: 0 Macs to change, 1 up to date.\n", "")
    with pytest.raises(AssertionError):
        check(Note(["plan"], code, [plan]), f"{sentence}\n", "")
