"""Ask OpenSSH how it would reach a host: `ssh -G`, once for each host and run."""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import re
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from torchard import programs
from torchard.remote import children, ssh_commands, ssh_config
from torchard.remote.unreachable import ReachError, explain_config_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.lab.model import MacHost
    from torchard.remote.ssh_commands import ConfigFile, Scan
    from torchard.remote.ssh_config import Destination, EffectiveConfig

_SECONDS = 20.0  # a `Match exec` may run at each reading
_AT_ONCE = 16
_PLAIN_FOLDER = re.compile(r"/[A-Za-z0-9/._-]*")


class Configurations:
    """The answers of ssh in this process, and the folder of the files that it gets.

    The folder is private. The first question makes it, and the end of the process removes it.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._files: dict[str | None, Path] = {}
        self._scans: dict[str, Scan] = {}
        self._originals: dict[str, str] = {}  # of our links and copies
        self._numbers = itertools.count()
        self._answers: dict[Destination, EffectiveConfig] = {}
        self._unknown: set[str] = set()
        self._turns = BoundedSemaphore(_AT_ONCE)

    def evaluate(self, destination: Destination) -> EffectiveConfig:
        """Return what ssh would do for a host. Raise ReachError if it gives no answer."""
        if destination not in self._answers:
            with self._turns:
                found = self._evaluate(destination)
            self._answers[destination] = found
        return self._answers[destination]

    def command(self, destination: Destination, *more: str) -> list[str]:
        """Return the words that start ssh for a host under our rules. Raise ReachError."""
        return [_ssh(), "-F", str(self.find_file(destination.config)), *more, *destination.words]

    @property
    def folder(self) -> Path:
        """The private folder; ssh passes paths in it on without quotes."""
        if self._folder is None:
            place = tempfile.gettempdir()
            within = place if _PLAIN_FOLDER.fullmatch(place) else "/tmp"  # noqa: S108  # mkdtemp
            self._folder = Path(tempfile.mkdtemp(prefix="torchard-ssh-", dir=within))
            atexit.register(self.close)
        return self._folder

    def require_permission(self, macs: Iterable[MacHost]) -> None:
        """Raise LabError if an ssh_config of these Macs can run a command without permission."""
        named = dict.fromkeys(mac.ssh.config for mac in macs if mac.connection == "ssh")
        ssh_commands.require_permission(self._scan(path) for path in named if path is not None)

    def close(self) -> None:
        """Remove the folder, and forget the answers."""
        folder, self._folder = self._folder, None
        for known in (self._files, self._scans, self._originals, self._answers):
            known.clear()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            atexit.unregister(self.close)

    def _scan(self, config: str) -> Scan:
        """Read a lab's ssh_config once, so that ssh gets what was checked."""
        path = str(Path(config).expanduser().absolute())
        if path not in self._scans:
            self._scans[path] = ssh_commands.scan(path)
        return self._scans[path]

    def find_file(self, config: str | None) -> Path:
        """Return the file that `ssh -F` gets for a lab's ssh_config, or without one."""
        if config not in self._files:
            file = self.folder / f"{next(self._numbers)}.conf"
            includes = [self._name(path) for path in self._find_includes(config)]
            file.write_text(ssh_config.render_config(includes, self._unknown), encoding="utf-8")
            self._files[config] = file
        return self._files[config]

    def _find_includes(self, config: str | None) -> tuple[str, ...]:
        """Return the files that ssh reads: the lab's alone, or the operator's own."""
        if config is None:
            return ssh_commands.find_own_files()
        if ssh_commands.is_allowed():
            return (str(Path(config).absolute()),)
        scan = self._scan(config)
        if scan.problems:
            raise ReachError(ssh_commands.explain_missing_permission(scan))
        if scan.file is None:
            raise ReachError(f"the ssh_config {config} does not exist; write another ssh.config")
        return (scan.file if isinstance(scan.file, str) else self._copy(scan.file),)

    def _copy(self, file: ConfigFile) -> str:
        """Write what was checked of a file, so that ssh reads nothing else; return the path."""
        lines = (
            line
            if isinstance(line, bytes)
            else b" ".join([b"Include", *(os.fsencode(self._include(one)) for one in line)])
            if line
            else b""
            for line in file.lines
        )
        copy = self._take_name(file.path)
        copy.write_bytes(b"\n".join(lines))
        copy.chmod(0o600)  # ssh reads no included file that a group can write
        return str(copy)

    def _include(self, file: ConfigFile | str) -> str:
        return self._name(file) if isinstance(file, str) else self._copy(file)

    def _name(self, path: str) -> str:
        """Return a path, or a link to it if ssh would misread the path in an Include."""
        if not ssh_config.is_link_needed(path):
            return path
        link = self._take_name(path)
        link.symlink_to(path)
        return str(link)

    def _take_name(self, original: str) -> Path:
        """Return a new path in the folder for a person's file."""
        taken = self.folder / f"{next(self._numbers)}-included"
        self._originals[str(taken)] = original
        return taken

    def _evaluate(self, destination: Destination) -> EffectiveConfig:
        words = self.command(destination, "-G")
        answer = children.run_program(words, _SECONDS)
        if answer is None:
            raise ReachError(
                f"ssh took more than {_SECONDS:.0f} seconds to read its configuration for"
                f" {destination.host}; a `Match exec` in it may wait for something: try"
                f" `ssh -G {destination.host}`"
            )
        printed, said = answer[0], answer[1].replace("\r", "")
        older = ssh_config.find_unknown_rule(said)
        if older is not None and older not in self._unknown:
            self._unknown.add(older)
            self._files.pop(destination.config, None)
            return self._evaluate(destination)
        try:
            return ssh_config.parse_answer(destination.host, printed)
        except ssh_config.ConfigError as error:
            raise ReachError(
                explain_config_error(destination.host, self._named(said) or str(error))
            ) from None

    def _named(self, said: str) -> str:
        """Return ssh's message with a person's own path instead of our link or copy."""
        for ours, original in self._originals.items():
            said = said.replace(ours, original)
        return said


def _ssh() -> str:
    found = programs.find_program("ssh")
    if found is None:
        raise ReachError(
            "this machine has no OpenSSH client, and Torchard asks `ssh` how to reach a"
            " Mac; install it (macOS has it; on Debian: `apt install openssh-client`)"
        )
    return found


def expand(text: str, effective: EffectiveConfig) -> str:
    """Return a path or command of an answer with its tokens filled in."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    local = {"d": ssh_commands.find_home(), "i": str(uid), "l": socket.gethostname(), "u": user}
    return ssh_config.expand(text, ssh_config.find_tokens(effective, local), os.environ)


CONFIGURATIONS = Configurations()
