"""Lab files for tests that want other environments than a simulated lab's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simlab.lab import SimLab


def describe(
    lab: SimLab,
    environments: str,
    macs: Mapping[str, Sequence[str]],
    settings: Mapping[str, str] | None = None,
) -> None:
    """Write the lab's file again: which environments there are, and which of them each Mac has.

    `settings` are more lines for some Macs, indented as the lab file has them.
    """
    text = lab.lab_file.read_text(encoding="utf-8")
    head, _, rest = text.partition("environments:\n")
    rest = rest.partition("groups:\n")[2].replace("    environments: [torch]\n", "", 1)
    for mac, names in macs.items():
        line = f"\n  {mac}:\n"
        assert rest.count(line) == 1
        more = (settings or {}).get(mac, "")
        rest = rest.replace(line, f"{line}    environments: [{', '.join(names)}]\n{more}")
    lab.lab_file.write_text(f"{head}{environments}groups:\n{rest}", encoding="utf-8")
