"""Why uv found no set of wheels, and what to write instead. Pure: the pages were read before."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from torchard.catalog.packages import load_package_facts
from torchard.lock.question import has_name
from torchard.lock.wheel_fit import WheelPage, describe_macos, describe_macs, describe_pythons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.version import Version

    from torchard.lock.index_page import IndexFile
    from torchard.lock.question import Question

MOST_SUSPECTS = 6  # packages whose pages are read
_NAME = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_BOUND = r"(?:[<>=!~]=?[^\s,`()]+)(?:,[<>=!~]=?[^\s,`()]+)*"
_NOT_FOUND = re.compile(rf"(?<![\w.`-])({_NAME}) was not found in the ")
_ASKS = re.compile(rf"(?<![\w.`-])({_NAME})(?:{_BOUND})? depends? on ")


@dataclass(frozen=True)
class Cause:
    """Why nothing fits. `about` is the package that it is about; `text` follows "X cannot …: "."""

    about: str
    text: str
    instead: str


@dataclass(frozen=True)
class Evidence:
    """What is known beside uv's words.

    `python` is the environment's full version. `pages` has the files of each package that was
    looked up. `near` are names that the index has, for each package that it lacks. `conda` maps
    packages to their newest versions in the environment's channels, by conda's names.
    """

    python: str
    pages: Mapping[str, Sequence[IndexFile]]
    near: Mapping[str, Sequence[str]]
    conda: Mapping[str, str]


def find_missing(text: str) -> tuple[str, ...]:
    """Return the packages that no index has, as uv says."""
    return tuple(dict.fromkeys(_NOT_FOUND.findall(_flat(text))))[:MOST_SUSPECTS]


def find_suspects(text: str, question: Question) -> tuple[str, ...]:
    """Return the packages that uv's message is about, those that the lab asks for first."""
    flat = _flat(text)
    asked = [canonicalize_name(one.name) for one in _parse_all(question.wheel_requirements)]
    named: list[str] = [name for name in asked if has_name(flat, name)]
    pattern = rf"(?:no|all) versions of ({_NAME})|(?<![\w.`-])({_NAME}){_BOUND}|`({_NAME})`"
    mentioned = re.finditer(pattern, flat)
    named += [next(one for one in match.groups() if one) for match in mentioned]
    found = dict.fromkeys(named)
    return tuple(one for one in found if one not in {"lab", "python"})[:MOST_SUSPECTS]


def diagnose(text: str, question: Question, evidence: Evidence) -> Cause | None:
    """Return the cause of a failure, or None if only uv's own words say it."""
    for name in find_missing(text):
        return _explain_missing(name, text, question, evidence)
    bound = _find_bound(text, question)
    if bound is not None:
        return bound
    for name in find_suspects(text, question):
        if name in evidence.pages:
            found = _examine(name, text, question, evidence)
            if found is not None:
                return found
    return None


def loosen(text: str, question: Question) -> str:
    """Return what to write where nothing but the solver's words says the cause."""
    items = [
        f"`{one}`"
        for one in map(Requirement, question.environment.pip)
        if one.specifier and has_name(text, canonicalize_name(one.name))
    ]
    if items:
        return f"Loosen {' or '.join(items)} in `pip:`, or choose another `release:` or `python:`."
    return "Choose another `release:` or `python:`, or remove a package that uv names from `pip:`."


def _flat(text: str) -> str:
    """Return uv's words on one line: it breaks long ones."""
    return " ".join(text.split())


def _parse_all(items: Sequence[str]) -> Iterator[Requirement]:
    for one in items:
        try:
            yield Requirement(one)
        except InvalidRequirement:
            continue


def _explain_missing(name: str, text: str, question: Question, evidence: Evidence) -> Cause:
    asker = _find_asker(name, text)
    own = asker or name
    further = question.package_indexes.get(name)
    what = f"{further or 'the wheel index'} has no package {name}"
    if asker:
        what = f"{asker} asks for {name}, and {what}"
    near = [f"`{one}`" for one in evidence.near.get(name, ())]
    where = "" if further else load_package_facts().no_mac_wheels.get(name, "")
    if further:
        instead = f"Check the URL under `indexes:`, or remove {own} from `pip:`."
    elif near and not asker:
        instead = f"Write {' or '.join(near)} in `pip:`."
    else:
        instead = f"{where} Remove {own} from `pip:`, or check its name.".strip()
    return Cause(own, what, instead if asker else _or_conda(name, evidence, instead))


def _or_conda(name: str, evidence: Evidence, instead: str) -> str:
    """Return what to write, and the package in `conda:` if the channels have it."""
    conda = load_package_facts().name_conda(name)
    if conda not in evidence.conda:
        return instead
    other = f"Write `{conda}` in `conda:` instead: the channels have {evidence.conda[conda]}."
    return f"{instead} {other}".strip()


def _find_asker(name: str, text: str) -> str:
    """Return the package that depends on another one, as uv says; empty if the lab asks for it."""
    flat = _flat(text)
    for match in _ASKS.finditer(flat):
        rest = flat[match.end() :].partition(", we can conclude")[0].partition(" depend")[0]
        if match[1] != "lab" and has_name(rest, name):
            return match[1]
    return ""


def _find_bound(text: str, question: Question) -> Cause | None:
    """Return the cause if uv's words name a bound that the catalogue adds to this PyTorch."""
    flat, variant = _flat(text), question.variant
    if variant is None:
        return None
    for one in _parse_all(variant.constraints):
        name = canonicalize_name(one.name)
        if not re.search(rf"{re.escape(f'{name}{one.specifier}')}(?![\w.])", flat):
            continue
        torch = f"torch {variant.packages.get('torch') or variant.packages.get('pytorch') or ''}"
        why = load_package_facts().bounds.get(name)
        asker = _find_asker(name, text)
        own = [item for item in question.environment.pip if _is_about(item, name)]
        if not asker and not own:
            continue
        wanted = f"{asker} asks for another {name}" if asker else f"`pip:` asks for {own[0]}"
        reason = f", because {why}" if why else ""
        return Cause(
            asker or name,
            f"{wanted}, and Torchard keeps {one} beside {torch.strip()}{reason}",
            f"Remove {asker or own[0]} from `pip:`, or ask for another `release:` of PyTorch.",
        )
    return None


def _is_about(item: str, name: str) -> bool:
    return any(canonicalize_name(one.name) == name for one in _parse_all([item]))


def _combine(items: Sequence[str], name: str) -> SpecifierSet:
    """Return what requirements ask of a package's version."""
    bounds = SpecifierSet()
    for one in _parse_all(items):
        if canonicalize_name(one.name) == name:
            bounds &= one.specifier
    return bounds


def _find_bounds(name: str, text: str, question: Question) -> SpecifierSet:
    """Return what the lab, the catalogue and other packages ask of a package's version."""
    bounds = _combine([*question.wheel_requirements, *question.wheel_constraints], name)
    asked = {canonicalize_name(one.name) for one in _parse_all(question.wheel_requirements)}
    match = re.search(rf"depends? on {re.escape(name)}({_BOUND})", _flat(text))
    if name not in asked and match:
        with suppress(InvalidSpecifier):
            bounds &= SpecifierSet(match[1])
    return bounds


def _examine(name: str, text: str, question: Question, evidence: Evidence) -> Cause | None:
    """Return the cause if no file of a package fits what is asked of it."""
    page = WheelPage(evidence.pages[name], question.mac_class, evidence.python)
    own = [one for one in question.environment.pip if _is_about(one, name)]
    bounds = _find_bounds(name, text, question)
    wanted = page.select(bounds)
    if any(page.fits(one) for one in wanted):
        return None
    asker = "" if own else _find_asker(name, text)
    newest = page.find_newest_fitting(_combine(question.wheel_constraints, name))
    if len(own) > 1 and not wanted:
        what, newest = f"`pip:` asks for {' and for '.join(own)}, and no version is both", None
        way = "Remove one of them."
    else:
        what, way = _describe_fault(name, bounds, page, evidence.python)
    if asker:
        what = f"{asker} asks for {name}{bounds}, and {what}"
    facts = load_package_facts()
    change = _change(name, asker, newest, question)
    if change and way:
        way = f"Or {way[0].lower()}{way[1:]}"
    ways = [
        change,
        "" if asker else way,
        "" if name in question.package_indexes else facts.no_mac_wheels.get(name, ""),
    ]
    instead = " ".join(one for one in ways if one)
    if newest and str(newest) not in what:
        what += f"; the newest that fits is {newest}"
    return Cause(
        asker or name,
        what,
        instead if asker or newest else _or_conda(name, evidence, instead),
    )


def _change(name: str, asker: str, newest: Version | None, question: Question) -> str:
    """Return what to write about a package without a file that fits; empty if nothing helps."""
    if asker:
        return f"Ask for another version of {asker}, or remove it."
    if name in question.torch_wheels:
        return "Choose another `release:` of PyTorch."
    return f"Write `{name}=={newest}` in `pip:`." if newest else ""


def _describe_fault(
    name: str, bounds: SpecifierSet, page: WheelPage, python: str
) -> tuple[str, str]:
    """Return why no file of a package fits, and what to write beside another version."""
    wanted = page.select(bounds)
    remove = f"Remove {name} from `pip:`: no release fits these Macs."
    if not wanted:
        newest = max(page.versions, default=None)
        what = f"its newest is {newest}" if newest else "it lists no file that can be used"
        return f"the wheel index has no {name}{bounds}; {what}", ""
    version = max((one for one in wanted if page.has_wheels(one)), default=max(wanted))
    if not page.has_wheels(version):
        builds = "source only, and Torchard builds nothing on a Mac"
        if page.has_any_wheel:
            return f"{name} {version} is {builds}", ""
        return f"every release of {name} is {builds}", f"Remove {name} from `pip:`."
    archs = page.list_mac_archs(version)
    if not archs:
        if page.has_mac_wheel:
            return f"{name} {version} has no wheel for Macs", ""
        return f"no release of {name} has a wheel for Macs", f"Remove {name} from `pip:`."
    if not page.has_arch(version):
        way = "" if page.has_any_for_arch else remove
        return f"{name} {version} has wheels for {describe_macs(archs)} only", way
    nearest = page.find_nearest_python(wanted)
    way = f'Choose `python: "{nearest}"`.' if nearest else ""
    for_python = page.select_for_python(wanted)
    if not for_python:
        listed = describe_pythons(page.list_pythons(version))
        short = ".".join(python.split(".")[:2])
        what = f"has wheels for python {listed}, and the environment has {short}"
        return f"{name} {version} {what}", way or remove
    macos = min(map(page.find_oldest_macos, for_python))
    version = max(one for one in for_python if page.find_oldest_macos(one) == macos)
    return f"{name} {version} needs macOS {describe_macos(macos)}", way
