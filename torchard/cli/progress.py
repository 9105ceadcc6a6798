"""The progress that a command shows on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from torchard.render.events import EventProgress
from torchard.render.live import LiveProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.progress import Progress


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Show progress on stderr: live on a terminal, one line an event elsewhere."""
    console = Console(stderr=True)
    if not (sys.stderr.isatty() and console.is_interactive):  # FORCE_COLOR makes pipes interactive
        with EventProgress(sys.stderr) as events:
            yield events
        return
    with LiveProgress(console) as progress:
        yield progress
