"""What is under an environment's name on a Mac, worked out once for all who ask. Pure.

Torchard makes PREFIX/envs/NAME a link to a generation. A person may have made something else there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torchard.mac.generations import explain_not_whole, locate_generations, read_generation_name
from torchard.mac.paths import shorten_mac_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.mac.state import InstalledEnvironment, Link, MacState

Found = Literal["nothing", "directory", "foreign_link", "dangling_link", "generation"]


@dataclass(frozen=True)
class EnvironmentView:
    """What is at PREFIX/envs/NAME on one Mac.

    Exactly one of five cases is `found`:

    - `nothing`: no link, directory or file;
    - `directory`: a directory or a file, so Torchard did not make it;
    - `foreign_link`: a link that leads to no generation of this account;
    - `dangling_link`: a link to a generation that does not exist;
    - `generation`: a link to `generation`, which may be damaged, moved or never verified.

    `target` is the path that the link contains. `has_moved` says that this path is in a former
    home: `generation` is then the one that moved along with the home. `is_ours` says that Torchard
    made the link: it leads to a generation of the environment of its own name.
    """

    name: str
    found: Found = "nothing"
    target: str | None = None
    generation: InstalledEnvironment | None = None
    has_moved: bool = False
    is_ours: bool = False

    @property
    def is_foreign(self) -> bool:
        """Tell whether a person made what is there, so that Torchard leaves it alone."""
        return self.found in {"directory", "foreign_link"}

    def describe(self, home: str) -> str:
        """Return in a few words what is there; paths below `home` are written with `~`."""
        if self.target is None:
            return "not there" if self.found == "nothing" else "not a link"
        return f"a link to {shorten_mac_path(self.target, home)}"


def view_environment(name: str, state: MacState) -> EnvironmentView:
    """Return what is under an environment's name, in a prefix of any state."""
    link = state.links.get(name)
    if link is None:
        return EnvironmentView(name)
    if link.target is None:
        return EnvironmentView(name, "directory")
    generation = _generation_name(link, state.root)
    if generation is None:
        return EnvironmentView(name, "foreign_link", link.target, has_moved=link.moved)
    found = state.environments.get(f"{locate_generations(state.root)}/{generation}")
    built_for = found.built_for if found else None
    return EnvironmentView(
        name,
        "generation" if found else "dangling_link",
        link.target,
        found,
        link.moved,
        is_ours=_has_name_of(name, generation) if built_for is None else built_for == name,
    )


def view_kept_environment(name: str, state: MacState) -> EnvironmentView:
    """Return the same for a plan: `nothing` if Torchard sets the prefix aside or installs it."""
    return view_environment(name, state) if state.has_kept_links else EnvironmentView(name)


def find_faults(view: EnvironmentView) -> Iterator[str]:
    """Yield what is wrong with the link of an environment or its generation, in a few words each.

    It depends on no lock: an environment without a fault may still be out of date.
    """
    one = view.generation
    if one is None:
        if view.found == "dangling_link":
            yield "its link leads nowhere"
        return
    yield from explain_not_whole(one)
    if not one.stamp:
        yield "its stamp is gone or broken"
    elif one.built_for != view.name:
        yield "its link leads to another environment's generation"
    elif one.verification is None:
        yield "it was never verified"
    if one.damaged:
        yield "an interrupted conda left it damaged"


def _generation_name(link: Link, root: str) -> str | None:
    """Return the name of the generation that a link leads to.

    In a former home, only a generation that bears the name of the link is known to be ours.
    """
    if not link.moved:
        return read_generation_name(link.target, root)
    name = (link.target or "").rpartition("/.torchard/generations/")[2]
    return name if _has_name_of(link.name, name) else None


def _has_name_of(environment: str, generation: str) -> bool:
    pattern = re.escape(environment) + r"-[0-9a-f]{8}(\.[0-9]+)?"
    return re.fullmatch(pattern, generation) is not None
