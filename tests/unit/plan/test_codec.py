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
from stories import PLANS, on_screen, planned, results

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.variant import Refusal
from torchard.lab.model import Request
from torchard.plan.codec import choice_data, dumps, plan_data, read_plan
from torchard.plan.plan import Plan, unreachable
from torchard.render.text import plan_lines, result_lines
from torchard.resources import resource

SCHEMA = json.loads(resource("schemas/plan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
STORIES = {**PLANS, "results": results}


def told(plan):
    """Return a plan as whoever reads the JSON has it; only ASCII goes out."""
    text = dumps(plan_data(plan))
    assert text.isascii()
    return json.loads(text)


@pytest.mark.parametrize("story", STORIES)
def test_every_story_holds_to_the_schema(story):
    """Each Mac is there under its name, in the order of the lab."""
    plan = STORIES[story]()
    data = told(plan)
    VALIDATOR.validate(data)
    assert list(data["macs"]) == [mac.name for mac in plan.macs]


@settings(max_examples=60)
@given(plans())
def test_every_plan_holds_to_the_schema_and_agrees_with_the_text(plan):
    """The states are counted alike, every Mac is named in one block, and no text is raw."""
    data = told(plan)
    VALIDATOR.validate(data)
    states = [mac["state"] for mac in data["macs"].values()]
    for state in ("change", "up_to_date", "unreachable", "blocked", "failed"):
        assert data["summary"][state] == states.count(state)
    for lines in (plan_lines(plan, full=True), result_lines(plan)):
        text = [line.plain for line in lines]
        assert all(line.isprintable() for line in text)
        numbers = [re.match(r"(\d+) Macs? ", line) for line in text]
        assert sum(int(found[1]) for found in numbers if found) == len(plan.macs)
    last = on_screen(plan_lines(plan), 200).splitlines()[-1]
    assert re.match(r"Plan: (\d+) Macs? to change, (\d+) up to date", last).groups() == (
        *(str(states.count("change")), str(states.count("up_to_date"))),
    )


@settings(max_examples=60)
@given(plans())
def test_a_plan_is_read_back_from_its_json_as_it_was(plan):
    """Only what a saved plan keeps besides is not in it."""
    assert read_plan(json.loads(json.dumps(plan_data(plan)))) == plan


def test_a_package_is_told_with_all_that_a_plan_knows_of_it():
    """As the design of the format has it; null where there was, or will be, none."""
    data = told(PLANS["update"]())
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


def test_results_are_told_with_their_verifications_and_seconds():
    """Which a plan does not have."""
    data = told(results())
    assert data["macs"]["studio-01"]["seconds"] == 61.4
    assert data["macs"]["studio-01"]["verification"] == {
        "torch": "python 3.12.13, torch 2.15.0, MPS computes"
    }
    assert not {"seconds", "verification"} & told(PLANS["first"]())["macs"]["studio-01"].keys()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.update(format=2),
        lambda data: data["macs"]["a"].update(state="unknown"),
        lambda data: data["macs"]["a"].update(reason=None),
        lambda data: data["macs"]["a"].update(extra=1),
        lambda data: data["macs"]["a"].pop("steps"),
        lambda data: data["summary"].update(unreachable=-1),
    ],
)
def test_the_schema_refuses_what_is_no_plan(spoil):
    """Another format, an unknown state, a Mac left alone for no reason, a key too many or few."""
    data = told(Plan((unreachable("a", "it is off"),)))
    VALIDATOR.validate(data)
    spoil(data)
    assert not VALIDATOR.is_valid(data)


def test_every_part_of_the_schema_is_explained():
    """Each property of each part has a description, and each part a title; examples fit."""
    Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        VALIDATOR.validate(example)
    for name, part in [("the plan", SCHEMA), *SCHEMA["$defs"].items()]:
        assert {"title", "description"} <= part.keys(), name
        for key, said in part.get("properties", {}).items():
            assert said.get("description"), f"{name}.{key}"


def test_a_choice_is_told_as_variant_or_refusal():
    """In the same words as the text."""
    variant = choose(Request("3.12"), CLASS, load_catalog())
    assert json.loads(dumps(choice_data(variant))) == {
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
    assert choice_data(Refusal("Not here.", "Go there.")) == {
        "format": 1,
        "refusal": {"reason": "Not here.", "instead": "Go there."},
    }


def test_a_mac_of_an_unknown_processor_is_told_too():
    """It is refused for that; what it said of itself is passed on."""
    plan = Plan((planned("old", mac(arch="ppc"), blockers=("its processor is ppc",)),))
    data = told(plan)
    VALIDATOR.validate(data)
    assert data["macs"]["old"]["arch"] == "ppc"


def test_a_plan_is_told_key_by_key(golden):
    """As `golden/told.json` has it; seconds to a tenth."""
    old, new = (
        lock([package("python", "3.12.13")], [wheel("torch", version)])
        for version in ("2.2.1", "2.2.2")
    )
    one = planned("studio-01", shown(old), new, warnings=("look",))
    plan = Plan((replace(one, seconds=61.44, verifications=(("torch", "computes"),)),))
    golden("told.json", f"{dumps(plan_data(plan))}\n")
