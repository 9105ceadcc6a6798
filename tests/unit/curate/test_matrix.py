"""Properties of every cell of the real rows: arch, macOS, python, release, backend and source."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from fixed_catalog import load_real_catalog
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import find_mac_class
from torchard.catalog.variant import Refusal, Variant
from torchard.curate import matrix
from torchard.curate.matrix_page import render_pages
from torchard.lab.model import Request

DOCS = Path(__file__).parents[3] / "docs"
CATALOGUE = load_real_catalog()
RELEASES = matrix.list_releases(CATALOGUE)


@pytest.fixture(scope="module")
def answers():
    """The whole matrix, computed once."""
    return matrix.answer_cells(CATALOGUE, RELEASES)


def test_the_page_is_up_to_date():
    """The pages in docs/ have the catalogue's answers; `make matrix` writes them."""
    pages = render_pages(CATALOGUE)
    assert set(pages) == {one.name for one in DOCS.glob("matrix*.md")}
    for name, text in pages.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text


def test_the_page_begins_with_one_screen():
    """It has a row for each arch, and what an ordinary request gets on each macOS."""
    lines = (DOCS / "matrix.md").read_text(encoding="utf-8").splitlines()[:14]
    (arm,) = (one for one in lines if one.startswith("| **Apple silicon** |"))
    (intel,) = (one for one in lines if one.startswith("| **Intel** |"))
    assert " MPS" in arm
    assert "2.2.2 cpu" in intel
    assert (arm.split("|")[2].strip(), intel.split("|")[-2].strip()) == ("none", "none")


def test_each_pairing_is_on_its_page():
    """The first page links to it, and it has every row, and how each pairing is known."""
    assert "](matrix-pairings.md)" in (DOCS / "matrix.md").read_text(encoding="utf-8")
    page = (DOCS / "matrix-pairings.md").read_text(encoding="utf-8")
    for one in CATALOGUE.pairings:
        (part,) = re.findall(rf"(?ms)^## {one.package} beside {one.beside}$(.*?)(?=^## |\Z)", page)
        assert f"- Reason: {one.reason}." in part
        assert re.search(r"(?m)^- Known (by|from) ", part)
        assert part.count("\n| ") == len(one.rows) + 1
    assert "| `<2.4` | none |" in page
    assert all(one.text in page for one in CATALOGUE.needs)


def test_every_cell_has_one_answer(answers):
    """The matrix has every release that the file has, and each cell a variant or a refusal."""
    systems = sum(len(matrix.list_systems(arch, CATALOGUE)) for arch in ("arm64", "x86_64"))
    assert len(answers) == systems * 7 * len(RELEASES) * 3 * 3
    for cell, got in answers.items():
        assert isinstance(got, (Variant, Refusal)), cell


def test_newer_macos_never_gets_an_older_torch(answers):
    """From one macOS to the next, the same request gets no older torch, and no refusal.

    Only `auto` can go back once, where it begins to use MPS.
    """
    rows = itertools.groupby(
        sorted(answers, key=lambda one: (one._replace(macos=""), Version(one.macos))),
        key=lambda one: one._replace(macos=""),
    )
    for request, row in rows:
        for older, newer in itertools.pairwise(row):
            before, after = answers[older], answers[newer]
            if request.backend == "auto" and newer.macos == "12.3" and newer.arch == "arm64":
                continue
            if isinstance(before, Variant):
                assert isinstance(after, Variant), newer
                first, second = (next(iter(one.packages.values())) for one in (before, after))
                assert first == second or Version(first) <= Version(second), newer


def test_auto_is_mps_or_cpu(answers):
    """`auto` answers as `mps` where Mac and release have MPS, and as `cpu` elsewhere."""
    lacking = {
        (name, str(one.version))
        for name, source in CATALOGUE.sources.items()
        for one in source.releases
        if not one.has_mps
    }
    for cell, got in answers.items():
        if cell.backend == "auto":
            offered = cell.arch == "arm64" and Version(cell.macos) >= Version("12.3")
            offered = offered and (cell.source, cell.release) not in lacking
            other = answers[cell._replace(backend="mps" if offered else "cpu")]
            assert type(got) is type(other), cell
            if isinstance(got, Variant):
                assert (got.packages, got.mps_expected) == (other.packages, offered), cell


def test_no_two_rows_match_one_cell():
    """An arch has a set of packages once, and of a release one row for a package and python."""
    for source in (*CATALOGUE.sources.values(), CATALOGUE.nightly):
        sets = [(*one.packages.items(), *one.builds) for one in source.releases]
        assert len(set(sets)) == len(sets)
        for release, arch in itertools.product(source.releases, CATALOGUE.platforms):
            for rows in release.builds.get(arch, {}).values():
                for minor in range(7, 20):
                    assert sum(one.is_built_for((3, minor)) for one in rows) <= 1


def test_every_suggested_change_gets_a_release(answers):
    """Every change that a refusal suggests, and every newer macOS, is tried."""
    tried = {}
    for cell, got in answers.items():
        if isinstance(got, Refusal):
            assert re.fullmatch(r"(Write `.+`|Bring ).*\.", got.instead), (cell, got)
            for other in changes(got.instead, cell):
                if other not in tried:
                    tried[other] = asked(*other)
                assert isinstance(tried[other], Variant), (cell, got.instead)


def changes(instead, cell):
    """Yield each suggested change: a cell, or a cell and companions."""
    write, _, bring = instead.partition("; or update the Mac to macOS ")
    for way in re.sub(r" beside .*", "", write).split(", or "):
        python = re.search(r'`python: "([^"]+)"`', way)
        release = re.search(r'`release: "?([^"`]+)"?`', way)
        source = re.search(r"`source: ([a-z-]+)`", way)
        backend = re.search(r"`backend: (\w+)`", way)
        companions = re.search(r"`with: \[(.*)\]`", way)
        other = cell._replace(
            python=python[1] if python else cell.python,
            release=release[1] if release else cell.release,
            source=source[1] if source else cell.source,
            backend=backend[1] if backend else cell.backend,
        )
        if companions:
            yield other, tuple(re.findall(r"\w+", companions[1]))
        elif other != cell:
            yield other, None
    if bring:
        macos = re.match(r"[\d.]+\d", bring)[0]
        yield cell._replace(macos=macos if "." in macos else f"{macos}.0"), None


def asked(cell, companions):
    """Choose for a cell with companions."""
    group = find_mac_class(cell.arch, cell.macos, CATALOGUE)
    request = Request(cell.python, cell.release, cell.backend, cell.source, companions)
    return choose(request, group, CATALOGUE)


def test_wheel_sets_have_their_oldest_macos(answers):
    """Each set of wheels is verified once for a python and arch, on its oldest macOS."""
    found = matrix.collect_wheel_sets(answers)
    assert len({(one.arch, one.python, one.packages) for one in found}) == len(found) > 100
    systems = {}
    for cell, got in answers.items():
        if isinstance(got, Variant) and got.is_from_wheels and not got.is_nightly:
            key = (cell.arch, cell.python, tuple(got.packages.items()))
            systems.setdefault(key, []).append(Version(cell.macos))
    assert {(one.arch, one.python, one.packages): Version(one.macos) for one in found} == {
        key: min(some) for key, some in systems.items()
    }


def test_command_writes_the_page(torchard, tmp_path):
    """`torchard catalog matrix` prints the first page, or writes every page into a new folder."""
    pages = render_pages(load_catalog())
    assert torchard("catalog", "matrix").stdout == pages["matrix.md"]
    folder = tmp_path / "new"
    assert torchard("catalog", "matrix", "--out", folder).returncode == 0
    assert {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir()} == pages
    (folder / "matrix.md").unlink()
    (folder / "matrix.md").mkdir()
    failed = torchard("catalog", "matrix", "--out", folder)
    assert (failed.returncode, failed.stderr.count("cannot be written")) == (1, 1)
