"""The status of a lab's Macs, as text and as JSON: what changed, and what an apply would do."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.text import Text

from torchard.mac.state import OwnFiles
from torchard.plan.codec import FORMAT, EnvironmentReport, StatusDocument, plan_document, read_plan
from torchard.plan.steps import OF_FILES
from torchard.render.changes import SHORT, SIGNS, STYLES, diff_lines, package_lines, widest
from torchard.render.disk_use import disk_lines
from torchard.render.text import blocks, head, remarks, summary
from torchard.render.words import NAME, own_files
from torchard.sanitize import sanitize_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.mac.state import KeptFolders
    from torchard.plan.drift import EnvironmentStatus
    from torchard.plan.plan import MacPlan, Plan, Summary
    from torchard.plan.steps import Step

    Statuses = Mapping[str, tuple[EnvironmentStatus, ...]]
    Kept = Mapping[str, KeptFolders]

SINCE = {"same": "=", "modified": "M", "gone": "D", "unknown": "?"}
STYLE = {"=": "dim", "M": "yellow", "D": "red", "?": "dim"}
NONE_KEPT: Kept = MappingProxyType({})
INDENT = " " * 10  # of what is below a line
LEGEND = (
    "First, since Torchard made it: = as it was, M changed, D gone, ? not known.",
    "Then, what an apply would do: = nothing, + add, ~ change, - remove.",
)


def status_lines(
    plan: Plan,
    found: Statuses,
    disk: Iterable[Text] = (),
    *,
    kept: Kept = NONE_KEPT,
    counts: Summary | None = None,
    full: bool = False,
) -> Iterator[Text]:
    """Yield the status of each Mac, equal ones once; `full` for every package that changed.

    `disk` has the lines on what is on each disk, `kept` what is in each `~/.torchard/kept`.
    `counts` is the summary, if it was read with the plan.
    """

    def statuses(mac: MacPlan) -> tuple[EnvironmentStatus, ...]:
        return sanitize_data(found.get(mac.name, ()))

    def describe(mac: MacPlan, *, full: bool) -> Iterator[Text]:
        remarked = {f"{one.environment}: {text}" for one in statuses(mac) for text in one.remarks}
        warnings = tuple(one for one in mac.warnings if one not in remarked)
        yield from remarks(replace(mac, warnings=warnings))
        yield from _mac(mac, statuses(mac), full=full)
        if mac.name in kept:
            yield _row("=", None, "kept", _describe_kept(kept[mac.name]), NAME)

    for block in blocks(plan.macs, describe):
        yield head(block, full=full)
        yield from describe(block[0], full=full)
    yield from disk
    yield Text()
    yield from (Text(line, style="dim") for line in LEGEND)
    yield Text(f"An apply: {summary(counts or plan.summary)}")


def status_document_lines(found: StatusDocument, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of a status, as `torchard status` prints it."""
    disk = disk_lines(found.disk, found.depot)
    plan, counts = read_plan(found), found.summary
    return status_lines(plan, found.status, disk, kept=found.kept, counts=counts, full=full)


def _describe_kept(kept: KeptFolders) -> str:
    folders = "1 generation" if kept.folders == 1 else f"{kept.folders} generations"
    files = own_files(OwnFiles(kept.files, kept.bytes))
    return f"{files} from {folders}, in {kept.place}; Torchard never removes them"


def status_document(plan: Plan, found: Statuses, kept: Kept = NONE_KEPT) -> StatusDocument:
    """Return a plan and, as `status`, what each Mac has that was read."""
    planned = plan_document(plan)
    status = {
        mac.name: tuple(_report(one, find_step(mac.steps, one)) for one in found[mac.name])
        for mac in plan.macs
        if mac.name in found
    }
    return StatusDocument(FORMAT, planned.macs, planned.summary, status, kept=dict(kept))


def _report(one: EnvironmentStatus, step: Step | None) -> EnvironmentReport:
    return EnvironmentReport(**vars(one), apply=step.action if step else None)


def find_step(steps: Iterable[Step], one: EnvironmentStatus) -> Step | None:
    """Return what an apply would do to one environment, of a Mac's steps."""
    return next(
        (
            step
            for step in steps
            if step.kind not in OF_FILES
            and step.environment == one.environment
            and not step.is_of_leftovers
        ),
        None,
    )


def _mac(mac: MacPlan, found: Iterable[EnvironmentStatus], *, full: bool) -> Iterator[Text]:
    rows = [(one, find_step(mac.steps, one)) for one in found]
    shown = [step for _, step in rows if step]
    more = [step for step in mac.steps if step not in shown]
    width = widest(one.environment or "" for one, _ in rows)
    for one, step in rows:
        first, *rest = _remarks(one, step)
        yield _row(SINCE[one.since], step, one.environment or "miniconda", first, width)
        yield from (Text(f"{INDENT}{line}") for line in rest)
        packages = one.packages if full else one.packages[:SHORT]
        yield from package_lines(packages, len(one.packages) - len(packages), INDENT, full=full)
        for file in one.files:
            yield from diff_lines(file, INDENT)
    for step in more:
        yield _row("=", step, step.kind, step.place, width)


def _row(since: str, step: Step | None, name: str, what: str, width: int) -> Text:
    then = SIGNS[step.action] if step else "="
    signs = (since, STYLE[since]), " ", (then, STYLES[then])
    line = Text.assemble("   ", *signs, f"  {name:<{width}} {what}")
    line.rstrip()
    return line


def _remarks(one: EnvironmentStatus, step: Step | None) -> Iterator[str]:
    """Yield the remarks on one environment: the first beside its name, the others below."""
    whose = why = None
    if one.owner == "person":
        whose = "not made by Torchard; it is left alone"
    elif one.owner == "torchard":
        whose = step.reason if step else "the lab does not name it; it is left alone"
    elif step and step.action != "create":
        why = step.reason
    why = None if why in one.remarks else why
    own = f"made by a person: {own_files(one.own)}" if one.own.count else None
    yield from filter(None, (one.version, whose, one.verification, *one.remarks, own, why))
