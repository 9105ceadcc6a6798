"""A simulated lab for tests: started in a process of its own, changed and looked at from here."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from simlab import disk, macs, program
from simlab.spec import MacSpec, default_spec
from simlab.web import ADDRESS, FAULTS, REFRESH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from typing_extensions import Self  # a checker's, not needed to run

_PATIENCE = 15  # seconds for a lab to end before it is killed

Entry = tuple[str, int, int, str, str]


@dataclass(frozen=True)
class SimMac:
    """One simulated Mac of a running lab."""

    name: str
    root: Path
    port: int
    refresh: Callable[[], None]
    pid: int | None = None  # of the lab, where only that sees the homes: see `simlab.disk`

    @property
    def home(self) -> Path:
        """The home of its account."""
        home = macs.home(self.root)
        return home if self.pid is None else Path(f"/proc/{self.pid}/root{home}")

    def set(self, **changes: Any) -> MacSpec:
        """Change fields of the Mac (`fault="refuse"`, `macos="14.0"`); hold from here on."""
        mac = macs.change(self.root, **changes)
        self.refresh()
        return mac

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line on the Mac without SSH and past its faults; `timeout` in seconds."""
        before = [] if self.pid is None else disk.beside(self.pid)
        return macs.run(self.root, command, stdin=stdin, timeout=timeout, before=before)


def launch(arguments: Sequence[str], errors: TextIO) -> subprocess.Popen[str]:
    """Start simlab with these arguments, and with pipes for its stdin and its stdout."""
    return subprocess.Popen(
        program.words(*arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


class SimLab:
    """`with SimLab(dir) as lab:` a lab that is up, below `directory`.

    `spec` is a number of Macs or the Macs themselves; `depot` the root of a depot that was
    built before (`simlab.up.build_depot`), so that many labs share one. `lab_file` is its
    lab.yaml, `macs` its Macs by name, `web_url` the depot's address without a slash at the end.
    """

    launch = staticmethod(launch)

    def __init__(
        self, directory: Path, spec: Sequence[MacSpec] | int = 5, depot: Path | None = None
    ) -> None:
        self.directory = directory.resolve()
        self.spec = default_spec(spec) if isinstance(spec, int) else tuple(spec)
        self.depot = depot
        self.lab_file = self.directory / "lab.yaml"
        self.macs: dict[str, SimMac] = {}
        self.web_url = ""
        self._web_port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the lab and wait for it. Raise RuntimeError with its last words if it fails."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        spec_file = self.directory.with_name(f"{self.directory.name}.spec.json")
        described = {"macs": [mac.as_dict() for mac in self.spec]}
        spec_file.write_text(json.dumps(described), encoding="utf-8")
        log = self.directory.with_name(f"{self.directory.name}.log")
        arguments = ["up", str(self.directory), "--spec", str(spec_file), "--stop-at-eof"]
        if self.depot is not None:
            arguments += ["--depot", str(self.depot)]
        with log.open("w", encoding="utf-8") as errors:
            self._process = self.launch(arguments, errors)
        assert self._process.stdout is not None  # noqa: S101 (it is a pipe)
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            raise RuntimeError(f"simlab did not start:\n{log.read_text(encoding='utf-8')}")
        ports = json.loads((self.directory / "simlab.json").read_text(encoding="utf-8"))["ports"]
        self._web_port = ports[""]
        self.web_url = f"http://{ADDRESS}:{self._web_port}"
        apart = any(disk.size(mac.fault) is not None for mac in self.spec)
        pid = self._process.pid if apart else None
        for mac in self.spec:
            root = self.directory / "macs" / mac.name
            self.macs[mac.name] = SimMac(mac.name, root, ports[mac.name], self.refresh, pid)

    def stop(self) -> int:
        """Stop the lab and what runs on its Macs; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def refresh(self) -> None:
        """Let every port open or close as mac.json says; return when it has happened."""
        connection = http.client.HTTPConnection(ADDRESS, self._web_port, timeout=30)
        try:
            connection.request("GET", REFRESH)
            connection.getresponse().read()
        finally:
            connection.close()

    def web_fault(self, path: str, **fault: Any) -> None:
        """Let every request whose path fits a glob go wrong: see `simlab.web` for the kinds."""
        if not any(kind in fault for kind in FAULTS):
            raise ValueError(f"A fault is one of {', '.join(FAULTS)}, not {sorted(fault)}.")
        file = self.directory / "web.json"
        faults = json.loads(file.read_text(encoding="utf-8"))["faults"] if file.exists() else []
        _write(file, {"faults": [*faults, {"path": path, **fault}]})

    def clear_web_faults(self) -> None:
        """Let every request go well again."""
        (self.directory / "web.json").unlink(missing_ok=True)

    def web_log(self) -> list[tuple[str, str, int, int]]:
        """Return what was asked of the depot: method, path, status, bytes sent."""
        file = self.directory / "web.log"
        if not file.exists():
            return []
        rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
        return [(method, path, int(status), int(sent)) for method, path, status, sent in rows]

    def snapshot(self, *names: str) -> dict[str, Entry]:
        """Return all that is in the Macs' homes, or in those of some, by `NAME/path`.

        Each entry is its kind (`file`, `directory`, `link` or `other`), permission bits, size
        in bytes, sha256 and link target; what a kind does not have is 0 or empty.
        """
        entries = {}
        for name in sorted(names or self.macs):
            home = self.macs[name].home
            for folder, folders, files in os.walk(home):
                for entry in (*folders, *files):
                    path = Path(folder, entry)
                    entries[f"{name}/{path.relative_to(home)}"] = _entry(path)
        return entries


def _entry(path: Path) -> Entry:
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return ("link", 0, 0, "", str(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return ("directory", mode, 0, "", "")
    if not stat.S_ISREG(found.st_mode):
        return ("other", mode, 0, "", "")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return ("file", mode, found.st_size, digest.hexdigest(), "")


def _write(path: Path, document: object) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(document), encoding="utf-8")
    aside.replace(path)
