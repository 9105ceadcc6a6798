"""What a person reads of a plan and of its results: whole stories, kept as files.

`pytest tests/unit/test_render_text.py --renew` writes them anew; read what git says of it.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locked import HOME, INSTALLER, VARIANT, built, lock, mac, package, shown, wheel
from rich.console import Console
from rich.text import Text

from torchard.lab.model import MacHost
from torchard.plan import Intent, MacPlan, Plan, Step, plan_mac, unreached
from torchard.render.text import (
    choice_lines,
    duration,
    folded,
    plan_lines,
    result_lines,
    size,
    step_lines,
)
from torchard.variant import MacClass, Refusal

STORIES = Path(__file__).parents[1] / "stories"
ARM, INTEL = MacClass("osx-arm64", "15.0"), MacClass("osx-64", "12.0")
NEW = replace(
    VARIANT,
    packages={"torch": "2.15.0", "torchvision": "0.29.2"},
    constraints=(),
    notes=(),
    reason="the newest release whose wheels and MPS fit macOS 15 and python 3.12",
)
OLD = replace(VARIANT, mps_expected=False, notes=("PyTorch 2.2.2 is the last for Intel.",))
BASE = [package("python", "3.12.13", size=13_000_000), package("pip", "25.1", size=1_200_000)]
REST = [package(f"lib{name}", "1.2", size=90_000) for name in "abcdefghijkl"]
FIRST = lock(
    [*BASE, *REST, package("nodejs", "22.21.1", size=17_000_000)],
    [
        wheel("torch", "2.15.0", 96_000_000),
        wheel("torchvision", "0.29.2", 1_900_000),
        wheel("pandas", "2.3.3", 10_700_000),
        wheel("sympy", "1.14.0", 6_300_000),
    ],
    variant=NEW,
    specs=("nodejs", "pandas>=2"),
)
CHANGED = lock(
    [*BASE, *REST],
    [wheel("torch", "2.2.2", 150_000_000), wheel("numpy", "1.26.4", 20_600_000)],
    variant=OLD,
    specs=("nodejs", "numpy"),
)
BEFORE = lock(
    [*BASE, *REST],
    [wheel("torch", "2.2.2"), wheel("numpy", "2.2.6"), wheel("tb-nightly", "2.20.0")],
    variant=OLD,
)


def planned(name, state, *locks, group=ARM, **more):
    """Plan for one Mac."""
    locks = {one.environment: one for one in locks}
    return plan_mac(Intent(MacHost(name), state, mac_class=group, locks=locks, **more))


def intel(state):
    return replace(state, arch="x86_64", prefix_arch="x86_64", macos="12.7")


FRESH = mac(prefix_state="absent", prefix_arch=None)
OURS = {"sha256": "0" * 64, "version": "25.7.0-2"}
HOSTILE = "studio-\x1b[2J\u202e01"

PLANS = {
    "a-first-plan": [
        planned("studio-01", FRESH, FIRST, installer=INSTALLER),
        planned("studio-02", FRESH, FIRST, installer=INSTALLER),
        planned("library-03", intel(shown(BEFORE)), CHANGED, group=INTEL),
        unreached("library-04", "192.0.2.41:22 refused the connection"),
    ],
    "nothing-to-do": [
        planned("studio-01", shown(FIRST), FIRST),
        planned("studio-02", shown(FIRST), FIRST),
    ],
    "all-that-may-stand-in-the-way": [
        planned("foreign", mac(prefix_state="foreign"), FIRST),
        planned("full", replace(FRESH, free=10**7), FIRST, installer=INSTALLER),
        planned("intel-base", mac(prefix_arch="x86_64"), FIRST),
        planned("by-hand", mac(links={"torch": None}), FIRST),
        planned("wish", FRESH, refusals=("torch: PyTorch's MPS is not for Intel Macs.",)),
        unreached("asleep", "the connection to 192.0.2.7:22 was not answered\n  Wake it."),
    ],
    "what-is-mended": [
        planned("half", replace(FRESH, prefix_state="half"), FIRST, installer=INSTALLER),
        planned("another", replace(shown(FIRST), prefix_ours=OURS), FIRST, installer=INSTALLER),
        planned("link", mac(built(FIRST)), FIRST),
        planned("hands", shown(FIRST, dists=built(FIRST).dists[:-1]), FIRST),
        planned("noted", shown(FIRST), FIRST, warnings=("its shell runs under Rosetta",)),
    ],
    "a-hostile-mac": [
        planned(
            HOSTILE,
            shown(
                FIRST,
                conda=(replace(built(FIRST).conda[0], version="3\x1b]0;owned\x07"),),
                stamp=None,
            ),
            FIRST,
            warnings=("it says \x1b[31mred\x9b and \u2066turns\u2069 round",),
        )
    ],
}


def result(one: MacPlan, state="in_order", **more):
    return replace(one, state=state, **more)


FIRST_PLAN = PLANS["a-first-plan"]
PROOFS = (("torch", "proved: python 3.12.13 arm64, torch 2.15.0, MPS works"),)
RESULTS = {
    "done": [
        result(FIRST_PLAN[0], seconds=71.2, proofs=PROOFS),
        result(FIRST_PLAN[1], seconds=68.9, proofs=PROOFS),
        result(
            FIRST_PLAN[2],
            "failed",
            seconds=12.3,
            reason="the connection to library-03:22 was lost\n  The same command again goes on.",
        ),
        FIRST_PLAN[3],
    ],
    "mended": [
        result(one, seconds=9.0, proofs=PROOFS if one.steps else ())
        for one in PLANS["what-is-mended"]
    ],
}

CHOICES = {
    "chosen": NEW,
    "chosen-nightly": replace(NEW, packages={"torch": None}, notes=("A note.",)),
    "refused": Refusal("PyTorch's MPS is not for Intel Macs.", "Write `backend: cpu`."),
}


def printed(lines, width=None, *, color=False):
    """Return what a pipe gets, or a terminal of some width."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or 200,
        force_terminal=width is not None,
        color_system="standard" if color else None,
        highlight=False,
        soft_wrap=True,
    )
    for line in lines:
        for part in folded(line, console):
            console.print(part)
    return out.getvalue()


@pytest.fixture
def told(request):
    """Return what compares a text with its story, or renews it."""

    def compare(name, text):
        path = STORIES / f"{name}.txt"
        if request.config.getoption("renew"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_told(told, name):
    """As a pipe gets it: whole lines, no colours."""
    told(name, printed(plan_lines(Plan(tuple(PLANS[name])))))


def test_a_plan_is_told_in_full(told):
    """Every package, and why this PyTorch."""
    told("in-full", printed(plan_lines(Plan(tuple(FIRST_PLAN)), full=True)))


def test_a_plan_fits_a_narrow_terminal(told):
    """What is too long is broken between words, and hangs below its own column."""
    names = ("a-first-plan", "all-that-may-stand-in-the-way")
    plan = Plan(tuple(one for name in names for one in PLANS[name]))
    text = printed(plan_lines(plan), 72)
    told("narrow", text)
    assert max(map(len, text.splitlines())) <= 72


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_told_in_the_past_tense(told, name):
    """What was done and proved, how long it took, and how far it came where it failed."""
    told(name, printed(result_lines(Plan(tuple(RESULTS[name])))))


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_told(told, name):
    """What, from where, and why; or why not, and what to write instead."""
    told(name, printed(choice_lines(CHOICES[name])))


def test_a_step_alone_is_what_pyinfras_diff_shows():
    """The lines of a step are those that a plan has of it."""
    (_, environment) = FIRST_PLAN[0].steps
    inside = printed(plan_lines(Plan((FIRST_PLAN[0],))))
    assert printed(step_lines(environment)) in inside


def test_colours_are_for_terminals_and_say_nothing_more():
    """With its colours taken off, a terminal's text is a pipe's."""
    lines = list(plan_lines(Plan(tuple(FIRST_PLAN))))
    colored = printed(lines, 200, color=True)
    assert "\x1b[32m+\x1b[0m" in colored
    assert Text.from_ansi(colored).plain.rstrip("\n") == printed(lines).rstrip("\n")


@pytest.mark.parametrize("full", [True, False])
def test_nothing_that_came_from_a_mac_speaks_to_a_terminal(full):
    """Escape sequences, C1 controls and bidi marks are written out."""
    plan = Plan(tuple(PLANS["a-hostile-mac"]))
    for text in (
        printed(plan_lines(plan, full=full)),
        printed(result_lines(plan, full=full)),
        printed(step_lines(plan.macs[0].steps[0], full=full)),
    ):
        assert not [one for one in text if not one.isprintable() and one != "\n"]
    assert "studio-\\x1b[2J\\u202e01" in printed(plan_lines(plan))


def test_macs_of_which_the_same_would_be_shown_are_told_once():
    """Homes, addresses and times differ; what is done does not."""
    other = replace(FRESH, home="/Users/bea", prefix="/Users/bea/miniconda3")
    macs = (FIRST_PLAN[0], planned("studio-02", other, FIRST, installer=INSTALLER))
    assert macs[0].steps[0].path.startswith(HOME)
    assert "2 Macs · studio-01 studio-02 ·" in printed(plan_lines(Plan(macs)))
    done = [result(one, seconds=seconds) for one, seconds in zip(macs, (61, 180), strict=True)]
    assert "· 1 min 1 s to 3 min 0 s" in printed(result_lines(Plan(tuple(done))))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_499, "999 kB"), (214e6, "214 MB")],
)
def test_sizes_are_written_as_disks_are_labelled(count, text):
    """In powers of ten."""
    assert size(int(count)) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s")])
def test_durations_are_minutes_and_seconds(seconds, text):
    """Rounded."""
    assert duration(seconds) == text


@given(st.text(alphabet="ab  \u4e2d-", max_size=300), st.integers(30, 120))
def test_no_word_is_lost_where_a_line_is_broken(text, width):
    """Whatever its words, and however narrow the terminal."""
    broken = printed([Text(f"      {text}")], width)
    assert "".join(broken.split()) == "".join(text.split())


def test_a_pipe_gets_a_long_line_whole():
    """A program that reads line by line is not told a line in two."""
    assert printed([Text("x " * 300)]).count("\n") == 1


def test_a_step_without_packages_is_told():
    """An environment of which nothing is known but its reason."""
    step = Step("environment", "repair", "torch", "its stamp is gone", "/x")
    assert "its stamp is gone" in printed(step_lines(step))
