"""What a plan warns of: a Mac as it is, and the PyTorch of its environments. Pure.

A warning stops nothing; `torchard.plan.blockers` has what does. Warnings about PyTorch come from
today's catalogue and not from the lock: they reach every Mac that has a release, up to date or not.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from torchard.catalog.alternatives import suggest_safe_change
from torchard.catalog.choose import read_request
from torchard.catalog.pairings import find_holds
from torchard.catalog.variant import Refusal
from torchard.mac.environments import view_kept_environment
from torchard.mac.generations import describe_failure
from torchard.mac.paths import shorten_mac_path
from torchard.plan.conda_settings import find_conda_warnings
from torchard.plan.disk import find_shortages
from torchard.plan.environment_settings import find_variable_warnings
from torchard.plan.places import find_place_warnings
from torchard.plan.target import find_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.rows import Catalogue
    from torchard.catalog.variant import Variant
    from torchard.lab.model import MacHost, Request
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState, RunLock
    from torchard.plan.steps import Step
    from torchard.plan.target import Target

_DAY = 86400  # seconds


def find_mac_warnings(
    mac: MacHost, state: MacState, catalogue: Catalogue, now: float
) -> Iterator[str]:
    """Yield a sentence on everything about a Mac that its plan warns of.

    `now` is the time on this computer, in seconds since the epoch.
    """
    if mac.macos is not None and not _is_part_of(state.macos, mac.macos):
        yield f"{mac.where} says macOS {mac.macos}, but it runs {state.macos}"
    yield from _find_miniconda_warnings(mac, state, catalogue)
    if state.translated:
        yield "its shell runs under Rosetta; Torchard runs native programs there all the same"
    yield from find_conda_warnings(mac, state)
    yield from _find_clock_warnings(state, now)
    yield from find_place_warnings(mac, state)
    yield from find_run_warnings(state.lock)


def _find_miniconda_warnings(mac: MacHost, state: MacState, catalogue: Catalogue) -> Iterator[str]:
    prefix, conda = shorten_mac_path(state.prefix, state.home), state.conda_version
    wanted = (mac.miniconda.version or "").partition("-")[0]
    if state.prefix_state == "whole" and not state.prefix_ours and wanted not in {"", conda}:
        yield (
            f"{mac.where} names Miniconda {mac.miniconda.version}, but a person installed the one"
            f" at {prefix} ({conda or 'an unknown version'}), so Torchard keeps it"
        )
    update = f"update it ({prefix}/bin/conda update conda)"
    freezing, reading = catalogue.freezing_conda, catalogue.reading_conda
    if mac.frozen and conda is not None and is_older(conda, freezing):
        yield (
            f"the conda at {prefix} is {conda}, and only {freezing} and newer respect"
            f" `frozen: true`; {update}"
        )
    if mac.environments and conda is not None and is_older(conda, reading):
        yield (
            f"the conda at {prefix} is {conda}, and only {reading} and newer read an environment's"
            " own .condarc for `conda install -n`: an older one looks in the account's channels;"
            f" {update}, or activate the environment first"
        )


def _find_clock_warnings(state: MacState, now: float) -> Iterator[str]:
    days = int((state.clock - now) / _DAY)
    if state.clock and days:
        yield (
            f"its clock is {abs(days)} {'day' if abs(days) == 1 else 'days'}"
            f" {'ahead of' if days > 0 else 'behind'} this computer's, so downloads over TLS fail"
            " there, such as those of a later `conda install`; set its clock"
        )


def find_build_warnings(target: Target, builds: Sequence[Step]) -> Iterator[str]:
    """Yield what a plan warns of beside its `builds`: failed verifications, and little disk."""
    for name in target.locks:
        active = view_kept_environment(name, target.state).generation
        failure = describe_failure(active, name) if active else None
        if failure is not None and all(step.environment != name for step in builds):
            yield f"{name}: {failure}"
        yield from find_variable_warnings(name, find_variables(target, name), target.state)
    yield from (text for stops, text in find_shortages(target.state, builds) if not stops)


def find_run_warnings(lock: RunLock | None) -> tuple[str, ...]:
    """Return a warning if an ended run of this controller has left work on a Mac."""
    if lock is None or not lock.is_ours or not lock.processes:
        return ()
    return (f"an earlier run of {lock.who} is still at work there, and an apply waits for it",)


def is_older(found: str, oldest: Version) -> bool:
    """Tell whether a version from a Mac is older; one that cannot be parsed is not."""
    try:
        return Version(found) < oldest
    except InvalidVersion:
        return False


def _is_part_of(macos: str, expected: str) -> bool:
    """Tell whether a person may call a version of macOS that way: 15.1.2 is 15.1."""
    return f"{macos}.".startswith(f"{expected}.")


def find_lock_warnings(lock: Lock, request: Request | None, catalogue: Catalogue) -> Iterator[str]:
    """Yield what a plan warns of in a locked environment. Without PyTorch, it has no `request`."""
    yield from _find_openmp_warnings(lock, catalogue)
    yield from find_package_notes(lock, catalogue)
    if lock.variant is not None:
        yield from _find_channel_warnings(lock.variant, catalogue)
    version = find_torch_version(lock, catalogue)
    if version is not None:
        yield from _find_advisory_warnings(version, request, lock.mac_class, catalogue)


def find_package_notes(lock: Lock, catalogue: Catalogue) -> Iterator[str]:
    """Yield why a locked wheel is not the newest, and what else is worth knowing about one."""
    conda = {name: version for one in lock.conda for name, version in one.provides}
    wheels = {one.name: one.version for one in lock.wheels}
    for bound in find_holds(catalogue.pairings, {**conda, **wheels}):
        if bound.package in wheels:
            yield (f"{bound.package} {wheels[bound.package]} may not be the newest: {bound.reason}")
    notes = [(one.name, one.note) for one in lock.wheels]
    notes += [(one.name, one.note) for one in lock.libraries]
    yield from (f"{name} {wheels[name]} {note}" for name, note in notes if note)


def find_variant_warnings(
    variant: Variant, request: Request, mac_class: MacClass, catalogue: Catalogue
) -> Iterator[str]:
    """Yield what to warn of in a variant that is not locked."""
    yield from _find_channel_warnings(variant, catalogue)
    version = next(iter(variant.packages.values()))
    if version is not None:
        yield from _find_advisory_warnings(Version(version), request, mac_class, catalogue)


def find_virtual_mac_warnings(state: MacState, lock: Lock) -> Iterator[str]:
    """Yield a warning if an environment expects MPS, and the Mac is a virtual machine.

    There MPS says that it is available and fails at its first allocation, as on GitHub's hosted
    runners (github.com/actions/runner-images, issue 9918). Only a real operation decides.
    """
    if state.virtual and lock.variant is not None and lock.variant.mps_expected:
        yield (
            "this Mac is a virtual machine, whose GPU MPS usually cannot use; if the environment"
            " fails for that, write `backend: cpu`"
        )


def find_torch_version(lock: Lock, catalogue: Catalogue) -> Version | None:
    """Return the version of torch in a lock, from any source; None without torch."""
    names = {one.names.get("torch", "torch") for one in catalogue.sources.values()}
    found = {one.name: one.version for one in lock.wheels}
    found.update((one.name, one.version) for one in lock.conda)
    for name in names & found.keys():
        with suppress(InvalidVersion):
            return Version(found[name])
    return None


def _find_advisory_warnings(
    version: Version, request: Request | None, mac_class: MacClass, catalogue: Catalogue
) -> Iterator[str]:
    known = catalogue.advisories_on(version)
    if not known:
        return
    ask = read_request(request, mac_class, catalogue) if request is not None else None
    ways = "" if ask is None or isinstance(ask, Refusal) else suggest_safe_change(ask, catalogue)
    what = "a known vulnerability" if len(known) == 1 else "known vulnerabilities"
    avoided = f", or {ways}" if ways else "; no single change to the lab avoids that"
    yield (
        f"torch {version} has {what} ({', '.join(one.id for one in known)}):"
        f" load only weights that you trust{avoided}"
    )


def _find_channel_warnings(variant: Variant, catalogue: Catalogue) -> Iterator[str]:
    source = catalogue.sources.get(variant.source)  # a lock is a file, and may say anything
    if source is not None and source.frozen:
        yield f"PyTorch comes from the channel {source.channel}, which is frozen: {source.frozen}"


def _find_openmp_warnings(lock: Lock, catalogue: Catalogue) -> Iterator[str]:
    """Yield a warning if an environment gets OpenMP from torch's wheel and from conda."""
    conda = [one.name for one in lock.conda if one.name in catalogue.openmp]
    if conda and lock.variant is not None and lock.variant.is_from_wheels:
        yield (
            "it has two OpenMP runtimes, the one in torch's wheel and conda's"
            f" {' and '.join(conda)}: a program that loads both may be aborted (OMP: Error #15)."
            " Move packages such as numpy from `conda:` to `pip:`, or take PyTorch from"
            " `source: conda-forge`"
        )
