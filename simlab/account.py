"""What the account of a simulated Mac has in its startup files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from simlab.spec import MacSpec

# What a shell reads at a login and at no other start: zsh(1), bash(1), tcsh(1).
_LOGIN = {
    "bash": (".bash_profile", "export {}={}"),
    "zsh": (".zprofile", "export {}={}"),
    "tcsh": (".login", "setenv {} {}"),
    "fish": (".config/fish/conf.d/simlab.fish", "status is-login; and set -gx {} {}"),
}
_MARK = "  # simlab"


def write_variables(home: Path, mac: MacSpec) -> None:
    """Let the account's login shell export its variables; other lines of its file stay."""
    if mac.shell not in _LOGIN:
        return  # sh has them in the environment
    name, line = _LOGIN[mac.shell]
    file = home / name
    before = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    others = [one for one in before if not one.endswith(_MARK)]
    own = [line.format(key, shlex.quote(one)) + _MARK for key, one in mac.variables.items()]
    if [*others, *own] == before:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{one}\n" for one in (*others, *own)), encoding="utf-8")
