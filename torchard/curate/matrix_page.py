"""Render the matrix as the pages `docs/matrix*.md`, which `make matrix` writes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.catalog.fit import format_macos, format_python
from torchard.catalog.variant import Refusal
from torchard.curate.matrix import BACKENDS, PYTHONS, SOURCES, Cell, answer_cells, list_systems
from torchard.lab.model import USUAL_PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.specifiers import SpecifierSet

    from torchard.catalog.rows import Advisory, Builds, Catalogue, PackageSource, Release
    from torchard.catalog.variant import Variant
    from torchard.lab.model import Backend, Source

    Answers = Mapping[Cell, Variant | Refusal]

MATRIX, REFUSALS, RELEASES = "matrix.md", "matrix-refusals.md", "matrix-releases.md"
PAIRINGS = "matrix-pairings.md"
_WRITTEN = "<!-- `make matrix` writes this page. Change torchard/catalog/pytorch.yaml instead. -->"
_FIRST = f"""\
{_WRITTEN}
# Which PyTorch for this Mac?

With python {USUAL_PYTHON} and nothing else asked for, a Mac gets this release as wheels. A column
is a macOS and all newer ones up to the next column. *MPS* means that torch computes on the GPU,
*cpu* that it does not. *none* means that there is no such Mac, or that Torchard does not support
it.
"""
_PYTHONS = f"""\
`torchard choose`, typed on a Mac, answers for that Mac. With options it answers any other request.
[Refusals]({REFUSALS}) lists what does not fit and what to write instead.
[Releases]({RELEASES}) lists every release with its companions, known vulnerabilities and failures.
[Pairings]({PAIRINGS}) lists which versions of other packages fit which PyTorch.

The tables below have every python, with the default companions. *MPS* marks a release that
`backend: auto` uses with MPS; *cpu* is the release for `backend: cpu` if that is different.
"""
_REFUSALS = f"""\
{_WRITTEN}
# What does not fit, and what to write instead

These are the refusals of the tables in [which PyTorch for this Mac](matrix.md), with the default
companions.
"""
_RELEASES = f"""\
{_WRITTEN}
# Every release

The releases that the catalogue knows, with the pythons and the oldest macOS of torch itself.
Several rows of one torch have different companions; a Mac gets the first row that fits. A release
before 1.12.0 is installed only if it is asked for.
"""
_ADVISORIES = """\
A plan warns about each environment whose torch is affected, and says which change gets a safe
release.
"""
_DISMISSED = """\
No plan warns of these:
"""
_FAILURES = """\
`release: stable` does not get such a release where MPS is wanted. A request that names it gets a
note.
"""
_PAIRINGS = f"""\
{_WRITTEN.replace("pytorch", "pairings")}
# Packages beside PyTorch

These packages need certain versions of another one, and their metadata does not say so. Torchard
gives each bound to uv when it solves a lock, and says so if a package is not the newest because of
it. The first row of a table that contains the version on the left counts. A version without a row
is not bounded. [`pairings.yaml`](../torchard/catalog/pairings.yaml) has the source of each table.
"""
_NEEDS = """\
An answer has such a note if its request names the package under `with`.
"""
_FOUND = {
    "imports": "by comparing the symbols that its libraries import with those that torch exports",
    "sources": "from the package's own code",
    "table": "from a table that the project publishes",
    "contents": "from the files in its wheels",
}


def render_pages(catalogue: Catalogue) -> dict[str, str]:
    """Return the pages of docs/, by file name."""
    found = answer_cells(catalogue, ("stable", "nightly"))
    pages = {
        MATRIX: _render_matrix(found, catalogue),
        REFUSALS: _render_refusals(found, catalogue),
        RELEASES: _render_releases(catalogue),
        PAIRINGS: _render_pairings(catalogue),
    }
    return {name: "\n".join(lines).rstrip() + "\n" for name, lines in pages.items()}


def _render_matrix(found: Answers, catalogue: Catalogue) -> Iterator[str]:
    yield _FIRST
    yield from _first_screen(found, catalogue)
    yield from ("", _PYTHONS)
    for title, release, source in _list_tables(catalogue):
        yield from (f"## {title}", "")
        for arch in catalogue.platforms:
            yield from _stable(arch, release, source, found, catalogue)


def _render_refusals(found: Answers, catalogue: Catalogue) -> Iterator[str]:
    yield _REFUSALS
    for title, release, source in _list_tables(catalogue):
        yield from (f"## {title}", "")
        for arch, platform in catalogue.platforms.items():
            yield from (f"### {platform.name} ({arch})", "")
            yield from _refusals(arch, release, source, found, catalogue)


def _render_releases(catalogue: Catalogue) -> Iterator[str]:
    yield _RELEASES
    for source in SOURCES:
        yield from (f"## {_title(catalogue.sources[source])}", "")
        yield from (*_releases(catalogue.sources[source], catalogue), "")
    yield from ("## Known vulnerabilities", "", _ADVISORIES, *_advisories(catalogue), "")
    yield _DISMISSED
    yield from (f"- {one.id}: {one.reason}." for one in catalogue.dismissed)
    yield ""
    yield from ("## Known failures of MPS", "", _FAILURES, *_failures(catalogue), "")


def _render_pairings(catalogue: Catalogue) -> Iterator[str]:
    yield _PAIRINGS
    for one in catalogue.pairings:
        yield from (f"## {one.package} beside {one.beside}", "")
        yield from (f"- Reason: {one.reason}.", f"- Known {_FOUND[one.found]}.", "")
        rows = ([_specifier(row.beside), _specifier(row.fits)] for row in one.rows)
        yield from (*_table([one.beside, one.package], rows), "")
    yield from ("## What a package needs beside it", "", _NEEDS)
    yield from (f"- {one.text}" for one in catalogue.needs)


def _specifier(versions: SpecifierSet | None) -> str:
    if versions is None:
        return "none"
    return f"`{','.join(sorted(map(str, versions), reverse=True))}`" if str(versions) else "any"


def _list_tables(catalogue: Catalogue) -> Iterator[tuple[str, str, Source]]:
    """Yield the title of each table, and the release and source that it is about."""
    for source in SOURCES:
        yield _title(catalogue.sources[source]), "stable", source
    yield "`release: nightly`, only as wheels", "nightly", "wheels"


def _first_screen(found: Answers, catalogue: Catalogue) -> Iterator[str]:
    """Yield one row for each arch; a macOS with the answers of the one before has no column."""
    systems = sorted(
        {one for arch in catalogue.platforms for one in list_systems(arch, catalogue)}, key=Version
    )
    columns = {
        macos: [_first_cell(arch, macos, found, catalogue) for arch in catalogue.platforms]
        for macos in systems
    }
    shown = [
        macos
        for before, macos in zip([None, *systems], systems, strict=False)
        if before is None or columns[before] != columns[macos]
    ]
    yield from _table(
        ["", *(f"macOS {_system(one)}" for one in shown)],
        (
            [f"**{platform.name}**", *(columns[one][number] for one in shown)]
            for number, platform in enumerate(catalogue.platforms.values())
        ),
    )


def _first_cell(arch: str, macos: str, found: Answers, catalogue: Catalogue) -> str:
    known = [one for one in list_systems(arch, catalogue) if Version(one) <= Version(macos)]
    last = catalogue.platforms[arch].last
    if not known or (last is not None and Version(macos).major > last):
        return "none"
    got = found[Cell(arch, known[-1], USUAL_PYTHON, "stable", "auto", "wheels")]
    if isinstance(got, Refusal):
        return "refused"
    return f"{_torch(got)} {'MPS' if got.mps_expected else 'cpu'}"


def _title(source: PackageSource) -> str:
    if source.name == "wheels":
        return "Wheels, the default"
    return f"`source: {source.name}`{', frozen' if source.frozen else ''}"


def _advisories(catalogue: Catalogue) -> Iterator[str]:
    yield from _table(
        ["what", "since", "torch", "what it means"],
        (
            [f"[{one.id}]({one.url})", one.published, _affected(one), one.text]
            for one in catalogue.advisories
        ),
    )


def _failures(catalogue: Catalogue) -> Iterator[str]:
    yield from _table(
        ["torch", "macOS", "what fails", "report"],
        (
            [f"`{one.affected}`", f"from {format_macos(one.macos)}", one.text, f"<{one.url}>"]
            for one in catalogue.known_failures
        ),
    )


def _affected(advisory: Advisory) -> str:
    if advisory.fixed is not None:
        return f"before {advisory.fixed}"
    return ", ".join(f"up to {one.version}" for one in advisory.affected)


def _stable(
    arch: str, release: str, source: Source, found: Answers, catalogue: Catalogue
) -> Iterator[str]:
    """Yield the table of an arch: a row for each python, a column for each system."""
    columns = list_systems(arch, catalogue)
    yield from (f"### {catalogue.platforms[arch].name} ({arch})", "")
    heads = [f"macOS {_system(one)}" for one in columns]
    yield from _table(
        ["python", *heads],
        (
            [python, *(_cell(arch, one, python, release, source, found) for one in columns)]
            for python in PYTHONS
        ),
    )
    yield ""


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
    if not texts:
        yield "Every request of these tables gets a release."
    for text, cells in texts.items():
        yield f"- *{'; '.join(_places(cells, list_systems(arch, catalogue)))}*: {text}"
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
