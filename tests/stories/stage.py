"""The simulated Macs that the stories of a module are played on, one story after the other.

They are started once. A story borrows them under the names, and as the Macs, that it tells of.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from homes import Home
from play import Play

from simlab import pip
from simlab.lab import SimLab
from simlab.spec import MacSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from storybook import Story

    from simlab.depot import Depot

HERE = Path(__file__).parent
MACS = 14  # the largest story has twelve; what was built for others is kept on the rest


class Stage:
    """A simulated lab to play stories on. Use it as a context manager."""

    def __init__(self, directory: Path, depot: Depot, warm: Path) -> None:
        self.directory, self.warm = directory, warm
        spec = [MacSpec(f"mac-{n:02}", "arm64", "15.1") for n in range(1, MACS)]
        spec.append(MacSpec("intel", "x86_64", "12.7"))  # its group has the installer for Intel
        self.sim = SimLab(directory / "simlab", spec, depot.root)
        self.pip = pip.find().version
        self.homes: list[Home] = []
        self.groups: dict[str, Any] = {}
        self.bin, self.notes, self.depot = (directory / one for one in ("bin", "notes", "depot"))
        self._locks: dict[str, Path] = {}

    def __enter__(self) -> Stage:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Start the Macs."""
        self.sim.start()
        self.homes = [
            Home(mac, self.directory / "homes" / name) for name, mac in self.sim.macs.items()
        ]
        self.groups = yaml.safe_load(self.sim.lab_file.read_text(encoding="utf-8"))["groups"]
        self.bin.mkdir()
        torchard = self.bin / "torchard"
        client = HERE.parent / "warm/client.py"
        words = f'"{sys.executable}" -I -S "{client}" "{self.warm}" notes "$@"'
        torchard.write_text(f"#!/bin/sh\nexec {words}\n")
        torchard.chmod(0o755)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self.sim.stop()

    def play(self, story: Story) -> Story:
        """Return a story with what has come of it."""
        with self._cast(story) as cast:
            play = Play(self, story, cast)
            self._supply(home.built for home in cast.values() if home.built)
            return story.told(play.steps())

    @contextmanager
    def _cast(self, story: Story) -> Iterator[dict[str, Home]]:
        """Give each Mac of a story a home; what it begins with is built once for all that ask."""
        cast: dict[str, Home] = {}
        to_build: dict[str, str] = {}
        for mac in story.macs:
            built = _built(story, mac)
            homes = (home for home in self.homes if home not in cast.values())
            home = min(homes, key=lambda home: (home.built != built, home.built != ""))
            if home.built != built:
                home.forget()
                to_build[mac.name] = built
            home.mac.set(**{**mac.as_dict(), "fault": None})
            cast[mac.name] = home
        try:
            self._build(story, cast, {name: built for name, built in to_build.items() if built})
            for mac in story.macs:
                cast[mac.name].mac.set(fault=mac.fault)
            yield cast
        finally:
            self.sim.clear_web_faults()
            for home in cast.values():
                home.put_back()

    def _build(self, story: Story, cast: dict[str, Home], wanted: dict[str, str]) -> None:
        """Bring Macs to what the lab describes, and keep their homes and what was fetched."""
        if not wanted:
            return
        play = Play(self, story, cast)
        self._supply(())
        done = play.run(f"torchard apply --yes --limit {','.join(wanted)}")
        assert done.returncode == 0, done.stdout + done.stderr
        for name, built in wanted.items():
            cast[name].keep(built)
            shutil.rmtree(self._supplies(built), ignore_errors=True)
            shutil.copytree(self.depot, self._supplies(built))

    def _supply(self, built: Iterable[str]) -> None:
        """Let the controller's depot hold what was fetched to build these, and nothing else.

        Solving fetches, too; but which story solves is chance.
        """
        shutil.rmtree(self.depot, ignore_errors=True)
        for one in built:
            shutil.copytree(self._supplies(one), self.depot, dirs_exist_ok=True)

    def _supplies(self, built: str) -> Path:
        return self.directory / "supplies" / hashlib.sha256(built.encode()).hexdigest()[:8]

    def lock(self, play: Play) -> None:
        """Lock a story's lab; what was locked for another story is not solved again."""
        locks, wanted = play.directory / "locks", play.decides_locks()
        for one in wanted & self._locks.keys():
            shutil.copytree(self._locks[one], locks, dirs_exist_ok=True)
        missing = wanted - self._locks.keys()
        if missing:
            play.run("torchard lock")
            locks.mkdir(exist_ok=True)  # where nothing can be locked, the story says why
            kept = self.directory / "locks" / str(len(self._locks))
            shutil.copytree(locks, kept)
            self._locks.update(dict.fromkeys(missing, kept))


def _built(story: Story, mac: MacSpec) -> str:
    """Return what decides what a Mac that is built has in its home; nothing for another."""
    if mac.name not in story.built:
        return ""
    return json.dumps([story.lab, {**mac.as_dict(), "name": "", "fault": None}])
