"""Read a strict subset of YAML: plain data, the position of each part, and all problems.

Scalars resolve nearly as in YAML 1.2's core schema: `yes`, `on` and `22:30` are text, and only
`true` and `false` are booleans. `0x16` and `.inf`, which no lab file needs, are text too. Keys are
always text, as typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from torchard.lab.model import Position
from torchard.lab.problem import MAX_PROBLEMS, Problem, quote
from torchard.resources import USUAL_LAB, find_default_lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KeyPath = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
_NAMED = "TORCHARD_LAB names it. Name a lab file that exists, or unset TORCHARD_LAB."
_NO_FILE = "Name a lab file that exists, or type: torchard init"
_TOO_DEEP = f"this is nested more than {MAX_DEPTH} deep"
_FLATTER = "Nest less: a lab file needs six levels at most."
_FEWER = "Put what Macs share into groups, or split the lab into several files."
MAX_PARTS = 20_000  # keys and values; a Mac that sets everything has some forty
MAX_CHARACTERS = 100  # forbidden characters that are reported one by one

# libyaml's parser is some ten times as fast; the pure one gives the same events.
PARSER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_LONGEST = 200  # characters of a name or of a parser's own words

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")
_NO_SPACE = re.compile(r"[ -]*(?P<key>[a-z_]{1,63}):(?P<value>[^\s/].*?)\s*")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}

# Control characters, characters that change the reading direction or break a line invisibly, and
# those that YAML calls not printable. A lone carriage return breaks a line in YAML but not in most
# editors.
_UNSEEN = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
_IN_FILE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{_UNSEEN}]|\r(?!\n)")
_IN_VALUE = re.compile(f"[\x00-\x1f{_UNSEEN}]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Spot:
    """The positions of a value and of its key. `text` is what was typed, for an unquoted scalar."""

    value: Position
    key: Position | None = None
    text: str | None = None


@dataclass(frozen=True)
class Source:
    """The contents of a file. `data` is complete only if `readable` is true."""

    file: str
    data: Any = None
    spots: Mapping[KeyPath, Spot] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    readable: bool = True

    def where(self, path: KeyPath, *, key: bool = False) -> Position:
        """Return the position of a value or its `key`, or else of the nearest value around it."""
        while path and path not in self.spots:
            path = path[:-1]
        spot = self.spots.get(path)
        if spot is None:
            return Position(self.file, 0, 0)
        return spot.key if key and spot.key is not None else spot.value


def read_yaml(path: Path) -> Source:
    """Read a file. Every failure is a problem of the source; nothing is raised."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        is_named = path == find_default_lab() != USUAL_LAB
        return _unreadable(file, "there is no such file", _NAMED if is_named else _NO_FILE)
    except IsADirectoryError:
        return _unreadable(file, "this is a folder", "Name the lab file in it.")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _unreadable(file, f"cannot be read: {reason}", "Make it readable, or name another.")
    return parse_yaml(content, file)


def parse_yaml(content: bytes, file: str, parser: type = PARSER) -> Source:
    """Parse the content of a file that is called `file` in messages."""
    if len(content) > MAX_BYTES:
        return _unreadable(file, "the file is over 1 MiB", "Split the lab into several files.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        where = _position(file, before, len(before))
        problem = Problem(where, "the file is not UTF-8 from here on", "Save it as UTF-8.")
        return Source(file, problems=(problem,), readable=False)
    forbidden = tuple(_forbidden(text, file))
    if forbidden:
        return Source(file, problems=forbidden, readable=False)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=parser):
            if not builder.take(event):
                break
    except yaml.YAMLError as error:
        builder.reject(_find_missing_space(error, text, file) or _syntax(error, file))
    except (ValueError, OverflowError):
        # The pure parser passes an escape such as "\U00110000" to chr() unchecked.
        sentence = "an escape after this is not a character"
        builder.reject(Problem(builder.last, sentence, "Remove it."))
    return builder.source()


def _unreadable(file: str, sentence: str, instead: str) -> Source:
    problem = Problem(Position(file, 0, 0), sentence, instead)
    return Source(file, problems=(problem,), readable=False)


def _position(file: str, text: str, index: int) -> Position:
    line_start = text.rfind("\n", 0, index) + 1
    return Position(file, text.count("\n", 0, index) + 1, index - line_start + 1)


def _forbidden(text: str, file: str) -> Iterator[Problem]:
    for number, found in enumerate(_IN_FILE.finditer(text)):
        where = _position(file, text, found.start())
        if number == MAX_CHARACTERS:
            yield Problem(where, "there are more such characters from here on", "Remove them all.")
            return
        yield Problem(where, f"the file contains {_describe(found[0])}", "Remove it.")


def _describe(character: str) -> str:
    """Describe a character that cannot be printed."""
    kind = "a control character"
    if _BIDI.match(character):
        kind = "which changes the reading direction"
    elif character == "\n":
        kind = "a line break"
    elif ord(character) > 0x9F:
        kind = "which is invisible"
    return f"U+{ord(character):04X}, {kind}"


def _syntax(error: yaml.YAMLError, file: str) -> Problem:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if "nesting depth" in problem:
        # libyaml reads ahead of its events and has its own limit.
        return Problem(_at(mark, file), _TOO_DEEP, _FLATTER)
    if "end of stream" in problem:
        instead = "Close the quote or bracket that opens here."
        mark = getattr(error, "context_mark", None) or mark
    elif "cannot start any token" in problem:
        instead = "Indent with spaces, not tabs, and put text with special characters in quotes."
    elif "mapping values are not allowed" in problem:
        instead = 'Put text that contains ": " in quotes, and check the indentation.'
    else:
        instead = "Check the indentation, quotes and brackets of this line and the line before."
    return Problem(_at(mark, file), f"this is not YAML: {_cut(problem)}", instead)


def _find_missing_space(error: yaml.YAMLError, text: str, file: str) -> Problem | None:
    """Find a line such as `address:192.0.2.11` that made the next line a syntax error.

    YAML reads it as the beginning of a text, and then meets a colon in that text.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None or "mapping values are not allowed" not in str(error):
        return None
    before = text.splitlines()[: mark.line]
    line = next((number for number in range(len(before), 0, -1) if before[number - 1].strip()), 0)
    found = _NO_SPACE.fullmatch(before[line - 1]) if line else None
    if found is None:
        return None
    where = Position(file, line, found.end("key") + 1)
    instead = f"Write {found['key']}: {_cut(found['value'])}."
    return Problem(where, "there is no space after this colon", instead)


def _cut(text: str) -> str:
    """Cut a text that may be as long as the file."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _at(mark: Any, file: str) -> Position:
    """Return the position of a parser's mark, which some errors lack."""
    return Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 0, 0)


_MUTED = object()


@dataclass
class _Frame:
    """A mapping or a list that is being read. Values below a rejected key are muted."""

    container: dict[str, Any] | list[Any]
    path: KeyPath
    muted: bool
    is_key: bool = False
    key: Any = None
    key_position: Position | None = None
    seen: dict[str, Position] = field(default_factory=dict)

    @property
    def is_key_next(self) -> bool:
        return isinstance(self.container, dict) and self.key is None


class _Builder:
    """Build data from YAML's events, without recursion, so that depth can be limited."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.last = Position(file, 1, 1)
        self.data: Any = None
        self.spots: dict[KeyPath, Spot] = {}
        self.problems: list[Problem] = []
        self.readable = True
        self.documents = 0
        self.parts = 0
        self.stack: list[_Frame] = []

    def source(self) -> Source:
        """Return the source, once all events were taken."""
        if self.readable and self.data is None:
            where, instead = Position(self.file, 1, 1), "Describe your Macs under `macs:`."
            self.reject(Problem(where, "the file is empty", instead))
        return Source(self.file, self.data, self.spots, tuple(self.problems), self.readable)

    def reject(self, problem: Problem) -> None:
        """Record a problem after which the meaning of the file is unclear."""
        self.problems.append(problem)
        self.readable = False

    def _reject(self, sentence: str, instead: str) -> None:
        self.reject(Problem(self.last, sentence, instead))

    def _note(self, sentence: str, instead: str) -> None:
        self.problems.append(Problem(self.last, sentence, instead))

    def take(self, event: yaml.Event) -> bool:
        """Handle one event. Return whether to continue."""
        mark: Any = event.start_mark
        self.last = Position(self.file, mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            return self._document()
        if len(self.problems) > MAX_PROBLEMS:
            self.readable = False
            return False
        if isinstance(event, yaml.NodeEvent):
            self.parts += 1
            if self.parts > MAX_PARTS:
                self._reject(f"the file has more than {MAX_PARTS} keys and values", _FEWER)
                return False
        if isinstance(event, yaml.AliasEvent):
            self._reject(f"*{_cut(event.anchor or '')} is an alias", "Write the value out.")
            self._place_value(_MUTED, None)
        elif isinstance(event, yaml.ScalarEvent):
            self._check_node(event)
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_node(event)
            return self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        return True

    def _document(self) -> bool:
        self.documents += 1
        if self.documents > 1:
            sentence = "a second YAML document begins here"
            self._note(sentence, "Keep one document in a file.")
        return self.documents == 1

    def _check_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._note(f"&{_cut(event.anchor)} is an anchor", "Write the value out.")
        if event.tag is not None:
            # A tag's name may contain anything, percent-encoded.
            tag = quote(event.tag.replace("tag:yaml.org,2002:", "!!"))
            sentence = f"the tag {tag} is not supported"
            self._reject(sentence, "Remove the tag; put text in quotes.")

    def _open(self, event: yaml.CollectionStartEvent) -> bool:
        if len(self.stack) == MAX_DEPTH:
            self._reject(_TOO_DEEP, _FLATTER)
            return False
        container: dict[str, Any] | list[Any] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.is_key_next:
            self._reject("a mapping or list cannot be a key", "Write a name as the key.")
            self.stack.append(_Frame(container, (), muted=True, is_key=True))
            return True
        path, muted = self._place_value(container, None)
        self.stack.append(_Frame(container, path, muted))
        return True

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.is_key:
            self.stack[-1].key = _MUTED

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        found = _IN_VALUE.search(event.value)
        if found:
            sentence = f"this text contains {_describe(found[0])}"
            self._reject(sentence, "Write it on one line, without such characters.")
        plain = not event.style
        if self.stack and self.stack[-1].is_key_next:
            self._key(event.value, plain=plain)
        elif plain:
            self._place_value(resolve(event.value), event.value)
        else:
            self._place_value(event.value, None)

    def _key(self, text: str, *, plain: bool) -> None:
        frame = self.stack[-1]
        frame.key, frame.key_position = text, self.last
        if plain and text == "<<":
            frame.key = _MUTED
            self._reject("<< merges mappings", "Write the keys out.")
        elif text in frame.seen:
            frame.key = _MUTED
            sentence = f"the key {quote(text)} is already on line {frame.seen[text].line}"
            self._note(sentence, "Keep one of the two.")
        frame.seen.setdefault(text, self.last)

    def _place_value(self, value: Any, text: str | None) -> tuple[KeyPath, bool]:
        """Put a value where it belongs. Return its path, and whether it is muted."""
        if not self.stack:
            self.data = value
            self.spots[()] = Spot(self.last, None, text)
            return (), False
        frame = self.stack[-1]
        if isinstance(frame.container, list):
            path, key = (*frame.path, len(frame.container)), None
            muted = frame.muted
            frame.container.append(value)
        elif frame.key is None:
            # An alias as a key, already reported.
            frame.key = _MUTED
            return (), True
        else:
            path, key = (*frame.path, frame.key), frame.key_position
            muted = frame.muted or frame.key is _MUTED
            if not muted:
                frame.container[frame.key] = value
            frame.key = None
        if not muted:
            self.spots[path] = Spot(self.last, key, text)
        return path, muted


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
