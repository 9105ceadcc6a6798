"""Packages from the lab's further wheel indexes, resolved by the real uv over small indexes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from wheelhouse import pure, wheel

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lab.model import Mirrors, WheelIndex
from torchard.lock import wheels
from torchard.lock.codec import format_lock, parse_lock, read_conda_package
from torchard.lock.compare import find_differences, find_other_packages
from torchard.lock.lockfile import Lock, LockError, LockFileError
from torchard.lock.question import Question
from torchard.workspace.locks import describe_outdated

ARM = MacClass("osx-arm64", "14.0")
TORCH = Variant("wheels", {"torch": "2.6.0"}, "3.12", mps_expected=True, reason="it fits")
PYTHON = read_conda_package(
    {
        "name": "python", "version": "3.12.13", "build": "h_0", "channel": "conda-forge",
        "subdir": "osx-arm64", "file": "python-3.12.13-h_0.conda", "sha256": "a" * 64, "size": 1,
        "provides": {},
    }
)  # fmt: skip


@pytest.fixture
def asked(asks):
    """Return a function that makes a question: `asked(url, far, "scat", pip=["a"])`."""

    def asked(url, far, *names, pip, variant=None):
        indexes = {"far": WheelIndex(far, names)}
        mirrors = Mirrors(wheels=url)
        return Question(asks(pip=pip), ARM, variant, mirrors=mirrors, indexes=indexes)

    return asked


def solve(question, provided=()):
    """Return the wheels of an answer, each as `name version`, with its index."""
    found = wheels.resolve_wheels(question, "3.12.13", dict(provided))
    return {f"{one.name} {one.version}": one.index for one in found}


def fail(question):
    """Return the message of a question without an answer, and what it says to write."""
    with pytest.raises(LockError) as caught:
        solve(question)
    return f"{caught.value.message} {caught.value.instead}"


@pytest.fixture
def flat(shelf, tmp_path):
    """Return a function that writes wheels and one page with links to them, without hashes."""

    def write(*rows, page="torch-2.6.0+cpu.html"):
        shelf(*rows, folder="flat")
        files = sorted((tmp_path / "flat" / "wheels").iterdir())
        links = "".join(f'<a href="wheels/{one.name}">{one.name}</a><br>' for one in files)
        (tmp_path / "flat" / page).write_text(f"<html><body>{links}</body></html>")
        return tmp_path / "flat"

    return write


def test_a_named_package_comes_from_its_index_alone(shelf, asked):
    """No newer version elsewhere counts, and no other package comes from there."""
    near = shelf(pure("scat", "9.0"), pure("a", "1.0"))
    far = shelf(pure("scat", "1.0", "a"), pure("a", "9.0"), folder="far")
    assert solve(asked(near, far, "scat", pip=["scat", "a"])) == {"a 1.0": "", "scat 1.0": far}
    said = fail(asked(near, far, "scat", pip=["scat>=9"]))
    assert "its newest is 1.0" in said
    said = fail(asked(near, far, "scat", pip=["a>=9"]))
    assert "a>=9" in said


def test_a_named_package_that_another_one_needs_comes_from_its_index(shelf, asked):
    """The usual index has the same name, and is not asked for it."""
    near = shelf(pure("a", "1.0", "b"), pure("b", "1.0", "scat"), pure("scat", "9.0"))
    far = shelf(pure("scat", "1.0", "more"), pure("more", "2.0"), folder="far")
    question = asked(near, far, "scat", "more", pip=["a"])
    assert solve(question) == {"a 1.0": "", "b 1.0": "", "more 2.0": far, "scat 1.0": far}


def test_the_usual_index_never_gets_the_name(shelf, serve, asked, tmp_path):
    """No request for a page or a wheel of a named package reaches another index."""
    shelf(pure("a", "1.0", "scat"), pure("scat", "9.0"))
    server = serve(tmp_path / "index")
    far = shelf(pure("scat", "1.0"), folder="far")
    question = asked(f"{server.url}/simple", far, "scat", pip=["a", "scat; python_version<'3'"])
    assert solve(question) == {"a 1.0": "", "scat 1.0": far}
    assert any("/simple/a/" in one for one in server.seen)
    assert not any("scat" in one for one in server.seen)


def test_the_newest_release_is_taken_though_only_the_further_index_has_what_it_needs(shelf, asked):
    """An older release without that need is not taken instead."""
    near = shelf(pure("a", "1.0"), pure("a", "2.0", "scat<2"))
    far = shelf(pure("scat", "1.0"), pure("scat", "2.0"), folder="far")
    assert solve(asked(near, far, "scat", pip=["a>=2"])) == {"a 2.0": "", "scat 1.0": far}
    other = shelf(pure("a", "1.0"), pure("a", "2.0", "scat>=2"), folder="other")
    assert solve(asked(other, far, "scat", pip=["a"])) == {"a 2.0": "", "scat 2.0": far}


def test_what_nothing_needs_is_not_locked(shelf, asked):
    """A named package that nobody needs is left out, also if its index cannot be read."""
    near = shelf(pure("a", "1.0"))
    far = shelf(pure("scat", "1.0"), folder="far")
    assert solve(asked(near, far, "scat", pip=["a"])) == {"a 1.0": ""}
    assert solve(asked(near, f"{far}/nowhere", "scat", pip=["a"])) == {"a 1.0": ""}


def test_a_page_for_each_torch_has_wheels_without_hashes(flat, shelf, asked, tmp_path):
    """A page that ends in .html has links alone. The lock has the sha256 of the bytes."""
    near = shelf(wheel("torch-2.6.0-cp312-none-macosx_11_0_arm64.whl"))
    tags = "cp312-cp312-macosx_11_0_universal2"
    folder = flat(
        wheel(f"torch_scatter-2.1.2-{tags}.whl"),
        wheel("torch_scatter-2.1.3-cp312-cp312-linux_x86_64.whl"),
        pure("torch", "9.0"),
    )
    url = f"{folder.as_uri()}/torch-{{torch}}+cpu.html"
    question = asked(near, url, "Torch_Scatter", pip=["torch-scatter"], variant=TORCH)
    found = {one.name: one for one in wheels.resolve_wheels(question, "3.12.13", {})}
    content = (folder / "wheels" / f"torch_scatter-2.1.2-{tags}.whl").read_bytes()
    assert found.keys() == {"torch", "torch-scatter"}
    assert found["torch"].version == "2.6.0"
    scatter = found["torch-scatter"]
    assert (scatter.version, scatter.size) == ("2.1.2", len(content))
    assert scatter.sha256 == hashlib.sha256(content).hexdigest()
    assert scatter.index == f"{folder.as_uri()}/torch-2.6.0+cpu.html"


def test_a_page_for_each_torch_needs_an_exact_torch(shelf, asked):
    """Without one, a package of that index is an error that says so, and no other package is."""
    near = shelf(pure("a", "1.0"), pure("b", "1.0", "scat"), pure("scat", "9.0"))
    far = "https://data.example.com/whl/torch-{torch}+cpu.html"
    assert solve(asked(near, far, "scat", pip=["a"])) == {"a 1.0": ""}
    for item in ("b", "scat"):
        said = fail(asked(near, far, "scat", pip=[item]))
        assert "the URL of the index of scat has {torch} in it" in said


def test_an_index_that_gives_no_answer_is_an_error(shelf, serve, asked, tmp_path):
    """No older release is locked because of that. A page that does not exist has no packages."""
    near = shelf(pure("a", "1.0"), pure("a", "2.0", "scat>=1"), pure("b", "1.0"))
    said = fail(asked(near, "http://127.0.0.1:1/page.html", "scat", pip=["a"]))
    assert "could not be read" in said
    server = serve(tmp_path / "index")
    for absent in (server.url, (tmp_path / "nowhere").as_uri()):
        page = f"{absent}/torch-9.0+cpu.html"
        assert solve(asked(near, page, "scat", pip=["b"])) == {"b 1.0": ""}
    assert "could not be read" in fail(asked(near, page, "scat", pip=["scat"]))


def test_what_conda_brings_does_not_come_from_the_index(shelf, asked):
    """A named package among conda's counts as installed."""
    near = shelf(pure("a", "1.0", "scat"))
    far = shelf(pure("scat", "1.0"), folder="far")
    question = asked(near, far, "scat", pip=["a", "scat"])
    assert solve(question, {"scat": "0.5"}) == {"a 1.0": ""}


def test_an_index_without_the_package_is_named(shelf, flat, asked):
    """The message has the URL of the index, and says where to check it."""
    near = shelf(pure("scat", "9.0"))
    far = shelf(pure("other", "1.0"), folder="far")
    said = fail(asked(near, far, "scat", pip=["scat"]))
    assert f"{far} has no package scat" in said
    assert "Check the URL under `indexes:`" in said
    page = f"{flat(wheel('scat-1.0-cp312-cp312-linux_x86_64.whl')).as_uri()}/torch-2.6.0+cpu.html"
    said = fail(asked(near, page, "scat", pip=["scat"]))
    assert "no release of scat has a wheel for Macs" in said


def test_a_prerelease_of_a_further_index_has_to_be_asked_for(shelf, asked):
    """The rule is that of the usual index."""
    near = shelf(pure("a", "1.0"))
    far = shelf(pure("scat", "1.0rc1"), folder="far")
    assert "no release of scat fits" in fail(asked(near, far, "scat", pip=["scat"]))
    assert solve(asked(near, far, "scat", pip=["scat>=1.0rc1"])) == {"scat 1.0rc1": far}


@pytest.fixture
def locked(shelf, asked):
    """A lock with a package of a further index, its question, and both indexes."""
    near = shelf(pure("a", "1.0", "scat"), pure("scat", "9.0"))
    far = shelf(pure("scat", "1.0"), folder="far")
    question = asked(near, far, "scat", pip=["a"])
    found = wheels.resolve_wheels(question, "3.12.13", {})
    lock = Lock(
        "torch", ARM, question.digest, "3.12", None, question.conda_specs, ("a",), ("conda-forge",),
        (PYTHON,), tuple(found), indexes=question.package_indexes,
    )  # fmt: skip
    return lock, replace(question, channels=("conda-forge",)), near, far


def test_a_lock_file_names_the_index_of_a_wheel(locked):
    """What is written is read again, and a wheel of the usual index has no such key."""
    lock, _, _, far = locked
    text = format_lock(lock)
    assert text.count(f'"index": "{far}"') == 1
    assert f'  "indexes": {{"scat": "{far}"}},\n' in text
    assert parse_lock(text.encode(), "x.json") == lock


def test_a_lock_file_whose_wheel_is_from_another_index_is_edited(locked):
    """Its own table of indexes says where each wheel comes from."""
    lock, _, _, far = locked
    for changed in (
        replace(lock, indexes={}),
        replace(lock, indexes={"scat": "https://wheels.example.com/simple"}),
        replace(lock, indexes={"a": far, "scat": far}),
    ):
        with pytest.raises(LockFileError, match="is not from the index that it names for"):
            parse_lock(format_lock(changed).encode(), "x.json")


def test_a_lock_with_another_index_is_not_the_labs_answer(locked):
    """Another URL, another set of packages and no index at all each differ."""
    lock, question, _, far = locked
    assert list(find_differences(lock, question)) == []
    other = "https://wheels.example.com/simple"
    moved = replace(question, indexes={"far": WheelIndex(other, ("scat",))})
    wider = replace(question, indexes={"far": WheelIndex(far, ("scat", "a"))})
    without = replace(question, indexes={})
    said = [text for one in (moved, wider, without) for _, text in find_differences(lock, one)]
    assert said == [
        f"its index of scat is {far}, and the lab's is {other}",
        f"its index of a is the usual one, and the lab's is {far}",
        f"its index of scat is {far}, and the lab's is the usual one",
    ]
    digests = {one.digest for one in (question, moved, wider, without)}
    assert len(digests) == 4


def test_an_index_of_a_package_that_nothing_needs_is_compared(shelf, asked):
    """The message names the package and both indexes, also if the lab no longer has any."""
    near = shelf(pure("a", "1.0"))
    question = asked(near, "https://wheels.example.com/torch-{torch}.html", "scat", pip=["a"])
    found = wheels.resolve_wheels(question, "3.12.13", {})
    lock = Lock(
        "torch", ARM, question.digest, "3.12", None, question.conda_specs, ("a",), (),
        (PYTHON,), tuple(found), indexes=question.package_indexes,
    )  # fmt: skip
    assert describe_outdated(lock, question) == ""
    removed = replace(question, indexes={})
    said = "its index of scat is one for an exact torch, and the lab's is the usual one"
    assert describe_outdated(lock, removed) == f"out of date: {said}"
    added = replace(lock, indexes={}, inputs=removed.digest)
    assert "the usual one, and the lab's is one for an" in describe_outdated(added, question)


def test_a_locks_own_versions_are_found_in_the_index_again(locked, shelf):
    """An audit with the lock's versions gives the same rows, and each wheel has its address."""
    lock, question, near, far = locked
    shelf(pure("scat", "1.0"), pure("scat", "2.0"), folder="far")
    solved = wheels.resolve_wheels(replace(question, pins=lock), "3.12.13", {})
    assert list(find_other_packages(lock, replace(lock, wheels=tuple(solved)))) == []
    scat = next(one for one in lock.wheels if one.name == "scat")
    address = wheels.find_addresses(lock, Mirrors(wheels=near), "")[scat.file, scat.sha256]
    assert address.startswith(far.removesuffix("/simple"))
