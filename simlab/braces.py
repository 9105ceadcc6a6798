"""What bash 3.2, which is a Mac's sh and bash, makes of braces, for hosts whose sh is another.

bash 3.2 looks for the end of a word as every shell does, and then reads the word once more for
braces, knowing less: there the inner quotes of `"$(printf %b "{a,b}")"` end the outer ones, and
the braces count as unquoted (bash 3.2, braces.c, `brace_gobbler`). Newer ones leave them alone.
"""

from __future__ import annotations

import re
import shlex
from functools import lru_cache

from simlab import words

_LEGAL = re.compile(r"[ \t\n]*[+-]?[0-9]+[ \t\n]*")
_SPACE = " \t\n"
_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_QUOTED = {
    '"': re.compile(r'(?:[^"\\$]+|\\.)+', re.DOTALL),
    "'": re.compile(r"[^']+"),
    "`": re.compile(r"(?:[^`\\$]+|\\.)+", re.DOTALL),
}
_UNQUOTED = re.compile(r"(?:[^\\$\"'`{},.]+|\\.)+", re.DOTALL)
_DECODED = re.compile(r'"\$\(printf %b "([^"\\]*(?:\\.[^"\\]*)*)"\)"', re.DOTALL)
_OCTAL = re.compile(rb"\\0([0-7]{0,3})")


def as_bash(script: str) -> str:
    """Return the script, or one that fails where bash 3.2 would expand braces of it.

    It would not always end with a syntax error there. It is always another script.
    """
    found = find(script)
    if found is None:
        return script
    said = f"sh: -c: line 0: syntax error near unexpected token `{found:.60}'\n"
    said += "sh: -c: line 0: simlab: bash 3.2, which is a Mac's sh, expands these braces"
    return f"printf '%s\\n' {shlex.quote(said)} >&2; exit 2"


@lru_cache(maxsize=256)
def find(script: str) -> str | None:
    """Return the first braces that bash 3.2 expands in a script, or None.

    It looks into what `sh -c` and `eval` are given where that is written out, and into what
    `eval "$(printf %b "…")"` decodes.
    """
    if "{" not in script and "printf %b" not in script:
        return None
    for command in words.commands(script):
        for word in command.words:
            text = word.text
            if word.expanded and "{" in text and (found := expression(text)) is not None:
                return found
            if "`" not in text and "$(" not in text:
                continue
            for inner in words.substituted(text):
                if (found := find(inner)) is not None:
                    return found
        for inner in _given([word.text for word in command.words]):
            if (found := find(inner)) is not None:
                return found
    return None


def _given(command: list[str]) -> list[str]:
    """Return the scripts that a command is given as words."""
    given: list[str | None] = []
    for index, word in enumerate(command):
        if "sh" not in word and word != "eval":
            continue
        rest = command[index + 1 :]
        if word == "eval":
            if not rest:
                continue
            found = _DECODED.fullmatch(rest[0])
            if found:
                coded = _OCTAL.sub(
                    lambda one: bytes([int(one[1] or b"0", 8) & 255]), found[1].encode()
                )
                given.append(coded.decode(errors="replace"))
            else:
                given.append(words.unquoted(" ".join(rest)))
        elif rest[1:] and re.fullmatch("-[a-z]*c", rest[0]) and words.unquoted(word) in _SHELLS:
            given.append(words.unquoted(rest[1]))
    return [one for one in given if one is not None]


def expression(word: str) -> str | None:
    """Return the first braces of a word that bash 3.2 expands, as `brace_expand` reads them."""
    at = 0
    while True:
        at = _gobble(word, at, "{")
        if at == len(word):
            return None
        end = _gobble(word, at + 1, "}")
        if end < len(word):
            break
        at += 1
    amble = word[at + 1 : end]
    if "," in re.sub(r"\\.", "", amble, flags=re.DOTALL) or _is_sequence(amble):
        return word[at : end + 1]
    return None  # the rest is ignored


def _is_sequence(amble: str) -> bool:
    first, dots, last = amble.partition("..")
    if not dots:
        return False
    if _LEGAL.fullmatch(first) and _LEGAL.fullmatch(last):
        return True
    letters = (first, last)
    return all(len(one) == 1 and one.isascii() and one.isalpha() for one in letters)


def _gobble(text: str, at: int, satisfy: str) -> int:  # noqa: C901 (as bash has it)
    """Return the place of the next `{` or `}` of a brace expression, or the text's length."""
    level, quoted, commas = 0, "", satisfy != "}"
    start = at
    while at < len(text):
        char = text[at]
        if plain := (_QUOTED[quoted] if quoted else _UNQUOTED).match(text, at):
            at = plain.end()
            continue
        if char == "\\" and quoted != "'":
            at += 2
            continue
        if char == "$" and text[at + 1 : at + 2] == "{" and quoted != "'":
            level += not quoted
            at += 2
            continue
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "\"'`":
            quoted = char
        elif char == "$" and text[at + 1 : at + 2] == "(":
            at = words.end_of_substitution(text, at + 2)
            continue
        elif char == satisfy and not level and commas:
            after = text[at + 1 : at + 2]
            before = text[at - 1] if at else ""
            alone = not before or before in _SPACE
            if char != "{" or not alone or (after not in ("", "}") and after not in _SPACE):
                return at
        elif char == "{":
            level += 1
        elif char == "}" and level:
            level -= 1
        elif satisfy == "}" and not level and at >= start:
            commas = (
                commas
                or char == ","
                or (text.startswith("..", at) and text[at + 2 : at + 3] != satisfy)
            )
        at += 1
    return len(text)
