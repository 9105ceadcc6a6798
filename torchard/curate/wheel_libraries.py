"""Measure which macOS the libraries of a wheel on an index need. Only what is read is fetched."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from torchard.binaries.minimum import find_minimum, find_used_files
from torchard.binaries.symbols import load_symbols
from torchard.binaries.wheel import read_wheel
from torchard.depot.ranged_file import RangedFile
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torchard.binaries.image import Image
    from torchard.catalog.rows import Catalogue
    from torchard.curate.wheel_index import WheelFile

_BLOCK = 1 << 20  # bytes of one request


@dataclass(frozen=True)
class Measured:
    """What a row of the catalogue says of a wheel's libraries, with its fields.

    `needs` is None if that is not known: `unknown` are phrases on why. `cause` is a phrase on what
    needs `needs`.
    """

    needs: Version | None
    sure: Version | None
    minos: Mapping[str, Version]
    cause: str = ""
    unknown: tuple[str, ...] = ()


def measure_wheel(
    package: str, file: WheelFile, arch: str, tag: Version, catalogue: Catalogue
) -> Measured:
    """Read a wheel on an index, and return what its libraries need.

    If it cannot be read, that is in `unknown`.
    """
    oldest = catalogue.platforms[arch].macos
    on_demand = catalogue.files_on_demand(package, file.version)
    try:
        images = read_wheel(io.BufferedReader(RangedFile(file.url), _BLOCK), arch)
        return measure_libraries(images, tag, oldest, on_demand)
    except (OSError, ValueError) as error:
        return Measured(None, None, {}, unknown=(f"it cannot be read: {redact(str(error))}",))


def measure_libraries(
    images: Mapping[str, Image], tag: Version, oldest: Version, on_demand: Collection[str]
) -> Measured:
    """Return what libraries need, as in a row for a wheel with this tag.

    `oldest` is the first macOS that Torchard supports on their arch, and `on_demand` are patterns
    for the paths of files that no import loads. Raise ValueError if a file contradicts itself.
    """
    found = find_minimum(images, load_symbols(), on_demand)
    needs = max((oldest, *([] if found.macos is None else [found.macos])))
    counts = tag if found.unknown else max(tag, needs)
    return Measured(
        needs=None if found.unknown else needs,
        sure=found.sure if found.sure is not None and found.sure > counts else None,
        minos=_find_newest_minos(images, counts, on_demand),
        cause=found.cause,
        unknown=tuple(f"the table of symbols does not have {one}" for one in found.unknown),
    )


def _find_newest_minos(
    images: Mapping[str, Image], macos: Version, on_demand: Collection[str]
) -> dict[str, Version]:
    """Return the newest macOS that a file was built for, by the file, if it is newer than `macos`.

    Platform tags count only major versions from macOS 11 on (packaging.tags.mac_platforms), and
    before that no third part. So does this.
    """
    used = {path: images[path].minos for path in find_used_files(images, on_demand)}
    found = [(minos, path.rpartition("/")[2]) for path, minos in used.items() if minos is not None]
    newest = max((minos for minos, _ in found), default=(0, 0, 0))
    name = min((name for minos, name in found if minos == newest), default="")
    parts = 1 if newest[0] > 10 else 2
    if newest[:parts] <= macos.release[:parts]:
        return {}
    return {name: Version(f"{newest[0]}.{newest[1]}")}
