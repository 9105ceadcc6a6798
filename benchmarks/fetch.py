"""Fetch many small packages from a distant server, against curl and sha256.

    python benchmarks/fetch.py [--files 150] [--kilobytes 300] [--delay 0.05] [--rounds 5]

A conda environment has hundreds of packages, and most are small: what counts is how often somebody
waits for an answer. The server runs on this machine and answers each request after --delay seconds,
as one does that is far away. Files, hashes and HTTP are real. The clock of all three contains the
server's work.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Took, compare, print_table, scratch, take_turns, timed

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 16
SUBDIR = "osx-arm64"
_HEADER = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n"


async def serve(files: dict[str, bytes], delay: float) -> None:
    """Answer each request after `delay` seconds, and print the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                content = files[line.decode().split()[1].rpartition("/")[2]]
                await asyncio.sleep(delay)
                writer.write(_HEADER.format(len(content)).encode() + content)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def fetch(folder: Path, url: str, depot: Path) -> None:
    """Fetch all files into an empty depot, as an apply does."""
    import torchard.session  # noqa: F401  # patches the standard library
    from torchard.catalog.catalog import load_catalog
    from torchard.depot.depot import Depot
    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage
    from torchard.operations.fetch_ahead import FetchAhead
    from torchard.workspace.artefacts import Artefacts, Wanted

    mac = MacHost("mac")
    wanted = [
        Wanted(
            CondaPackage(name, "1", "0", url, SUBDIR, name, digest, (folder / name).stat().st_size),
            None,
            mac,
        )
        for name, digest in (line.split() for line in sys.stdin)
    ]
    ahead = FetchAhead(Artefacts(load_catalog(), Depot(depot)), wanted)
    while ahead.next is not None:
        ahead.take()
    ahead.stop()


def main() -> None:
    """Print a table, or do one part of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--kilobytes", type=int, default=300)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--fetch", nargs=3, metavar=("FOLDER", "URL", "DEPOT"))
    wanted = parser.parse_args()
    if wanted.serve:
        files = {one.name: one.read_bytes() for one in wanted.serve.iterdir()}
        asyncio.run(serve(files, wanted.delay))
        return
    if wanted.fetch:
        folder, url, depot = wanted.fetch
        fetch(Path(folder), url, Path(depot))
        return
    with scratch() as directory:
        measure(directory, wanted)


def measure(directory: Path, wanted: argparse.Namespace) -> None:
    """Measure Torchard and curl in turns."""
    folder, target = directory / "files", directory / "target"
    folder.mkdir()
    some = random.Random(0)  # noqa: S311  # the same files each time
    for number in range(wanted.files):
        content = some.randbytes(wanted.kilobytes * 1000)
        (folder / f"package-{number}.conda").write_bytes(content)
    digests = {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(folder.iterdir())
    }
    command = [sys.executable, __file__, "--serve", str(folder), "--delay", str(wanted.delay)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    url = f"http://127.0.0.1:{int(server.stdout.readline())}"
    sums = directory / "sums"
    sums.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    names = directory / "names"
    names.write_text("".join(f"{name} {digest}\n" for name, digest in digests.items()))
    urls = directory / "urls"
    urls.write_text("".join(f'url = "{url}/{SUBDIR}/{name}"\nremote-name\n' for name in digests))
    ours = f"exec {sys.executable} {__file__} --fetch {folder} {url} {target} <{names}"
    curl = f"cd {target} && curl -fsS -K {urls} %s && exec sha256sum --quiet -c {sums}"
    ways = {
        "curl": in_shell(curl % f"-Z --parallel-max {AT_ONCE}", target),
        "curl, one by one": in_shell(curl % "", target),
        "torchard": in_shell(ours, target),
    }
    try:
        figures = take_turns(ways, wanted.rounds)
    finally:
        server.terminate()
        server.wait()
    base = "curl"
    title = (
        f"{wanted.files} files of {wanted.kilobytes} kB, {AT_ONCE} at once, each answered after"
        f" {wanted.delay} s, {wanted.rounds} rounds; medians"
    )
    print_table(title, compare(figures, base), base)


def in_shell(line: str, target: Path) -> Callable[[], Took]:
    """Return what runs a line of shell with an empty folder."""

    def run() -> Took:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        return timed([["sh", "-c", line]])

    return run


if __name__ == "__main__":
    main()
