"""Why the conda solver found no set of packages, and what to write instead. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from torchard.catalog.packages import load_package_facts
from torchard.lock.diagnose import Cause
from torchard.lock.question import has_name
from torchard.lock.wheel_fit import describe_pythons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.lock.question import Question

_SPEC_NAME = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9_][A-Za-z0-9._-]*)")
_NO_CANDIDATES = re.compile(
    r"(?P<asker>[\w.-]+) [^\n]*? would require\s+(?P<spec>[^\n]*?), for which no candidates"
)


@dataclass(frozen=True)
class Row:
    """Builds of one version that a channel has. `fits` says whether the lab's spec admits them.

    `pythons` are those that the builds are for, None for any. `unmet` are virtual packages that
    the class lacks, such as `__osx >=14.0`.
    """

    version: str
    fits: bool
    pythons: tuple[str, ...] | None
    unmet: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """What `channel`, the first that knows a name, has of it, newest first.

    If no channel knows it, `near` are names that they have.
    """

    rows: tuple[Row, ...]
    near: tuple[str, ...] = ()
    channel: str = ""


def name_of(spec: str) -> str:
    """Return the package's name in a match spec, in lower case."""
    match = _SPEC_NAME.match(spec)
    return match[1].lower() if match else spec


def rename(name: str) -> str:
    """Return conda-forge's name for what a person calls by another: a wheel's or an import's."""
    facts = load_package_facts()
    return facts.name_conda(
        facts.import_names.get(canonicalize_name(name), canonicalize_name(name))
    )


def diagnose_conda(text: str, question: Question, listings: Mapping[str, Listing]) -> Cause | None:
    """Return the cause of a failure, or None if only the solver's own words say it."""
    for spec in question.conda_specs:
        listing = listings.get(name_of(spec))
        if listing and not listing.rows:
            return _explain_missing(name_of(spec), question, listings)
        found = listing and _examine(spec, question, listing)
        if found:
            return found
    bound = _find_bound(text, question)
    return bound or _find_lacking(text, question)


def loosen_conda(text: str, question: Question) -> str:
    """Return what to write where nothing but the solver's words says the cause."""
    items = [
        f"`{one}`"
        for one in question.environment.conda
        if _has_version(one) and has_name(text, name_of(one))
    ]
    if items:
        return f"Loosen {' or '.join(items)} in `conda:`, or choose another `python:`."
    if question.torch_specs:
        return "Choose another `release:`, `source:` or `python:`."
    named = [one for one in question.environment.conda if has_name(text, name_of(one))]
    if named:
        return f"Remove {' or '.join(named)} from `conda:`, or choose another `python:`."
    return "Choose another `python:`, or other channels."


def _has_version(spec: str) -> bool:
    return len(spec) > len(name_of(spec)) and bool(re.search(r"[<>=~!\s]", spec))


def _examine(spec: str, question: Question, listing: Listing) -> Cause | None:
    """Return the cause if no build of one package fits its spec, the python and the macOS."""
    name, short = name_of(spec), question.environment.python
    channel = listing.channel
    newest = listing.rows[0].version
    admitted = [one for one in listing.rows if one.fits]
    wanted = _spoken(spec)
    if not admitted:
        offer = _usable(listing.rows, short)
        what = f"{channel} has no {wanted} for these Macs; the newest is {newest}"
        if name == "python":
            listed = sorted({_minor(one.version) for one in listing.rows}, key=_number)
            return Cause(
                name,
                f"{channel} has no python {short} for these Macs",
                f"Choose one of `python:` {', '.join(listed)}.",
            )
        return Cause(name, what, _change(name, offer, question))
    with_python = [one for one in admitted if one.pythons is None or short in one.pythons]
    offer = _usable(listing.rows, short)
    if not with_python:
        pythons = sorted({py for one in admitted for py in one.pythons or ()}, key=_number)
        what = (
            f"{channel} has {wanted} for python {describe_pythons(pythons)}, and the"
            f" environment has {short}"
        )
        other = f'Choose `python: "{pythons[-1]}"`.' if pythons else ""
        return Cause(name, what, f"{other} {_change(name, offer, question)}".strip())
    usable = [one for one in with_python if not one.unmet]
    if not usable:
        unmet = " and ".join(_describe_virtual(one) for one in with_python[0].unmet)
        what = f"{name} {with_python[0].version} needs {unmet}"
        return Cause(name, what, _change(name, offer, question))
    return None


def _explain_missing(name: str, question: Question, listings: Mapping[str, Listing]) -> Cause:
    channels = " and ".join(question.channels)
    has = "has" if len(question.channels) == 1 else "have"
    what = f"{channels} {has} no {name} for these Macs"
    if name not in {name_of(one) for one in question.environment.conda}:
        return Cause(name, what, f"Choose other `channels:`: every environment needs {name}.")
    renamed = rename(name)
    near = (renamed,) if listings[renamed].rows else listings[name].near
    wheel = load_package_facts().name_wheel(name)
    if not near:
        return Cause(
            name, what, f"Check the name, or write `{wheel}` in `pip:` if the index has it."
        )
    listed = " or ".join(f"`{one}`" for one in near)
    return Cause(name, what, f"Write {listed} in `conda:`.")


def _change(name: str, offer: Row | None, question: Question) -> str:
    """Return what to write about a package; `offer` is the newest that fits."""
    if name in {name_of(one) for one in question.torch_specs}:
        if offer and name == "pytorch":
            return f'Write `release: "{offer.version}"`: it is the newest that fits.'
        return "Choose another `release:` or `source:`, or fewer packages in `with:`."
    if offer is None:
        return f"Remove {name} from `conda:`, or take it as a wheel in `pip:`."
    return f"Write `{name}={offer.version}` in `conda:`: it is the newest that fits."


def _usable(rows: Sequence[Row], python: str) -> Row | None:
    """Return the newest row that fits the python and the macOS."""
    fitting = (
        one for one in rows if not one.unmet and (one.pythons is None or python in one.pythons)
    )
    return next(fitting, None)


def _find_bound(text: str, question: Question) -> Cause | None:
    variant = question.variant
    for one in question.constraints if variant else ():
        try:
            asked = Requirement(one)
        except InvalidRequirement:
            continue
        items = [
            item
            for item in question.environment.conda
            if name_of(item) == asked.name and _has_version(item)
        ]
        if not has_name(text, asked.name) or not (items or str(asked.specifier) in text):
            continue
        torch = next(iter(variant.packages.values())) if variant else ""
        why = load_package_facts().bounds.get(asked.name)
        reason = f", because {why}" if why else ""
        wanted = " and ".join(items) or f"another package asks for another {asked.name}"
        begin = f"`conda:` asks for {wanted}" if items else wanted
        return Cause(
            asked.name,
            f"{begin}, and Torchard keeps {one} beside torch {torch or ''}{reason}",
            f"Remove the version of {asked.name}, or choose another `release:` of PyTorch.",
        )
    return None


def _find_lacking(text: str, question: Question) -> Cause | None:
    """Return the cause if a package asks for one that no channel has, or for a newer macOS."""
    match = _NO_CANDIDATES.search(text)
    if match is None:
        return None
    asker, spec = match["asker"], match["spec"].strip()
    if name_of(spec).startswith("__"):
        what = f"{asker} needs {_describe_virtual(spec)}"
    else:
        what = f"{asker} asks for {spec}, which {' and '.join(question.channels)} cannot give here"
    return Cause(asker, what, loosen_conda(text, question))


def _spoken(spec: str) -> str:
    """Return a spec as people write it: without ` ==` and `.*`."""
    return re.sub(r"\s+", " ", spec.replace(" ==", " ")).removesuffix(".*")


def _describe_virtual(spec: str) -> str:
    name, _, bound = spec.partition(" ")
    if name == "__osx":
        return f"macOS {bound.removeprefix('>=').removesuffix('.0')}"
    return {"__linux": "Linux", "__win": "Windows", "__cuda": "CUDA, which no Mac has"}.get(
        name, spec
    )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
