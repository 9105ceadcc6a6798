"""Connecting to the Macs that a command is about."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchard.commands import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from torchard.intend import Workspace
    from torchard.lab.model import MacHost
    from torchard.saved import Saved
    from torchard.session import Session


@contextmanager
def session(
    lab: Path, limits: Iterable[str], *, locked: bool, only: str | None = None
) -> Iterator[Session]:
    """Connect to the Macs that are meant and read them, under the eyes of who watches.

    `only` is one Mac's very name.
    """
    # The session first: it patches the standard library before others import it, or use threads.
    from torchard.session import heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.intend import open_workspace  # noqa: PLC0415
    from torchard.lab.limit import named  # noqa: PLC0415
    from torchard.lab.limit import select as limited  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab, locked=locked)
    macs = limited(workspace.lab, limits) if only is None else (named(workspace.lab, only),)
    with _reading(workspace, macs) as opened:
        yield opened


@contextmanager
def again(saved: Saved, path: Path) -> Iterator[Session]:
    """Connect to the Macs that a saved plan reached; its locks must be those that are there."""
    from torchard.session import heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.intend import open_workspace  # noqa: PLC0415
    from torchard.saved import lab_of  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab_of(saved, path), locked=True)
    reached = {mac.name for mac in saved.plan.macs if mac.state not in {"unreached", "refused"}}
    macs = [mac for mac in workspace.lab.macs.values() if mac.name in reached]
    with _reading(workspace, macs) as opened:
        yield opened


@contextmanager
def _reading(workspace: Workspace, macs: Sequence[MacHost]) -> Iterator[Session]:
    from torchard.session import Session  # noqa: PLC0415

    with terminal.watched() as progress:
        workspace.announce = progress.announce
        workspace.depot.tell = progress.fetched
        workspace.lock_ahead(macs)
        with Session(workspace, macs, progress) as opened:
            yield opened
