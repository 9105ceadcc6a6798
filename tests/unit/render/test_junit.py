"""JUnit's XML: what CI servers show of a status, a verification and an apply."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from stories import ESCAPE, results, standing

from torchard.plan.codec import document
from torchard.plan.plan import MacPlan, Plan
from torchard.plan.result import MacResult, Result
from torchard.plan.steps import Step
from torchard.render.junit import render_junit
from torchard.render.status import status_document


def read(made):
    """Return the suite, and the outcome of each test by its class and name."""
    root = ET.fromstring(render_junit(made, "lab").encode())  # noqa: S314  # our own
    assert root.tag == "testsuites"
    (suite,) = root
    found = {
        (one.get("classname"), one.get("name")): one[0].tag if len(one) else "passed"
        for one in suite
    }
    return suite, found


def test_an_apply_has_a_test_for_each_step():
    """A step that was not started is skipped. A Mac that was left alone is an error."""
    made = document(results())
    suite, found = read(made)
    states = {name: mac.state for name, mac in made.macs.items()}
    expected = {
        "failed": "failure",
        "unreachable": "error",
        "blocked": "error",
        "change": "failure",
    }
    for name, state in states.items():
        assert found[name, "state"] == expected.get(state, "passed")
    outcomes = {"done": "passed", "failed": "failure", "not_started": "skipped"}
    for name, mac in made.macs.items():
        for step in mac.steps:
            assert found[name, f"{step.action} {step.id}"] == outcomes[step.outcome]
    assert {"passed", "failure", "error", "skipped"} == set(found.values())
    counts = [list(found.values()).count(one) for one in ("failure", "error", "skipped")]
    assert [int(suite.get(one)) for one in ("failures", "errors", "skipped")] == counts
    assert int(suite.get("tests")) == len(found)


def test_a_verification_has_a_test_for_each_environment():
    """A Mac that failed has its reason in full."""
    macs = (
        MacResult("a", "up_to_date", verifications=(("torch", "verified"),), seconds=2.5),
        MacResult("b", "failed", reason="torch: no MPS\nrun it again"),
    )
    suite, found = read(document(Result(macs, "verification")))
    assert found == {
        ("a", "verify torch"): "passed",
        ("a", "state"): "passed",
        ("b", "state"): "failure",
    }
    failure = suite.find("testcase/failure")
    assert (failure.get("message"), failure.text) == (
        "torch: no MPS",
        "torch: no MPS\nrun it again",
    )
    assert suite.get("time") == "2.500"


def test_a_status_fails_for_what_changed_and_what_would_change():
    """A file that a person made is not a failure."""
    suite, found = read(status_document(*standing()))
    assert found["studio-01", "torch"] == found["studio-01", "state"] == "passed"
    assert found["studio-03", "torch"] == found["studio-03", "state"] == "failure"
    assert found["studio-07", "state"] == "error"
    assert ("studio-03", "thesis-2026-spring") not in found
    text = next(one[0].text for one in suite if one.get("classname") == "studio-03" and len(one))
    assert "pip - -> 26.1 (installed by hand)" in text


def test_an_environment_that_is_missing_or_would_change_is_a_failure():
    """Also if nobody changed it: it was never there, or its lock is another one."""
    plan, found = standing()
    update = Step("environment", "update", "torch", "its lock changed", "")
    outdated = replace(plan.macs[0], state="change", steps=(update,))
    suite, tests = read(status_document(Plan((outdated, *plan.macs[1:])), found))
    assert tests["studio-05", "miniconda"] == tests["studio-05", "torch"] == "failure"
    assert tests["studio-01", "torch"] == "failure"
    assert tests["studio-01", "miniconda"] == tests["studio-02", "torch"] == "passed"
    texts = {(one.get("classname"), one.get("name")): one[0].text for one in suite if len(one)}
    assert texts["studio-01", "torch"] == "an apply would update it: its lock changed"
    assert "not there yet\nan apply would create it: " in texts["studio-05", "torch"]


def test_no_environment_of_a_blocked_mac_passes():
    """What is missing is a failure. What is as it was built was not compared with the lab."""
    plan, found = standing()
    macs = tuple(
        replace(mac, state="blocked", reason="no", steps=()) for mac in plan.macs if mac.steps
    )
    same = replace(plan.macs[0], state="blocked", reason="no")
    _, tests = read(status_document(Plan((same, *macs)), found))
    assert "passed" not in tests.values()
    assert tests["studio-01", "torch"] == "skipped"
    assert tests["studio-05", "miniconda"] == tests["studio-05", "torch"] == "failure"


def test_xml_holds_no_character_that_it_may_not_hold():
    """Such a character is escaped as text: XML 1.0 cannot have it in any form."""
    hostile = f"{ESCAPE}<b>]]>\ufffe\ud800"
    made = document(Plan((MacPlan(hostile, "blocked", reason=f"{hostile}\nmore"),)))
    suite, _ = read(made)
    assert "\x1b" not in suite.find("testcase").get("classname")
    assert suite.find("testcase/error").text.endswith("\nmore")
