"""Small files that a step changes, as a plan and a status show them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from torchard.mac.paths import shorten_mac_path
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.mac.state import MacState


class FileChange(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"before": "from", "after": "to"},
):
    """One small file that changes: an environment's settings, or Torchard's part of a shell's file.

    `from` and `to` are its texts, null where it does not exist. `path` is as a person writes it.
    """

    multiline: ClassVar[tuple[str, ...]] = ("before", "after")

    path: str
    before: str | None
    after: str | None


def condarc_change(
    name: str, state: MacState, before: str | None, after: str | None
) -> tuple[FileChange, ...]:
    """Return the change of an environment's own .condarc, without secrets."""
    if before == after:
        return ()
    path = f"{shorten_mac_path(state.prefix, state.home)}/envs/{name}/.condarc"
    texts = (None if text is None else redact(text) for text in (before, after))
    return (FileChange(path, *texts),)


def variables_change(
    name: str, state: MacState, before: Mapping[str, str] | None, after: Mapping[str, str]
) -> tuple[FileChange, ...]:
    """Return the change of the variables that the lab names; those of a person are not in it.

    Without an environment, there is no `before`. A line is what a person types after
    `conda env config vars set`.
    """
    if (before or {}) == after:
        return ()
    path = f"{shorten_mac_path(state.prefix, state.home)}/envs/{name}/conda-meta/state"
    old = None if before is None else _list_variables(before)
    return (FileChange(path, old, _list_variables(after)),)


def _list_variables(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={redact(value)}\n" for name, value in sorted(variables.items()))
