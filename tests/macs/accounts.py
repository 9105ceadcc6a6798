"""Real accounts of this machine: one that Torchard works as on simulated Macs, and a student's.

Only root can make them. Elsewhere, the Macs run as this account, and the tests that need another
one are skipped with the reason.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from simlab.lab import SimLab
from simlab.program import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from simlab.spec import MacSpec

# A python in a closed home, such as root's, must be readable to start. Nothing can be written so.
_READING = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")


@dataclass(frozen=True)
class Account:
    """One real account."""

    name: str
    uid: int
    gid: int

    def words(self, *, reads_all: bool = False) -> list[str]:
        """Return the words that start a command as this account; `reads_all` for this python."""
        if self.uid == os.geteuid():
            return []
        more = _READING if reads_all else ()
        ids = ("--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups")
        return [shutil.which("setpriv") or "setpriv", *ids, *more]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, with what it may read itself."""
        return subprocess.run(
            [*self.words(), *command],
            env={"PATH": os.environ["PATH"], **environment},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def make_accounts(*names: str) -> Iterator[tuple[Account, ...]]:
    """Make accounts, and remove them afterwards. Without root, there is only this account."""
    if os.geteuid() != 0:
        yield (Account(pwd.getpwuid(os.getuid()).pw_name, os.getuid(), os.getgid()),)
        return
    missing = [one for one in ("useradd", "userdel", "setpriv") if shutil.which(one) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]}")
    made: list[Account] = []
    try:
        for name in names:
            full = f"{name}{os.getpid()}"
            options = ("--no-create-home", "--user-group", "--shell", "/bin/sh")
            done = subprocess.run(
                ["useradd", *options, full], capture_output=True, text=True, check=False
            )
            if done.returncode:
                pytest.skip(f"no account can be made here: {done.stderr.strip()}")
            found = pwd.getpwnam(full)
            made.append(Account(full, found.pw_uid, found.pw_gid))
        yield tuple(made)
    finally:
        for account in made:
            subprocess.run(["userdel", account.name], capture_output=True, check=False)


class AccountLab(SimLab):
    """A simulated lab whose Macs run as a real account, which owns all of `directory`."""

    def __init__(
        self, directory: Path, account: Account, spec: Sequence[MacSpec], depot: Path
    ) -> None:
        super().__init__(directory, spec, depot)
        self.account = account.name
        directory.mkdir()
        os.chown(directory, account.uid, account.gid)

        def launch(arguments: Sequence[str], errors: TextIO) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [*account.words(reads_all=True), *words(*arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd="/",
            )

        self.launch = launch
