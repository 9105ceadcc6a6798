"""Commands that only look at what is on a Mac, beyond its first state: files, and room to make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torchard import probe
from torchard.damage import FileReport, damage_lines, locked_names, read_reports, way_out
from torchard.errors import TorchardError
from torchard.generations import generation_name
from torchard.operations import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from torchard.lock.lockfile import Lock
    from torchard.mac import MacState

    Ask = Callable[[str], list[str]]


def measure_room(state: MacState, ask: Ask) -> MacState:
    """Return a Mac's state with the room that macOS would make; none where it does not say."""
    try:
        return replace(state, room=probe.parse_room(ask(probe.room_script())))
    except TorchardError:
        return replace(state, room=0)


def inspect_files(state: MacState, ask: Ask) -> dict[str, FileReport]:
    """Look at the files of every environment of a Mac that Torchard built and that is active.

    `ask` runs a command that only reads on the Mac and returns its lines.
    """
    asked = [
        one.name
        for one in state.links.values()
        if generation_name(one.target, state.home) and one.target in state.environments
    ]
    if not asked:
        return {}
    try:
        answer = ask(commands.look_at_files(state, asked))
        return read_reports(answer[-1] if answer else "", asked)
    except TorchardError as error:
        reason = str(error)
    except ValueError:
        reason = "the answer of its Miniconda's python cannot be read"
    return dict.fromkeys(asked, FileReport(trouble=reason))


def verify_files(
    state: MacState, locks: Mapping[str, Lock], planned: Collection[str | None], ask: Ask
) -> dict[str, str]:
    """Say what is wrong with the files of a Mac's environments; an intact one is left out.

    `planned` are the environments that the next apply builds anyway.
    """
    failures = {}
    for environment, report in inspect_files(state, ask).items():
        lock = locks.get(environment)
        lines = damage_lines(report, locked_names(lock)) if lock else []
        if lines:
            if not report.trouble and environment not in planned:
                lines[-1] += f"; {way_out(environment)}"
            failures[environment] = "\n".join(lines)
    return failures
