"""Why one Mac gets what its plan says, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from torchard.catalog.variant import Refusal
from torchard.mac.paths import shorten_mac_path
from torchard.render.changes import SIGNS, STYLES
from torchard.render.text import LEFT_ALONE, passed_words
from torchard.render.words import NAME, duration, size
from torchard.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sized

    from torchard.catalog.rows import Advisory
    from torchard.catalog.variant import Choice
    from torchard.lab.model import Environment
    from torchard.mac.state import MacState
    from torchard.plan.explain import Answer, Explanation, Part, UsedLock

    Rows = Iterable[tuple[str, str]]

_WITHOUT_CONDA = {
    "absent": "none at {}",
    "half": "half installed at {}",
    "foreign": "{} exists and is not a Miniconda",
}


def explain_lines(explanation: Explanation) -> Iterator[Text]:
    """Yield the lines: what was found, what follows from it, and what is to be done."""
    planned = explanation.planned
    system = f"macOS {planned.macos}" if planned.macos else None
    words = filter(None, (explanation.mac.name, planned.arch, system, explanation.where))
    yield Text(sanitize(" · ".join(words)), style="bold")
    if explanation.state is not None:
        yield from _section("What was read on it", _facts(explanation.state, explanation))
    yield from _section("Its class", _class(explanation))
    for answer in explanation.answers:
        yield from _section(f"The environment {answer.environment.name}", _answer(answer))
    if explanation.blockers:
        left = f"! {LEFT_ALONE[planned.state]}"
        yield from _section("Why it is left alone", ((left, text) for text in explanation.blockers))
    else:
        yield from _section("What is to be done", map(_part, explanation.parts))
    yield from _section("Warnings", (("! note", text) for text in planned.warnings))


def _section(head: str, rows: Rows) -> Iterator[Text]:
    """Yield a heading and rows of what a person reads; nothing where there are no rows."""
    first = True
    for label, text in rows:
        if first:
            yield from (Text(), Text(sanitize(head), style="bold"))
        first = False
        sign, _, name = label.partition(" ") if label[:1] in STYLES else ("", "", label)
        lead = f" {name:<{NAME}}" if sign else f"{name:<{NAME + 2}}"
        line, *more = sanitize_lines(text).split("\n")
        yield Text.assemble("  ", (sign, STYLES.get(sign, "")), f"{sanitize(lead)} {line}".rstrip())
        yield from (Text(f"{' ' * (NAME + 5)}{one}".rstrip()) for one in more)


def _facts(state: MacState, explanation: Explanation) -> Rows:
    translated = "its shell runs under Rosetta" if state.translated else "its shell is native"
    virtual = "; it is a virtual machine" if state.virtual else ""
    yield "arch", f"{state.arch or 'unknown'}; {translated}{virtual}"
    yield "macOS", state.macos
    yield "account", f"{state.user}, at home in {state.home}"
    disk = explanation.planned.disk
    needed = f"; what is to be done needs {size(disk.needed)}" if disk else ""
    yield "disk", f"{size(state.free)} free{needed}"
    yield "Miniconda", _miniconda(state)
    yield from ((one.environment.name, one.found) for one in explanation.answers)
    yield "run lock", _run_lock(state)


def _miniconda(state: MacState) -> str:
    prefix = shorten_mac_path(state.prefix, state.home)
    if state.prefix_state != "whole":
        return _WITHOUT_CONDA[state.prefix_state].format(prefix)
    words = [f"conda {state.conda_version or 'of an unknown version'} at {prefix}"]
    words += [f"for {state.prefix_arch}"] if state.prefix_arch else []
    words += ["installed by Torchard" if state.prefix_ours else "installed by a person"]
    words += [f"made for {state.prefix_made_for}"] if state.prefix_made_for else []
    return ", ".join(words)


def _run_lock(state: MacState) -> str:
    lock = state.lock
    if lock is None:
        return "no run is at work there"
    since = duration(max(0, state.clock - lock.since))
    if lock.elsewhere is not None:
        return f"held for {since} by {lock.who} on {lock.elsewhere}, which has the same home"
    if lock.until is not None and lock.is_busy:
        left = duration(max(0, lock.until - state.clock))
        return f"{lock.who} has been at work there for {since}; the lock ends in {left}"
    if lock.is_busy:
        return f"{lock.who} has been at work there for {since}"
    return f"left behind by {lock.who} {since} ago; no run is at work there"


def _class(explanation: Explanation) -> Rows:
    yield "class", str(explanation.mac_class or "none")
    yield "because", explanation.class_reason
    if explanation.thresholds:
        yield "thresholds", f"macOS {', '.join(explanation.thresholds)}"


def _answer(answer: Answer) -> Rows:
    yield "asked for", f"{_request(answer.environment)} ({answer.where})"
    for kind in ("conda", "pip"):
        specs: tuple[str, ...] = getattr(answer.environment, kind)
        if specs:
            yield f"and by {kind}", ", ".join(specs)
    if answer.considered is not None:
        yield from _considered(answer.considered)
    for source, torch in answer.elsewhere:
        yield "elsewhere", f"{source} has {f'torch {torch}' if torch else 'none that fits'}"
    if answer.used is not None:
        yield "lock", _lock(answer.used)
    for one in answer.advisories:
        yield (
            "known",
            f"{one.id}, since {one.published}: {one.text}; {_fixed(one)}: {one.url}",
        )


def _fixed(advisory: Advisory) -> str:
    if advisory.fixed is None:
        return "its record names no fixed release"
    return f"fixed in {advisory.fixed}"


def _request(environment: Environment) -> str:
    """Say what an environment asks for, defaults filled in."""
    request = environment.pytorch
    if request is None:
        return f"python {environment.python}, no PyTorch"
    named = request.companions
    beside = "all companions that there are" if named is None else " and ".join(named) or "nothing"
    return (
        f"python {request.python}, release {request.release}, backend {request.backend},"
        f" source {request.source}, with {beside}"
    )


def _considered(found: Choice) -> Rows:
    answer = found.answer
    yield from (("passed over", text) for text in passed_words(found.passed_over))
    if isinstance(answer, Refusal):
        yield "refused", f"{answer.reason} {answer.instead}"
        return
    packages = (f"{name} {version or 'newest'}" for name, version in answer.packages.items())
    device = "MPS expected" if answer.mps_expected else "CPU"
    yield "chosen", f"{', '.join(packages)}, from {answer.source}, {device}"
    yield "because", answer.reason
    yield from (("needs", f"{one} beside it") for one in answer.constraints)
    yield from (("note", one) for one in answer.notes)


def _lock(used: UsedLock) -> str:
    lock = used.lock
    written = ", written just now" if used.written else ""
    return (
        f"{'/'.join(used.path.parts[-3:])}, {lock.digest[:8]}{written}:"
        f" {_count(lock.conda, 'conda package')}, {_count(lock.wheels, 'wheel')}, {size(lock.size)}"
    )


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


def _part(part: Part) -> tuple[str, str]:
    step = part.step
    if step is None:
        return f"= {part.id}", part.reason
    if step.kind == "miniconda":
        what = f"; {step.packages[0].after} is installed"
    elif step.packages:
        what = f"; {step.place}: {_count(step.packages, 'package')} to change, {step.kept} kept"
    else:
        what = f"; {step.place}"
    return f"{SIGNS[step.action]} {part.id}", part.reason + what
