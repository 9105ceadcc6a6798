"""One story on its way: its lab's file written, its commands run, what they print made stable."""

from __future__ import annotations

import getpass
import json
import os
import pty
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agree import Note, check
from homes import marks
from picture import draw
from progress_events import without_events
from stable import stable
from storybook import Command, Setting

from simlab.write_lab import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homes import Home, Marks
    from stage import Stage
    from storybook import Aside, Story

    Done = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds
WEB = "http://127.0.0.1:8080"  # how a story calls the server of the simulated depot


class Play:
    """A story in a working directory of its own on the controller; `cast` are its Macs."""

    def __init__(self, stage: Stage, story: Story, cast: Mapping[str, Home]) -> None:
        self.stage, self.story, self.cast = stage, story, cast
        self.directory = stage.directory / "work"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        macs = [home.mac for home in cast.values()]
        self.names = {
            str(self.directory): "/lab",
            f"{getpass.getuser()}@{socket.gethostname()}": "ada@desk",
            **{str(mac.home): "/Users/ada" for mac in macs},
            **{
                f"127.0.0.1{end}:{mac.port}": f"127.0.0.1{end}:{n}"
                for n, mac in enumerate(macs, 2201)
                for end in ("", "]")
            },
            stage.sim.web_url: WEB,
            str(stage.sim.directory): "/simlab",
        }
        self.lab = story.lab if isinstance(story.lab, str) else self._lab(story.lab)
        self._write_lab()
        if story.locked and macs and not isinstance(self.lab, str):
            stage.lock(self)

    def steps(self) -> Iterator[Aside | Setting | Command]:
        """Do what the story tells, step by step, and yield each with what came of it."""
        for step in self.story.steps:
            if isinstance(step, Setting):
                self._set(step)
            yield self._unchanged(step) if isinstance(step, Command) else step

    def _set(self, setting: Setting) -> None:
        if setting.what == "lab":
            assert not isinstance(self.lab, str), "only a lab that is merged can be changed"
            self.lab = _merged(self.lab, setting.value)
            self._write_lab()
        else:
            self.cast[setting.what].mac.set(**setting.value)

    def _unchanged(self, command: Command) -> Command:
        """Run a command; but for those that may, none writes on a Mac."""
        if command.where:
            line = command.line.replace(WEB, self.stage.sim.web_url)
            return self._told(command, self.cast[command.where].mac.run(line))
        before = self._marks()
        self.stage.notes.write_text("")
        done = self.run(command.line)
        lines = self.stage.notes.read_text(encoding="utf-8").splitlines()
        notes = [Note(**json.loads(line)) for line in lines]
        if not any(note.may_write for note in notes):
            assert self._marks() == before, f"`{command.line}` wrote on a Mac"
        if len(notes) == 1 and not {"|", ">"} & set(command.line):
            check(notes[0], done.stdout, done.stderr)
        return self._told(command, done)

    def _marks(self) -> dict[str, Marks]:
        return {name: marks(home.mac.home) for name, home in self.cast.items()}

    def run(self, line: str) -> Done:
        """Run a command line on the controller, as a person would who is in the directory."""
        story = self.story
        environment = {
            **os.environ,
            "COLUMNS": str(story.columns),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{self.stage.bin}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            "STORY_NOTES": str(self.stage.notes),
            "TERM": "xterm",
            "TORCHARD_DEPOT": str(self.stage.depot),
            "TORCHARD_LAB": "lab.yaml",
            "TZ": "UTC",
        }
        environment.pop("NO_COLOR", None)
        if not story.colour:
            environment["NO_COLOR"] = "1"
        ours, theirs = pty.openpty() if story.terminal else os.pipe()
        process = subprocess.Popen(
            ["/bin/sh", "-c", line.replace(WEB, self.stage.sim.web_url)],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
        os.close(theirs)
        out = _read(ours).replace("\r\n", "\n")
        errors = without_events(process.communicate(timeout=PATIENCE)[1].decode())
        return subprocess.CompletedProcess(line, process.returncode, out, errors)

    def _told(self, command: Command, done: Done) -> Command:
        out, errors = (
            tuple(stable(text, self.names, self.stage.pip).replace("\x1b", "␛").splitlines())
            for text in (done.stdout, done.stderr)
        )
        drawn = ""
        if self.story.picture:
            shown = done.stdout
            for found in sorted(self.names, key=len, reverse=True):
                shown = shown.replace(found, self.names[found])
            name = Path(self.story.picture).stem
            drawn = draw(name, command.line, shown, self.story.columns)
        return replace(command, stdout=out, stderr=errors, code=done.returncode, drawn=drawn)

    def _lab(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the lab of a story's Macs, with what it says of them merged in."""
        macs = {
            mac.name: {
                "address": "127.0.0.1",
                "ssh": {"port": self.cast[mac.name].mac.port},
                "arch": mac.arch,
                "macos": mac.macos,
                "groups": ["simulated", GROUPS[mac.arch]],
            }
            for mac in self.story.macs
        }
        used = {name for mac in macs.values() for name in mac["groups"]}
        groups = {name: group for name, group in self.stage.groups.items() if name in used}
        lab = _merged({"environments": {}, "macs": macs, "groups": groups}, said)
        if groups:
            every = {"environments": [*lab["environments"]]}
            lab["groups"]["simulated"] = {**lab["groups"]["simulated"], **every}
        return lab

    def decides_locks(self) -> set[str]:
        """Return, for each Mac, what of the lab decides its locks, and a little more."""
        assert not isinstance(self.lab, str)
        assert not isinstance(self.story.lab, str)
        every = {key: said for key, said in self.lab.items() if key not in ("macs", "groups")}
        groups = self.story.lab.get("groups")
        own = ("address", "ssh", "miniconda")
        return {
            json.dumps([every, groups, {key: mac[key] for key in mac if key not in own}])
            for mac in self.lab["macs"].values()
        }

    def _write_lab(self) -> None:
        """Write lab.yaml; where a story has no lab, there is none."""
        if isinstance(self.lab, str) or self.lab["macs"]:
            text = self.lab if isinstance(self.lab, str) else _dumped(self.lab)
            (self.directory / "lab.yaml").write_text(text, encoding="utf-8")


def _read(end: int) -> str:
    """Read all that comes through a pipe or a terminal, until nobody is at the other end."""
    parts = []
    try:
        while part := os.read(end, 1 << 16):
            parts.append(part)
    except OSError:  # how Linux says so of a terminal
        pass
    finally:
        os.close(end)
    return b"".join(parts).decode(errors="replace")


def _merged(lab: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lab with these settings merged in, key by key; null takes a key away."""
    made = dict(lab)
    for key, value in said.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = _merged(made[key], value)
        else:
            made[key] = value
    return made


def _dumped(lab: Mapping[str, Any]) -> str:
    """Write a lab, each environment, Mac and group on a line of its own."""
    lines = []
    for key, value in lab.items():
        if isinstance(value, dict) and value:
            lines += [f"{key}:", *(f"  {name}: {json.dumps(one)}" for name, one in value.items())]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join((*lines, ""))
