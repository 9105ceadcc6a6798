"""What in a lab's ssh_config can run a command, load a library or send this computer's variables.

ssh runs `Match exec` at each reading, so Torchard reads these files itself, as readconf.c of
OpenSSH does. It accepts the keywords that it knows to run nothing, and no others.
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass, field
from glob import escape, iglob
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.lab.model import Position
from torchard.lab.problem import MAX_PROBLEMS, LabError, Problem, quote
from torchard.plain_files import open_plain
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PERMISSION = "TORCHARD_ALLOW_SSH_COMMANDS"  # an environment variable; `1` allows
LARGEST = 1024 * 1024  # bytes of all files
MOST_FILES = 100
MOST_LEVELS = 15  # READCONF_MAX_DEPTH of readconf.c, without the file that includes the first
_SYSTEM = "/etc/ssh/ssh_config"

# ssh_config(5) of OpenSSH 10.2, its older names in readconf.c, and those of Apple and Debian.
_ALLOWED = frozenset(
    """
  addkeystoagent addressfamily afstokenpassing batchmode bindaddress bindinterface
  canonicaldomains canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots
  canonicalizepermittedcnames casignaturealgorithms certificatefile
  challengeresponseauthentication channeltimeout checkhostip cipher ciphers clearallforwardings
  compression compressionlevel connectionattempts connecttimeout controlmaster controlpath
  controlpersist dsaauthentication dynamicforward enableescapecommandline enablesshkeysign
  escapechar exitonforwardfailure fallbacktorsh fingerprinthash forkafterauthentication
  forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports globalknownhostsfile
  globalknownhostsfile2 gssapiauthentication gssapiclientidentity gssapidelegatecredentials
  gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity
  gssapitrustdns hashknownhosts host hostbasedacceptedalgorithms hostbasedauthentication
  hostbasedkeytypes hostkeyalgorithms hostkeyalias hostname identitiesonly identityagent
  identityfile identityfile2 ignoreunknown include ipqos kbdinteractiveauthentication
  kbdinteractivedevices keepalive kerberosauthentication kerberostgtpassing kexalgorithms
  localforward loglevel logverbose macs match nohostauthenticationforlocalhost
  numberofpasswordprompts obscurekeystroketiming passwordauthentication permitlocalcommand
  permitremoteopen port preferredauthentications protocol proxyjump proxyusefdpass
  pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication refuseconnection rekeylimit
  remotecommand remoteforward requesttty requiredrsasize revokedhostkeys rhostsauthentication
  rhostsrsaauthentication rsaauthentication sendenv serveralivecountmax serveraliveinterval
  sessiontype setenv skeyauthentication stdinnull streamlocalbindmask streamlocalbindunlink
  stricthostkeychecking syslogfacility tag tcpkeepalive tisauthentication tunnel tunneldevice
  updatehostkeys usekeychain useprivilegedport user userknownhostsfile userknownhostsfile2
  useroaming usersh verifyhostkeydns versionaddendum visualhostkey warnweakcrypto
    """.split()  # noqa: SIM905  # one word a line would fill a page
)
_RUNS_COMMAND = ("proxycommand", "knownhostscommand", "localcommand", "xauthlocation")
_LOADS_LIBRARY = ("pkcs11provider", "smartcarddevice", "securitykeyprovider")
# OpenSSH 10 expands `${NAME}` in these. It never sends what SendEnv names (ssh_config.LAST_RULE).
_SENT = ("setenv", "versionaddendum")
_OFF = {"proxycommand": "none", "knownhostscommand": "none", "pkcs11provider": "none"}
_OFF |= {"smartcarddevice": "none", "securitykeyprovider": "internal"}
# ssh writes these values into commands without quotes: its own for ProxyJump, and those of the
# operator's files that a lab's file includes (`%h`, `%r`, `%k`).
_IN_COMMANDS = ("hostname", "user", "hostkeyalias", "proxyjump", "canonicaldomains")
_PLAIN = re.compile(r"(?!-)(?:(?<![@,/:\[])-|[A-Za-z0-9._@:%/\[\],+])+")
_DOMAIN_USER = re.compile(r"[A-Za-z0-9._-]+\\(?=[A-Za-z0-9._])")  # LAB\ada, in User

_LINE = re.compile(r"(?P<keyword>[A-Za-z0-9]+)(?:[ \t\r]*=|(?=[ \t\r]|$))(?P<rest>.*)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]")
_ARGUMENT = re.compile(r"[ \t]*(?:\"([^\"']*)\"|([^\s\"'#]+))(?=[ \t]|$)")
_COMMENT = re.compile(r"[ \t]#")
# Quotes are already removed. In `Match host=a exec=b`, `=` separates as a space does.
_EXEC = re.compile(r"(?:^|[\s!=])exec(?:$|[\s=])", re.IGNORECASE)
# In these, ssh's versions differ: classes, escapes, tokens, other homes, wildcards in folders.
_REFUSED_IN_PATTERNS = re.compile(r"[\[\]\\%$]|(?<!^)~|^~(?!/)|[*?].*/")

_INSTEAD = (
    "Remove it. If you know the file and trust it, give --allow-ssh-commands"
    f" (`pyinfra` has no such option: set {PERMISSION}=1)."
)


@dataclass(frozen=True)
class ConfigFile:
    """A file of a lab's ssh_config, as it was when Torchard checked it.

    A line that includes files is what it includes; text is the path of an operator's own file.
    """

    path: str
    lines: tuple[bytes | tuple[ConfigFile | str, ...], ...]


@dataclass(frozen=True)
class Scan:
    """A lab's ssh_config with all that it includes; `file` is None if it does not exist."""

    file: ConfigFile | str | None
    problems: tuple[Problem, ...]


def is_allowed() -> bool:
    """Tell whether the operator allows the commands of a lab's ssh_config."""
    return os.environ.get(PERMISSION) == "1"


def find_home() -> str:
    """Return the home of the account, as ssh finds it: by the account, not by HOME."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return str(Path.home())


def find_own_files() -> tuple[str, str]:
    """Return the operator's own files, which ssh reads by itself."""
    return f"{find_home()}/.ssh/config", _SYSTEM


def require_permission(scans: Iterable[Scan]) -> None:
    """Raise LabError if a file can run a command, and the operator does not allow that."""
    found = dict.fromkeys(problem for one in scans for problem in one.problems)
    if found and not is_allowed():
        raise LabError(found)


def explain_missing_permission(scan: Scan) -> str:
    """Explain why ssh does not get a file that has problems."""
    first = scan.problems[0]
    more = f" ({len(scan.problems)} problems in all)" if len(scan.problems) > 1 else ""
    return f"{first.where}: {first.sentence}{more}. {first.instead}"


def scan(path: str) -> Scan:
    """Read a lab's ssh_config and the files that it includes. Neither runs anything."""
    return _Scanner().scan(str(Path(path).expanduser().absolute()))


@dataclass
class _Scanner:
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def scan(self, path: str) -> Scan:
        own = _find_own_file(path)
        found = own or self._read(path, 0, Position(sanitize(path), 0, 0))
        return Scan(found, tuple(self.problems))

    def _report(self, where: Position, sentence: str, instead: str = _INSTEAD) -> None:
        self.problems.append(Problem(where, sentence, instead))

    def _read(self, path: str, level: int, where: Position) -> ConfigFile | None:
        """Read a file; `where` is what names it."""
        try:
            text = _read_file(path, LARGEST - self.size)
        except FileNotFoundError:
            return None  # a link that leads nowhere, which ssh ignores, too
        except OSError as error:
            sentence = f"{sanitize(path)} cannot be read: {error.strerror or error}"
            self._report(where, sentence, "Correct that, or name another file.")
            return None
        self.size += len(text)
        lines: list[bytes | tuple[ConfigFile | str, ...]] = []
        for number, line in enumerate(text.split(b"\n"), 1):
            kept = line.rstrip(b" \t\r\f").lstrip(b" \t\r")
            if not kept or kept.startswith(b"#"):
                lines.append(line)
                continue
            shown = kept.decode("utf-8", "surrogateescape")
            where = Position(sanitize(path), number, line.index(kept) + 1)
            lines.append(line if (read := self._read_line(shown, where, level)) is None else read)
            if len(self.problems) > MAX_PROBLEMS:
                break
        return ConfigFile(path, tuple(lines))

    def _read_line(
        self, text: str, where: Position, level: int
    ) -> tuple[ConfigFile | str, ...] | None:
        """Check a line; return what it includes, or None if it is not an Include."""
        found = _LINE.fullmatch(text)
        if found is None or _CONTROL.search(text):
            self._report(where, f"Torchard cannot tell what the line {quote(text)} means to ssh")
            return None
        keyword, rest = found["keyword"], found["rest"].strip(" \t\r")
        if keyword.lower() == "include":
            return tuple(self._find_included(rest, where, level + 1))
        sentence = _find_danger(keyword, rest)
        if sentence is not None:
            self._report(where, sentence)
        return None

    def _find_included(self, rest: str, where: Position, level: int) -> Iterator[ConfigFile | str]:
        """Yield the files that an Include names."""
        patterns = _split_arguments(rest)
        if patterns is None or any(_REFUSED_IN_PATTERNS.search(one) for one in patterns):
            self._report(where, f"Torchard cannot tell which files Include {quote(rest)} names")
            return
        for path in (path for pattern in patterns for path in self._find_files(pattern)):
            own = _find_own_file(path)
            if level >= MOST_LEVELS and own is None:
                self._report(where, f"there are more than {MOST_LEVELS} levels of Include")
                return
            if self.files > MOST_FILES:
                self._report(where, f"there are more than {MOST_FILES} included files")
                return
            found = own or self._read(path, level, where)
            if found is not None:
                yield found

    def _find_files(self, pattern: str) -> Iterator[str]:
        """Yield the files that a pattern matches, in ssh's order; it has a wildcard at its end."""
        self.files += 1
        if self.files > MOST_FILES:
            yield pattern  # which is one too many
            return
        if pattern.startswith("~/"):
            pattern = find_home() + pattern[1:]
        folder, _, name = os.path.join(find_home(), ".ssh", pattern).rpartition("/")  # noqa: PTH118
        # As in ssh, * does not match a hidden file; pathlib's does.
        found = iglob(f"{escape(folder)}/{name}")  # noqa: PTH207
        for path in sorted(found, key=os.fsencode):
            yield path
            self.files += 1


def _find_danger(keyword: str, rest: str) -> str | None:
    """Return a sentence about a line that can run or send something, else None."""
    name = keyword.lower()
    if name in _OFF and rest == _OFF[name]:
        return None
    if name in _RUNS_COMMAND:
        return f"{keyword} runs a command on this computer"
    if name in _LOADS_LIBRARY:
        return f"{keyword} loads a library on this computer"
    if name not in _ALLOWED:
        return f"Torchard does not know the keyword {keyword}, so it may run a command"
    if name == "match" and _EXEC.search(re.sub(r"[\"'\\]", "", rest)):
        return "Match exec runs a command on this computer"
    if name in _SENT and "$" in rest:
        return f"{keyword} can send a variable of this computer to the Mac"
    if name in _IN_COMMANDS and not _is_plain(name, rest):
        return f"{keyword} {quote(rest)} contains characters that a command could run"
    if name in {"identityfile", "identityfile2", "certificatefile"} and "pkcs11:" in rest.lower():
        return f"{keyword} names a PKCS11 URI, which loads a library on this computer"  # Fedora's
    return None


def _is_plain(name: str, rest: str) -> bool:
    """Tell whether no part of a value means anything to a shell, or looks like an option."""
    if name != "proxyjump":  # an older ssh takes the rest of that line as it is
        rest = _COMMENT.split(rest, maxsplit=1)[0]
    if name == "user":
        rest = _DOMAIN_USER.sub("", rest, count=1)
    return all(_PLAIN.fullmatch(word) for word in rest.replace('"', " ").split())


def _split_arguments(rest: str) -> list[str] | None:
    """Return the arguments of a line, without quotes; None if ssh versions read it differently."""
    found = []
    while rest.strip(" \t") and not rest.lstrip(" \t").startswith("#"):
        argument = _ARGUMENT.match(rest)
        if argument is None:
            return None
        found.append(argument[1] if argument[1] is not None else argument[2])
        rest = rest[argument.end() :]
    return found


def _find_own_file(path: str) -> str | None:
    """Return the operator's own file that a path leads to, if it is one of the two."""
    real = os.path.realpath(path)
    return next((one for one in find_own_files() if os.path.realpath(one) == real), None)


def _read_file(path: str, most: int) -> bytes:
    """Read a regular file. Raise OSError."""
    with open_plain(Path(path)) as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise OSError(f"it has more than {LARGEST} bytes, with the files before it")
    return text
