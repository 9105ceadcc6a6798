"""Texts that some shell would run, or read as more than one word: `canary` is a command there."""

from __future__ import annotations


def surrogates(text: str) -> bool:
    """Tell whether a text holds half a character, which no argument of a program can be."""
    return any("\ud800" <= one <= "\udfff" for one in text)


TEXTS = (
    "$(canary)", "${IFS}$(canary)", "`canary`", "\\`canary\\`", "\\$(canary)", "$$(canary)",
    "'$(canary)'", '"$(canary)"', "';canary;'", '";canary;"', "'\"'\"';canary;'\"'\"'",
    "\\';canary;\\'", "\\", "'", '"', "'\\''", "\\'", '\\"',
    "x;canary", "x&&canary", "x||canary", "x|canary", "x&canary&", "x\ncanary\n", "x\r\ncanary\r\n",
    "x\rcanary\r", "(canary)", "{ canary; }", "<(canary)", ">(canary)", "=(canary)", "<canary",
    ">canary", "x #", "#canary", "!canary", "!!", "!$", "^x^canary", "x!canary!x", "%canary",
    "-canary", "--", "-c", "-exec canary ;", "-o ProxyCommand=canary", "--index-url=canary",
    "*", "?", "[a-z]*", "{canary,}", "~", "~/", "~root/x", "~canary", "$HOME", "${HOME}", "$PATH",
    "$0", "$@", "$'\\x24(canary)'", '$"canary"', "%s%n", "%(canary)s", "${{canary}}",
    "{{canary}}",
    "\\n;canary;", "\\044(canary)", "\\0044(canary)", "\\x24(canary)", "\\u0024(canary)",
    "a=b canary", "PATH=. canary", "EOF\ncanary\nEOF", "\tcanary", " canary ", "\x0bcanary\x0c",
    "\x1b]0;canary\x07", "\x7f", "\x85canary\x85", "\u2028canary\u2029", "\u00a0canary\u00a0",
    "\u2018;canary;\u2019", "\u201c;canary;\u201d", "\uff04(canary)", "\uff1bcanary",
    "\u037ecanary",
    "\u202ecanary", "\udcff$(canary)", "\ud800;canary;\udfff", "\0;canary;", "$(canary)\0", "",
    "../../canary", "/../canary", "canary\0", "x" * 9000 + "$(canary)", "';canary;'" * 2000,
)  # fmt: skip
# What a command can be given: no argument of a program holds a NUL.
ARGUMENTS = tuple(text for text in TEXTS if "\0" not in text)
# The worst of them one after another, as one text: where a text is not quoted, one of these runs.
ALL_AT_ONCE = "".join(
    text for text in ARGUMENTS if len(text) < 100 and "/" not in text and not surrogates(text)
)
