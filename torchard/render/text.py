"""A plan and its results as text: equal changes of several Macs once, the summary last."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff
from typing import TYPE_CHECKING

from rich.text import Text

from torchard.render.harmless import harmless_data, harmless_lines
from torchard.steps import LOCK_CHANGED
from torchard.variant import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from torchard.compare import PackageChange
    from torchard.plan import MacPlan, Plan
    from torchard.steps import FileChange, Step
    from torchard.variant import Variant

SHORT = 12  # packages of one step on the screen, unless all are asked for
NAME = 11  # columns of what a line is about
RIGHT = 63  # the column at which the last part of a step's line begins
SIGNS = {"add": "+", "change": "~", "remove": "-", "repair": "~", "show": "~"}
STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "red", "=": "dim"}
LEFT_ALONE = {"unreached": "not reached", "refused": "refused", "failed": "failed"}
TORCH = {"torch", "pytorch"}
MEGABYTE = 10**6


def plan_lines(plan: Plan, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of a plan; `full` for every package, not only what is news or asked for."""
    for macs in _groups(plan, _plan_of):
        yield _head(macs)
        yield from _plan_of(macs[0], full=full)
    yield Text()
    yield Text(f"Plan: {_summary(plan)}")


def result_lines(plan: Plan) -> Iterator[Text]:
    """Yield the lines of what an apply did and proved, or of what is proved now.

    What was to be done to a Mac that failed is not told: its reason says how far it came.
    """
    for macs in _groups(plan, _result_of):
        yield _head(macs)
        yield from _result_of(macs[0])
    yield Text()
    done = plan.summary
    parts = [f"{_macs(done.in_order)} in order"]
    parts += [f"{done.failed} failed"] if done.failed else []
    parts += [f"{done.change} still to change"] if done.change else []
    parts += _left_alone(plan)
    yield Text(f"Done: {', '.join(parts)}.")


def step_lines(step: Step, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of one step of a plan: what it makes, then its packages."""
    safe = harmless_data(step)
    return _step_lines(safe, max(NAME, len(safe.environment or "")), full=full)


def choice_lines(answer: Variant | Refusal) -> Iterator[Text]:
    """Yield the lines of the catalogue's answer: what, from where, and why."""
    if isinstance(answer, Refusal):
        yield Text(answer.reason, style="red")
        yield Text(f"  {answer.instead}")
        return
    packages = (f"{name} {version or 'newest'}" for name, version in answer.packages.items())
    yield Text(" · ".join(packages), style="bold")
    device = "MPS expected" if answer.mps_expected else "CPU"
    yield Text(f"  from {answer.source}, for python {answer.python}, {device}")
    yield Text(f"  {answer.reason}")
    yield from (Text(f"  with {constraint}") for constraint in answer.constraints)
    yield from (Text(f"  {note}", style="dim") for note in answer.notes)


def folded(line: Text, console: Console) -> Iterator[Text]:
    """Break a line that is too long for a terminal between words, and hang what is left over.

    A pipe gets every line whole.
    """
    indent = len(line.plain) - len(line.plain.lstrip())
    hang = {0: 9, 2: 5 + NAME}.get(indent, indent + 4)
    room = console.width - hang
    if not console.is_terminal or line.cell_len <= console.width or room < NAME:
        yield line
        return
    head = line[:hang]
    for part in line[hang:].wrap(console, room):
        part.rstrip()  # the blank at which it was broken
        yield head + part
        head = Text(" " * hang)


def size(count: int) -> str:
    """Write a number of bytes the way disks and downloads are labelled."""
    if count >= MEGABYTE:
        return f"{count / MEGABYTE:.0f} MB"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} bytes"


def duration(seconds: float) -> str:
    """Write how long something took, or has taken so far."""
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _macs(count: int) -> str:
    return f"{count} Mac" if count == 1 else f"{count} Macs"


def _summary(plan: Plan) -> str:
    count = plan.summary
    parts = [f"{_macs(count.change)} to change", f"{count.in_order} in order", *_left_alone(plan)]
    fetch = f" {size(count.fetch_bytes)} to fetch once." if count.fetch_bytes else ""
    return f"{', '.join(parts)}.{fetch}"


def _left_alone(plan: Plan) -> list[str]:
    count = plan.summary
    parts = [f"{count.unreached} not reached"] if count.unreached else []
    return [*parts, f"{count.refused} refused"] if count.refused else parts


def _groups(plan: Plan, told: Callable[..., Iterator[Text]]) -> list[list[MacPlan]]:
    """Put Macs together of which the very same is told, down to every package."""
    groups: dict[object, list[MacPlan]] = {}
    for mac in plan.macs:
        safe = replace(harmless_data(mac), reason=harmless_lines(mac.reason or ""))
        lines = [line.plain for line in told(safe, full=True)]
        groups.setdefault((mac.arch, mac.macos, *lines), []).append(safe)
    return list(groups.values())


def _plan_of(mac: MacPlan, *, full: bool) -> Iterator[Text]:
    yield from _remarks(mac)
    for step in mac.steps:
        yield from _step_lines(step, _widest(mac), full=full)
    if mac.state == "in_order":
        yield Text("  = in order", style="dim")


def _result_of(mac: MacPlan, *, full: bool = False) -> Iterator[Text]:
    width = _widest(mac)
    yield from _remarks(mac)
    for step in mac.steps:
        if mac.state == "in_order":
            yield from _row(SIGNS[step.change], *_done(step), width)
        elif mac.state == "change":
            yield from _step_lines(step, width, full=full)
    for name, proof in mac.proofs:
        yield from _row("=", name, proof, "", width)
    if mac.state == "in_order" and not mac.steps and not mac.proofs:
        yield Text("  = in order", style="dim")


def _head(macs: Sequence[MacPlan]) -> Text:
    mac = macs[0]
    parts = [f"{_macs(len(macs)):<6}", " ".join(one.name for one in macs)]
    parts += [mac.arch] if mac.arch else []
    parts += [f"macOS {mac.macos}"] if mac.macos else []
    took = [one.seconds for one in macs if one.seconds is not None]
    if took:
        times = dict.fromkeys((duration(min(took)), duration(max(took))))
        parts.append(" to ".join(times))
    return Text(" · ".join(parts), style="bold")


def _remarks(mac: MacPlan) -> Iterator[Text]:
    """Say what is to be known first, and why a Mac is left alone."""
    for warning in mac.warnings:
        yield from _row("!", "note", warning)
    if mac.state in LEFT_ALONE:
        first, *rest = (mac.reason or "").split("\n")
        yield from _row("!", LEFT_ALONE[mac.state], first)
        yield from (Text(f"      {line}".rstrip()) for line in rest)


def _widest(mac: MacPlan) -> int:
    names = [step.environment or "" for step in mac.steps] + [name for name, _ in mac.proofs]
    return max(NAME, *map(len, names)) if names else NAME


def _row(sign: str, name: str, what: str, right: str = "", width: int = NAME) -> Iterator[Text]:
    """Yield one line in columns, or two where its parts would meet."""
    line = Text.assemble("  ", (sign, STYLES[sign]), f" {name:<{width}} {what}")
    fits = line.cell_len < RIGHT
    if right and fits:
        line.append(" " * (RIGHT - line.cell_len) + right)
    line.rstrip()
    yield line
    if right and not fits:
        yield Text(" " * (5 + width) + right)


def _step_lines(step: Step, width: int, *, full: bool) -> Iterator[Text]:
    yield from _row(SIGNS[step.change], *_planned(step), width)
    if step.change in {"repair", "show", "remove"} or (
        step.change == "change" and step.reason != LOCK_CHANGED
    ):
        yield Text(f"      {step.reason}")
    # Why this PyTorch is worth its lines where PyTorch changes.
    torch = any(one.name in TORCH for one in step.packages)
    if full or torch or step.kind == "miniconda":
        yield from (Text(f"      {note}", style="dim") for note in step.notes)
    yield from _packages(step, full=full) if step.kind == "environment" else ()
    for file in step.files:
        yield from _diff(file)


def _diff(file: FileChange) -> Iterator[Text]:
    """Yield a unified diff of one file."""
    before, after = (text.splitlines() if text else [] for text in (file.before, file.after))
    old = "/dev/null" if file.before is None else file.path
    new = "/dev/null" if file.after is None else file.path
    for line in unified_diff(before, after, old, new, lineterm=""):
        style = "" if line.startswith(("---", "+++", "@@")) else STYLES.get(line[0], "")
        yield Text.assemble("      ", (line.rstrip(), style))


def _planned(step: Step) -> tuple[str, str, str]:
    """Return the name, the middle and the right of a step's line in a plan."""
    if step.kind == "miniconda":
        what = f"{_versions(step.packages[0])} at {step.place}"
        return "miniconda", what, f"sha256 {(step.digest or '')[:8]}…"
    if step.kind == "shell":
        return "shell", step.place, ""
    if step.change == "show":
        return step.environment or "", f"{step.kept} kept", "the link only"
    if step.change == "remove":
        return step.environment or "", step.place, "its link and its generations"
    return step.environment or "", _counts(step, "to change"), "new generation"


def _done(step: Step) -> tuple[str, str, str]:
    """Return the same where the step was done."""
    name, what, _ = _planned(step)
    if step.kind == "miniconda":
        return name, what, "installed" if step.change == "add" else "installed anew"
    if step.kind == "shell":
        return name, what, "written"
    if step.change == "show":
        return name, what, "shown again"
    if step.change == "remove":
        return name, what, "removed"
    return name, _counts(step, "changed"), "built and shown"


def _counts(step: Step, changed: str) -> str:
    if not step.kept and all(one.change == "add" for one in step.packages):
        return f"{len(step.packages)} packages, {size(step.total_bytes)}"
    return f"{step.kept} kept, {len(step.packages)} {changed}"


def _packages(step: Step, *, full: bool) -> Iterator[Text]:
    """Yield what changes or goes, then what the lab itself asks for; the rest only in full."""
    packages = sorted(step.packages, key=lambda one: _rank(one, step.named))
    asked = [one for one in packages if one.change != "add" or one.name in step.named]
    shown = packages if full else (asked or packages)[:SHORT]
    if len(shown) == len(packages) - 1:
        shown = packages
    names = max((len(one.name) for one in shown), default=0)
    versions = max((len(_versions(one)) for one in shown), default=0)
    for one in shown:
        where = ", ".join(filter(None, (one.source, one.note)))
        # A note on what was there says why it changes; of PyTorch the source is news as well.
        if one.change != "add" and one.note and one.name not in TORCH:
            where = one.note
        line = f" {one.name:<{names}}   {_versions(one):<{versions}}   {where}"
        sign = SIGNS[one.change]
        yield Text.assemble("      ", (sign, STYLES[sign]), line.rstrip())
    if len(shown) < len(packages):
        yield Text(f"      … {len(packages) - len(shown)} more", style="dim")


def _versions(package: PackageChange) -> str:
    versions = [version for version in (package.before, package.after) if version is not None]
    return " -> ".join(versions)


def _rank(package: PackageChange, named: Sequence[str]) -> tuple[int, int]:
    news = 1 if package.change == "add" else 0
    return news, named.index(package.name) if package.name in named else len(named)
