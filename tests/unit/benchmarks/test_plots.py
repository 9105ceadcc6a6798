"""The plots of the benchmarks are whole SVG files that show what was measured."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

import plots

SVG = "{http://www.w3.org/2000/svg}"


def test_a_bar_is_as_long_as_its_value_and_its_goal_is_a_line():
    """The longest of values and goals fills the picture; names are escaped."""
    text = plots.draw_bars("a & b", [("<x>", 1.0, 2.0), ("y", 2.0, None)], "x")
    root = ET.fromstring(text)  # noqa: S314  # it was written just now
    widths = [float(one.attrib["width"]) for one in root.iter(f"{SVG}rect")]
    assert widths[1] == 2 * widths[0]
    (goal,) = root.iter(f"{SVG}line")
    assert float(goal.attrib["x1"]) == plots.LEFT + widths[1]
    assert [one.text for one in root.iter(f"{SVG}text")][:2] == ["a & b", "<x>"]


def test_each_table_that_was_measured_has_its_plot():
    """A table that is missing has none."""
    row = {"wall": 9.0, "cpu": 2.0, "each": 36.0, "peak": 208.0}
    drawn = plots.plot(
        {
            "Start-up: the least CPU": {"python -c pass": 1.0, "torchard --help": 4.5},
            "A plan of Macs that are up to date, without their shells": {"1000 Macs": row},
            "20 simulated Macs that are up to date, 5 rounds": {"torchard plan": [1.2, 1.9]},
        }
    )
    assert sorted(drawn) == [
        "bench-growth.svg",
        "bench-memory.svg",
        "bench-plan-20.svg",
        "bench-start-up.svg",
    ]
    assert "208 MiB" in drawn["bench-memory.svg"]
    assert plots.plot({}) == {}
