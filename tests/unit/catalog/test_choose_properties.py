"""Properties of the choice, for every request on every Mac."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from fixed_catalog import FIXED, read_files
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.version import Version
from profiles import examples

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose, explain_choice
from torchard.catalog.installers import Installer, choose_installer
from torchard.catalog.mac_class import MacClass, find_exact_class, find_mac_class, read_macos
from torchard.catalog.variant import Refusal, Variant
from torchard.curate.matrix import list_cells
from torchard.lab.model import COMPANIONS, Miniconda, Request

ROWS = read_files(FIXED)["pytorch.yaml"]
SYSTEMS = [
    *(f"10.{minor}" for minor in range(9, 17)),
    *(f"{major}.{minor}" for major in (*range(11, 16), 26) for minor in range(8)),
    *("11.0.1", "12.3.1", "12.7.6", "14.6.1", "15", "26"),
    *("16", "16.1", "16.4.1"),  # macOS 26, to a program with an older SDK
]
MAJORS = {"10.13", "10.14", "10.15", "11.0", "12.0", "13.0", "14.0", "15.0", "26.0"}
RELEASES = ["stable", *(row["torch"] for row in ROWS["releases"]), "nightly", "1.8.0", "9.9"]

archs = st.sampled_from(["arm64", "x86_64"])
systems = st.sampled_from(SYSTEMS)
requests = st.builds(
    Request,
    python=st.integers(7, 16).map(lambda minor: f"3.{minor}"),
    release=st.one_of(st.just("stable"), st.sampled_from(RELEASES)),
    backend=st.sampled_from(["auto", "mps", "cpu"]),
    source=st.sampled_from(["auto", "wheels", "conda-forge", "pytorch-channel"]),
    companions=st.sampled_from([None, (), COMPANIONS[:1], COMPANIONS[1:], COMPANIONS]),
)
steady = settings(deadline=None, max_examples=examples(200), derandomize=True)


def real(macos):
    """Return the macOS that a Mac has, as the file says it for compatible names: 10.16 is 11."""
    for row in ROWS["compatible_names"]:
        if f"{macos}.".startswith(f"{row['called']}."):
            return row["macos"] + macos.removeprefix(row["called"])
    return macos


def answer(asked, arch, macos):
    """Choose for a Mac by its own macOS."""
    group = find_mac_class(arch, macos, load_catalog())
    return group if isinstance(group, Refusal) else choose(asked, group, load_catalog())


def agrees(asked, group):
    """Compare an explained choice with the choice and the catalogue's rows."""
    known = load_catalog()
    found = explain_choice(asked, group, known)
    assert found.answer == choose(asked, group, known)
    source = "wheels" if asked.source == "auto" else asked.source
    place = known.nightly if asked.release == "nightly" else known.sources[source]
    over = [one for group in found.passed_over for one in group.releases]
    assert over == list(dict.fromkeys(map(str, place.releases)))[: len(over)]
    for one, other in itertools.pairwise(found.passed_over):
        assert one.obstacles != other.obstacles
    for one in found.passed_over:
        assert one.obstacles
        assert all(re.fullmatch(r"\w.*[^.]", text) for text in one.obstacles)
    if isinstance(found.answer, Refusal):
        assert found.release is None
        assert len(over) in {0, len(place.by_version)}
        assert over or asked.release != "stable"
    else:
        row, *_ = list(place.by_version.values())[len(over)]
        assert found.release == str(row)
        torch = next(iter(found.answer.packages.values()))
        assert torch == row.packages["torch"]


def fits(row, asked, arch, macos, *, mps):
    """Decide from the file alone whether a release fits: a second implementation of the rule."""
    minor = int(asked.python.removeprefix("3."))
    for package in ("torch", *asked.companions):
        if "python" in row:  # a row of conda builds
            first, last = (int(text[2:]) for text in row["python"])
            macos_needed = row["macos"].get(arch, "99")
            if package not in row or not first <= minor <= last:
                return False
            if Version(macos_needed) > Version(macos):
                return False
            continue
        wheels = [
            one
            for one in row.get(arch, {}).get(package, [])
            if int(one["python"][0][2:]) <= minor <= int((one["python"][1] or "3.99")[2:])
        ]
        needed = [one["tag"] for one in wheels]
        for one in wheels:
            unread = one["needs"] == "unknown"
            needed += one.get("minos", {}).values() if unread else [one["needs"]]
        if not wheels or any(Version(text) > Version(macos) for text in needed):
            return False
    floor = next(one["mps"] for one in ROWS["releases"] if one["torch"] == row["torch"])
    verified = floor != "unverified"
    return not mps or (arch == "arm64" and verified and Version(floor) <= Version(macos))


@steady
@given(asked=requests.filter(lambda one: one.release != "nightly"), arch=archs, macos=systems)
@example(asked=Request("3.9"), arch="arm64", macos="10.16")
@example(asked=Request("3.12"), arch="arm64", macos="16.1")
def test_choice_is_the_first_row_that_fits(asked, arch, macos):
    """The choice is the newest row of the file that fits the Mac's own macOS, or a refusal."""
    got = answer(asked, arch, macos)
    macos = real(macos)
    asked = replace(asked, companions=COMPANIONS if asked.companions is None else asked.companions)
    conda = {one["name"]: one["releases"] for one in ROWS["conda"]}
    name = "torch" if asked.source in {"auto", "wheels"} else "pytorch"
    on_time = Version(macos) >= Version("11.0" if arch == "arm64" else "10.13")
    offered = arch == "arm64" and Version(macos) >= Version("12.3")
    mps = asked.backend == "mps" or (asked.backend == "auto" and offered)
    fitting = [
        row["torch"]
        for row in conda.get(asked.source, ROWS["releases"])
        if asked.release in {"stable", row["torch"]} and fits(row, asked, arch, macos, mps=mps)
    ]
    if on_time and fitting:
        assert isinstance(got, Variant)
        assert (got.packages[name], got.mps_expected) == (fitting[0], mps)
        assert set(got.packages) == {name, *asked.companions}
    else:
        assert isinstance(got, Refusal)


@steady
@given(asked=requests, arch=archs, macos=systems)
def test_the_explained_choice_is_the_choice(asked, arch, macos):
    """The chosen release is the first that was not passed over, and each of those has reasons."""
    group = find_mac_class(arch, macos, load_catalog())
    if isinstance(group, MacClass):
        agrees(asked, group)


@steady
@given(asked=requests, arch=archs, macos=systems)
def test_refusal_is_two_sentences(asked, arch, macos):
    """Every refusal has a reason and what to write, both whole sentences."""
    got = answer(asked, arch, macos)
    if isinstance(got, Refusal):
        for text in (got.reason, got.instead):
            assert re.fullmatch(r"['A-Z0-9].*\.", text), text
            assert "None" not in text
        assert re.match(r"Write `|Update the Mac to macOS ", got.instead)


@steady
@given(asked=requests, arch=archs, macos=systems)
def test_every_suggested_change_gets_a_release(asked, arch, macos):
    """Every change that a refusal suggests, and every newer macOS, gets a variant."""
    group = find_mac_class(arch, macos, load_catalog())
    got = answer(asked, arch, macos)
    if isinstance(group, Refusal) or not isinstance(got, Refusal):
        return
    changes = [
        *({"python": text} for text in re.findall(r'`python: "([^"]+)"`', got.instead)),
        *({"release": text} for text in re.findall(r'`release: "?([^"`]+)"?`', got.instead)),
        *({"source": text} for text in re.findall(r"`source: ([a-z-]+)`", got.instead)),
        *({"backend": "cpu"} for _ in re.findall(r"`backend: cpu`", got.instead)),
        *(
            {"companions": tuple(re.findall(r"\w+", text))}
            for text in re.findall(r"`with: \[(.*?)\]`", got.instead)
        ),
    ]
    newer = re.findall(r"the Mac to macOS (\d+(?:\.\d+)?)", got.instead)
    assert changes or newer
    if " and " in got.instead:
        changes = [{key: text for one in changes for key, text in one.items()}]
    for change in changes:
        assert isinstance(answer(replace(asked, **change), arch, macos), Variant), got.instead
    for system in newer:
        assert isinstance(answer(asked, arch, system), Variant), got.instead


@steady
@given(asked=requests, arch=archs, two=st.tuples(systems, systems))
def test_newer_macos_never_gets_an_older_torch(asked, arch, two):
    """Of two Macs with the same backend, the one with the newer macOS gets no older torch."""
    older, newer = sorted(two, key=lambda one: Version(real(one)))
    before, after = answer(asked, arch, older), answer(asked, arch, newer)
    if isinstance(before, Variant) and isinstance(after, Variant):
        assert before.mps_expected <= after.mps_expected
        if before.mps_expected == after.mps_expected:
            (first, *_), (second, *_) = before.packages.values(), after.packages.values()
            assert first == second or Version(first) <= Version(second)


@steady
@given(asked=requests, macos=systems)
def test_auto_on_apple_silicon_is_mps_from_12_3_on(asked, macos):
    """On Apple silicon, `auto` has MPS from macOS 12.3 on and never before."""
    got = answer(replace(asked, backend="auto"), "arm64", macos)
    if isinstance(got, Variant):
        assert got.mps_expected == (Version(real(macos)) >= Version("12.3"))


@steady
@given(asked=requests, arch=archs, macos=systems)
def test_a_class_gets_the_choice_of_its_macs(asked, arch, macos):
    """A class begins at a major version or a threshold, and gets what each of its Macs gets."""
    group = find_mac_class(arch, macos, load_catalog())
    if isinstance(group, MacClass):
        assert Version(group.macos) <= read_macos(arch, macos, load_catalog())
        assert group.macos in load_catalog().thresholds(arch) or group.macos in MAJORS
        own = find_exact_class(arch, macos, load_catalog())
        of_mac, of_class = (choose(asked, one, load_catalog()) for one in (own, group))
        if isinstance(of_class, Variant):
            of_mac = replace(of_mac, reason=of_class.reason, notes=of_class.notes)
            assert of_mac == of_class
        else:
            assert isinstance(of_mac, Refusal)


@steady
@given(arch=archs, macos=systems)
def test_every_mac_with_a_class_has_an_installer(arch, macos):
    """A Mac that has a class gets an installer, and other Macs get none."""
    group = find_mac_class(arch, macos, load_catalog())
    got = choose_installer(arch, macos, Miniconda(), load_catalog())
    assert isinstance(got, Installer if isinstance(group, MacClass) else Refusal)


def test_the_whole_matrix_is_explained_as_it_is_chosen():
    """Each arch, macOS, python, backend and source, for stable, nightly and exact releases."""
    for cell in list_cells(load_catalog(), ("stable", "nightly", "2.5.1")):
        agrees(
            Request(cell.python, cell.release, cell.backend, cell.source),
            find_mac_class(cell.arch, cell.macos, load_catalog()),
        )


@pytest.mark.parametrize(
    ("arch", "macos", "asked", "over"),
    [
        ("x86_64", "12.7", Request("3.12"), ["2.15.0 to 2.3.0: no wheel for Intel Macs"]),
        ("arm64", "14.6", Request("3.12"), ["2.15.0 to 2.15.0: its MPS needs macOS 15"]),
        ("arm64", "15.1", Request("3.12"), []),
        (
            "arm64",
            "15.1",
            Request("3.12", release="2.5.1"),
            ["2.15.0 to 2.6.0: 2.5.1 is asked for"],
        ),
        (
            "arm64",
            "11.4",
            Request("3.13"),
            [
                "2.15.0 to 2.12.0: needs macOS 14",
                (
                    "2.11.0 to 2.11.0: its torchvision 0.26.0 needs macOS 12, and its torchaudio"
                    " 2.11.0 needs macOS 12"
                ),
                *(
                    f"{torch} to {torch}: its torchvision {torchvision} needs macOS 12, and its"
                    f" torchaudio {torch} needs macOS 12"
                    for torch, torchvision in (
                        ("2.10.0", "0.25.0"),
                        ("2.9.1", "0.24.1"),
                        ("2.9.0", "0.24.0"),
                    )
                ),
            ],
        ),
        (
            "arm64",
            "15.1",
            Request("3.12", source="conda-forge"),
            ["2.13.0 to 2.11.0: no torchaudio there"],
        ),
    ],
)
def test_releases_with_the_same_obstacles_are_grouped(arch, macos, asked, over):
    """Obstacles of a companion are listed only where torch itself has none."""
    found = explain_choice(asked, find_mac_class(arch, macos, load_catalog()), load_catalog())
    assert [
        f"{one.releases[0]} to {one.releases[-1]}: {', and '.join(one.obstacles)}"
        for one in found.passed_over
    ] == over
