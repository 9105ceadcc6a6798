"""Does a lock answer the lab's question? Each field and each row is compared. Pure.

The digests of a lock are not a signature: anyone who edits a lock can compute them. So this
comparison decides. Only the solvers know which versions exist and what each package needs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from torchard.catalog.catalog import PACKAGES
from torchard.lock.lockfile import CondaPackage, Wheel
from torchard.lock.tags import list_markers, list_tags
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

    from torchard.catalog.variant import Variant
    from torchard.lock.lockfile import Lock
    from torchard.lock.question import Question

_SHOWN = 120  # characters of a value
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")

CONDA_TORCH = ("libtorch", "pytorch")  # conda packages that may have PyTorch's libraries

Part = str | CondaPackage | Wheel
"""A key of a lock file, or one of its packages."""


def find_differences(lock: Lock, question: Question) -> Iterator[tuple[Part, str]]:
    """Yield each key of a lock that is not what the lab and the catalogue ask for, with a clause.

    A lock with such a key is out of date, or a copy of another one.
    """
    pairs: dict[str, tuple[object, object]] = {
        "environment": (lock.environment, question.environment.name),
        "class": (str(lock.mac_class), str(question.mac_class)),
        "python": (lock.python, question.environment.python),
        "conda_specs": (lock.conda_specs, question.conda_specs),
        "pip_specs": (lock.pip_specs, tuple(question.environment.pip)),
        "channels": (lock.channels, question.channels),
        "variant": (_chosen(lock.variant), _chosen(question.variant)),
    }
    for key, (found, asked) in pairs.items():
        if isinstance(found, tuple) and isinstance(asked, tuple) and found != asked:
            yield key, f"its {key} has {_compare_lists(found, asked)}"
        elif found != asked:
            yield key, f"its {key} is {_show(found)}, and the lab asks for {_show(asked)}"
    asked_from = question.package_indexes
    for name in sorted(lock.indexes.keys() | asked_from.keys()):
        if lock.indexes.get(name) != asked_from.get(name):
            places = (_describe_index(one.get(name)) for one in (lock.indexes, asked_from))
            part = "indexes" if lock.indexes else "channels"
            yield part, f"its index of {name} is {next(places)}, and the lab's is {next(places)}"


def _describe_index(url: str | None) -> str:
    return "the usual one" if url is None else url or "one for an exact torch"


def _compare_lists(found: tuple[str, ...], asked: tuple[str, ...]) -> str:
    """Say in a phrase how two lists differ."""
    more = ", ".join(_show(one) for one in found if one not in asked)
    missing = ", ".join(_show(one) for one in asked if one not in found)
    if more and missing:
        return f"{more}, and the lab asks for {missing}"
    if more:
        return f"{more}, which the lab does not ask for"
    return f"no {missing}, which the lab asks for" if missing else "another order than the lab's"


def _chosen(variant: Variant | None) -> dict[str, object] | None:
    """Return what a lock holds of a variant: its reasons are chosen again for each Mac."""
    if variant is None:
        return None
    return {
        "source": variant.source,
        "packages": dict(variant.packages),
        "mps_expected": variant.mps_expected,
        "constraints": variant.constraints,
    }


def find_other_packages(lock: Lock, solved: Lock) -> Iterator[tuple[Part, str]]:
    """Yield each package of a lock that the solvers do not give with that lock's own versions."""
    rows: list[tuple[str, tuple[CondaPackage | Wheel, ...], tuple[CondaPackage | Wheel, ...]]] = [
        ("conda", lock.conda, solved.conda),
        ("wheels", lock.wheels, solved.wheels),
    ]
    for key, ours, theirs in rows:
        known = {one.name: one for one in ours}
        found = {one.name: one for one in theirs}
        for name in sorted(known.keys() | found.keys()):
            if name not in found:
                yield known[name], f"nothing needs its {name}"
            elif name not in known:
                yield key, f"it lacks {name} {found[name].version}, which its packages need"
            elif _row(known[name]) != _row(found[name]):
                own, other = _row(known[name]), _row(found[name])
                what = next(field for field in own if own[field] != other[field])
                yield (
                    known[name],
                    f"the {what} of {name} is {_show(own[what])}, not {_show(other[what])}",
                )
    checks = {one.sha256: replace(one, note="") for one in solved.libraries}
    for check in lock.libraries:
        if checks.get(check.sha256, check) != replace(check, note=""):
            yield "libraries", f"its check of {check.name} is not what the libraries give"


def _row(package: CondaPackage | Wheel) -> dict[str, object]:
    """Return the fields of a package, without the note that it had when it was locked."""
    return {key: value for key, value in vars(package).items() if key != "note"}


def find_contradictions(lock: Lock) -> Iterator[tuple[Part, str]]:
    """Yield each package of a lock that does not fit the rest of it, with a clause."""
    rows: tuple[CondaPackage | Wheel, ...] = (*lock.conda, *lock.wheels)
    known = Counter((type(one), one.name) for one in rows)
    for row in rows:
        if known[type(row), row.name] > 1:
            yield row, f"it lists {row.name} twice"
    for package in lock.conda:
        if package.channel not in lock.channels:
            yield package, f"{package.name} is from {package.channel}, which is not in its channels"
        if package.subdir not in {lock.mac_class.subdir, "noarch"}:
            yield (
                package,
                f"{package.name} is for {package.subdir}, not for {lock.mac_class.subdir}",
            )
        stem = f"{package.name}-{package.version}-{package.build}"
        if package.file not in {f"{stem}.conda", f"{stem}.tar.bz2"}:
            yield package, f"{package.file} is not a file of {stem}"
    python = next((one for one in lock.conda if one.name == "python"), None)
    if python is None:
        yield "conda", "it has no python among its conda packages"
    elif not python.version.startswith(f"{lock.python}."):
        yield python, f"its python is {python.version}, not {lock.python}"
    elif re.search(r"_cp\d+t$", python.build):
        yield python, f"its python {python.build} has no global interpreter lock"
    else:
        yield from _find_wrong_wheels(lock, python.version)
    yield from _find_wrong_checks(lock)


def _find_wrong_checks(lock: Lock) -> Iterator[tuple[Part, str]]:
    """Yield each check of libraries that does not fit the wheels."""
    wheels = {(one.name, one.sha256) for one in lock.wheels}
    known = {one.sha256 for one in lock.wheels if one.name == "torch"}
    known |= {one.sha256 for one in lock.conda if one.name in CONDA_TORCH}
    for check in lock.libraries:
        if (check.name, check.sha256) not in wheels:
            yield "libraries", f"it has a check of another {check.name}"
        elif check.torch is not None and check.torch not in known:
            yield "libraries", f"{check.name} was compared with another torch"
        elif (
            check.name not in PACKAGES
            and check.macos is not None
            and Version(check.macos) > Version(lock.mac_class.macos)
        ):
            yield "libraries", f"{check.name} needs macOS {check.macos}"


def find_unchecked(lock: Lock) -> Iterator[Wheel]:
    """Yield the wheels that may have libraries, of which a lock has no check."""
    checked = {one.sha256 for one in lock.libraries}
    yield from (
        one for one in lock.wheels if may_have_libraries(one.file) and one.sha256 not in checked
    )


def may_have_libraries(file: str) -> bool:
    """Tell whether a wheel may have libraries: by its name, it is not for every system."""
    return not file.endswith("-any.whl")


def _find_wrong_wheels(lock: Lock, python: str) -> Iterator[tuple[Part, str]]:
    tags = frozenset(list_tags(lock.mac_class, python))
    provided = {name for one in lock.conda for name, _ in one.provides}
    for wheel in lock.wheels:
        if wheel.name in provided:
            yield wheel, f"{wheel.name} is a wheel, and comes from conda as well"
        if wheel.index != lock.indexes.get(wheel.name, ""):
            yield wheel, f"{wheel.name} is not from the index that it names for {wheel.name}"
        try:
            name, version, _, fitting = parse_wheel_filename(wheel.file)
            is_named = name == wheel.name and version == Version(wheel.version)
        except (InvalidWheelFilename, InvalidVersion):
            is_named, fitting = False, frozenset()
        if not is_named:
            yield wheel, f"{wheel.file} is not a wheel of {wheel.name} {wheel.version}"
        elif not fitting & tags:
            yield wheel, f"{wheel.file} is not for {lock.mac_class} and python {python}"


def find_unasked(lock: Lock, question: Question) -> Iterator[tuple[Part, str]]:
    """Yield what the packages of a lock lack or break of what the lab and the catalogue ask for."""
    yield from _find_unasked_conda(lock, question)
    if lock.wheels and not question.wheel_requirements:
        yield lock.wheels[0], "it has wheels, and the lab asks for none"
    rows: dict[str, tuple[Part, str]] = {
        name: (one, version) for one in lock.conda for name, version in one.provides
    }
    rows.update((one.name, (one, one.version)) for one in lock.wheels)
    python = next(one.version for one in lock.conda if one.name == "python")
    for text in question.wheel_requirements:
        asked = Requirement(text)
        name = str(canonicalize_name(asked.name))
        if not _is_for(asked, question, python):
            continue
        if name not in rows:
            yield "wheels", f"it has no {name}, and {text} is asked for"
        elif not _is_in(asked.specifier, rows[name][1]):
            yield rows[name][0], f"its {name} is {rows[name][1]}, and {text} is asked for"
    for text in question.constraints:
        asked = Requirement(text)
        name = str(canonicalize_name(asked.name))
        if name in rows and not _is_in(asked.specifier, rows[name][1]):
            yield rows[name][0], f"its {name} is {rows[name][1]}, and this PyTorch needs {text}"


def _find_unasked_conda(lock: Lock, question: Question) -> Iterator[tuple[Part, str]]:
    conda = {one.name: one for one in lock.conda}
    for spec in question.conda_specs:
        (name,) = _NAME.findall(spec)[:1]
        if name.lower() not in conda:
            yield "conda", f"it has no {name.lower()} among its conda packages"
    for spec in question.torch_specs:
        name, _, version = spec.partition(" ==")
        if version and name in conda and conda[name].version != version:
            yield conda[name], f"its {name} is {conda[name].version}, not {version}"


def _is_for(asked: Requirement, question: Question, python: str) -> bool:
    """Tell whether the marker of a requirement is true on the Macs of a class."""
    environment = list_markers(question.mac_class, python)
    try:
        return asked.marker is None or asked.marker.evaluate(environment)
    except (InvalidMarker, UndefinedEnvironmentName, InvalidVersion):
        return False  # uv decided it


def _is_in(specifier: SpecifierSet, version: str) -> bool:
    """Tell whether a version is in a specifier. One that only conda can parse is in no bound."""
    try:
        return not specifier or specifier.contains(version, prereleases=True)
    except InvalidVersion:  # of older releases of packaging
        return False


def _show(value: object) -> str:
    return sanitize(json.dumps(value, ensure_ascii=False))[:_SHOWN]
