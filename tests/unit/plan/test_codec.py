"""A plan as JSON holds to its schema, and says what the text says."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from locked import CLASS, lock, mac, package, shown, wheel
from made import plans
from made import results as any_results
from msgspec import ValidationError
from profiles import examples
from stories import PLANS, on_screen, planned, results, standing

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.variant import Refusal
from torchard.json_schema import make_schema
from torchard.lab.model import Request
from torchard.plan.codec import (
    Document,
    choice_document,
    document,
    dumps,
    read_document,
    read_plan,
    to_data,
)
from torchard.plan.plan import Plan, unreachable
from torchard.plan.result import MacRun, Result, report_mac, report_verification
from torchard.render.status import status_document
from torchard.render.text import plan_lines, result_lines
from torchard.resources import find_resource

SCHEMA = json.loads(find_resource("schemas/plan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
STORIES = {**PLANS, "results": results}
LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")])


def parse_json(made):
    """Return a plan or a result as a program reads its JSON; only ASCII goes out."""
    text = dumps(document(made))
    assert text.isascii()
    return json.loads(text)


@pytest.mark.parametrize("story", STORIES)
def test_every_story_holds_to_the_schema(story):
    """Each Mac is there under its name, in the order of the lab."""
    plan = STORIES[story]()
    data = parse_json(plan)
    VALIDATOR.validate(data)
    assert (data["format"], data["kind"]) == (2, "result" if story == "results" else "plan")
    assert list(data["macs"]) == [mac.name for mac in plan.macs]


def test_a_status_and_a_verification_hold_to_the_schema():
    """Each says what it is. A status is read back as it was, and has a plan in it."""
    plan, found = standing()
    data = to_data(status_document(plan, found))
    VALIDATOR.validate(data)
    assert data["kind"] == "status"
    assert to_data(read_document(data)) == data
    assert document(read_plan(read_document(data))) == document(plan)
    mac = report_verification(plan.macs[0], [("torch", "computes")], [])
    data = parse_json(Result((mac,), "verification"))
    VALIDATOR.validate(data)
    assert data["kind"] == "verification"
    assert data["macs"][mac.name]["verifications"] == {"torch": "computes"}


@settings(max_examples=examples(60))
@given(plans(), any_results())
def test_every_plan_and_result_holds_to_the_schema_and_agrees_with_the_text(plan, result):
    """The states are counted alike, every Mac is named in one block, and no text is raw."""
    for made, show in ((plan, plan_lines), (result, result_lines)):
        data = parse_json(made)
        VALIDATOR.validate(data)
        states = [mac["state"] for mac in data["macs"].values()]
        for state in ("change", "up_to_date", "unreachable", "blocked", "failed"):
            assert data["summary"][state] == states.count(state)
        text = [line.plain for line in show(made, full=True)]
        assert all(line.isprintable() for line in text)
        numbers = [re.match(r"(\d+) Macs? ", line) for line in text]
        assert sum(int(found[1]) for found in numbers if found) == len(made.macs)
    states = [mac.state for mac in plan.macs]
    last = on_screen(plan_lines(plan), 200).splitlines()[-1]
    assert re.match(r"Plan: (\d+) Macs? to change, (\d+) up to date", last).groups() == (
        *(str(states.count("change")), str(states.count("up_to_date"))),
    )


@settings(max_examples=examples(60))
@given(plans() | any_results())
def test_a_plan_or_a_result_is_read_back_from_its_json_as_it_was(made):
    """Only what a saved plan keeps besides is not in it."""
    assert read_document(parse_json(made)) == made


def test_a_field_that_has_a_default_may_be_missing():
    """So a saved plan stays readable if a later version of Torchard adds such a field."""
    plan = STORIES["first"]()
    data = parse_json(plan)
    steps = [step for mac in data["macs"].values() for step in mac["steps"]]
    assert steps
    for step in steps:
        if not step["moved"]:
            del step["moved"], step["left"]
    VALIDATOR.validate(data)
    assert document(read_document(data)) == document(plan)
    steps[0]["colour"] = "red"
    with pytest.raises(ValidationError, match="unknown fields"):
        read_document(data)


def test_every_step_of_a_result_says_what_became_of_it():
    """One that failed has the error; one that was not started says nothing else."""
    plan = planned("studio-01", mac(prefix_state="absent"), LOCK)
    miniconda, torch = (step.id for step in plan.steps)
    run = MacRun((miniconda,), (torch,), "pip failed", 3.0)
    data = parse_json(Result((report_mac(plan, run, "failed", "pip failed"),)))
    steps = data["macs"]["studio-01"]["steps"]
    assert [(one["outcome"], one["error"]) for one in steps] == [
        ("done", None),
        ("failed", "pip failed"),
    ]
    begun = parse_json(Result((report_mac(plan, MacRun(), "failed", "no disk"),)))
    steps = begun["macs"]["studio-01"]["steps"]
    assert [(one["outcome"], one["error"]) for one in steps] == [("not_started", None)] * 2


def test_a_package_has_all_that_a_plan_knows_of_it():
    """As the design of the format has it; null where there was, or will be, none."""
    data = parse_json(PLANS["update"]())
    torch, *_ = [
        one for one in data["macs"]["studio-01"]["steps"][0]["packages"] if one["name"] == "torch"
    ]
    assert torch == {
        "change": "update",
        "name": "torch",
        "from": "2.14.1",
        "to": "2.15.0",
        "source": "wheel",
        "bytes": 88_000_000,
        "sha256": torch["sha256"],
        "note": "MPS expected",
    }
    gone = data["macs"]["by-hand"]["steps"][0]["packages"][-1]
    assert (gone["change"], gone["to"]) == ("remove", None)
    held = data["macs"]["studio-02"]["steps"][0]["packages"]
    assert [one["bytes"] for one in held if one["name"] == "torch"] == [0]
    assert data["summary"]["fetch_bytes"] == 88_000_000 + 14_000_000 + 5_000_000 + 1_000_000


def test_a_result_has_verifications_and_seconds():
    """Which a plan does not have."""
    data = parse_json(results())
    assert data["macs"]["studio-01"]["seconds"] == 61.4
    assert data["macs"]["studio-01"]["verifications"] == {
        "torch": "python 3.12.13, torch 2.15.0, MPS computes"
    }
    assert (
        not {"seconds", "verifications"} & parse_json(PLANS["first"]())["macs"]["studio-01"].keys()
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.update(format=1),
        lambda data: data.update(kind="guess"),
        lambda data: data["macs"]["a"].update(state="unknown"),
        lambda data: data["macs"]["a"].update(state="failed"),
        lambda data: data["macs"]["a"].update(reason=None),
        lambda data: data["macs"]["a"].update(extra=1),
        lambda data: data["macs"]["a"].pop("steps"),
        lambda data: data["summary"].update(unreachable=-1),
    ],
)
def test_the_schema_rejects_what_is_not_a_plan(spoil):
    """Another format, an unknown state, a Mac left alone for no reason, a key too many or few.

    Nor can it be read.
    """
    data = parse_json(Plan((unreachable("a", "it is off"),)))
    VALIDATOR.validate(data)
    spoil(data)
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ValidationError):
        read_document(data)


def test_the_schema_is_that_of_the_types(schema_file):
    """With a plan and a result as examples."""
    examples = [parse_json(example_plan()), parse_json(example_result())]
    schema_file("plan", make_schema(Document, "plan", examples))


def test_a_choice_is_a_variant_or_a_refusal():
    """In the same words as the text."""
    variant = choose(Request("3.12"), CLASS, load_catalog())
    assert json.loads(dumps(choice_document(variant))) == {
        "format": 1,
        "variant": {
            "source": "wheels",
            "packages": dict(variant.packages),
            "constraints": [],
            "python": "3.12",
            "mps_expected": True,
            "reason": variant.reason,
            "notes": list(variant.notes),
        },
    }
    assert to_data(choice_document(Refusal("Not here.", "Go there."))) == {
        "format": 1,
        "refusal": {"reason": "Not here.", "instead": "Go there."},
    }


def test_a_mac_of_an_unknown_processor_is_in_the_plan():
    """It is refused for that; what it said of itself is passed on."""
    plan = Plan((planned("old", mac(arch="ppc"), blockers=("its processor is ppc",)),))
    data = parse_json(plan)
    VALIDATOR.validate(data)
    assert data["macs"]["old"]["arch"] == "ppc"


def example_plan():
    old, new = (
        lock([package("python", "3.12.13")], [wheel("torch", version)])
        for version in ("2.2.1", "2.2.2")
    )
    return Plan((planned("studio-01", shown(old), new, warnings=("look",)),))


def example_result():
    (plan,) = example_plan().macs
    run = MacRun(tuple(step.id for step in plan.steps), seconds=61.44)
    found = replace(report_mac(plan, run, "up_to_date"), verifications=(("torch", "computes"),))
    return Result((found,))


def test_a_plan_and_a_result_have_these_keys(golden):
    """As the golden files have it; seconds to a tenth."""
    golden("plan.json", f"{dumps(document(example_plan()))}\n")
    golden("result.json", f"{dumps(document(example_result()))}\n")
