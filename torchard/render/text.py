"""A plan and its results as text: equal changes of several Macs once, the summary last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from torchard.variant import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.compare import PackageChange
    from torchard.plan import MacPlan, Plan, Step
    from torchard.variant import Variant

SHORT = 12  # packages of one step on the screen, unless all are asked for
SIGNS = {"add": "+", "change": "~", "remove": "-", "repair": "~", "show": "~"}
STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "red", "=": "dim", "x": "red"}
MEGABYTE = 10**6


def plan_lines(plan: Plan, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of a plan."""
    for macs in _groups(plan):
        yield from _block(macs, full=full)
    yield Text()
    yield Text(f"Plan: {_summary(plan)}")


def result_lines(plan: Plan, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of what an apply did: the steps that were done, and what is left."""
    for macs in _groups(plan):
        yield from _block(macs, full=full, brief=True)
    yield Text()
    done = plan.summary
    parts = [f"{_macs(done.in_order)} in order"]
    parts += [f"{done.failed} failed"] if done.failed else []
    parts += [f"{done.change} still to change"] if done.change else []
    parts += [f"{done.unreached} not reached"] if done.unreached else []
    parts += [f"{done.refused} refused"] if done.refused else []
    yield Text("Done: " + ", ".join(parts) + ".")


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


def _macs(count: int) -> str:
    return f"{count} Mac" if count == 1 else f"{count} Macs"


def size(count: int) -> str:
    """Write a number of bytes the way disks and downloads are labelled."""
    if count >= MEGABYTE:
        return f"{count / MEGABYTE:.0f} MB"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} bytes"


def _summary(plan: Plan) -> str:
    count = plan.summary
    parts = [f"{_macs(count.change)} to change", f"{count.in_order} in order"]
    parts += [f"{count.unreached} not reached"] if count.unreached else []
    parts += [f"{count.refused} refused"] if count.refused else []
    fetch = f" {size(count.fetch_bytes)} to fetch once." if count.fetch_bytes else ""
    return f"{', '.join(parts)}.{fetch}"


def _groups(plan: Plan) -> list[list[MacPlan]]:
    groups: dict[object, list[MacPlan]] = {}
    for mac in plan.macs:
        groups.setdefault(_likeness(mac), []).append(mac)
    return list(groups.values())


def _likeness(mac: MacPlan) -> object:
    """Return what two Macs must have in common to be one block: all that is shown of them."""
    steps = tuple((step.kind, step.environment, *map(str, _step(step))) for step in mac.steps)
    return (mac.state, mac.arch, mac.macos, mac.reason, mac.warnings, steps, mac.proofs)


def _block(macs: Sequence[MacPlan], *, full: bool, brief: bool = False) -> Iterator[Text]:
    mac = macs[0]
    head = [_macs(len(macs)), " ".join(one.name for one in macs)]
    head += [mac.arch] if mac.arch else []
    head += [f"macOS {mac.macos}"] if mac.macos else []
    yield Text(" · ".join(head), style="bold")
    for warning in mac.warnings:
        yield _line("  ", "!", "note", warning)
    if mac.state in {"unreached", "refused", "failed"}:
        what = {"unreached": "not reached", "refused": "refused", "failed": "failed"}[mac.state]
        first, *rest = (mac.reason or "").splitlines() or [""]
        yield _line("  ", "!", what, first)
        yield from (Text(f"      {line}") for line in rest)
    for step in mac.steps:
        yield from step_lines(step, full=full, brief=brief)
    for name, proof in mac.proofs:
        yield _line("  ", "=", name, proof)
    if mac.state == "in_order" and not mac.steps and not mac.proofs:
        yield Text("  = in order", style="dim")


def _line(indent: str, sign: str, name: str, rest: str) -> Text:
    return Text.assemble(indent, (sign, STYLES[sign]), f" {name:<11} {rest}".rstrip())


def step_lines(step: Step, *, full: bool = False, brief: bool = False) -> Iterator[Text]:
    """Yield the lines of one step: what it makes, then its packages."""
    head, reason = _step(step)
    yield _line("  ", SIGNS[step.change], step.environment or "miniconda", f"{head:<46} {reason}")
    if brief:
        return
    for note in step.notes:
        yield Text(f"      {note}", style="dim")
    if step.kind == "environment":
        yield from _packages(step, full=full)


def _step(step: Step) -> tuple[str, str]:
    if step.kind == "miniconda":
        package = step.packages[0]
        return f"{package.after}: {step.reason}", f"sha256 {step.detail[:8]}…"
    if step.change == "show":
        return f"{step.kept} kept", step.reason
    changed = len(step.packages)
    if not step.kept and all(one.change == "add" for one in step.packages):
        what = f"{changed} packages, {size(step.total_bytes)}"
    else:
        what = f"{step.kept} kept, {changed} to change"
    return what, f"new generation: {step.reason}"


def _packages(step: Step, *, full: bool) -> Iterator[Text]:
    packages = sorted(step.packages, key=lambda one: _rank(one, step.named))
    shown = packages if full or len(packages) <= SHORT + 1 else packages[:SHORT]
    names = max((len(one.name) for one in shown), default=0)
    versions = max((len(_versions(one)) for one in shown), default=0)
    for one in shown:
        source = "wheel" if one.source == "wheel" else one.source
        where = source if not one.note else f"{source}, {one.note}"
        if one.change == "remove":
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
    """Show first what changes or goes, then what the lab itself asks for."""
    news = 1 if package.change == "add" else 0
    return news, named.index(package.name) if package.name in named else len(named)
