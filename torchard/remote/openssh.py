"""Ask OpenSSH how it would reach a host: `ssh -G`, once for each host and run."""

from __future__ import annotations

import atexit
import os
import pwd
import re
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from torchard.remote import children, ssh_config
from torchard.remote.unreachable import ReachError, explain_config_error

if TYPE_CHECKING:
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
        return [_ssh(), "-F", str(self._file(destination.config)), *more, *destination.words]

    @property
    def folder(self) -> Path:
        """The private folder; ssh passes paths in it on without quotes."""
        if self._folder is None:
            place = tempfile.gettempdir()
            within = place if _PLAIN_FOLDER.fullmatch(place) else "/tmp"  # noqa: S108  # mkdtemp
            self._folder = Path(tempfile.mkdtemp(prefix="torchard-ssh-", dir=within))
            atexit.register(self.close)
        return self._folder

    def close(self) -> None:
        """Remove the folder, and forget the answers."""
        folder, self._folder = self._folder, None
        self._files.clear()
        self._answers.clear()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            atexit.unregister(self.close)

    def _file(self, config: str | None) -> Path:
        if config not in self._files:
            number = len(self._files)
            includes = []
            for place, path in enumerate(_others(config)):
                link = self.folder / f"{number}-{place}"
                if ssh_config.is_link_needed(path):
                    link.symlink_to(path)
                includes.append(str(link) if ssh_config.is_link_needed(path) else path)
            file = self.folder / f"{number}.conf"
            file.write_text(ssh_config.render_config(includes, self._unknown), encoding="utf-8")
            self._files[config] = file
        return self._files[config]

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
        """Return ssh's message with a person's own path instead of our link to it."""
        for link in self.folder.iterdir():
            if link.is_symlink():
                said = said.replace(str(link), str(link.readlink()))
        return said


def _ssh() -> str:
    found = shutil.which("ssh")
    if found is None:
        raise ReachError(
            "this machine has no OpenSSH client, and Torchard asks `ssh` how to reach a"
            " Mac; install it (macOS has it; on Debian: `apt install openssh-client`)"
        )
    return found


def _others(config: str | None) -> tuple[str, ...]:
    """Return the files that ssh would read: the lab's alone, or the account's and the system's."""
    if config is not None:
        return (str(Path(config).absolute()),)
    # As ssh finds them: by the account, not by HOME.
    return (f"{home()}/.ssh/config", "/etc/ssh/ssh_config")


def home() -> str:
    """Return the home of the account, as ssh finds it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return str(Path.home())


def expand(text: str, effective: EffectiveConfig) -> str:
    """Return a path or command of an answer with its tokens filled in."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    local = {"d": home(), "i": str(uid), "l": socket.gethostname(), "u": user}
    return ssh_config.expand(text, ssh_config.find_tokens(effective, local), os.environ)


CONFIGURATIONS = Configurations()
