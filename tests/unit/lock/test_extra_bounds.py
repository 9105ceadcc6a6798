"""Bounds that no metadata states, or only that of an extra, with the real uv over small indexes."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from wheelhouse import pure, wheel

from torchard.catalog.mac_class import MacClass
from torchard.catalog.pairings import Fit, Pairing
from torchard.catalog.variant import Variant
from torchard.lab.model import Mirrors
from torchard.lock import wheel_metadata, wheels
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

INTEL = MacClass("osx-64", "12.0")
TORCH = Variant("wheels", {"torch": "2.2.2"}, "3.12", mps_expected=False, reason="it fits")
CODEC = Pairing(
    "codec",
    "torch",
    "each codec is built against one torch",
    (
        Fit(SpecifierSet(">=2.3"), SpecifierSet("")),
        Fit(SpecifierSet("<2.3"), SpecifierSet("<2")),
    ),
)
TUNE = Pairing(
    "codec",
    "tune",
    "tune imports a module that codec 2 lacks",
    (Fit(SpecifierSet(""), SpecifierSet("<2")),),
)
ENDED = Pairing("codec", "torch", "it ended", (Fit(SpecifierSet(""), None),))


def torch(version="2.2.2"):
    """Return a torch for Intel Macs."""
    return wheel(f"torch-{version}-cp312-none-macosx_10_9_x86_64.whl")


@pytest.fixture
def solve(asks):
    """Return a function that resolves wheels beside torch, and returns them by name."""

    def solve(url, pip, pairings=(), provided=(), variant=TORCH):
        question = Question(
            asks(pip=pip), INTEL, variant, mirrors=Mirrors(wheels=url), pairings=tuple(pairings)
        )
        found = wheels.resolve_wheels(question, "3.12.13", dict(provided))
        return {one.name: one for one in found}

    return solve


def test_a_pairing_bounds_what_uv_chooses(solve, shelf):
    """Also a package that only another one needs. Without a pairing the newest is taken."""
    url = shelf(torch(), pure("a", "1.0", "codec"), pure("codec", "1.5"), pure("codec", "2.0"))
    assert solve(url, ["a"])["codec"].version == "2.0"
    assert solve(url, ["a"], [CODEC])["codec"].version == "1.5"


def test_a_torch_from_conda_counts_as_well(solve, shelf):
    """Its version is known from the conda packages, and uv gets the same bound."""
    url = shelf(pure("codec", "1.5"), pure("codec", "2.0"))
    conda = Variant("conda-forge", {"pytorch": None}, "3.12", mps_expected=False, reason="")
    found = solve(url, ["codec"], [CODEC], {"torch": "2.2.2"}, conda)
    assert found["codec"].version == "1.5"


def test_a_package_without_a_wheel_for_the_mac_needs_no_other_pytorch(solve, shelf):
    """A package without any wheel for Intel Macs does not get one beside another release."""
    url = shelf(torch(), wheel("codec-2.0-cp312-cp312-macosx_11_0_arm64.whl"))
    with pytest.raises(LockError) as caught:
        solve(url, ["codec"], [CODEC])
    assert "codec has no wheel for Intel Macs beside any PyTorch." in caught.value.message
    assert caught.value.instead == "Do without codec and what needs it."


def test_a_pairing_of_two_other_packages_is_kept(solve, shelf):
    """Whether it counts is known only from uv's answer, so uv is asked again."""
    url = shelf(torch(), pure("tune", "1.0"), pure("codec", "1.5"), pure("codec", "2.0"))
    assert solve(url, ["codec"], [TUNE])["codec"].version == "2.0"
    assert solve(url, ["codec", "tune"], [TUNE])["codec"].version == "1.5"


@pytest.mark.parametrize(
    ("pairing", "pip", "said"),
    [
        (CODEC, "codec>=2", "Torchard asks for codec<2: each codec is built against one torch"),
        (ENDED, "codec", "No codec fits: it ended."),
    ],
)
def test_a_bound_without_an_answer_is_explained(solve, shelf, pairing, pip, said):
    """The message has the bound of Torchard and its reason, and does not blame the lab alone."""
    url = shelf(torch(), pure("codec", "1.5"), pure("codec", "2.0"))
    with pytest.raises(LockError) as caught:
        solve(url, [pip], [pairing])
    assert said in caught.value.message
    assert "do without codec" in caught.value.instead.lower()


def extra(name, version, text, label="torch"):
    """Return a wheel that has a requirement in an extra."""
    return pure(name, version, f'{text}; extra == "{label}"')


def test_the_bound_of_an_extra_is_held(solve, shelf):
    """The newest release that asks for no newer torch is taken, and a note says why."""
    url = shelf(
        torch(),
        pure("a", "1.0", "m"),
        *(extra("m", one, "torch>=2.2") for one in ("1.0", "1.1")),
        *(extra("m", one, "torch>=2.4") for one in ("1.2", "1.3")),
        extra("m", "1.4", "torch>=2.6"),
    )
    found = solve(url, ["a"])["m"]
    assert (found.version, found.note) == (
        "1.1",
        "is not the newest: 1.2 asks for torch>=2.4 in its extra `torch`, and torch is 2.2.2",
    )


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("torch==2.0.1", "benchmarks"),
        ("torch>=2.8", "audio"),
        ("torch>=2.8", "dev"),
        ("torch<2", "torch"),
        ("torch==2.0.1", "torch"),
        ("torchmetrics>=9", "torch"),
        ('torch>=2.8; sys_platform == "win32" and extra == "torch"', ""),
        ('torch>=2.8; python_version < "3.10" and extra == "torch"', ""),
        ("torch>=2.2", "torch"),
        ("torchvision>=0.30", "torch"),
    ],
)
def test_other_extras_hold_nothing_back(solve, shelf, text, label):
    """Extras for tests, upper bounds, other systems and absent packages do not count."""
    newest = extra("m", "2.0", text, label) if label else pure("m", "2.0", text)
    found = solve(shelf(torch(), pure("m", "1.0"), newest), ["m"])["m"]
    assert (found.version, found.note) == ("2.0", "")


def test_an_extra_gives_way_to_what_the_lab_asks_for(solve, shelf):
    """Nobody asked for the extra, so it is a note and no error; other packages keep theirs."""
    url = shelf(
        torch(), pure("m", "1.0"), extra("m", "2.0", "torch>=2.4"),
        pure("n", "1.0"), extra("n", "2.0", "torch>=2.4"),
    )  # fmt: skip
    found = solve(url, ["m>=2", "n"])
    asked = "asks for torch>=2.4 in its extra `torch`, and torch is 2.2.2"
    assert (found["m"].version, found["m"].note) == ("2.0", asked)
    assert (found["n"].version, found["n"].note) == ("1.0", f"is not the newest: 2.0 {asked}")


def test_a_package_of_which_every_release_asks_for_more_is_noted(solve, shelf):
    """There is no older one to take."""
    found = solve(shelf(torch(), extra("m", "2.0", "torch>=2.4")), ["m"])["m"]
    assert found.note == "asks for torch>=2.4 in its extra `torch`, and torch is 2.2.2"


def test_without_torch_no_metadata_is_read(solve, shelf, monkeypatch):
    """An environment of other packages costs no request more."""
    monkeypatch.setattr(wheel_metadata, "read_metadata", None)
    url = shelf(extra("m", "2.0", "torch>=2.4"))
    assert solve(url, ["m"], variant=None)["m"].version == "2.0"
