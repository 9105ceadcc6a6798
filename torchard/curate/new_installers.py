"""Propose rows of installers.yaml for installers that the catalogue lacks.

The sha256 is the one that the vendor publishes. The vendor publishes no minimum macOS there, so a
row has none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from torchard.curate.fetch import fetch
from torchard.curate.proposal import INSTALLERS, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torchard.catalog.rows import Distribution

_MINICONDA = re.compile(
    r"(?s)(?P<file>Miniconda3-py(?P<python>3\d+)_(?P<version>[\d.]+-\d+)-MacOSX-(?P<arch>arm64|x86_64)\.sh)"
    r"(?:(?!</tr>).)*?\b(?P<sha256>[0-9a-f]{64})\b"
)


def propose_miniconda(known: Distribution) -> Iterator[Proposal]:
    """Yield a row for each newer Miniconda in the table of its vendor."""
    page = fetch(known.address.format(file="", version="")).decode("utf-8", "replace")
    newest = _order(known.rows[0].version)
    found = {one["file"]: one for one in _MINICONDA.finditer(page)}
    rows = [one for one in found.values() if _order(one["version"]) > newest]
    rows.sort(key=lambda one: (one["arch"], one["python"]))
    rows.sort(key=lambda one: _order(one["version"]), reverse=True)
    for one in rows:
        yield _row(
            "miniconda",
            (one["version"], f"3.{one['python'][1:]}", one["arch"]),
            one["file"],
            one["sha256"],
            "The table at the vendor's has this hash",
        )


def propose_miniforge(known: Distribution) -> Iterator[Proposal]:
    """Yield a row for each arch of the latest Miniforge, if it is newer."""
    latest = f"{known.address.partition('/download/')[0]}/latest"
    page = fetch(latest).decode("utf-8", "replace")
    tags = re.findall(r"/releases/tag/([0-9.]+-[0-9]+)", page)
    if not tags or _order(tags[0]) <= _order(known.rows[0].version):
        return
    for arch in dict.fromkeys(one.arch for one in known.rows):
        file = f"Miniforge3-{tags[0]}-MacOSX-{arch}.sh"
        url = known.address.format(version=tags[0], file=file)
        found = re.match(r"([0-9a-f]{64})\b", fetch(f"{url}.sha256").decode("ascii", "replace"))
        if found:
            # The python of its base is not published there, so the row has the last one's.
            version = (tags[0], known.rows[0].python, arch)
            yield _row("miniforge", version, file, found[1], f"{file}.sha256 has this hash")


def _row(
    distribution: str, key: tuple[str, str, str], file: str, sha256: str, evidence: str
) -> Proposal:
    version, python, arch = key
    return Proposal(
        INSTALLERS,
        (f"  - distribution: {distribution}", "    installers:"),
        (
            f"      # {evidence}; no minimum macOS was looked up.",
            f'      - {{version: {version}, python: "{python}", arch: {arch}, macos: null,',
            f"         file: {file},",
            f"         sha256: {sha256},",
            "         source: [published]}",
        ),
    )


def _order(version: str) -> Version:
    return Version(version.replace("-", ".post"))


# By distribution, as installers.yaml names it.
PROPOSERS: Final[Mapping[str, Callable[[Distribution], Iterator[Proposal]]]] = {
    "miniconda": propose_miniconda,
    "miniforge": propose_miniforge,
}
