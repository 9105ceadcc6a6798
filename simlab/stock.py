"""What a stock Mac has on its PATH, and how each of it is made from the host's tools.

The options are those of macOS 12 to 15's own manual pages, less what only newer ones know.
"""

from __future__ import annotations

import platform
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from simlab import shell as sh

# Tools whose options are the same here and there, or that our scripts use without options.
LINKED = (
    "zsh", "echo", "sleep", "printf", "printenv", "test", "[", "true", "false", "expr",
    "seq", "sort", "gzip", "gunzip", "zcat", "bzip2", "bunzip2", "diff", "cmp", "comm",
    "paste", "join", "split", "fold", "nl", "rev", "cksum", "mkfifo", "nohup", "nice", "getconf",
    "pwd", "whoami", "logname", "tty", "groups", "which", "unzip", "zip", "perl", "openssl",
    "yes", "file", "ssh", "scp", "rsync",
)  # fmt: skip

# What Homebrew's formulas of GNU tools put first on a PATH that has their gnubin, but for those
# that would tell of this machine instead of the Mac.
GNU = (
    "basename", "cat", "chgrp", "chmod", "chown", "cksum", "comm", "cp", "cut", "date", "dd", "df",
    "dirname", "du", "echo", "env", "expr", "false", "find", "fold", "grep", "head", "id", "join",
    "ln", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "mv", "nice", "nl", "nohup", "od", "paste",
    "printf", "pwd", "readlink", "realpath", "rm", "rmdir", "sed", "seq", "sha256sum", "sleep",
    "sort", "split", "stat", "tail", "tar", "tee", "test", "touch", "tr", "true", "tty", "uniq",
    "wc", "whoami", "xargs", "yes",
)  # fmt: skip

# /usr/bin has these on every Mac, and they only ask for the Command Line Tools.
DEVELOPER = ("python3", "pip3", "git", "make", "cc", "clang", "gcc", "otool", "lipo", "strings")


@dataclass(frozen=True)
class Guard:
    """A tool of the host behind the options of macOS.

    `short` is a getopts string of what both systems read alike, `beyond` the letters that only
    macOS knows and that are not simulated, `long` the long options that macOS takes. `strict`
    says that options end at the first operand. `status` is the exit status of a usage error.
    """

    short: str
    beyond: str = ""
    long: tuple[str, ...] = ()
    strict: bool = True
    status: int = 1


_GREP_LONG = (
    "color", "colour", "context", "exclude", "exclude-dir", "extended-regexp", "file",
    "fixed-strings", "help", "ignore-case", "include", "invert-match", "line-buffered",
    "line-number", "max-count", "no-filename", "no-messages", "null", "only-matching", "quiet",
    "recursive", "regexp", "silent", "text", "version", "with-filename", "word-regexp",
)  # fmt: skip

GUARDED = {
    "awk": Guard("F:f:v:", strict=False, status=2),
    "base64": Guard("d", "Dbio", ("decode",)),
    "basename": Guard("as:", strict=False),
    "cat": Guard("benstuv", "l"),
    "chgrp": Guard("HLPRfhv", "nx"),
    # A mode may look like options: -x, -rw.
    "chmod": Guard("HLPRfhvrwxXstugoa", "ACEINV"),
    "chown": Guard("HLPRfhv", "nx"),
    "cut": Guard("b:c:d:f:ns", "w"),
    "dirname": Guard(""),
    "env": Guard("iu:", "0PSLUv", strict=False),
    "grep": Guard("0123456789aA:bB:C:cEe:Ff:GHhiILlm:noqRrsUvwxy", "dDJMOpSVXZz", _GREP_LONG,
                  strict=False, status=2),
    "id": Guard("Ggnru", "AFMPp"),
    # The same program on both systems; it knows no long options.
    "lsof": Guard("abc:d:F:lnOPp:RS:tu:wx:", "?ACDefghiKkLMmNoQrsTUVvXzZ", strict=False),
    "ls": Guard("1AaCcdFfgHhiklLmnopqRrSstux", "BGOPTUW@bevwy,%D", status=1),
    "mkdir": Guard("m:pv", status=64),
    "od": Guard("A:aBbcDdFfHhIij:LlN:OosSt:vXx"),
    "ps": Guard("AaceEfjlrTwxG:g:O:o:p:t:U:u:", "ChLMmSvX", strict=False),
    "rmdir": Guard("pv"),
    "tail": Guard("0123456789c:Ffn:q", "br"),
    "tee": Guard("ai"),
    "touch": Guard("achmr:t:", "Ad"),
    "tr": Guard("Ccds", "u"),
    "uniq": Guard("cdiuf:s:", "D"),
}  # fmt: skip

# Shims that read mac.json: the Mac itself answers.
ANSWERED = (
    "uname", "sw_vers", "sysctl", "arch", "hostname", "scutil", "df", "readlink", "date", "ioreg",
    "mount", "osascript", "mv", "ln", "rm", "cp", "fdesetup", "pmset", "defaults",
    "sudo",
)  # fmt: skip
# Shims that translate between the systems' options.
TRANSLATED = (
    "stat", "shasum", "md5", "caffeinate", "sed", "find", "xargs", "mktemp", "du", "head", "wc",
    "dd", "tar", "curl", "xattr", "kill", "pgrep", "pkill",
)  # fmt: skip
_STRICT_ENDS = ("head", "readlink", "rm")  # shims that end with the host's tool, BSD's order
_PLAIN_ENDS = ("dd", "tar")
# What tells of this Mac's processes alone, by a program of simlab's own.
_OWN = {"ps": "ps.py", "lsof": "lsof.py"}
_STATUS = {"cp": 64, "df": 64, "du": 64, "mv": 64, "rm": 64}

# What macOS keeps apart from /bin and /usr/bin, which are one folder here (the paths in the
# Makefiles and manual pages of Apple's system_cmds, network_cmds, file_cmds, IOKitTools, lsof).
APART = {
    "usr/sbin": ("chown", "ioreg", "lsof", "scutil", "sysctl"),
    "sbin": ("md5", "mount"),
}

# Tools without which nothing here works; every other one is left out where the host has none.
NEEDED = ("sh", "bash", "awk", "grep", "sed", "find", "xargs", "curl", "tar", "gzip", "od", "dd")


class HostError(RuntimeError):
    """The host lacks a tool; `str()` says which."""


def _host(tool: str) -> str | None:
    return shutil.which(tool, path="/usr/bin:/bin:/usr/sbin:/sbin") or shutil.which(tool)


def shell(name: str) -> str:
    """Return the path of a login shell. Raise HostError when the host has none of that name."""
    path = own_shells().get(name) if name in sh.NAMES else _host(name)
    if path is None:
        raise HostError(f"The login shell of a simulated Mac is {name}, not found on this machine.")
    return path


def folder(tool: str) -> str:
    """Return the folder below a Mac's root that holds a tool."""
    return next((name for name, tools in APART.items() if tool in tools), "bin")


def own_shells() -> dict[str, str]:
    """Return what a Mac's `sh` and `bash` are. Raise HostError if TORCHARD_SH is not a shell."""
    try:
        return sh.programs()
    except sh.ShellError as error:
        raise HostError(str(error)) from error


def gnu_tools() -> dict[str, str]:
    """Return GNU's tools by name. Raise HostError where the host's own are others."""
    if platform.system() == "Darwin":
        raise HostError("A simulated Mac has GNU tools where the host has them: on Linux.")
    return {tool: path for tool in GNU if (path := _host(tool))}


def tools() -> tuple[dict[str, str], dict[str, str]]:
    """Return what a Mac's bin holds: links by name to host paths, and scripts by name.

    Raise HostError when the host lacks a tool that nothing can stand in for.
    """
    links, scripts = _tools(sh.shebang())
    return {**links, **own_shells()}, scripts


@lru_cache(maxsize=2)
def _tools(shebang: str) -> tuple[dict[str, str], dict[str, str]]:
    links = {tool: path for tool in LINKED if (path := _host(tool))}
    missing = [tool for tool in NEEDED if not _host(tool)]
    if missing:
        raise HostError(f"A simulated Mac needs {', '.join(missing)}, not found on this machine.")
    scripts = {tool: _guard(tool) for tool in GUARDED if tool in _OWN or _host(tool)}
    scripts.update({tool: _script(tool) for tool in (*ANSWERED, *TRANSLATED)})
    scripts.update({tool: _compose(tool, "_mac", "developer") for tool in DEVELOPER})
    first = f"{shebang}\n"
    return links, {tool: first + text.partition("\n")[2] for tool, text in scripts.items()}


def _script(tool: str) -> str:
    parts = ["_mac"]
    if tool in ANSWERED:
        parts.append("_json")
    parts.append(tool)
    if tool in _STRICT_ENDS:
        parts.append("_operands")
    elif tool in _PLAIN_ENDS:
        parts.append("_exec")
    return _compose(tool, *parts)


def _guard(tool: str) -> str:
    guard = GUARDED[tool]
    last = tool if tool in _OWN else "_operands" if guard.strict else "_exec"
    return _compose(tool, "_mac", "_guard", last)


def _compose(tool: str, *parts: str) -> str:
    guard = GUARDED.get(tool, Guard(""))
    known = {
        "gnu": "" if platform.system() == "Darwin" else "yes",
        "status": str(_STATUS.get(tool, guard.status)),
        "short": guard.short,
        "long": "|".join(guard.long) or "''",
        "beyond": f"[{guard.beyond}]" if guard.beyond else "''",
        "host": _command(tool),
        "folder": folder(tool),
        "python": f"{shlex.quote(sys.executable)} -I -S",
        "up": "/".join(".." for _ in folder(tool).split("/")),
    }

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("source:"):
            return shlex.quote(str(resources.files("simlab") / _OWN[name[7:]]))
        return _command(name[5:]) if name.startswith("host:") else known[name]

    shims = resources.files("simlab") / "shims"
    text = "".join((shims / f"{part}.sh").read_text(encoding="utf-8") for part in parts)
    return re.sub(
        r"@(gnu|status|short|long|beyond|up|folder|python|source:\w+|host(?::\w+)?)@", fill, text
    )


def _command(tool: str) -> str:
    """Return the shell word that starts the host's tool."""
    return shlex.quote(_host(tool) or f"/nonexistent/{tool}")
