"""The blocks of shell commands in README and docs/, and the marks of those that no test runs.

A mark is a comment on the line before a block: `<!-- not run: REASON -->`, or
`<!-- run by TEST -->` where another test does what the block says. Readers do not see it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_PROGRAM = re.compile(r"torchard (?P<words>.*)")
_CODE = re.compile(r"# exits with (?P<code>\d)")


@dataclass(frozen=True)
class Block:
    """A block of commands. `mark` is empty if the block is run as it is."""

    page: str
    text: str
    mark: str

    @property
    def first(self) -> str:
        """The first command, which names the block."""
        return self.text.splitlines()[0].partition("  ")[0]

    def list_codes(self) -> list[set[int]]:
        """Return the exit codes that each `torchard` command may end with, in their order.

        `# exits with 2` names the only one. Otherwise a plan may have changes or none.
        """
        codes = []
        for line in self.text.splitlines():
            found = _PROGRAM.match(line)
            if found is None:
                continue
            said = _CODE.search(line)
            may_change = found["words"].split()[0] in {"plan", "show", "status"}
            codes.append({int(said["code"])} if said else {0, 2} if may_change else {0})
        return codes


def read_blocks(page: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(page, one["text"], one["mark"] or "") for one in _BLOCK.finditer(text)]
