"""A plan and its results as text: equal changes of several Macs once, the summary last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text

from torchard.catalog.variant import Refusal
from torchard.plan.diff import without_sizes
from torchard.plan.plan import MacPlan
from torchard.plan.result import MacResult
from torchard.render.changes import done_line, row, steps_lines, widest
from torchard.render.words import NAME, duration, macs, size
from torchard.sanitize import sanitize_data, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from torchard.catalog.variant import PassedOver, Variant
    from torchard.plan.forecast import Forecast
    from torchard.plan.plan import Plan, Summary
    from torchard.plan.result import Result

Mac = TypeVar("Mac", MacPlan, MacResult)
NAMES = 8  # Macs of one block that are named, unless all are asked for
LEFT_ALONE = {"unreachable": "unreachable", "blocked": "blocked", "failed": "failed"}


def plan_lines(plan: Plan, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of a plan; `full` for every package and Mac, not only what is news."""
    yield from plan_lines_of_macs(plan, full=full)
    yield from plan_lines_of_all(plan)


def plan_lines_of_macs(plan: Plan, *, full: bool = False) -> Iterator[Text]:
    """Yield what a plan has for its Macs: the part of a plan of more Macs, for example."""
    for block in blocks(plan.macs, _plan_of):
        yield head(block, full=full)
        yield from _plan_of(max(block, key=_pushed), full=full)
        yield from _disk(block)


def plan_lines_of_all(plan: Plan) -> Iterator[Text]:
    """Yield what ends a plan: how many Macs it changes."""
    yield Text()
    yield Text(f"Plan: {summary(plan.summary)}")


def result_lines(result: Result, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of what an apply did and verified, or of what `verify` found."""
    for block in blocks(result.macs, _result_of):
        yield head(block, full=full)
        yield from _result_of(block[0], full=full)
    yield Text()
    done = result.summary
    parts = [f"{macs(done.up_to_date)} up to date"]
    parts += [f"{done.failed} failed"] if done.failed else []
    parts += [f"{done.change} still to change"] if done.change else []
    parts += _left_alone(done)
    yield Text(f"Done: {', '.join(parts)}.")


def choice_lines(
    answer: Variant | Refusal, passed_over: Iterable[PassedOver] = ()
) -> Iterator[Text]:
    """Yield the lines of the catalogue's answer: what, from where, and why; then what was not."""
    if isinstance(answer, Refusal):
        yield Text(answer.reason, style="red")
        yield Text(f"  {answer.instead}")
    else:
        yield from _variant(answer)
    yield from (Text(f"  passed over {one}", style="dim") for one in passed_words(passed_over))


def forecast_lines(forecast: Forecast | Refusal) -> Iterator[Text]:
    """Yield the lines of what would come of packages beside PyTorch."""
    if isinstance(forecast, Refusal):
        yield Text(sanitize_lines(f"No lock is possible: {forecast.reason}"), style="red")
        yield Text(sanitize_lines(f"  {forecast.instead}"))
        return
    forecast = sanitize_data(forecast)
    named = " · ".join(f"{name} {version}" for name, version in forecast.packages.items())
    yield Text(named or "This Mac needs none of these packages.", style="bold")
    conda = f"conda brings python {forecast.python} and {forecast.conda - 1} other packages"
    if forecast.unread:
        conda = f"assuming the newest python {forecast.python} and nothing else from conda"
    yield Text(f"  {forecast.wheels} wheels in all; {conda}")
    yield from (Text(f"  {one}.") for one in forecast.notes)
    if forecast.unread:
        yield Text(f"  {forecast.unread}.", style="dim")
    yield Text(
        "  Nothing is locked, and no wheel was fetched. `torchard lock` also reads their libraries,"
        " and takes an older release if one does not load.",
        style="dim",
    )


def passed_words(passed_over: Iterable[PassedOver]) -> Iterator[str]:
    """Yield releases that were passed over as phrases: `2.15.0 to 2.3.0: no wheel for it`."""
    for one in passed_over:
        first, last = one.releases[0], one.releases[-1]
        span = first if first == last else f"{first} to {last}"
        yield f"{span}: {', and '.join(one.obstacles)}"


def _variant(answer: Variant) -> Iterator[Text]:
    packages = (f"{name} {version or 'newest'}" for name, version in answer.packages.items())
    yield Text(" · ".join(packages), style="bold")
    device = "MPS expected" if answer.mps_expected else "CPU"
    yield Text(f"  from {answer.source}, for python {answer.python}, {device}")
    yield Text(f"  {answer.reason}")
    yield from (Text(f"  with {constraint}") for constraint in answer.constraints)
    yield from (Text(f"  {note}", style="dim") for note in answer.notes)


def summary(count: Summary) -> str:
    """Return the counts of a plan as the end of a sentence."""
    parts = [
        f"{macs(count.change)} to change",
        f"{count.up_to_date} up to date",
        *_left_alone(count),
    ]
    fetch = f" {size(count.fetch_bytes)} to fetch once." if count.fetch_bytes else ""
    return f"{', '.join(parts)}.{fetch}"


def _left_alone(count: Summary) -> list[str]:
    parts = [f"{count.unreachable} unreachable"] if count.unreachable else []
    return [*parts, f"{count.blocked} blocked"] if count.blocked else parts


def blocks(found: Iterable[Mac], describe: Callable[..., Iterator[Text]]) -> list[list[Mac]]:
    """Put Macs together that have the same lines, whatever they have of the packages already."""
    alike: dict[object, list[Mac]] = {}
    for mac in found:
        safe = replace(sanitize_data(mac), reason=sanitize_lines(mac.reason or ""))
        lines: list[str] = [line.plain for line in describe(_without_sizes(safe), full=True)]
        place = getattr(mac, "fetches_from", "")
        alike.setdefault((mac.arch, mac.macos, place, *lines), []).append(safe)
    return list(alike.values())


def _without_sizes(mac: Mac) -> Mac:
    steps = (replace(step, packages=without_sizes(step.packages)) for step in mac.steps)
    return replace(mac, steps=tuple(steps))


def _pushed(mac: MacPlan) -> int:
    """Return how many bytes a Mac gets: over SSH, or from where it fetches them itself."""
    return sum(one.bytes for step in mac.steps for one in step.packages)


def _plan_of(mac: MacPlan, *, full: bool) -> Iterator[Text]:
    yield from remarks(mac)
    yield from steps_lines(mac.steps, full=full)
    if mac.state == "up_to_date":
        yield Text("  = up to date", style="dim")


def _disk(block: Sequence[MacPlan]) -> Iterator[Text]:
    """Say what goes to the Macs of a block, and what that needs of the fullest disk among them."""
    disks = [mac.disk for mac in block if mac.disk is not None]
    needed = max((disk.needed for disk in disks), default=0)
    if needed:
        free = size(min(disk.free for disk in disks))
        text = f"{size(needed)} needed, {'at least ' if len(disks) > 1 else ''}{free} free"
        pushed = sorted(map(_pushed, block))
        up_to = "up to " if pushed[0] != pushed[-1] else ""
        place = block[0].fetches_from
        way = f"to pull from {place}" if place else "to push"
        what = f"; {up_to}{size(pushed[-1])} {way}" if pushed[-1] else ""
        yield from row(" ", "disk", text + what)


def _result_of(mac: MacResult, *, full: bool) -> Iterator[Text]:
    """Say what was done and what was not, in the order of the plan."""
    names = [step.environment or "" for step in mac.steps] + [name for name, _ in mac.verifications]
    width = widest(iter(names))
    yield from (line for warning in mac.warnings for line in row("!", "note", warning))
    if mac.state == "change":
        yield from steps_lines(mac.steps, full=full)
    for step in mac.steps if mac.state != "change" else ():
        if step.outcome == "done":
            yield from done_line(step, width)
        elif step.outcome == "failed":
            yield from _why(mac, str(step.id), "failed: ", width)
        else:
            yield from row(" ", str(step.id), "not started", "", width)
    if mac.state == "change" and mac.reason:
        yield from row("!", "note", mac.reason)
    if all(step.outcome != "failed" for step in mac.steps):
        yield from _why(mac)
    for name, verification in mac.verifications:
        yield from row("=", name, verification, "", width)
    if mac.state == "up_to_date" and not mac.steps and not mac.verifications:
        yield Text("  = up to date", style="dim")


def head(block: Sequence[MacPlan | MacResult], *, full: bool) -> Text:
    """Return the line above what some Macs have in common."""
    mac = block[0]
    names = [one.name for one in block]
    if len(names) > NAMES and not full:
        names[NAMES - 1 :] = [f"… {len(names) - NAMES + 1} more"]
    parts = [f"{macs(len(block)):<6}", " ".join(names)]
    parts += [mac.arch] if mac.arch else []
    parts += [f"macOS {mac.macos}"] if mac.macos else []
    took = [one.seconds for one in block if isinstance(one, MacResult) and one.seconds is not None]
    if took:
        times = dict.fromkeys((duration(min(took)), duration(max(took))))
        parts.append(" to ".join(times))
    return Text(" · ".join(parts), style="bold")


def remarks(mac: MacPlan | MacResult) -> Iterator[Text]:
    """Say what is to be known first, and why a Mac is left alone."""
    for warning in mac.warnings:
        yield from row("!", "note", warning)
    yield from _why(mac)


def _why(
    mac: MacPlan | MacResult, what: str | None = None, lead: str = "", width: int = NAME
) -> Iterator[Text]:
    if mac.state in LEFT_ALONE:
        first, *rest = (mac.reason or "").split("\n")
        yield from row("!", what or LEFT_ALONE[mac.state], lead + first, "", width)
        yield from (Text(f"      {line}".rstrip()) for line in rest)
