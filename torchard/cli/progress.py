"""The progress that a command shows on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchard.render.events import EventProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.progress import Progress


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Show progress on stderr: live on a terminal, one line an event elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console

        from torchard.render.live import LiveProgress

        console = Console(stderr=True)
        if console.is_interactive:
            with LiveProgress(console) as progress:
                yield progress
            return
    with EventProgress(sys.stderr) as events:
        yield events
