"""A story file read and written: README.md beside this says how one is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from simlab.spec import MacSpec, SpecError, parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD_ENDS = "---"
COMMAND = re.compile(r"(?P<where>[A-Za-z0-9-]*)\$ (?P<line>.+)")
SETTING = re.compile(r"(?P<what>[A-Za-z0-9-]+): (?P<value>\{.*\})")
EXIT = re.compile(r"\[(?P<code>\d{1,3})\]")
RENEW = "`pytest tests/stories --renew` writes it"


class StoryError(ValueError):
    """A file that tells no story; `str()` is a sentence that begins with its name and line."""


@dataclass(frozen=True)
class Aside:
    """A line for the reader: empty, or a comment."""

    text: str


@dataclass(frozen=True)
class Setting:
    """What happens between two commands: a simulated Mac becomes another, or the lab does."""

    text: str
    what: str
    value: dict[str, Any]


@dataclass(frozen=True)
class Command:
    """A command line: of a simulated Mac's shell, or of the controller's where `where` is empty.

    `stdout` and `stderr` are its lines, `code` its exit code; None until it is known. `drawn` is
    its picture, if it ran and the story has one.
    """

    line: str
    where: str = ""
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    code: int | None = None
    drawn: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """What a story says of it."""
        told = [f"{self.where}$ {self.line}", *self.stdout]
        told += [f"2> {line}".rstrip() for line in self.stderr]
        return "\n".join(told if self.code is None else [*told, f"[{self.code}]"])


@dataclass(frozen=True)
class Story:
    """A lab, its simulated Macs, and what is done with them, step by step.

    `built` are the Macs that are as the lab describes them before the story begins; `lab` is what
    of the lab's file matters, merged into what every simulated lab has, or the whole file's text.
    The lab is locked before the story begins, unless `locked` is False. A terminal, or a program
    that reads stdout, is `columns` wide; only a terminal sees colours. `picture` is the file, from
    the project's folder, that shows what the first command prints.
    """

    head: str
    macs: tuple[MacSpec, ...] = ()
    built: frozenset[str] = frozenset()
    lab: dict[str, Any] | str = field(default_factory=dict)
    locked: bool = True
    columns: int = 80
    terminal: bool = False
    colour: bool = False
    picture: str = ""
    steps: tuple[Aside | Setting | Command, ...] = ()

    @property
    def text(self) -> str:
        """The whole file."""
        return "\n".join((self.head, HEAD_ENDS, *(step.text for step in self.steps), ""))

    def told(self, steps: Iterator[Aside | Setting | Command]) -> Story:
        """Return the story with what has come of its steps."""
        return replace(self, steps=tuple(steps))


def read(path: Path, *, without_output: bool = False) -> Story:
    """Read a story file. Raise StoryError."""
    return parse(path.name, path.read_text(encoding="utf-8"), without_output=without_output)


def parse(name: str, text: str, *, without_output: bool = False) -> Story:
    """Read a story; `without_output` allows commands whose output is not known yet.

    Raise StoryError with a sentence that names the line.
    """
    lines = text.removesuffix("\n").split("\n")
    if HEAD_ENDS not in lines:
        raise StoryError(f"{name}:{len(lines)}: no line {HEAD_ENDS} parts the Macs from the steps.")
    ends = lines.index(HEAD_ENDS)
    if not re.match(r"# \S.*[.?]$", lines[0]):
        raise StoryError(f"{name}:1: a story begins with what it tells: '# ' and a sentence.")
    story = _head(name, lines[:ends])
    steps = _steps(
        name, lines, ends + 1, {mac.name for mac in story.macs}, without_output=without_output
    )
    return story.told(steps)


def _head(name: str, lines: list[str]) -> Story:
    head = "\n".join(lines)
    said = _yaml(name, 1, head) or {}
    kinds: dict[str, type | tuple[type, ...]] = {
        "macs": list,
        "lab": (dict, str),
        "locked": bool,
        "columns": int,
        "terminal": bool,
        "colour": bool,
        "picture": str,
    }
    for key, value in said.items() if isinstance(said, dict) else [(said, None)]:
        line = next((n for n, one in enumerate(lines, 1) if one.startswith(f"{key}:")), 1)
        if not isinstance(value, kinds.get(str(key), ())):
            raise StoryError(f"{name}:{line}: {key!r} is none of {', '.join(kinds)}, or not so.")
    listed = said.pop("macs", [])
    line = next((n for n, one in enumerate(lines, 1) if one.startswith("macs:")), 1)
    built = frozenset(
        str(mac.get("name")) for mac in listed if isinstance(mac, dict) and mac.pop("built", False)
    )
    try:
        macs = parse_spec({"macs": listed}) if listed else ()
    except (SpecError, TypeError) as error:
        raise StoryError(f"{name}:{line}: {error}") from error
    return Story(head, macs, built, **said)


def _yaml(name: str, first: int, text: str) -> Any:
    """Read YAML that begins on a line of a story."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = first + (error.problem_mark.line if error.problem_mark else 0)
        raise StoryError(f"{name}:{line}: this is not YAML: {error.problem}.") from error


def _steps(
    name: str, lines: list[str], start: int, macs: set[str], *, without_output: bool
) -> Iterator[Aside | Setting | Command]:
    at = start
    while at < len(lines):
        line, where = lines[at], f"{name}:{at + 1}"
        at += 1
        if not line or line.startswith("#"):
            yield Aside(line)
        elif found := COMMAND.fullmatch(line):
            _is_known(where, found["where"], {"", *macs})
            command, at = _command(found, lines, at)
            if command.code is None and not without_output:
                raise StoryError(f"{where}: no exit code such as [0] ends what it prints; {RENEW}.")
            yield command
        elif found := SETTING.fullmatch(line):
            _is_known(where, found["what"], {"lab", *macs})
            yield Setting(line, found["what"], _yaml(name, at, found["value"]))
        else:
            raise StoryError(
                f"{where}: {line!r} belongs to no command. Write '$ COMMAND', 'MAC$ COMMAND',"
                " 'MAC: {CHANGES}', 'lab: {CHANGES}' or '# WORDS'."
            )


def _is_known(where: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise StoryError(f"{where}: {name!r} is not a Mac of this story.")


def _command(found: re.Match[str], lines: list[str], at: int) -> tuple[Command, int]:
    """Return a command with what it printed, and where the story goes on."""
    command = Command(found["line"], found["where"])
    for end in range(at, len(lines)):
        if COMMAND.fullmatch(lines[end]):
            break
        if code := EXIT.fullmatch(lines[end]):
            printed = lines[at:end]
            errors = tuple(line[3:] for line in printed if line == "2>" or line[:3] == "2> ")
            kept = tuple(printed[: len(printed) - len(errors)])
            return replace(command, stdout=kept, stderr=errors, code=int(code["code"])), end + 1
    return command, at
