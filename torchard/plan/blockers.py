"""Why a Mac is blocked: every reason for Torchard not to change it. Pure.

A reason says what was found and what to do. A subject with many reasons has a module of its own,
whose `find_SUBJECT_blockers` is called here. Two reasons are answers that come from elsewhere: the
catalogue's refusal and a lock that cannot be made. `torchard.plan.warnings` has what does not
block.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.lab.problem import quote
from torchard.mac.environments import view_kept_environment
from torchard.mac.paths import shorten_mac_path
from torchard.plan.conda_settings import find_conda_blockers
from torchard.plan.conflicts import find_conflicts, find_other_run
from torchard.plan.disk import find_shortages
from torchard.plan.kernels import find_kernel_blockers
from torchard.plan.places import find_place_blockers, is_prefix_unreadable
from torchard.plan.shared_folders import needs_folder
from torchard.plan.sharing import find_access_faults, find_sharing_blockers
from torchard.plan.shell_init import find_shell_blockers
from torchard.plan.steps import has_other_installer
from torchard.plan.target import build_steps
from torchard.plan.warnings import is_older

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torchard.catalog.installers import Installer
    from torchard.lab.model import MacHost
    from torchard.mac.environments import EnvironmentView
    from torchard.mac.state import MacState
    from torchard.plan.steps import Step
    from torchard.plan.target import Target

# The base's python runs the programs in operations/scripts. The first python that has
# `from __future__ import annotations` (PEP 563) and `time.time_ns` (PEP 564) is 3.7.
OLDEST_PYTHON = Version("3.7")


def find_blockers(target: Target) -> tuple[str, ...]:
    """Return every reason to leave a Mac alone."""
    return list_blockers(target, build_steps(target))


def find_mac_blockers(
    mac: MacHost, states: Mapping[str, MacState], oldest_conda: Version
) -> Iterator[str]:
    """Yield the reasons that need no target: Torchard chooses nothing for such a Mac.

    `states` is of all Macs of the lab that were read so far, by name.
    """
    state = states[mac.name]
    yield from _find_wrong_arch(mac, state)
    yield from _find_old_conda(state, oldest_conda)
    yield from find_access_faults(state)
    yield from find_conflicts(mac.name, states)


def list_blockers(target: Target, builds: Sequence[Step]) -> tuple[str, ...]:
    """Return the same for a target whose `builds` are known already."""
    other = find_other_run(target.mac.name, target.state.lock)
    return (
        *((other,) if other else ()),
        *target.blockers,
        *_find_unaccepted_licence(target.mac, target.installer),
        *find_place_blockers(target.mac, target.state),
        *find_sharing_blockers(target),
        *_find_occupied_paths(target),
        *find_old_python(target.state, target.installer),
        *_find_account_limits(target.state, builds),
        *(text for stops, text in find_shortages(target.state, builds) if stops),
        *(find_conda_blockers(target.state, target.locks) if builds else ()),
        *find_shell_blockers(target.mac.shells, target.state),
        *find_kernel_blockers(target),
    )


def _find_wrong_arch(mac: MacHost, state: MacState) -> Iterator[str]:
    """Yield a reason if a Mac's processor is unknown or is not what the lab says."""
    if state.arch not in {"arm64", "x86_64"}:
        yield f"its processor is {state.arch or 'unknown'}, neither arm64 nor x86_64"
    elif mac.arch is not None and mac.arch != state.arch:
        yield (
            f"{mac.where} says it is {mac.arch}, but it is {state.arch}; write arch:"
            f" {state.arch}, or correct its address"
        )


def _find_old_conda(state: MacState, oldest: Version) -> Iterator[str]:
    """Yield a reason if the Mac's conda is too old to unpack today's packages."""
    found = state.conda_version
    if state.prefix_state != "whole" or found is None or not is_older(found, oldest):
        return
    if state.is_prefix_moved:
        return  # Torchard installs Miniconda there again
    prefix = shorten_mac_path(state.prefix, state.home)
    yield (
        f"the conda at {prefix} is {found}, and only {oldest} and newer unpack today's"
        f" packages; update it ({prefix}/bin/conda update conda), or move it away,"
        " and Torchard installs a new one"
    )


def _find_unaccepted_licence(mac: MacHost, installer: Installer | None) -> Iterator[str]:
    """Yield a reason if an installer must run whose terms the lab does not accept."""
    if installer is not None and installer.licence and not mac.accept_license:
        yield (
            f"Torchard runs {installer.file} unattended, which accepts {installer.licence}; read"
            " them. To allow that, write `accept_license: true` under `defaults:`, or only under"
            " this Mac. Or write `miniconda: {distribution: miniforge}` there: Miniforge has no"
            " terms to accept"
        )


def find_old_python(state: MacState, installer: Installer | None) -> Iterator[str]:
    """Yield a reason if the python of a Miniconda that stays is too old for Torchard's programs."""
    if state.base is None or has_other_installer(state, installer) or state.is_prefix_moved:
        return
    found = next((one.version for one in state.base.conda if one.name == "python"), None)
    if found is None:
        return
    with suppress(InvalidVersion):
        if Version(found) < OLDEST_PYTHON:
            prefix = shorten_mac_path(state.prefix, state.home)
            yield (
                f"the python of the Miniconda at {prefix} is {found}, and Torchard needs"
                f" {OLDEST_PYTHON} or newer there; update it"
                f' ({prefix}/bin/conda install -n base "python>={OLDEST_PYTHON}"), or move that'
                " Miniconda away, and a new one is installed"
            )


def _find_moved_prefix(state: MacState, theirs: Sequence[str]) -> Iterator[str]:
    """Yield a reason if a Miniconda has moved and Torchard may not replace it.

    `theirs` are the environments in it that a person made.
    """
    if state.prefix_made_for is None:
        return
    prefix = shorten_mac_path(state.prefix, state.home)
    made_for = shorten_mac_path(state.prefix_made_for, state.home)
    if not state.is_prefix_moved:
        yield (
            f"the Miniconda at {prefix} was installed at {made_for}, and conda does not work after"
            " a move; move it back there, or move it away, and Torchard installs a new one"
        )
    elif theirs:
        yield (
            f"the Miniconda at {prefix} was installed at {made_for} and has moved, so its conda"
            " does not run. Torchard will not replace it, because it has environments of a person"
            f" ({', '.join(theirs)}); move it back there, or move it away"
            f" (mv {prefix} {prefix}-old), and Torchard installs a new one"
        )


def describe_foreign(view: EnvironmentView, state: MacState) -> str:
    """Say that a person made what is under an environment's name, and what to do."""
    path = f"{shorten_mac_path(state.prefix, state.home)}/envs/{view.name}"
    return (
        f"{path} is {view.describe(state.home)}, so Torchard did not make it; rename it, or give"
        f" the environment another name than {view.name}"
    )


def _find_occupied_paths(target: Target) -> Iterator[str]:
    """Yield what is where Torchard would install something, if it may not replace that."""
    state = target.state
    prefix = shorten_mac_path(state.prefix, state.home)
    if state.prefix_state == "foreign" and not is_prefix_unreadable(state):
        yield (
            f"{prefix} exists, and is neither a whole Miniconda nor what an interrupted installer"
            " leaves; move it away, or set miniconda.prefix to another path"
        )
    theirs = [
        one.path.rpartition("/")[2]
        for one in state.environments.values()
        if one.whole and one.path.startswith(f"{state.prefix}/envs/")
    ]
    if state.prefix_state == "half" and theirs:
        yield (
            f"the Miniconda at {prefix} is half installed. Torchard will not replace it, because it"
            f" has environments of a person ({', '.join(theirs)}); repair it with its installer's"
            " -u, or move it away"
        )
    if has_other_installer(state, target.installer) and theirs:
        yield (
            f"the lab names another version than the Miniconda at {prefix}. Torchard will not"
            f" replace it, because it has environments of a person ({', '.join(theirs)}); remove"
            " them, or leave out the version"
        )
    if state.prefix_state == "whole" and state.prefix_arch not in {None, state.arch}:
        yield (
            f"the Miniconda at {prefix} is built for {state.prefix_arch}, but this Mac is"
            f" {state.arch}; move it away (mv {prefix} {prefix}-{state.prefix_arch}),"
            " or set miniconda.prefix to another path"
        )
    yield from _find_moved_prefix(state, theirs)
    if state.other_prefix is not None:
        other = shorten_mac_path(state.other_prefix, state.home)
        yield (
            f"its environments belong to the Miniconda at {other}, and the lab says {prefix}."
            f" Torchard does not move them; write `miniconda: {{prefix: {other}}}`, or first remove"
            f" the links in {other}/envs"
        )
    for name in target.locks:
        view = view_kept_environment(name, state)
        if view.is_foreign:
            yield describe_foreign(view, state)


def _find_account_limits(state: MacState, builds: Sequence[Step]) -> Iterator[str]:
    """Yield what keeps the account from making the changes."""
    if re.search(r"\s", state.home):
        yield (
            f"its home is {state.home}, and conda does not work in a path with spaces: name"
            " another account in ssh.user"
        )
    if not builds:
        return
    is_absent = state.sharing is not None and needs_folder(state.sharing)
    for path in () if is_prefix_unreadable(state) or is_absent else state.unwritable:
        yield (
            f"{state.user} may not write to {shorten_mac_path(path, state.home)}; name another"
            " account in ssh.user, or set miniconda.prefix to a path below its home"
        )
    if state.printed_at_start:
        yield (
            f"its shell prints {quote(state.printed_at_start)} whenever it starts, which damages"
            " files that are sent over SSH; let the account's startup files, such as ~/.zshenv,"
            " print only to a terminal ([ -t 1 ])"
        )
