"""Inspect a Mac beyond its state: the files of its environments, its disk and its account."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.mac import probe
from torchard.mac.environments import view_environment
from torchard.mac.state import OwnReport
from torchard.operations import read_scripts
from torchard.plan.damage import FileReport, describe_damage, read_reports, suggest_rebuild
from torchard.plan.diff import list_locked, list_names
from torchard.plan.disk_use import DiskUse, read_disk_use
from torchard.plan.login_environment import AccountReport, read_account
from torchard.plan.own_files import add_reports, read_answer
from torchard.plan.sharing import describe_unsafe_files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.own_files import Question
    from torchard.session.session import Session

    Ask = Callable[[str], list[str]]

NOT_INSPECTED = "the account's login environment could not be inspected"


def measure_room(state: MacState, ask: Ask) -> MacState:
    """Return a Mac's state with the bytes that macOS would free; 0 if it does not say."""
    try:
        return replace(state, room=probe.parse_room(ask(probe.build_room_script())))
    except TorchardError:
        return replace(state, room=0)


def describe_own_files(state: MacState, questions: Sequence[Question], ask: Ask) -> MacState:
    """Return a Mac's state with what a person made in the generations of `questions`."""
    try:
        answer = ask(read_scripts.describe_own_files(state, questions))
        reports = read_answer(answer[-1] if answer else "", questions)
    except TorchardError as error:
        reports = {one.path: OwnReport(error=str(error)) for one in questions}
    except ValueError:
        reason = "the answer of its python cannot be read"
        reports = {one.path: OwnReport(error=reason) for one in questions}
    return add_reports(state, reports)


def inspect_files(state: MacState, ask: Ask) -> dict[str, FileReport]:
    """Inspect the files of every active environment of a Mac that Torchard built.

    `ask` runs a command that only reads on the Mac, and returns its lines.
    """
    asked = [
        name
        for name in state.links
        if (view := view_environment(name, state)).generation and not view.has_moved
    ]
    if not asked:
        return {}
    try:
        answer = ask(read_scripts.check_files(state, asked))
        return read_reports(answer[-1] if answer else "", asked)
    except TorchardError as error:
        reason = str(error)
    except (ValueError, RecursionError):
        reason = "the answer of its Miniconda's python cannot be read"
    return dict.fromkeys(asked, FileReport(error=reason))


def inspect_all_files(session: Session) -> dict[str, dict[str, FileReport]]:
    """Inspect the files of every Mac's active environments; return the reports, Mac by Mac."""
    found: dict[str, dict[str, FileReport]] = {}

    def inspect(name: str) -> None:
        session.progress.report_mac(name, "inspecting files")
        ask = partial(session.run_read_only, name)
        found[name] = inspect_files(session.states[name], ask)

    session.each(list(session.states), inspect, is_executing=False)
    return found


def measure_all_sizes(session: Session) -> dict[str, DiskUse]:
    """Measure what Torchard's files take on each Mac that has a Miniconda."""
    found: dict[str, DiskUse] = {}

    def measure(name: str) -> None:
        session.progress.report_mac(name, "measuring sizes")
        try:
            answer = session.run_read_only(name, read_scripts.measure_sizes(session.states[name]))
        except TorchardError:
            answer = []
        found[name] = read_disk_use(answer[-1] if answer else "")

    names = [name for name, one in session.states.items() if one.prefix_state == "whole"]
    session.each(names, measure, is_executing=False)
    return {name: found[name] for name in names if name in found}


def verify_files(
    state: MacState, locks: Mapping[str, Lock], planned: Collection[str | None], ask: Ask
) -> dict[str, str]:
    """Return what is wrong with the files of a Mac's environments; an intact one is left out.

    `planned` names the environments that the next apply builds anyway.
    """
    failures = {}
    for environment, report in inspect_files(state, ask).items():
        lock = locks.get(environment)
        lines = describe_damage(report, list_names(list_locked(lock))) if lock else []
        if lines:
            if not report.error and environment not in planned:
                lines[-1] += f"; {suggest_rebuild(environment)}"
            failures[environment] = "\n".join(lines)
    return failures


def verify_sharing(state: MacState, ask: Ask) -> list[tuple[str, str]]:
    """Return what accounts that share the prefix may not read, or could change; a name first."""
    if state.sharing is None or state.prefix_state != "whole":
        return []
    try:
        answer = ask(read_scripts.find_unsafe_files(state, state.sharing))
        found = describe_unsafe_files(answer, state)
    except TorchardError as error:
        found = str(error)
    return [("sharing", found)] if found else []


def inspect_account(
    state: MacState, locks: Mapping[str, Lock], ask: Ask, broken: Collection[str] = ()
) -> AccountReport:
    """Inspect what the account's login environment does to the active environments.

    The `broken` ones, which already fail, are left out.
    """
    modules = {
        name: read_scripts.list_modules(lock)
        for name, lock in locks.items()
        if name not in broken and view_environment(name, state).generation is not None
    }
    if not modules:
        return AccountReport()
    try:
        answer = ask(read_scripts.check_account(state, modules))
        return read_account(answer[-1] if answer else "", modules, state.home)
    except TorchardError as error:
        reason = str(error)
    except (ValueError, RecursionError):
        reason = "the answer cannot be read"
    return AccountReport(warnings=(f"{NOT_INSPECTED}: {reason}",))


def describe_account(state: MacState, locks: Mapping[str, Lock], ask: Ask) -> tuple[str, ...]:
    """Return the findings of `inspect_account` after an apply, which must not fail by them."""
    try:
        return inspect_account(state, locks, ask).lines
    except Exception:  # noqa: BLE001  # the connection may be lost now
        return (f"{NOT_INSPECTED}; run `torchard verify`",)
