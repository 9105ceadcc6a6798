"""Render the matrix as `docs/matrix.md`, which `make matrix` writes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.catalog.fit import format_macos, format_python
from torchard.catalog.variant import Refusal
from torchard.curate.matrix import BACKENDS, PYTHONS, SOURCES, Cell, answer_cells, list_systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.version import Version

    from torchard.catalog.rows import Builds, Catalogue, PackageSource, Release
    from torchard.catalog.variant import Variant
    from torchard.lab.model import Backend, Source

    Answers = Mapping[Cell, Variant | Refusal]

_HEAD = """\
<!-- `make matrix` writes this page. Change torchard/catalog/pytorch.yaml instead. -->
# Which PyTorch for this Mac?

This page has the answers of `torchard choose` for every Mac and python, with the default
companions. A column is a macOS and all newer ones up to the next column. A cell has the newest
release that fits. *MPS* marks a release that `backend: auto` uses with MPS; *cpu* is the release
for `backend: cpu` if that is different. Below each table are the refusals, with what to write
instead. For the reasons, and for an exact release, use
`torchard choose --arch arm64 --macos 14 --python 3.12 --release 2.11.0`.
"""
_ADVISORIES = """\
A plan warns about each environment whose torch is affected, and says which change gets a safe
release. Advisories that PyTorch disputes or the CVE programme rejected are not listed.
"""


def render_page(catalogue: Catalogue) -> str:
    """Return the page."""
    found = answer_cells(catalogue, ("stable", "nightly"))
    lines = [_HEAD]
    for source in SOURCES:
        lines += [f"## {_title(catalogue.sources[source])}", ""]
        lines += _stable("stable", source, found, catalogue)
        lines += ["### Every release", "", *_releases(catalogue.sources[source], catalogue), ""]
    lines += ["## `release: nightly`, only as wheels", ""]
    lines += _stable("nightly", "wheels", found, catalogue)
    lines += ["## Known vulnerabilities", "", _ADVISORIES, *_advisories(catalogue), ""]
    return "\n".join(lines).rstrip() + "\n"


def _title(source: PackageSource) -> str:
    if source.name == "wheels":
        return "Wheels, the default"
    return f"`source: {source.name}`{', frozen' if source.frozen else ''}"


def _advisories(catalogue: Catalogue) -> Iterator[str]:
    yield from _table(
        ["what", "since", "torch", "what it means"],
        (
            [f"[{one.id}]({one.url})", one.published, f"before {one.fixed}", one.text]
            for one in catalogue.advisories
        ),
    )


def _stable(release: str, source: Source, found: Answers, catalogue: Catalogue) -> Iterator[str]:
    """Yield a table for each arch: a row for each python, a column for each system."""
    for arch, platform in catalogue.platforms.items():
        columns = list_systems(arch, catalogue)
        yield from (f"### {platform.name} ({arch})", "")
        heads = [f"macOS {_system(one)}" for one in columns]
        yield from _table(
            ["python", *heads],
            (
                [python, *(_cell(arch, one, python, release, source, found) for one in columns)]
                for python in PYTHONS
            ),
        )
        yield ""
        yield from _refusals(arch, release, source, found, catalogue)


def _cell(  # noqa: PLR0917  # each is one part of the question
    arch: str, macos: str, python: str, release: str, source: Source, found: Answers
) -> str:
    auto, mps, cpu = (
        found[Cell(arch, macos, python, release, backend, source)] for backend in BACKENDS
    )
    if isinstance(cpu, Refusal):
        return "refused"
    bare = _torch(cpu)
    if isinstance(mps, Refusal):
        # `auto` is refused too if MPS is possible with another python or release.
        return f"MPS refused, cpu {bare}" if isinstance(auto, Refusal) else bare
    return f"{_torch(mps)} MPS" + (f", cpu {bare}" if _torch(mps) != bare else "")


def _torch(variant: Variant) -> str:
    return next(iter(variant.packages.values())) or "the newest"


def _releases(source: PackageSource, catalogue: Catalogue) -> Iterator[str]:
    archs = [
        arch for arch in catalogue.platforms if any(arch in one.builds for one in source.releases)
    ]
    heads = ["torch", "torchvision", "torchaudio", "beside it", "MPS from"]
    names = [f"{catalogue.platforms[arch].name}: python and macOS" for arch in archs]
    yield from _table(
        [*heads, *names], (_release(one, archs, catalogue) for one in source.releases)
    )


def _release(release: Release, archs: Iterable[str], catalogue: Catalogue) -> list[str]:
    mps = catalogue.mps.arch in release.builds
    return [
        str(release),
        *(_companion(release, name) for name in ("torchvision", "torchaudio")),
        ", ".join(f"`{one}`" for one in release.constraints),
        _floor(release.mps) if mps else "none",
        *("; ".join(_builds(release, arch)) or "none" for arch in archs),
    ]


def _companion(release: Release, name: str) -> str:
    if name not in release.packages:
        return "none"
    return release.packages[name] or "what fits"


def _floor(macos: Version | None) -> str:
    return "unverified" if macos is None else f"macOS {format_macos(macos)}"


def _builds(release: Release, arch: str) -> Iterator[str]:
    """Yield the pythons of torch itself, each with the oldest macOS."""
    rows = release.builds.get(arch, {}).get("torch", ())
    for row in rows:
        yield f"{_pythons(row)} from {format_macos(row.macos)}"


def _pythons(row: Builds) -> str:
    if row.last is None:
        return f"{format_python(row.first)} and newer"
    if row.last == row.first:
        return format_python(row.first)
    return f"{format_python(row.first)}–{format_python(row.last)}"  # noqa: RUF001


def _refusals(
    arch: str, release: str, source: Source, found: Answers, catalogue: Catalogue
) -> Iterator[str]:
    """Yield each refusal of a table once, with the cells that get it."""
    texts: dict[str, list[Cell]] = {}
    for cell, got in found.items():
        where = (cell.arch, cell.release, cell.source)
        if isinstance(got, Refusal) and where == (arch, release, source):
            texts.setdefault(f"{got.reason} {got.instead}", []).append(cell)
    if texts:
        yield from ("Refused:", "")
    for text, cells in texts.items():
        yield f"- *{'; '.join(_places(cells, list_systems(arch, catalogue)))}*: {text}"
    if texts:
        yield ""


def _places(cells: Iterable[Cell], columns: tuple[str, ...]) -> Iterator[str]:
    """Yield the cells of one table as phrases, combining cells where possible."""
    backends: dict[tuple[str, str], tuple[Backend, ...]] = {}
    for cell in cells:
        place = (cell.macos, cell.python)
        backends[place] = (*backends.get(place, ()), cell.backend)
    by_python: dict[tuple[str, tuple[Backend, ...]], list[str]] = {}
    for (macos, python), named in backends.items():
        by_python.setdefault((python, named), []).append(macos)
    alike: dict[tuple[tuple[str, ...], tuple[Backend, ...]], list[str]] = {}
    for (python, named), macos_list in by_python.items():
        alike.setdefault((tuple(macos_list), named), []).append(python)
    for (on, named), pythons in alike.items():
        backend = "" if named == BACKENDS else f", backend {' or '.join(named)}"
        macos = _span([_system(one) for one in on], [_system(one) for one in columns])
        yield f"macOS {macos}, python {_span(pythons, list(PYTHONS))}{backend}"


def _span(some: list[str], ordered: list[str]) -> str:
    """Return adjacent items as a range, and other items as a list."""
    first = ordered.index(some[0])
    if len(some) > 2 and some == ordered[first : first + len(some)]:
        return f"{some[0]} to {some[-1]}"
    return ", ".join(some)


def _system(text: str) -> str:
    return text.removesuffix(".0")


def _table(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
