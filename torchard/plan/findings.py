"""What `torchard doctor` finds on a Mac: what gets in the way, and what to do. Pure.

What a plan blocks and warns of is decided in `blockers.py` and `warnings.py`, and only repeated
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.version import Version

from torchard.mac.paths import shorten_mac_path
from torchard.plan.blockers import list_blockers
from torchard.plan.target import build_steps
from torchard.plan.warnings import find_build_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.mac.circumstances import Circumstances
    from torchard.plan.target import Target

Level = Literal["good", "warning", "problem"]
# From this macOS on, the sshd of a Mac that FileVault locks answers (apple_ssh_and_filevault(7)).
_ANSWERS_LOCKED = Version("26")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do if it is not good.

    A `problem` prevents work now. A `warning` may do so later.
    """

    level: Level
    topic: str
    text: str


def find_mac_findings(target: Target, circumstances: Circumstances) -> Iterator[Finding]:
    """Yield what gets in the way on a Mac that was read."""
    builds = build_steps(target)
    for text in list_blockers(target, builds):
        yield Finding("problem", "blocked", text)
    for text in (*target.warnings, *find_build_warnings(target, builds)):
        yield Finding("warning", "note", text)
    yield from _find_filevault(target, circumstances)
    yield from _find_sleep(circumstances)
    yield from _find_others(target, circumstances)


def _find_filevault(target: Target, circumstances: Circumstances) -> Iterator[Finding]:
    if not circumstances.filevault:
        return
    answers = Version(target.state.macos) >= _ANSWERS_LOCKED
    locked = (
        "its sshd takes only a password, and Torchard sends none"
        if answers
        else "it does not answer over SSH"
    )
    ways = "with `ssh` and a password" if answers else "at the Mac"
    yield Finding(
        "warning",
        "filevault",
        f"FileVault is on, so after a restart {locked} until somebody logs in {ways}; for a planned"
        " restart, run `sudo fdesetup authrestart` on it",
    )


def _find_sleep(circumstances: Circumstances) -> Iterator[Finding]:
    if not circumstances.sleep:
        return
    minutes = f"{circumstances.sleep} minute{'' if circumstances.sleep == 1 else 's'}"
    wakes = (
        "and the network may wake it" if circumstances.wakes else "and the network does not wake it"
    )
    yield Finding(
        "warning",
        "sleep",
        f"it sleeps after {minutes} without use, {wakes}; run `sudo pmset -a sleep 0 womp 1` on it."
        " While Torchard works, it keeps the Mac awake",
    )


def _find_others(target: Target, circumstances: Circumstances) -> Iterator[Finding]:
    home = target.state.home
    if circumstances.condas:
        places = ", ".join(shorten_mac_path(one, home) for one in circumstances.condas)
        yield Finding(
            "warning",
            "conda",
            f"it has another conda ({places}); if a shell's file starts that one, `conda activate`"
            " does not find the lab's environments. `shell` in the lab names the shells that start"
            " the lab's",
        )
    if circumstances.updates:
        count = circumstances.updates
        yield Finding(
            "warning",
            "update",
            f"macOS has found {count} update{'' if count == 1 else 's'}, and some restart the Mac;"
            " install them before an apply (System Settings > General > Software Update)",
        )
    if circumstances.unknown:
        what = " and ".join(circumstances.unknown)
        yield Finding("warning", "unread", f"the Mac did not say how its {what} is set")
