"""A working directory that holds a trap for every module and program that Torchard could start."""

from __future__ import annotations

import os
import sys
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MODULES = (
    {"torchard", "simlab", "deploy", "inventory", "sitecustomize", "usercustomize"}
    | sys.stdlib_module_names
    | packages_distributions().keys()
)
_PROGRAMS = (
    *("uv", "ssh", "ssh-keyscan", "ssh-keygen", "keyring", "conda", "pip", "git", "nc", "sudo"),
    *("sh", "bash", "env", "python", "python3", "ps", "mount", "unshare", "uname", "sw_vers"),
)
# Settings that would change an answer, if anything read them here.
_FILES = {
    "uv.toml": 'override-dependencies = ["pip==0"]\n[pip]\nno-deps = true\nno-index = true\n',
    "pyproject.toml": '[tool.uv]\noverride-dependencies = ["pip==0"]\nno-index = true\n',
    "pip.conf": "[global]\nindex-url = file:///nowhere\n",
    ".condarc": "channels: [nowhere]\noffline: true\n",
}


def set_traps(folder: Path) -> Path:
    """Fill a folder; return the file in which each trap that was started writes its name."""
    sprung = folder.with_name(f"{folder.name}-sprung")
    folder.mkdir()
    for name in _MODULES:
        text = f"open({str(sprung)!r}, 'a').write({name!r} + '\\n')\nraise SystemExit(9)\n"
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    for name in _PROGRAMS:
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {name} >>'{sprung}'\nexit 9\n", encoding="utf-8")
        program.chmod(0o755)
    for name, text in _FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sprung


def relative_path() -> str:
    """Return a PATH on which the working directory comes first and last, in two forms."""
    return f".:{os.environ['PATH']}:"


def read_sprung(sprung: Path) -> list[str]:
    """Return the traps that were started."""
    return sprung.read_text(encoding="utf-8").splitlines() if sprung.exists() else []
