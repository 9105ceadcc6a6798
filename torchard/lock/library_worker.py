"""Read the libraries in wheels and conda packages, in a child process: JSON in, JSON out.

Archives are not trusted: a small one can unpack to a large one. So the process has limits. Of a
conda package, only PyTorch's own libraries are read.

    {"wheels": [{"path": …, "arch": …}, …]} -> {"wheels": [{…}, …]}

The last line is the answer; before it, there is a line with the path of each wheel that is going to
be read. `torchard.binaries.summary` says what an answer has.
"""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from torchard.binaries.mach_o import read_images
from torchard.binaries.summary import Summary, is_torch_library, summarize
from torchard.binaries.wheel import read_wheel

if TYPE_CHECKING:
    from rattler.package_streaming import ArchiveEntry

    from torchard.binaries.image import Image

_CONDA = (".conda", ".tar.bz2")
_LARGEST = 512 << 20  # bytes of one library; libtorch_cpu has 200 MB


def read(path: str, arch: str) -> Summary:
    """Return the summary of one archive, also if it cannot be read."""
    print(path, flush=True)  # a parent that stops this process can name it
    try:
        if path.endswith(_CONDA):
            return summarize(asyncio.run(read_conda_package(path, arch)))
        with Path(path).open("rb") as file:
            return summarize(read_wheel(file, arch))
    except (ValueError, OSError) as error:
        return Summary(error=str(error))


async def read_conda_package(path: str, arch: str) -> dict[str, Image]:
    """Return PyTorch's libraries for an arch in a conda package, by their paths.

    Raise ValueError with a phrase that names the file.
    """
    from rattler.exceptions import ExtractError  # noqa: PLC0415  # few locks need py-rattler here
    from rattler.package_streaming import PackageArchive  # noqa: PLC0415

    found: dict[str, Image] = {}
    name = "the archive"
    try:
        archive = await PackageArchive.from_path(path)
        async for entry in archive.stream():
            if entry.is_file and is_torch_library(entry.name.rpartition("/")[2]):
                name = entry.name
                images = read_images(io.BytesIO(await _read_entry(entry)))
                found.update((name, one) for one in images if one.arch == arch)
    except (ExtractError, OSError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error
    return found


async def _read_entry(entry: ArchiveEntry) -> bytes:
    if entry.size > _LARGEST:
        raise ValueError("it is too large to read")
    content: bytes = await entry.read()
    return content


def main() -> None:
    """Answer the request on stdin."""
    asked: dict[str, Any] = msgspec.json.decode(sys.stdin.buffer.read())
    found = [read(one["path"], one["arch"]) for one in asked["wheels"]]
    sys.stdout.buffer.write(msgspec.json.encode({"wheels": found}) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
