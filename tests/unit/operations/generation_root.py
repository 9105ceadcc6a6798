"""A Torchard directory on a Mac, and the programs that make and remove generations in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from simlab import macs, stock
from simlab.spec import MacSpec
from torchard.operations import script_text

if TYPE_CHECKING:
    from pathlib import Path

HOUR_AGO = 3700  # seconds


class Root:
    """A Torchard directory on a Mac, and the environments beside it."""

    def __init__(self, path: Path) -> None:
        self.environment: dict[str, str] = {}
        self.before: tuple[str, ...] = ()  # what starts a program
        self.root = path / ".torchard"
        self.tools = macs.build(path, [MacSpec("mac-1", "arm64", "15.1")])["mac-1"]
        self.stamps = 0  # how many were made: the order of their stamps
        self.envs = path / "miniconda3" / "envs"
        self.program = path / "generation.py"
        self.removing = path / "remove_generations.py"
        for program in (self.program, self.removing):
            program.write_text(script_text.read_program(program.name), encoding="utf-8")
        for part in (self.envs, self.root / "depot" / "incoming", self.root / "kits"):
            part.mkdir(parents=True)
        (self.root / "generations").mkdir()

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        program = self.removing if arguments[0] in {"sweep", "remove", "drop"} else self.program
        return subprocess.run(
            [*self.before, sys.executable, "-I", "-S", program, *map(str, arguments)],
            env={**macs.environment(self.tools), **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def generation(self, name: str, environment: str, date: object, *artefacts: str) -> Path:
        """Make a generation with a stamp younger than those before it, and its kit."""
        path = self.root / "generations" / name
        path.mkdir()
        stamp = {"environment": environment, "date": date}
        (path / ".torchard.json").write_text(json.dumps(stamp), encoding="utf-8")
        self.stamps += 1
        os.utime(path / ".torchard.json", (self.stamps, self.stamps))
        self.kit(name, *artefacts)
        return path

    def kit(self, name: str, *artefacts: str) -> None:
        kit = self.root / "kits" / name
        kit.mkdir()
        lines = "".join(f"{one} conda/noarch/{one}-1-0.conda\n" for one in artefacts)
        (kit / "artefacts").write_text(lines, encoding="utf-8")

    def tool(self, name: str, script: str | None) -> None:
        """Put another tool into the Mac's PATH, or remove it."""
        for folder in ("bin", *stock.APART):
            (self.tools / folder / name).unlink(missing_ok=True)
        path = self.tools / "bin" / name
        if script is None:
            return
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def show(self, path: Path) -> None:
        done = self.run("activate", path, self.envs / "torch")
        assert (done.returncode, done.stderr) == (0, "")

    def file(self, path: str) -> None:
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text("", encoding="utf-8")

    def grow_old(self) -> None:
        """Make every file look older than an hour."""
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118  # os.walk gives text
                then = os.lstat(path).st_mtime - HOUR_AGO
                os.utime(path, (then, then))

    def sweep(self, shown: object) -> None:
        done = self.run("sweep", self.root, self.envs / "torch", shown)
        assert (done.returncode, done.stderr) == (0, "")

    def remove(self, name: str, path: object) -> subprocess.CompletedProcess[str]:
        return self.run("remove", self.root, self.envs / name, path)

    def there(self, part: str) -> set[str]:
        return {path.name for path in (self.root / part).iterdir()}
