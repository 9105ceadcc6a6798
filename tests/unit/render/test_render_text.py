"""What a person reads of a plan, word for word; `pytest tests/unit/render --renew` writes it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from locked import CLASS, lock, mac, package, wheel
from msgspec.structs import replace as struct_replace
from rich.text import Text
from stories import ESCAPE, LOCK, PLANS, all_done, on_screen, planned, results, standing

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Refusal
from torchard.lab.model import Request
from torchard.plan.codec import to_data
from torchard.plan.diff import PackageChange
from torchard.plan.forecast import Forecast
from torchard.plan.plan import Plan
from torchard.plan.result import MacResult, Result, report_skipped
from torchard.render.changes import step_lines
from torchard.render.status import status_document, status_lines
from torchard.render.text import choice_lines, forecast_lines, plan_lines, result_lines
from torchard.render.words import duration, size

GOLDEN = Path(__file__).parent / "golden"
STORIES = {name: (make, plan_lines) for name, make in PLANS.items()}
STORIES["results"] = (results, result_lines)
STORIES["standing"] = (standing, lambda text, **said: status_lines(*text, **said))
COLORS = re.compile(r"\x1b\[[0-9;]*m")
every_story = pytest.mark.parametrize("story", STORIES)


def finish(plans):
    """Return a result that has these plans of Macs, with nothing done."""
    return Result(tuple(map(report_skipped, plans)))


def lines_of(story, **said):
    make, show = STORIES[story]
    return list(show(make(), **said))


@every_story
def test_a_story_reads_as_it_is_written_down(story, golden):
    """On a terminal of 60 columns, of 80, and of 120."""
    screens = (f"── {n} columns ──\n{on_screen(lines_of(story), n)}" for n in (60, 80, 120))
    golden(f"{story}.txt", "\n".join(screens))


def test_each_golden_file_is_a_story():
    """None is left behind by a story that was removed."""
    golden = {one.stem for one in GOLDEN.iterdir() if not one.stem.startswith("explain-")}
    assert golden == {
        *STORIES,
        "update-in-colour",
        "update-full",
    }


def test_signs_and_headings_are_coloured(golden):
    """What comes is green, what changes yellow, what goes red, what stays dim."""
    shown = on_screen(lines_of("update"), 80, color="standard")
    golden("update-in-colour.txt", shown.replace("\x1b", "␛"))


def test_a_full_plan_names_every_package(golden):
    """Nothing is left out, and no count of more is given."""
    shown = on_screen(lines_of("update", full=True), 120)
    assert " more" not in shown
    golden("update-full.txt", shown)


@every_story
@pytest.mark.parametrize("width", [80, 120])
def test_colour_adds_nothing_but_colour(story, width):
    """Without colour, the text is the same."""
    coloured = on_screen(lines_of(story), width, color="truecolor")
    assert COLORS.sub("", coloured) == on_screen(lines_of(story), width)


@every_story
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(story):
    """Lines are broken between words; a pipe gets each of them whole."""
    whole = on_screen(lines_of(story), 80, terminal=False)
    assert whole == "".join(f"{line.plain}\n" for line in lines_of(story))
    for width in (40, 80, 120):
        screen = on_screen(lines_of(story), width)
        assert max(map(len, screen.splitlines())) <= width
        assert not re.search(r" $", screen, re.MULTILINE)
        assert "".join(screen.split()) == "".join(whole.split())


def test_a_terminal_too_narrow_to_hang_anything_gets_whole_lines():
    """It folds them as it does any others."""
    line = Text("  + torch       61 packages, 214 MB")
    assert on_screen([line], 20) == f"{line.plain}\n"


def test_nothing_from_a_mac_moves_the_cursor():
    """Escapes, bidi marks and line breaks are written out; nobody forges a line of the plan."""
    text = on_screen(lines_of("hostile"), 120)
    assert not {one for one in text if not one.isprintable()} - {"\n"}
    assert text.count("\nPlan: ") == 1
    assert r"\x1b]0;owned\x07\x1b[2J\u202e" in text
    last = lines_of("hostile")[-1].plain
    assert last.startswith("Plan: 1 Mac to change, 0 up to date, 1 unreachable, 1 blocked.")


def test_a_step_alone_is_sanitized_too():
    """It is what `pyinfra --diff` shows."""
    (step, *_) = PLANS["hostile"]().macs[0].steps
    assert ESCAPE not in "".join(line.plain for line in step_lines(step))
    long = replace(step, environment="thesis-2026-spring")
    assert next(step_lines(long)).plain.startswith("  ~ thesis-2026-spring 9 kept")


@pytest.mark.parametrize("mac_class", [CLASS, MacClass("osx-64", "12.0")], ids=["arm64", "x86_64"])
@pytest.mark.parametrize("source", ["wheels", "conda-forge", "pytorch-channel"])
def test_a_plan_says_which_pytorch_and_what_was_given_up(source, mac_class):
    """In the same words, whether it comes as wheels or from a channel: version, source, MPS."""
    variant = choose(Request("3.12", source=source), mac_class, load_catalog())
    name, version = next(iter(variant.packages.items()))
    torch = [wheel(name, version)] if variant.is_from_wheels else [package(name, version)]
    locked = lock(*([[], torch] if variant.is_from_wheels else [torch]), variant=variant)
    shown = on_screen(plan_lines(Plan((planned("a", mac(), locked),))), 80, terminal=False)
    (line,) = re.findall(rf"^      \+ {name} .*$", shown, re.MULTILINE)
    where = (
        "wheel" if variant.is_from_wheels else "conda-forge"
    )  # the channel of every made package
    mps = ", MPS expected" if mac_class == CLASS else ""
    assert line.split(maxsplit=3)[2:] == [version, f"{where}{mps}"]
    for said in (variant.reason, *variant.notes):
        assert f"      {said}\n" in shown
    if not mps:
        assert "computes on the processor alone" in shown


def test_a_choice_has_its_reason():
    """On standard output of `torchard choose`."""
    answer = choose(Request("3.12"), MacClass("osx-64", "12.0"), load_catalog())
    text = [line.plain for line in choice_lines(answer)]
    torch, *_ = answer.packages.items()
    assert text[0].startswith(f"{torch[0]} {torch[1]} · ")
    assert text[1] == "  from wheels, for python 3.12, CPU"
    assert text[2:] == [
        *(f"  {one}" for one in (answer.reason,)),
        *(f"  with {one}" for one in answer.constraints),
        *(f"  {one}" for one in answer.notes),
    ]
    refusal = [line.plain for line in choice_lines(Refusal("Not here.", "Go there."))]
    assert refusal == ["Not here.", "  Go there."]


@pytest.mark.parametrize(
    ("forecast", "lines"),
    [
        (
            Forecast({"einops": "0.8.2"}, "3.12.7", 30, 12, 9, notes=("einops is old\x1b",)),
            [
                "einops 0.8.2",
                "  12 wheels in all; conda brings python 3.12.7 and 29 other packages",
                "  einops is old\\x1b.",
            ],
        ),
        (
            Forecast({}, "3.12", 0, 12, 9, unread="No channel answers"),
            [
                "This Mac needs none of these packages.",
                "  12 wheels in all; assuming the newest python 3.12 and nothing else from conda",
                "  No channel answers.",
            ],
        ),
    ],
)
def test_a_forecast_has_versions_and_what_it_rests_on(forecast, lines):
    """The last line says what it does not know."""
    *found, last = [line.plain for line in forecast_lines(forecast)]
    assert found == lines
    assert "no wheel was fetched" in last


def test_a_forecast_that_is_refused_has_its_reason():
    """In the lines of a solver, as far as a terminal does not interpret them."""
    found = [line.plain for line in forecast_lines(Refusal("None:\n  \x1b[1m", "Go there."))]
    assert found == ["No lock is possible: None:\n  \\x1b[1m", "  Go there."]


def test_a_nightly_is_the_newest_there_is():
    """Its version is not known before it is locked."""
    answer = choose(Request("3.12", release="nightly"), CLASS, load_catalog())
    first, second, *_ = [line.plain for line in choice_lines(answer)]
    assert first.startswith("torch newest · torchvision newest")
    assert second.endswith(", MPS expected")


def heads(plan, show=plan_lines):
    """Return the first line of each block."""
    return [line.plain for line in show(plan) if line.style == "bold"]


def test_macs_with_the_same_lines_are_one_block():
    """What they hold of it already may differ."""
    held = {LOCK.wheels[0].sha256: LOCK.wheels[0].size}
    macs = (planned("a", mac(), LOCK), planned("b", mac(depot=held), LOCK))
    assert macs[0] != replace(macs[1], name="a")
    assert heads(Plan(macs)) == ["2 Macs · a b · arm64 · macOS 15.1"]


@pytest.mark.parametrize(("show", "report"), [(plan_lines, Plan), (result_lines, finish)])
@pytest.mark.parametrize(
    "differs",
    [
        lambda one: replace(one, macos="14.2"),
        lambda one: replace(one, arch="x86_64"),
        lambda one: replace(one, state="failed", reason="x"),
        lambda one: replace(one, warnings=("look",)),
    ],
)
def test_macs_with_any_other_line_are_two_blocks(differs, show, report):
    """Nobody reads of one what is true of the other."""
    one = planned("a", mac(), LOCK)
    assert len(heads(report((one, replace(differs(one), name="b"))), show)) == 2


@pytest.mark.parametrize(
    "differs",
    [
        lambda step: replace(step, reason="x"),
        lambda step: replace(step, notes=("x",)),
        lambda step: replace(step, action="create"),
        lambda step: replace(step, kept=step.kept + 1),
        lambda step: replace(step, packages=(struct_replace(step.packages[0], source="x"),)),
        lambda step: replace(step, packages=(struct_replace(step.packages[0], note="x"),)),
        lambda step: replace(step, packages=(struct_replace(step.packages[0], after="x"),)),
    ],
)
def test_macs_with_another_step_are_two_blocks(differs):
    """Down to the source and the note of a package."""
    one = planned("a", mac(), lock([package("python")]))
    step = replace(one.steps[0], action="repair")
    one = replace(one, steps=(step,))
    other = replace(one, name="b", steps=(differs(step),))
    assert len(heads(Plan((one, other)))) == 2


@pytest.mark.parametrize(("count", "listed", "more"), [(12, 12, ""), (13, 13, ""), (14, 12, "2")])
def test_a_long_list_is_cut_and_says_how_much_is_left_out(count, listed, more):
    """Not for a single one, which takes the very line."""
    locked = lock([package(f"p{number}") for number in range(count)], variant=None, specs=("a",))
    text = on_screen(plan_lines(Plan((planned("a", mac(), locked),))), 80)
    assert len(re.findall(r"^      \+ p", text, re.MULTILINE)) == listed
    assert "".join(re.findall("… (.*) more", text)) == more


def test_results_of_macs_that_did_the_same_are_one_block_with_both_times():
    """The shortest and the longest."""
    macs = [MacResult(name, "up_to_date", seconds=s) for name, s in [("a", 5), ("b", 9), ("c", 7)]]
    assert next(result_lines(Result(tuple(macs)))).plain == "3 Macs · a b c · 5 s to 9 s"


def test_what_is_still_to_be_done_is_listed_for_each_mac():
    """Two that only agree in how much it is are two blocks, and so are a new one and a repair."""
    locks = [lock([package("python")], [wheel("torch", version)]) for version in ("2.1", "2.2")]
    macs = [report_skipped(planned(f"mac-{one.digest}", mac(), one)) for one in locks]
    assert len(heads(Result(tuple(macs)), result_lines)) == 2
    one = all_done(planned("a", mac(), locks[0]), None, ())
    repaired = replace(one, name="b", steps=(replace(one.steps[0], action="repair"),))
    assert len(heads(Result((one, repaired)), result_lines)) == 2
    verified = replace(one, name="b", verifications=(("torch", "computes"),))
    assert len(heads(Result((one, verified)), result_lines)) == 2


def test_a_mac_that_failed_says_how_far_it_came():
    """What was done, where it failed, and what was not started; Macs alike are one block."""
    failed = results().macs[2]
    later = replace(failed.steps[1], environment="vision", outcome="not_started")
    failed = replace(failed, steps=(*failed.steps, later))
    text = [line.plain for line in result_lines(Result((failed, replace(failed, name="b"))))]
    assert text[0].startswith("2 Macs · library-03 b")
    assert [line.split()[:3] for line in text[1:5]] == [
        ["+", "miniconda", "26.5.3-1"],
        ["!", "torch", "failed:"],
        ["RuntimeError:", "MPS", "expected,"],
        ["vision", "not", "started"],
    ]


@pytest.mark.parametrize(("count", "shown"), [(8, "a8 · arm64"), (9, "a7 … 2 more · arm64")])
def test_no_more_macs_are_named_than_are_read(count, shown):
    """All of them with --full."""
    plan = Plan(tuple(planned(f"a{n}", mac(), LOCK) for n in range(1, count + 1)))
    assert shown in heads(plan)[0]
    assert f"a{count} · arm64" in next(plan_lines(plan, full=True)).plain


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        ("2.14.1", "2.14.2", "2.14."),
        ("2.14.1", "2.15.0", "2."),
        ("3.12=h0_0", "3.12=h1_0", "3.12="),
        ("1", "2", ""),
        ("2025.1", "2025.10", "2025."),
    ],
)
def test_what_two_versions_have_in_common_is_dim(before, after, equal):
    """Down to a separator, in both."""
    change = PackageChange("update", "numpy", before, after, "wheel")
    step = replace(planned("a", mac(), LOCK).steps[0], packages=(change,), notes=())
    line = list(step_lines(step))[-1]
    dim = [line.plain[span.start : span.end] for span in line.spans if span.style == "dim"]
    assert [one for one in dim if one] == ([equal, equal] if equal else [])


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_999, "1000 kB"), (10**9, "1000 MB")],
)
def test_sizes_are_labelled_as_disks_and_downloads_are(count, text):
    """In powers of ten."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (61, "1 min 1 s")]
)
def test_durations_are_written_in_minutes_and_seconds(seconds, text):
    """Rounded before they are split."""
    assert duration(seconds) == text


def test_a_status_is_short_unless_all_is_asked_for():
    """Twelve packages that changed, and how many more; in full, all of them."""
    plan, found = standing()
    (base, torch, *rest) = found["studio-03"]
    many = tuple(PackageChange("add", f"p{n}", None, "1", "pip") for n in range(20))
    text = {**found, "studio-03": (base, replace(torch, packages=many), *rest)}
    short = "\n".join(line.plain for line in status_lines(plan, text))
    assert "p11" in short
    assert "p12" not in short
    assert "          … 8 more" in short
    full = "\n".join(line.plain for line in status_lines(plan, text, full=True))
    assert "p19" in full


def test_a_status_as_json_has_its_plan_and_its_environments():
    """A Mac that was not read has none; what an apply would do is the plan's."""
    plan, found = standing()
    data = to_data(status_document(plan, found))
    assert data["macs"].keys() - data["status"].keys() == {"studio-07"}
    rows = {one["environment"]: one for one in data["status"]["studio-03"]}
    assert {name: (one["since"], one["apply"]) for name, one in rows.items()} == {
        None: ("modified", None),
        "torch": ("modified", "update"),
        "old-env": ("same", "remove"),
        "thesis-2026-spring": ("unknown", None),
    }
