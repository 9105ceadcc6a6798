"""A pre-release comes only where somebody asked for one, and a yanked release only as a pin."""

from __future__ import annotations

import pytest
from wheelhouse import pure, wheel

from torchard.catalog.mac_class import MacClass
from torchard.lab.model import Mirrors
from torchard.lock import wheels
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

ARM = MacClass("osx-arm64", "14.0")


@pytest.fixture
def solve(asks):
    """Return a function that resolves wheels, and returns them by name."""

    def solve(url, *pip):
        question = Question(asks(pip=pip), ARM, mirrors=Mirrors(wheels=url))
        return {one.name: one for one in wheels.resolve_wheels(question, "3.12.13", {})}

    return solve


def test_a_release_is_preferred_to_a_newer_prerelease(solve, shelf):
    """As every installer does."""
    assert solve(shelf(pure("a", "1.0"), pure("a", "2.0rc1")), "a")["a"].version == "1.0"


def test_only_prereleases_are_an_error_that_says_what_to_write(solve, shelf):
    """By default, uv would take one that nobody asked for."""
    url = shelf(pure("a", "1.0.dev1"), pure("a", "1.0.dev2"))
    with pytest.raises(LockError) as caught:
        solve(url, "a")
    assert caught.value.message == (
        "lab.yaml:21:7: torch cannot be locked for osx-arm64-macos14: no release of a fits, only"
        " pre-releases such as 1.0.dev2."
    )
    assert caught.value.instead == "To take one, write `a>=1.0.dev2` in `pip:`."
    assert solve(url, "a>=1.0.dev2")["a"].version == "1.0.dev2"


def test_who_needs_a_prerelease_is_named(solve, shelf):
    """The lab does not name the package itself."""
    url = shelf(pure("b", "1.0", "a"), pure("a", "1.0b1"))
    with pytest.raises(LockError, match=r"such as 1\.0b1, and b needs it"):
        solve(url, "b")
    assert solve(url, "b", "a>=1.0b1")["a"].version == "1.0b1"


def test_only_a_package_whose_need_counts_is_named(solve, shelf):
    """An extra that nobody asked for, and a marker of another system, need nothing."""
    rows = [pure("b", "1.0", "a; extra == 'x'"), pure("c", "1.0", "a; sys_platform == 'linux'")]
    url = shelf(*rows, pure("d", "1.0", "a"), pure("a", "1.0b1"))
    with pytest.raises(LockError, match=r"such as 1\.0b1, and d needs it\."):
        solve(url, "b", "c", "d")
    with pytest.raises(LockError, match=r"such as 1\.0b1\."):
        solve(url, "b", "c", "a")


def test_an_older_release_is_locked_instead_of_a_prerelease(solve, shelf):
    """The newest b needs a pre-release that nobody asked for, and an older one does not."""
    rows = [pure("b", "2.0", "a"), pure("b", "1.0"), pure("a", "1.0b1")]
    found = solve(shelf(*rows), "b")
    assert {name: one.version for name, one in found.items()} == {"b": "1.0"}


def test_the_cause_is_named_beside_the_prerelease_that_would_fit(solve, shelf):
    """A release of hydra-core needs a source distribution, and only its pre-releases do not."""
    source = wheel("antlr4-runtime-4.9.3.tar.gz")
    rows = [pure("hydra", "1.3", "antlr4-runtime==4.9.3"), pure("hydra", "1.4rc1"), source]
    newer = pure("antlr4_runtime", "4.13")
    with pytest.raises(LockError) as caught:
        solve(shelf(*rows, newer), "hydra")
    assert caught.value.message == (
        "lab.yaml:21:7: torch cannot be locked for osx-arm64-macos14: hydra asks for"
        " antlr4-runtime==4.9.3, and antlr4-runtime 4.9.3 is source only, and Torchard builds"
        " nothing on a Mac; the newest that fits is 4.13. Only the pre-release hydra 1.4rc1 fits."
    )
    assert caught.value.instead == (
        "Ask for another version of hydra, or remove it. Or take the pre-release: write"
        " `hydra>=1.4rc1` in `pip:`."
    )


def test_a_package_may_name_the_prerelease_that_it_needs(solve, shelf):
    """Some packages have nothing else, and those that need them say so."""
    url = shelf(pure("b", "1.0", "a==1.0b1"), pure("a", "1.0b1"))
    assert solve(url, "b")["a"].version == "1.0b1"


def test_a_yanked_release_is_not_chosen(solve, shelf):
    """The release before it is."""
    url = shelf(pure("a", "1.0"), pure("a", "2.0", yanked="it is broken"))
    found = solve(url, "a")["a"]
    assert (found.version, found.note) == ("1.0", "")


@pytest.mark.parametrize(
    ("reason", "said"),
    [("it is broken", "it is broken"), ("", "no reason"), ("x\x1b[2J" + "y" * 300, "x")],
)
def test_an_exact_pin_of_a_yanked_release_has_a_note(solve, shelf, reason, said):
    """The lab asked for just that one. The reason is its maker's, and is printed as text."""
    url = shelf(pure("a", "1.0"), pure("a", "2.0", yanked=reason))
    found = solve(url, "a==2.0")["a"]
    assert found.version == "2.0"
    assert found.note.startswith(f"is yanked from the index: {said}")
    assert found.note.isprintable()
    assert len(found.note) < 300
