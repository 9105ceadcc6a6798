"""Which generation a link leads to, in a home that was moved as well."""

from __future__ import annotations

import pytest
from locked import GENERATIONS, HOME, built, lock, mac, package, path_of

from torchard.mac.generations import generation_at, generation_of
from torchard.mac.state import Link

LOCK = lock([package("python", "3.12.13")])
NAME = path_of(LOCK).removeprefix(f"{GENERATIONS}/")


@pytest.mark.parametrize(
    ("link", "name"),
    [
        (Link("torch", f"{GENERATIONS}/{NAME}"), NAME),
        (Link("torch", f"/Users/old/.torchard/generations/{NAME}", moved=True), NAME),
        (Link("torch", f"/Users/old/.torchard/generations/{NAME}.2", moved=True), f"{NAME}.2"),
        (Link("other", f"/Users/old/.torchard/generations/{NAME}", moved=True), None),
        (Link("torch", "/Users/old/elsewhere", moved=True), None),
        (Link("torch", None), None),
    ],
)
def test_a_link_names_its_generation(link, name):
    """If the home was moved, only a generation with the link's own name is Torchard's."""
    assert generation_of(link, HOME) == name


def test_a_generation_is_found_where_the_home_is_now():
    """Also if the link still names the old home. Without a link there is none."""
    one = built(LOCK)
    state = mac(one, links={"torch": one.path})
    assert generation_at(state.links["torch"], state) is one
    moved = Link("torch", f"/Users/old/.torchard/generations/{NAME}", moved=True)
    assert generation_at(moved, state) is one
    assert generation_at(None, state) is None
    assert generation_at(Link("torch", None), state) is None
