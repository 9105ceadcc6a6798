"""Connecting to the Macs that a command is about."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchard.commands import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from torchard.session import Session


@contextmanager
def session(lab: Path, limits: Iterable[str], *, locked: bool) -> Iterator[Session]:
    """Connect to the Macs that are meant and read them, under the eyes of who watches."""
    # The session first: it patches the standard library before others import it, or use threads.
    from torchard.session import Session, heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.intend import open_workspace  # noqa: PLC0415
    from torchard.lab.limit import select as limited  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab, locked=locked)
    macs = limited(workspace.lab, limits)
    with terminal.watched() as progress:
        workspace.announce = progress.announce
        workspace.lock_ahead(macs)
        with Session(workspace, macs, progress) as session:
            yield session
