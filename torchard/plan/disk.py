"""Whether a Mac's disk has room for what is built there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchard.json_schema import Count  # noqa: TC001  # msgspec reads the types of fields
from torchard.plan.target import build_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.mac.state import MacState
    from torchard.plan.steps import Step
    from torchard.plan.target import Target


@dataclass(frozen=True)
class Disk:
    """What a Mac's plan needs of its disk, and what is free there, in bytes."""

    needed: Count
    free: Count


def disk_needed(steps: Iterable[Step]) -> int:
    """Return what steps need of a Mac's disk at least, in bytes."""
    return sum(step.disk for step in steps)


def is_short_of_disk(target: Target) -> bool:
    """Tell whether df finds too little room, and macOS was not asked yet what it would make."""
    state, installer = target.state, target.installer
    most = 3 * sum(lock.size for lock in target.locks.values())
    most += installer.disk if installer else 0
    most += sum(one.own.carried.bytes for one in state.environments.values() if one.own)
    if state.room is not None or state.free >= most:
        return False
    return state.free < disk_needed(build_steps(target))


def find_shortages(state: MacState, builds: Sequence[Step]) -> Iterable[tuple[bool, str]]:
    """Yield each shortage of room that df finds, and whether it stops the builds.

    df does not count what macOS removes by itself when something important needs room. The
    installers ask df themselves, and stop (conda/constructor, header.sh).
    """
    needed = disk_needed(builds)
    if state.free >= needed:
        return
    by_installer = disk_needed(one for one in builds if one.kind == "miniconda")
    who = ["Miniconda"] if by_installer else []
    who += ["these packages"] if any(one.kind == "environment" for one in builds) else []
    text = (
        f"its disk has {_write_size(state.free)} free, and {' and '.join(who)}"
        f" need{'s' if who == ['Miniconda'] else ''} more than {_write_size(needed)}"
    )
    room = state.room or 0
    if room <= state.free or state.free < by_installer:
        yield True, f"{text}; make room"
    elif room < needed:
        yield True, f"{text}; macOS would make room for {_write_size(room)} only; make more room"
    else:
        yield False, f"{text}; macOS says that it makes room for {_write_size(room)} when needed"


def _write_size(count: int) -> str:
    """Write a number of bytes rounded down, in kB if it is below a megabyte."""
    return f"{count // 10**6} MB" if count >= 10**6 else f"{count // 1000} kB"
