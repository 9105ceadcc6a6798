"""Find words that this project does not use in its prose: `python tests/language.py [PATH...]`.

`docs/glossary.md` has the words to use. Prose is the text of a Markdown, YAML, JSON, story or shell
file; in a Python file it is every comment, every string and the name of every test.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

# A pattern for text in lower case, and what to write instead.
WORDS = {
    r"whoever|whosoever|whomever": "who, anyone who",
    r"anew|afresh": "again",
    r"mend(?:s|ed|ing)?": "repair, fix",
    r"heed(?:s|ed|ing)?": "ignore, follow, respect",
    r"lest|whence|thence|hitherto|thereof|whereof|naught|amiss|upon|albeit": "a word of today",
    r"nobody's behalf": "for you",
    r"(?<!there )(?:is|are|was|were) no(?! longer\b)": "is not a",
    r"(?<!there )(?:is|are|was|were) none(?! of\b)": "is not one, there are none",
    r"(?:is|are|was|were|be|bring|brings|brought|found|mac|macs|one|all) in order(?! to\b| of\b)": (
        "up to date"
    ),
    r"not reached": "unreachable",
    r"proofs?|prov(?:e|es|ed|en|ing)|un-?proved": "verify, verification",
    r"(?:takes?|taken|took) (?:it |them |that |this )?for\b(?! \d)": "mistake for, accept as",
    r"told|untold": "report, print, say",
    r"stands(?! for\b| in for\b)": "is, lies",
    r"ways? out": "what to do",
    r"wish(?:es|ed)?": "request",
    r"macs? (?:is|are|was|were) refused|refused macs?|refuses? (?:a|the|this) macs?": "blocked",
    r"for ever|in vain|in silence": "always, without a result, without output",
    r"what is (?:shown|not shown) (?:there|now)": "the active environment",
    r"(?:is|are|was|were) said(?! to\b)": "is reported, is printed",
    r"harmless": "sanitized",
}
RULE = re.compile(
    r"\b(?:" + "|".join(rf"(?P<w{number}>{word})" for number, word in enumerate(WORDS)) + r")\b"
)
INSTEAD = tuple(WORDS.values())

# Where one of them is right: a path, and a part of the line.
ALLOWED: dict[str, tuple[str, ...]] = {
    "CHANGELOG.md": ("in place of `proof`",),  # the former name of a key
    "simlab/shims/developer.sh": ("the xcode that you wish to use",),  # Apple's own words
}

TOP = ("torchard", "simlab", "tests", "docs", "schemas", "inventory", "group_data", "benchmarks")
TEXTS = {".md", ".yaml", ".yml", ".json", ".story", ".sh", ".js", ".toml", ".txt"}
# What is not ours to word: labs that are wrong on purpose, and recorded data.
NOT_PROSE = ("tests/labs/", "tests/language.py", "tests/unit/test_language.py")


@dataclass(frozen=True)
class Finding:
    """A word that is not to be used, in `line` (from 1) of `path` (relative to the project)."""

    path: str
    line: int
    word: str
    instead: str
    text: str

    def __str__(self) -> str:
        """Return the place, the word and what to write."""
        return f"{self.path}:{self.line}: {self.word!r}; write: {self.instead}\n    {self.text}"


def files() -> list[str]:
    """Return the paths of the files with prose, relative to the project."""
    found = [path for top in TOP for path in (ROOT / top).rglob("*") if path.is_file()]
    found += [path for path in (ROOT / ".github").rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.suffix in {".md", ".py", ".toml", ".yaml"}]
    found += [ROOT / "Makefile", ROOT / ".ci/run"]
    names = (path.relative_to(ROOT).as_posix() for path in found if is_prose(path))
    return sorted(name for name in names if not name.startswith(NOT_PROSE))


def is_prose(path: Path) -> bool:
    """Say whether a file is one whose words are ours."""
    return path.suffix in {*TEXTS, ".py"} or path.name in {"Makefile", "run"}


def findings(name: str) -> list[Finding]:
    """Return what is to be reworded in the file at `name`, which is relative to the project."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if not RULE.search(lower(text).replace("_", " ")):
        return []
    parts = prose(text) if name.endswith(".py") else enumerate(text.splitlines(), 1)
    allowed = ALLOWED.get(name, ())
    return [
        Finding(name, line, found[0], INSTEAD[int(str(found.lastgroup)[1:])], part.strip())
        for line, part in parts
        for found in RULE.finditer(lower(part))
        if not any(words in part.lower() for words in allowed)
    ]


def lower(text: str) -> str:
    """Return a text in lower case; Python's None is not the word."""
    return text.replace("None", "null").lower()


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a Python file's comments and strings, and its tests' names, numbered."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from enumerate(node.value.splitlines(), node.lineno)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")


def main(paths: list[str]) -> int:
    """Print the findings below each path, or all; return 1 if there are any."""
    found = {
        str(one)
        for name in files()
        if not paths or name.startswith(tuple(paths))
        for one in findings(name)
    }
    print(*sorted(found), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
