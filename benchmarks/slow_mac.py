"""Measure how a Mac behind a slow line delays the others of an apply: it should not.

    python benchmarks/slow_mac.py [--macs 50] [--rate 100000]

The first install of simulated Macs, with and without one whose bytes go through a proxy of this
script at --rate bytes in a second. What counts is when the last one of the *other* Macs is done.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from measure import TORCHARD, keep, scratch

from simlab.lab import SimLab
from simlab.up import build_depot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = 'environments:\n  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'
_CHUNK = 4096
_ENDED = re.compile(r"^\[(\S+)\] (?:done|failed) in ")


@contextmanager
def throttled(port: int, rate: float) -> Iterator[int]:
    """Forward a port of this computer to another one, with so many bytes a second each way."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / rate)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_mac, from_mac = None, None
        from_mac, to_mac = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, to_mac), copy(from_mac, writer), return_exceptions=True)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(forward, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def install(lab: Path, slow: str) -> float:
    """Apply a lab; return the seconds until the last Mac but the slow one is done."""
    start, last = time.monotonic(), 0.0
    command = [*TORCHARD, "apply", str(lab), "--yes", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        for line in run.stderr or ():
            found = _ENDED.match(line)
            if found and found[1] != slow:
                last = time.monotonic() - start
        assert run.wait() == 0
    return last


def measure(macs: int, rate: float | None) -> float:
    """Install new simulated Macs, the first of which has a slow line if there is a rate."""
    with scratch() as directory:
        depot = build_depot(directory / "depot").root
        with SimLab(directory / "lab", macs, depot) as lab:
            text = lab.lab_file.read_text(encoding="utf-8")
            rest = text[text.index("groups:\n") :].replace("[torch]", "[tools]")
            name, mac = next(iter(lab.macs.items()))
            known = lab.directory / "known_hosts"
            with throttled(mac.port, rate or 1e12) as port:
                rest = rest.replace(f"port: {mac.port}", f"port: {port}")
                lab.lab_file.write_text(f"{SMALL}{rest}", encoding="utf-8")
                keys = known.read_text(encoding="utf-8")
                known.write_text(keys.replace(f":{mac.port} ", f":{port} "), encoding="utf-8")
                subprocess.run([*TORCHARD, "lock", str(lab.lab_file)], check=True)
                return install(lab.lab_file, name)


def main() -> None:
    """Print both figures and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--macs", type=int, default=50)
    parser.add_argument("--rate", type=float, default=100_000)
    wanted = parser.parse_args()
    without = measure(wanted.macs, None)
    beside = measure(wanted.macs, wanted.rate)
    title = (
        f"First install of {wanted.macs} simulated Macs, one of them at {wanted.rate:.0f} bytes/s"
    )
    print(f"\n{title}")
    print(f"the others, without it   {without:7.1f} s")
    print(f"the others, beside it    {beside:7.1f} s   x {beside / without:.2f}")
    keep(title, {"ratio": beside / without})


if __name__ == "__main__":
    main()
