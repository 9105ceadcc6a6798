"""Whole locks: conda first, the wheels around it, over simlab's channel and index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.depot.depot import Depot
from torchard.lab.model import Mirrors
from torchard.lock import resolve
from torchard.lock.codec import format_lock, read_lock
from torchard.lock.lockfile import CondaPackage, LockError
from torchard.lock.question import Question

ARM = MacClass("osx-arm64", "15.0")
FORGE = ("conda-forge",)
WHEELS = Variant(
    "wheels",
    {"torch": "2.2.2", "torchvision": "0.17.2"},
    "3.12",
    mps_expected=True,
    reason="it fits",
    constraints=("numpy<2",),
    notes=("2.3 is newer.",),
)
CONDA = Variant("conda-forge", {"pytorch": "2.13.0"}, "3.12", mps_expected=True, reason="asked for")


@pytest.fixture
def solve(mirrors, store):
    """Return a function that locks an environment over simlab's channel and index."""

    def solve(environment, variant=None, mirrors=mirrors, depot=store, channels=FORGE):
        question = Question(environment, ARM, variant, channels, mirrors, "file:///nowhere")
        return resolve.resolve(question, depot)

    return solve


def versions(packages):
    """Return the version of each package by its name."""
    return {one.name: one.version for one in packages}


def test_a_lock_has_the_question_and_the_whole_answer(solve, asks, tmp_path):
    """It has the specs, conda's packages and the wheels; its file gives the same lock."""
    asked = asks(conda=["git"], pip=["einops"])
    lock = solve(asked, WHEELS)
    assert (lock.environment, lock.mac_class, lock.python) == ("torch", ARM, "3.12")
    assert (lock.variant, lock.channels) == (WHEELS, FORGE)
    assert lock.conda_specs == ("python 3.12.*", "pip", "git")
    assert lock.pip_specs == ("einops",)
    assert versions(lock.conda).keys() >= {"python", "pip", "git"}
    wheels = versions(lock.wheels)
    assert (wheels["torch"], wheels["torchvision"]) == ("2.2.2", "0.17.2")
    assert wheels["numpy"] == "1.26.4"
    assert wheels.keys() & versions(lock.conda).keys() == set()
    assert lock.inputs == Question(asked, ARM, WHEELS, FORGE).digest
    path = tmp_path / "lock.json"
    path.write_text(format_lock(lock), encoding="utf-8")
    again = read_lock(path)
    assert again == replace(lock, variant=replace(WHEELS, reason="", notes=()))
    assert (again.digest, format_lock(again)) == (lock.digest, format_lock(lock))


def test_both_halves_are_announced(asks, mirrors, store):
    """A person sees what the controller works on, before each half."""
    said = []
    resolve.resolve(Question(asks(), ARM, None, FORGE, mirrors), store, said.append)
    assert said == [
        "solving the conda packages of torch for osx-arm64-macos15",
        "resolving the wheels of torch for osx-arm64-macos15",
    ]


def test_the_same_question_gives_the_same_bytes(solve, asks, tmp_path):
    """A lock does not depend on what the depot already has."""
    asked = asks(conda=["numpy", "git"], pip=["pandas"])
    first = format_lock(solve(asked, WHEELS))
    assert format_lock(solve(asked, WHEELS, depot=Depot(tmp_path / "other"))) == first
    assert "file:" not in first


def test_numpy_has_one_owner_and_the_variant_bounds_it(solve, asks):
    """If conda brings numpy, no wheel does, and this torch can use its version."""
    lock = solve(asks(conda=["numpy"], pip=["pandas"]), WHEELS)
    assert versions(lock.conda)["numpy"].startswith("1.26.")
    assert "numpy" not in versions(lock.wheels)
    assert "pandas" in versions(lock.wheels)


def test_pytorch_from_conda_is_solved_with_everything_else(solve, asks, mirrors):
    """A channel as the source gives conda packages, and no index is queried for wheels."""
    lock = solve(asks(), CONDA, Mirrors(conda=mirrors.conda, wheels="http://127.0.0.1:1/simple"))
    assert versions(lock.conda)["pytorch"] == "2.13.0"
    assert "pytorch ==2.13.0" in lock.conda_specs
    assert lock.wheels == ()


def test_wheels_without_a_solution_name_their_line(solve, asks):
    """The message has the line of `pip:` although conda has a solution."""
    wanted = r"^lab\.yaml:21:7: torch cannot be locked for .*: the wheel index has no einops>=99"
    with pytest.raises(LockError, match=wanted):
        solve(asks(pip=["einops>=99"]))


def package(name, **provides):
    """Return a conda package with distributions."""
    row = ("1.0", "0", "conda-forge", "noarch", f"{name}-1.0-0.conda", "a" * 64, 1)
    return CondaPackage(name, *row, provides=tuple(provides.items()))


def test_two_conda_packages_that_bring_the_same_conflict(asks):
    """One distribution in two versions is an error that names both packages."""
    packages = [package("one", numpy="1.0"), package("two", numpy="1.0", six="1.1")]
    assert resolve._find_provided(packages, Question(asks(), ARM)) == {"numpy": "1.0", "six": "1.1"}
    with pytest.raises(LockError) as caught:
        resolve._find_provided([*packages, package("three", numpy="2.0")], Question(asks(), ARM))
    assert caught.value.message == (
        "lab.yaml:2:3: in torch for osx-arm64-macos15, conda's one brings numpy 1.0, and its"
        " three brings numpy 2.0."
    )


def test_a_lock_is_out_of_date_when_its_question_is_another(asks):
    """Each part of the question changes its digest; reasons and notes do not."""
    asked = asks(conda=["git"], pip=["einops"])
    digests = [
        Question(*question).digest
        for question in [
            (asked, ARM, WHEELS, FORGE),
            (replace(asked, name="other"), ARM, WHEELS, FORGE),
            (replace(asked, python="3.11"), ARM, WHEELS, FORGE),
            (replace(asked, conda=("git>=2",)), ARM, WHEELS, FORGE),
            (replace(asked, pip=()), ARM, WHEELS, FORGE),
            (asked, MacClass("osx-arm64", "14.0"), WHEELS, FORGE),
            (asked, MacClass("osx-64", "15.0"), WHEELS, FORGE),
            (asked, ARM, None, FORGE),
            (asked, ARM, CONDA, FORGE),
            (asked, ARM, replace(WHEELS, packages={"torch": "2.2.2"}), FORGE),
            (asked, ARM, replace(WHEELS, constraints=()), FORGE),
            (asked, ARM, replace(WHEELS, mps_expected=False), FORGE),
            (asked, ARM, WHEELS, ("mine", "conda-forge")),
            (asked, ARM, WHEELS, ("conda-forge", "mine")),
        ]
    ]
    assert len(set(digests)) == len(digests)
    other = replace(WHEELS, reason="for another reason", notes=())
    assert Question(asked, ARM, other, FORGE).digest == digests[0]
