"""The words of a shell script, as far as a search for braces has to know them.

It reads POSIX sh: quotes, substitutions, here-documents, comments, `case`. What is not closed
ends with the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_OPENING = frozenset(("if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"))
_OPERATOR = re.compile(r"<<-|<<<|<<|>>|<&|>&|<>|>\||<|>|&&|\|\||;;|[;&|()\n]")
_PLAIN = re.compile(r"(?:[^\s\\'\"`$|&;()<>]+|\\.)+", re.DOTALL)
# What is passed over at once, for speed: inside of quotes, of parentheses, and anywhere. Nothing
# follows in these, so none of them is tried in a second way.
_IN_QUOTES = re.compile(r"(?:[^\\\"`$]+|\\.)+", re.DOTALL)
_IN_PARENTHESES = re.compile(r"(?:[^\\'\"`$()#]+|\\.)+", re.DOTALL)
_IN_WORD = re.compile(r"(?:[^\\'\"`$]+|\\.)+", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word as it is written; `expanded` says that bash looks for braces in it."""

    text: str
    expanded: bool = True


@dataclass
class Command:
    """The words between two separators."""

    words: list[Word] = field(default_factory=list)


def end_of_substitution(text: str, at: int) -> int:
    """Return where the text after the `)` begins that ends what `at` is the first character of.

    bash 3.2 counts parentheses here, and knows nothing of `case`.
    """
    while at < len(text):
        char = text[at]
        if plain := _IN_PARENTHESES.match(text, at):
            at = plain.end()
            continue
        if char == ")":
            return at + 1
        if char == "#" and text[at - 1] in " \t\n":
            at = _end_of_line(text, at)
        elif char == "(":
            at = end_of_substitution(text, at + 1)
        else:
            at = _past(text, at)
    return len(text)


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _past(text: str, at: int) -> int:
    """Return where the next part of a word begins: a character, or all of what is quoted."""
    char = text[at]
    if char == "\\":
        return min(at + 2, len(text))
    if char == "'":
        end = text.find("'", at + 1)
        return len(text) if end < 0 else end + 1
    if char == '"':
        return _end_of_quotes(text, at + 1)
    if char == "`":
        return _end_of_backquotes(text, at + 1)
    if char == "$" and text.startswith("(", at + 1):
        return end_of_substitution(text, at + 2)
    if char == "$" and text.startswith("{", at + 1):
        return _end_of_parameter(text, at + 2)
    return at + 1


def _end_of_quotes(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == '"':
            return at + 1
        plain = _IN_QUOTES.match(text, at)
        at = plain.end() if plain else _past(text, at)
    return len(text)


def _end_of_backquotes(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "`":
            return at + 1
        at += 2 if text[at] == "\\" else 1
    return len(text)


def _end_of_parameter(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "}":
            return at + 1
        at = _past(text, at)
    return len(text)


class _Reader:
    """Reads a script from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\\\n", "") if "<<" not in text else text
        self.at = 0
        self.bodies: list[str] = []  # of here-documents that are substituted
        self.awaited: list[tuple[str, bool, bool]] = []

    def word(self) -> str:
        start = self.at
        while self.at < len(self.text):
            plain = _PLAIN.match(self.text, self.at)
            if plain:
                self.at = plain.end()
            elif self.text[self.at] in " \t\r\f\v\n|&;()<>":
                break
            else:
                self.at = _past(self.text, self.at)
        return self.text[start : self.at].replace("\\\n", "")

    def documents(self) -> None:
        """Pass the here-documents that begin behind this line."""
        for delimiter, indented, quoted in self.awaited:
            lines = []
            while self.at < len(self.text):
                end = _end_of_line(self.text, self.at)
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if indented else line) == delimiter:
                    break
                lines.append(line)
            if not quoted:
                self.bodies.append("\n".join(lines))
        self.awaited.clear()


def commands(text: str) -> Iterator[Command]:  # noqa: C901, PLR0912, PLR0915 (one pass)
    """Yield the commands of a script, one by one."""
    reader = _Reader(text)
    command = Command()
    first = True  # where a command's name, an assignment or a reserved word is read
    cases: list[str] = []  # one a `case` that is open: "subject", "pattern" or "body"
    target = ""
    while reader.at < len(reader.text):
        char = reader.text[reader.at]
        if char in " \t\r\f\v":
            reader.at += 1
            continue
        if reader.text.startswith("\\\n", reader.at):
            reader.at += 2
            continue
        if char == "#":
            reader.at = _end_of_line(reader.text, reader.at)
            continue
        operator = _OPERATOR.match(reader.text, reader.at)
        if operator:
            reader.at = operator.end()
            if operator[0][0] in "<>":
                target = operator[0]
                continue
            if operator[0] == "\n":
                reader.documents()
            if command.words:
                yield command
                command = Command()
            if cases and operator[0] == ";;":
                cases[-1] = "pattern"
            elif cases and cases[-1] == "pattern" and operator[0] == ")":
                cases[-1] = "body"
            first = True
            continue
        word = reader.word()
        if target:
            if target in ("<<", "<<-"):
                reader.awaited.append(
                    (unquoted(word) or word, target == "<<-", word != unquoted(word))
                )
            command.words.append(Word(word, target not in ("<<", "<<-", "<<<")))
            target = ""
        elif cases and cases[-1] == "subject":
            if word == "in":
                cases[-1] = "pattern"
            command.words.append(Word(word, expanded=False))
        elif cases and cases[-1] == "pattern":
            if word == "esac":
                cases.pop()
            command.words.append(Word(word, expanded=False))
        elif first and word == "case":
            cases.append("subject")
            command.words.append(Word(word))
        elif first and word == "esac" and cases:
            cases.pop()
            first = False
        elif first and _ASSIGNMENT.match(word):
            command.words.append(Word(word, expanded=False))
        else:
            command.words.append(Word(word))
            first = first and word in _OPENING
    reader.documents()
    if command.words:
        yield command
    for body in reader.bodies:
        yield Command([Word(f'"{body}"', expanded=False)])


def substituted(word: str) -> Iterator[str]:
    """Yield the text of each command substitution in a word."""
    if "$(" not in word and "`" not in word:
        return
    at, quoted = 0, False
    while at < len(word):
        char = word[at]
        if plain := _IN_WORD.match(word, at):
            at = plain.end()
        elif char == "'" and not quoted:
            at = _past(word, at)
        elif char == "\\":
            at += 2
        elif char == "`":
            end = _end_of_backquotes(word, at + 1)
            yield re.sub(r"\\([$`\\])", r"\1", word[at + 1 : end - 1])
            at = end
        elif word.startswith("$(", at):
            end = end_of_substitution(word, at + 2)
            inner = word[at + 2 : end - 1]
            if inner.startswith("("):  # arithmetic, which may hold substitutions of its own
                yield from substituted(f'"{inner[1:]}"')
            else:
                yield inner
            at = end
        else:
            quoted ^= char == '"'
            at += 1


def unquoted(word: str) -> str | None:
    """Return what a word says without its quotes; None where that is only known when it runs."""
    parts, at = [], 0
    while at < len(word):
        char = word[at]
        if char in "$`":
            return None
        end = _past(word, at)
        if char == "'":
            parts.append(word[at + 1 : end - 1])
        elif char == '"':
            inner = word[at + 1 : end - 1]
            if re.search(r"(?<!\\)(?:\\\\)*[$`]", inner):
                return None
            parts.append(re.sub(r'\\([$`"\\\n])', r"\1", inner))
        elif char == "\\":
            parts.append(word[at + 1 : end])
        else:
            parts.append(char)
        at = end
    return "".join(parts)
