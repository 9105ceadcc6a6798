"""What a generation is: whole or not, where it was built, and what a person put into it. Pure.

The probe and `operations/scripts/generation.py` judge on the Mac by the same signs: conda's
history, a python, a record of some package, and the path that its stamp names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.mac.state import InstalledEnvironment, Link, MacState, Part

# What of a generation is a person's own, and goes over to the next one: files, and directories
# whose files do. conda keeps the first two (`conda env config vars set`, pinned specs) and runs
# what is in the others whenever it activates the environment (conda/core/prefix_data.py and
# conda/activate.py). Files of packages are left out.
CARRIED = (
    "conda-meta/state",
    "conda-meta/pinned",
    "etc/conda/activate.d",
    "etc/conda/deactivate.d",
)

_ROOT = "/.torchard/generations/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MISSING: Mapping[Part, str] = {
    "python": "its python is gone",
    "history": "its conda-meta/history is gone",
    "records": "its conda-meta holds no record of a package",
}


def generations_root(home: str) -> str:
    """Return the directory of the generations in a home directory."""
    return f"{home}/.torchard/generations"


def generation_name(target: str | None, home: str) -> str | None:
    """Return the generation that a link leads to, or None where it leads elsewhere."""
    root = generations_root(home) + "/"
    if target is None or not target.startswith(root):
        return None
    name = target[len(root) :]
    return name if _NAME.fullmatch(name) else None


def generation_of(link: Link, home: str) -> str | None:
    """Return the generation of a link; also of one that leads to where the home was before.

    Of those only what bears the name of the link is known to be ours.
    """
    if not link.moved or link.target is None:
        return generation_name(link.target, home)
    name = link.target.rpartition(_ROOT)[2]
    return name if re.fullmatch(re.escape(link.name) + r"-[0-9a-f]{8}(\.[0-9]+)?", name) else None


def generation_at(link: Link | None, state: MacState) -> InstalledEnvironment | None:
    """Return what a link leads to, or what it led to and has moved along with the home."""
    if link is None or link.target is None:
        return None
    if link.moved:
        path = f"{generations_root(state.home)}/{generation_of(link, state.home)}"
        return state.environments.get(path)
    return state.environments.get(link.target)


def is_ours(link: Link, state: MacState) -> bool:
    """Tell whether Torchard made a link: it leads to a generation of the environment of its name.

    A person may have made another one to a generation.
    """
    generation = generation_of(link, state.home)
    if generation is None:
        return False
    built = generation_at(link, state)
    said = (built.stamp or {}).get("environment") if built else None
    if isinstance(said, str):
        return said == link.name
    return re.fullmatch(re.escape(link.name) + r"-[0-9a-f]{8}(\.[0-9]+)?", generation) is not None


def explain_not_whole(one: InstalledEnvironment) -> Iterator[str]:
    """Yield what a generation lacks, in a few words each; nothing of a whole one."""
    if one.moved_from is not None:
        yield f"it was built at {one.moved_from} and has moved"
    yield from (_MISSING[part] for part in one.missing)
    if not (one.whole or one.missing or one.moved_from):
        yield "it is not whole"


def can_be_shown(one: InstalledEnvironment) -> bool:
    """Tell whether a generation can be shown again as it is; `generation.py` judges once more."""
    verified = isinstance((one.stamp or {}).get("verification"), Mapping)
    return one.whole and verified and not one.damaged and one.failed is None


def list_carried_files(
    before: InstalledEnvironment | None, environment: str, ready: InstalledEnvironment | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the person's own files that go over to the next generation, and those too large to.

    `ready` is the next one, where it is built already: what it has is kept.
    """
    if before is None or (before.stamp or {}).get("environment", environment) != environment:
        return (), ()
    there = {*ready.own, *ready.own_large} if ready else set()
    return (
        tuple(name for name in before.own if name not in there),
        tuple(name for name in before.own_large if name not in there),
    )


def describe_failure(one: InstalledEnvironment, environment: str) -> str | None:
    """Say that the last verification of a generation failed, and what repairs it."""
    if one.failed is None:
        return None
    date, reason = one.failed
    day = f" on {date}" if date else ""
    return (
        f"its last verification failed{day}: {reason};"
        f" `torchard apply --rebuild {environment}` builds it again"
    )
