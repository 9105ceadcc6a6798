"""A plan as JSON: what its schema says, whatever the plan, and the same as the plan itself."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchard.compare import PackageChange
from torchard.plan import MacPlan, Plan, Step
from torchard.render.data import choice_data, dumps, plan_data
from torchard.variant import Refusal, Variant

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
COUNT = st.integers(0, 2**53)
MAYBE = st.none() | st.text()
PACKAGES = st.builds(
    PackageChange,
    st.sampled_from(["add", "change", "remove"]),
    *(st.text(), MAYBE, MAYBE, st.text(), COUNT),
    sha256=st.none() | st.just("0" * 64),
    note=st.text(),
)
STEPS = st.builds(
    Step,
    kind=st.sampled_from(["miniconda", "environment"]),
    change=st.sampled_from(["add", "change", "repair", "show"]),
    environment=MAYBE,
    reason=st.text(),
    path=st.text(),
    packages=st.lists(PACKAGES, max_size=3).map(tuple),
    kept=COUNT,
    notes=st.lists(st.text(), max_size=2).map(tuple),
)
MACS = st.builds(
    MacPlan,
    name=st.text(),
    state=st.sampled_from(["in_order", "change", "unreached", "refused", "failed"]),
    mac_class=MAYBE,
    arch=st.sampled_from(["arm64", "x86_64", None]),
    macos=MAYBE,
    reason=MAYBE,
    steps=st.lists(STEPS, max_size=2).map(tuple),
    warnings=st.lists(st.text(), max_size=2).map(tuple),
    seconds=st.none() | st.floats(0, 1e6),
    proofs=st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
)
PLANS = st.lists(MACS, max_size=4, unique_by=lambda mac: mac.name).map(tuple).map(Plan)


@given(PLANS)
def test_every_plan_fits_the_schema(plan):
    """And is ASCII, so that it can be printed anywhere."""
    text = dumps(plan_data(plan))
    assert text.isascii()
    VALIDATOR.validate(json.loads(text))


@given(PLANS)
def test_nothing_of_a_plan_is_lost(plan):
    """Every Mac in its order, each step and package, and the counts that lead to the exit code."""
    data = json.loads(dumps(plan_data(plan)))
    assert list(data["macs"]) == [mac.name for mac in plan.macs]
    states = [mac["state"] for mac in data["macs"].values()]
    for state in ("in_order", "change", "unreached", "refused", "failed"):
        assert data["summary"][state] == states.count(state)
    for mac in plan.macs:
        steps = data["macs"][mac.name]["steps"]
        assert [(one["kind"], one["change"]) for one in steps] == [
            (one.kind, one.change) for one in mac.steps
        ]
        for found, step in zip(steps, mac.steps, strict=True):
            assert [
                (one["change"], one["name"], one["from"], one["to"], one["bytes"])
                for one in found["packages"]
            ] == [(one.change, one.name, one.before, one.after, one.bytes) for one in step.packages]


def test_what_the_schema_does_not_know_is_none_of_a_plan():
    """A key of another name, a state of another word: both would break who reads the JSON."""
    good = plan_data(Plan((MacPlan("a", "in_order"),)))
    VALIDATOR.validate(good)
    for bad in (
        {**good, "more": 1},
        {**good, "format": 2},
        {**good, "macs": {"a": {**good["macs"]["a"], "state": "fine"}}},
        {**good, "macs": {"a": {**good["macs"]["a"], "colour": "red"}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(bad)


def described(schema, path="$"):
    """Yield the path of each property that has no description of its own."""
    for name, one in schema.get("properties", {}).items():
        if "description" not in one:
            yield f"{path}.{name}"
        yield from described(one, f"{path}.{name}")
    for name, one in schema.get("$defs", {}).items():
        yield from described(one, f"{path}/{name}")


def test_every_property_of_the_schema_is_described():
    """Whoever writes a program against it needs no other page."""
    assert list(described(SCHEMA)) == []


def test_a_choice_is_a_variant_or_a_refusal():
    """A nightly's versions are null: they are known once it is locked."""
    variant = Variant(
        "wheels",
        {"torch": None},
        "3.12",
        mps_expected=True,
        reason="because",
        constraints=("numpy<2",),
        notes=("so",),
    )
    assert choice_data(variant) == {
        "format": 1,
        "variant": {
            "source": "wheels",
            "packages": {"torch": None},
            "constraints": ["numpy<2"],
            "python": "3.12",
            "mps_expected": True,
            "reason": "because",
            "notes": ["so"],
        },
    }
    assert choice_data(Refusal("no", "do")) == {
        "format": 1,
        "refusal": {"reason": "no", "instead": "do"},
    }
