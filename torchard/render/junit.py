"""What was found or done on each Mac as JUnit's XML, which CI servers show as tests. Pure.

The elements and attributes are those that pytest writes and that Jenkins and GitLab read. XML 1.0
cannot hold control characters at all: they are escaped as text before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from torchard.plan.codec import FinishedMac, StatusDocument
from torchard.render.status import find_step
from torchard.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.plan.codec import Document, EnvironmentReport, PlannedMac
    from torchard.plan.result import StepResult

    Case = tuple[str, str, str]  # a name, one of `passed`, `failure`, `error`, `skipped`, and why

NOT_READ = {"unreachable", "blocked"}
WOULD = "an apply would change this Mac"


def render_junit(found: Document, suite: str) -> str:
    """Return a status, a verification or a result as XML.

    Each Mac is a class. Its tests are its environments or steps, and `state` for the whole Mac. A
    Mac that is unreachable or blocked is an error. What failed, has changed or would change is a
    failure, and so is an environment that is not there.
    """
    root = ET.Element("testsuites")
    whole = ET.SubElement(root, "testsuite", name=f"torchard {sanitize(suite)}")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    total = 0.0
    for name, mac in found.macs.items():
        seconds = (mac.seconds or 0.0) if isinstance(mac, FinishedMac) else 0.0
        total += seconds
        status = found.status.get(name, ()) if isinstance(found, StatusDocument) else ()
        for case, outcome, why in [*_list_cases(mac, status), _judge(mac)]:
            one = ET.SubElement(
                whole,
                "testcase",
                classname=sanitize(name),
                name=sanitize(case),
                time=f"{seconds if case == 'state' else 0:.3f}",
            )
            counts["tests"] += 1
            if outcome != "passed":
                text = sanitize_lines(why)
                inner = ET.SubElement(one, outcome, message=text.partition("\n")[0])
                inner.text = text
                counts["skipped" if outcome == "skipped" else f"{outcome}s"] += 1
    for key, count in counts.items():
        whole.set(key, str(count))
    whole.set("time", f"{total:.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _judge(mac: PlannedMac | FinishedMac) -> Case:
    """Return the test for the whole Mac."""
    reason = mac.reason or "no reason"
    if mac.state in NOT_READ:
        return "state", "error", f"{mac.state}: {reason}"
    if mac.state == "failed":
        return "state", "failure", reason
    if mac.state == "change":
        steps = "\n".join(f"{one.action} {one.id}: {one.reason}" for one in mac.steps)
        return "state", "failure", f"{WOULD}\n{steps}"
    return "state", "passed", ""


def _list_cases(
    mac: PlannedMac | FinishedMac, status: tuple[EnvironmentReport, ...]
) -> Iterator[Case]:
    """Yield the tests of a Mac's environments and steps."""
    if not isinstance(mac, FinishedMac):
        for one in status:
            if one.owner != "person" or one.apply:
                yield one.environment or "miniconda", *_judge_environment(mac, one)
        return
    for step in mac.steps:
        yield f"{step.action} {step.id}", *_judge_step(step)
    for name in mac.verifications:
        yield f"verify {name}", "passed", ""


def _judge_environment(mac: PlannedMac, one: EnvironmentReport) -> tuple[str, str]:
    """Return the outcome of one environment, and why it did not pass.

    Nothing is planned for a Mac that is unreachable or blocked, so none of its environments passes.
    """
    step = find_step(mac.steps, one)
    would = [f"an apply would {step.action} it: {step.reason}"] if step else []
    found = [*one.remarks, *_list_changes(one)]
    is_changed = one.since in {"modified", "gone"}
    if is_changed or step or (found and mac.state in NOT_READ):
        return "failure", "\n".join([*found, *would]) or f"since it was built: {one.since}"
    if mac.state in NOT_READ:
        return "skipped", f"the Mac is {mac.state}, so this was not compared with the lab"
    return "passed", ""


def _list_changes(one: EnvironmentReport) -> Iterator[str]:
    for package in one.packages:
        yield f"{package.name} {package.before or '-'} -> {package.after or '-'} ({package.note})"
    yield from (f"{file.path} was changed" for file in one.files)


def _judge_step(step: StepResult) -> tuple[str, str]:
    if step.outcome == "failed":
        return "failure", step.error or "it failed"
    return ("passed", "") if step.outcome == "done" else ("skipped", "not started")
