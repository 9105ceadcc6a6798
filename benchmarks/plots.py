"""Draw the figures of `make bench` as SVG for docs/: bars of ratios, with a line at each goal.

    python benchmarks/plots.py RESULTS.json DIR

No library: a bar is a rectangle. The colours are readable on white and on black.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, BAR, GAP, LEFT, HEAD = 720, 20, 10, 220, 40
COLOUR, GOAL, TEXT = "#3b82c4", "#d1495b", "#808080"


def draw_bars(title: str, bars: Sequence[tuple[str, float, float | None]], unit: str) -> str:
    """Return an SVG with a bar for each (name, value, goal); a goal is a line across its bar."""
    most = max(max(value, goal or 0) for _, value, goal in bars) or 1
    height = HEAD + len(bars) * (BAR + GAP)
    scale = (WIDTH - LEFT - 90) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        f' font-family="sans-serif" font-size="13" fill="{TEXT}">',
        f"<title>{escape(title)}</title>",
        f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, value, goal) in enumerate(bars):
        top = HEAD + number * (BAR + GAP)
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top}" height="{BAR}" fill="{COLOUR}"',
            f' width="{value * scale:.1f}"/>',
            f'<text x="{LEFT + value * scale + 6:.1f}" y="{top + 15}">{value:.3g} {unit}</text>',
        ]
        if goal is not None:
            at = LEFT + goal * scale
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 3}" y2="{top + BAR + 3}"'
                f' stroke="{GOAL}" stroke-width="2"/>'
            )
    return "\n".join([*parts, "</svg>", ""])


def plot(results: Mapping[str, object]) -> dict[str, str]:
    """Return the SVG files, by name, for those figures that there are."""
    drawn: dict[str, str] = {}
    for title, figures in results.items():
        if not isinstance(figures, dict):
            continue
        if title.startswith("Start-up"):
            goals = {"torchard --help": 5.0, "torchard check, 100 Macs": 12.0}
            bars = [(name, float(value), goals.get(name)) for name, value in figures.items()]
            drawn["bench-start-up.svg"] = draw_bars(title, bars, "x")
        elif title.startswith("A plan of Macs"):
            bars = [(name, float(row["each"]), None) for name, row in figures.items()]
            drawn["bench-growth.svg"] = draw_bars("Controller's CPU for each Mac", bars, "ms")
            bars = [(name, float(row["peak"]), 300.0) for name, row in figures.items()]
            drawn["bench-memory.svg"] = draw_bars("Peak memory of a plan", bars, "MiB")
        elif "up to date" in title:
            number = title.split()[0]
            goal = 1.3 if number == "20" else 1.1
            bars = [
                (name, float(ratios[0]), goal if name == "torchard plan" else None)
                for name, ratios in figures.items()
            ]
            name = f"{title.partition(',')[0]}: time against plain ssh"
            drawn[f"bench-plan-{number}.svg"] = draw_bars(name, bars, "x")
    return drawn


def main() -> None:
    """Write the plots."""
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name, text in plot(results).items():
        (Path(sys.argv[2]) / name).write_text(text, encoding="utf-8")
        print(f"{sys.argv[2]}/{name}")


if __name__ == "__main__":
    main()
