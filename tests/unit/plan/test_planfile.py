"""A plan in a file is read back as it was saved, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from locked import INSTALLER, built, lock, mac, package, shown, wheel
from profiles import examples

from torchard.errors import TorchardError
from torchard.lab.model import MacHost
from torchard.plan.codec import document, dumps, to_data
from torchard.plan.plan import Plan, plan_mac, unreachable
from torchard.plan.planfile import PlanFileError, is_plan, read, read_saved, save
from torchard.plan.result import Result, report_skipped
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")])
OLD = lock([package("python", "3.12.13")], [wheel("torch", "2.2.1")])


def planned(name, state):
    return plan_mac(Target(MacHost(name), state, installer=INSTALLER, locks={"torch": LOCK}))


PLAN = Plan(
    (
        planned("studio-01", shown(OLD)),
        planned("studio-02", shown(LOCK)),
        planned("bare", mac(prefix_state="absent")),
        planned("by-hand", mac(links={"torch": None})),
        unreachable("library-04", "it is off"),
    ),
    frozenset({LOCK.wheels[0].sha256}),
)


@pytest.fixture
def lab(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text("macs: {}\n", encoding="utf-8")
    return path


@pytest.fixture
def saved(tmp_path, lab):
    """The file of a plan."""
    path = tmp_path / "plan.json"
    save(PLAN, lab, path)
    return path


def edited(path, change):
    """Let somebody edit a plan."""
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data, indent=2), encoding="utf-8")
    return path


def why(path):
    with pytest.raises(PlanFileError) as refused:
        read(path)
    return str(refused.value)


def test_a_plan_is_read_back_as_it_was(saved, lab):
    """With what it rests on, and for which lab and when it was made."""
    found = read(saved)
    assert found.plan == PLAN
    assert found.lab == lab
    assert found.date.endswith(" UTC")
    assert found.plan.summary.exit_code == PLAN.summary.exit_code == 3


def test_a_plan_is_recognized_by_its_name_or_its_beginning(saved, lab, tmp_path):
    """A lab file is not a plan, even if it is written as JSON."""
    assert is_plan(saved)
    assert is_plan(saved.rename(tmp_path / "plan"))
    assert not is_plan(lab)
    lab.write_text('{"macs": {}}\n', encoding="utf-8")
    assert not is_plan(lab)
    assert not is_plan(tmp_path / "nowhere.yaml")


def test_nothing_but_a_plan_is_written_over(saved, lab, tmp_path):
    """A slip of the finger costs nobody a lab file."""
    save(PLAN, lab, saved)
    for path, says in ((lab, "exists and is not a plan"), (tmp_path, "is not a file")):
        with pytest.raises(TorchardError, match=says):
            save(PLAN, lab, path)
    assert lab.read_text(encoding="utf-8") == "macs: {}\n"
    with pytest.raises(TorchardError, match="cannot be written: its folder does not exist"):
        save(PLAN, lab, tmp_path / "nowhere" / "plan.json")
    assert {one.name for one in tmp_path.iterdir()} == {"lab.yaml", "plan.json"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data["macs"]["bare"].update(macos="14.0"), "the plan of bare was edited"),
        (lambda data: data["macs"]["bare"]["steps"].pop(), "the plan of bare was edited"),
        (lambda data: data["macs"].pop("bare"), "the plan of bare was edited"),
        (
            lambda data: data["saved"]["preconditions"]["bare"][0].update(value="x"),
            "the plan of bare was",
        ),
        (lambda data: data["saved"].update(lab="/etc/lab.yaml"), "its head or its summary was"),
        (lambda data: data["summary"].update(change=0), "its head or its summary was edited"),
        (lambda data: data["saved"].pop("seals"), "its head or its summary was edited"),
        (lambda data: data.update(saved=1), "its head or its summary was edited"),
        (lambda data: data.update(format=1), "its format is 1, and this version of Torchard reads"),
        (lambda data: data.update(format=True), "its format is true, and"),
        (lambda data: data.pop("macs"), "this is JSON, but not a plan"),
    ],
)
def test_a_plan_that_was_edited_is_refused_with_what_was(saved, change, says):
    """To change a plan, plan again."""
    assert says in why(edited(saved, change))
    assert "Plan again" in why(saved)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150))
@given(st.data())
def test_no_byte_can_be_changed_and_no_tail_cut_off(saved, data):
    """Either it is refused, or it says the very same in other white space."""
    whole = saved.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    with_one = whole[:at] + data.draw(st.binary(max_size=2)) + whole[at + 1 :]
    for content in (with_one, whole[:at]):
        saved.write_bytes(content)
        try:
            assert read(saved).plan == PLAN
        except PlanFileError as refused:
            assert "Plan again" in str(refused)  # noqa: PT017
    saved.write_bytes(whole)


@pytest.mark.parametrize("content", [b"[" * 10**5, b"null", b"[]", b"{}", b"\xff", b""])
def test_what_is_not_a_plan_is_an_error(tmp_path, content):
    """Whatever it is."""
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    assert str(path) in why(path)


def test_the_error_says_where_it_was_cut_off(saved):
    """As a place that an editor goes to."""
    saved.write_text(saved.read_text(encoding="utf-8")[:100], encoding="utf-8")
    assert f"{saved}:7:" in why(saved)


def test_what_json_printed_can_be_shown_and_not_applied(tmp_path):
    """Results as well."""
    path = tmp_path / "results.json"
    result = Result(tuple(map(report_skipped, PLAN.macs)))
    for made in (replace(PLAN, in_depot=frozenset()), result):
        path.write_text(dumps(document(made)), encoding="utf-8")
        assert document(read(path)) == document(made)
        with pytest.raises(PlanFileError, match="too little to be applied"):
            read_saved(path)
    data = to_data(document(PLAN))
    path.write_text(json.dumps({**data, "more": 1}), encoding="utf-8")
    assert "this is not a plan of Torchard: Object contains unknown field `more`" in why(path)
    data["macs"]["bare"]["steps"][0]["more"] = 1
    path.write_text(json.dumps(data), encoding="utf-8")
    assert "this is not a plan of Torchard: it has unknown fields" in why(path)


def test_a_plan_is_for_its_own_lab(saved, lab, tmp_path, monkeypatch):
    """Whatever TORCHARD_LAB says; and not for one that is gone."""
    monkeypatch.delenv("TORCHARD_LAB", raising=False)
    assert read_saved(saved).lab == lab
    monkeypatch.setenv("TORCHARD_LAB", str(lab))
    assert read_saved(saved).lab == lab
    monkeypatch.setenv("TORCHARD_LAB", str(tmp_path / "other.yaml"))
    with pytest.raises(PlanFileError, match=r"the lab .*lab.yaml, and TORCHARD_LAB names .*other"):
        read_saved(saved)
    monkeypatch.delenv("TORCHARD_LAB")
    lab.unlink()
    with pytest.raises(PlanFileError, match="does not exist"):
        read_saved(saved)


def test_what_a_mac_has_already_does_not_change_what_a_plan_does():
    """Two plans of one Mac, before and after its packages were pushed, make the same of it."""
    held = {LOCK.wheels[0].sha256: LOCK.wheels[0].size}
    one, other = planned("a", shown(OLD)), planned("a", replace(shown(OLD), depot=held))
    assert one.steps != other.steps
    assert one.preconditions == other.preconditions
    assert built(LOCK).path in one.steps[0].path
