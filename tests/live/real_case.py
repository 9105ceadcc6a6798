"""What one person asks for on one Mac: read it, solve it, and judge the answer.

The judgement uses `packaging` and the metadata on the index, and not what solved it.
"""

from __future__ import annotations

import functools
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uv
import yaml
from packaging.utils import canonicalize_name
from wheel_tags import fits

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.pairings import find_broken_bounds
from torchard.catalog.variant import Refusal, Variant
from torchard.lab.model import COMPANIONS, Environment, MacHost, Position, Request
from torchard.lock.fitting import resolve_fitting_wheels
from torchard.lock.lockfile import LockError, Wheel
from torchard.lock.tags import list_markers
from torchard.lock.wheel_metadata import read_metadata
from torchard.lock.wheels import resolve_wheels
from torchard.workspace.locks import form_question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement

    from torchard.depot.depot import Depot
    from torchard.lock.lockfile import LibraryCheck
    from torchard.lock.question import Question

LARGEST = 4 << 20  # bytes of a wheel whose libraries are read; torch's has more
_READERS = 8  # metadata files that are fetched at once
_PLATFORMS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}
# A full version of each python, as conda has it.
_FULL = {
    "3.9": "3.9.25", "3.10": "3.10.20", "3.11": "3.11.15",
    "3.12": "3.12.13", "3.13": "3.13.12", "3.14": "3.14.3",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One row of `real_cases.yaml` on one Mac. `refused` is why nothing fits, or empty."""

    source: str
    arch: str
    macos: str
    request: Request
    pip: tuple[str, ...]
    torch: str = ""
    refused: str = ""

    def __str__(self) -> str:
        asked = self.request
        words = " ".join((asked.release, *self.pip))
        return f"{self.arch}-{self.macos}-py{asked.python}-{words}"[:80]


@dataclass(frozen=True)
class Answer:
    """What became of a case: wheels with their URLs, or why there are none."""

    wheels: Mapping[Wheel, str] = field(default_factory=dict)
    question: Question | None = None
    reason: str = ""

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of each wheel, by its name."""
        return {one.name: one.version for one in self.wheels}


def read_cases() -> Iterator[Case]:
    """Yield each case for each of its Macs."""
    text = Path(__file__).with_name("real_cases.yaml").read_text(encoding="utf-8")
    for row in yaml.safe_load(text):
        for mac in row["macs"]:
            yield _read_case(row, *mac)


def _read_case(
    row: Mapping[str, Any], arch: str, macos: str, python: str, release: str = "stable"
) -> Case:
    companions = row.get("with")
    if companions is not None:
        companions = tuple(one for one in COMPANIONS if one in companions)
    return Case(
        row["source"],
        arch,
        macos,
        Request(python, release, companions=companions),
        tuple(row["pip"]),
        row.get("torch", ""),
        row.get("refused", ""),
    )


@functools.cache
def solve(case: Case) -> Answer:
    """Choose a PyTorch for a case, and solve its wheels as `torchard lock` does."""
    catalogue = load_catalog()
    group = find_mac_class(case.arch, case.macos, catalogue)
    chosen = choose(case.request, group, catalogue) if isinstance(group, MacClass) else group
    if isinstance(chosen, Refusal) or not isinstance(group, MacClass):
        assert isinstance(chosen, Refusal)
        return Answer(reason=f"{chosen.reason} {chosen.instead}")
    assert isinstance(chosen, Variant)
    python = case.request.python
    where = Position("lab.yaml", 1, 1)
    environment = Environment("torch", python, case.request, pip=case.pip, where=where)
    question = form_question(environment, group, chosen, MacHost("mac"), catalogue)
    try:
        return Answer(resolve_wheels(question, _FULL[python], {}), question)
    except LockError as error:
        return Answer(question=question, reason=f"{error.message} {error.instead}")


def find_faults(case: Case, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with the wheels of an answer: tags, requirements and pairings."""
    assert answer.question is not None
    for wheel in answer.wheels:
        if not fits(wheel.file, case.arch, case.macos, case.request.python):
            yield f"{wheel.file} does not fit the Mac"
    for bound in find_broken_bounds(load_catalog().pairings, answer.versions):
        yield f"{bound.package} {answer.versions[bound.package]}: {bound.reason}"
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(read_metadata, answer.wheels.values())
        metadata = dict(zip(answer.wheels, found, strict=True))
    markers = list_markers(answer.question.mac_class, _FULL[case.request.python])
    for wheel, read in metadata.items():
        for asked in read.requirements:
            if _counts(asked, markers):
                yield from _find_unmet(wheel.name, asked, answer.versions)


def _counts(asked: Requirement, markers: Mapping[str, str]) -> bool:
    """Tell whether a requirement counts on a Mac without any extra."""
    return asked.marker is None or asked.marker.evaluate({**markers, "extra": ""})


def _find_unmet(owner: str, asked: Requirement, versions: Mapping[str, str]) -> Iterator[str]:
    version = versions.get(canonicalize_name(asked.name))
    if version is None:
        yield f"{owner} asks for {asked}, which is not there"
    elif not asked.specifier.contains(version, prereleases=True):
        yield f"{owner} asks for {asked}, and {version} is there"


def install_dry(case: Case, answer: Answer, folder: Path) -> set[str]:
    """Return what `uv pip install --dry-run` on such a Mac would install of an answer's pins.

    Each is `name==version`. uv reads metadata only, and resolves the pins with their dependencies.
    """
    assert answer.question is not None
    pins = [f"{one.name}=={one.version}" for one in answer.wheels]
    nightly = answer.question.nightly if case.request.release == "nightly" else ""
    more = ["--extra-index-url", nightly, "--index-strategy", "unsafe-best-match"]
    done = subprocess.run(
        [
            *(uv.find_uv_bin(), "pip", "install", "--dry-run", "--target", folder, "--no-config"),
            *("--python-platform", _PLATFORMS[case.arch], "--only-binary", ":all:"),
            *("--python-version", _FULL[case.request.python]),
            *(more if nightly else ()),
            *pins,
        ],
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": answer.question.mac_class.macos},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stderr.splitlines())
    return {words[1] for words in lines if len(words) == 2 and words[0] == "+"}


def check_libraries(answer: Answer, depot: Depot) -> dict[str, LibraryCheck]:
    """Return the checks of the libraries in torch and in small wheels, by name.

    They are read as `torchard lock` reads them. Raise LockError if one of them does not load.
    """
    assert answer.question is not None
    wheels = {
        one: url for one, url in answer.wheels.items() if one.name == "torch" or one.size < LARGEST
    }
    found = resolve_fitting_wheels(answer.question, lambda _question: wheels, depot, print)
    return {one.name: one for one in found.libraries}
