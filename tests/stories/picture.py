"""A picture of what a command printed, for the pages: an SVG whose description is its text."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

# Rich's own template, without the frame's buttons and the fonts that it would load from the web.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>DESCRIBED</title>
<desc>PRINTED</desc>
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""  # noqa: E501


def draw(name: str, line: str, printed: str, columns: int) -> str:
    """Return the picture of a command line and what it printed to a terminal, as SVG."""
    console = Console(
        record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    console.print(Text(f"$ {line}", style="bold"))
    shown = Text.from_ansi(printed)
    console.print(shown, soft_wrap=True)
    drawn = console.export_svg(
        title=line, theme=MONOKAI, code_format=FORMAT, unique_id=name, clear=False
    )
    printed_text = _escape(f"$ {line}\n{shown.plain}".strip())
    return drawn.replace("DESCRIBED", _escape(line), 1).replace("PRINTED", printed_text, 1)


def read_text(path: Path) -> str:
    """Return the text of a picture: its command line, and what it printed."""
    found = ET.parse(path).findtext("{*}desc")  # noqa: S314  # our own file
    return found or ""


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
