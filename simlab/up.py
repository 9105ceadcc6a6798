"""A simulated lab from nothing to `ready`: the depot, the Macs, their servers, lab.yaml."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TextIO

from simlab import keys, macs, program
from simlab.server import Servers
from simlab.web import ADDRESS, Web
from simlab.write_lab import Served, describe_lab, write_lab

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simlab.spec import MacSpec

STATE = "simlab.json"


class UpError(RuntimeError):
    """The lab cannot be had; `str()` is a sentence for a person."""


def build_depot(root: Path) -> Served:
    """Build the depot below `root`, or take the whole one that is there.

    It is built in a process of its own, judged by the depot.json it leaves: the index is made
    with py-rattler, whose short processes now and then die at their very end.
    """
    try:
        return Served.load(root)
    except FileNotFoundError:
        pass
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        program.words("depot", str(root)),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        check=False,
    )
    try:
        return Served.load(root)
    except FileNotFoundError as error:
        raise UpError(f"The depot could not be built below {root}; see the lines above.") from error


def up(directory: Path, spec: Sequence[MacSpec], *, depot: Path | None, stop_at_eof: bool) -> None:
    """Build a lab below `directory` and serve it until interrupted. Raise UpError.

    `depot` is the root of a depot that was built before; without it one is built in the lab.
    With `stop_at_eof` the end of stdin stops the lab, so that it never outlives its parent.
    """
    directory = directory.expanduser().resolve()
    if re.search(r"[\s:]", str(directory)):
        raise UpError(f"{directory} has a space or a colon in it, where Miniconda does not work.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / STATE).exists():
        raise UpError(f"{directory} holds other things; name a directory that is new or empty.")
    directory.mkdir(parents=True, exist_ok=True)
    before = _state(directory)
    # Written at once: it marks the directory as ours, were we to be stopped half-way.
    (directory / STATE).write_text(json.dumps(before), encoding="utf-8")
    _tell(f"building the depot below {depot or directory / 'depot'}")
    served = build_depot(depot.resolve() if depot else directory / "depot")
    _tell(f"building {_count(spec)} below {directory / 'macs'}")
    roots = macs.build(directory, spec)
    keys.make(directory, roots)
    asyncio.run(_serve(directory, spec, roots, served, before, stop_at_eof=stop_at_eof))


def read_macs(directory: Path) -> tuple[MacSpec, ...]:
    """Return the Macs of the last run as their mac.json files describe them; none if it is new.

    Raise UpError if one cannot be read.
    """
    found = []
    for name in filter(None, _state(directory)["ports"]):
        try:
            found.append(macs.read(directory / "macs" / name))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise UpError(
                f"{directory / 'macs' / name / 'mac.json'} describes no Mac: {error}."
                " Say which Macs to start with --macs or --spec."
            ) from error
    return tuple(found)


def _state(directory: Path) -> dict[str, Any]:
    """Return the ports and the lab file of the last run, so that edits of that file are kept."""
    try:
        return {"ports": {}, **json.loads((directory / STATE).read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return {"ports": {}}


async def _serve(
    directory: Path,
    spec: Sequence[MacSpec],
    roots: dict[str, Path],
    served: Served,
    before: dict[str, Any],
    *,
    stop_at_eof: bool,
) -> None:
    wanted: dict[str, int] = before["ports"]
    servers = Servers(directory, roots, wanted)
    web = Web(served.root, directory, servers.refresh)
    listener = await web.start(wanted.get(""))
    web_port = listener.sockets[0].getsockname()[1]
    ports = {**servers.ports, "": web_port}  # no Mac has an empty name: the web's own
    keys.write_known_hosts(directory, roots, servers.ports)
    text = describe_lab(directory, spec, ports, f"http://{ADDRESS}:{web_port}", served)
    moved = {port: ports[name] for name, port in wanted.items() if name in ports}
    lab, note = write_lab(directory, text, before.get("lab"), moved)
    state = {"ports": ports, "lab": text}
    (directory / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
    if note is not None:
        _tell(note)

    _allow_files()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if stop_at_eof:
        loop.add_reader(sys.stdin.fileno(), _read_on, sys.stdin, stop)
    servers.refresh()
    running = loop.create_task(servers.run())
    running.add_done_callback(lambda _: stop.set())
    one = len(spec) == 1
    _tell(f"{_count(spec)} {'is up; its' if one else 'are up; their'} lab file is {lab}")
    gc.freeze()  # what is imported stays: looking through it again and again takes long
    print("ready", flush=True)
    await stop.wait()
    failed = running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    listener.close()
    if failed:
        raise UpError(f"A server failed: {running.exception()}")


def _allow_files() -> None:
    """Raise macOS's 256 open files: each command takes three, each connection one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _read_on(stream: TextIO, stop: asyncio.Event) -> None:
    if not os.read(stream.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(stream.fileno())
        stop.set()


def _count(spec: Sequence[MacSpec]) -> str:
    return "1 simulated Mac" if len(spec) == 1 else f"{len(spec)} simulated Macs"


def _tell(text: str) -> None:
    print(f"simlab: {text}", file=sys.stderr, flush=True)
