"""`conda run`, and the scripts that packages bring."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from simlab.conda import root, variables
from simlab.conda.failure import CondaError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from simlab.conda.root import Root


_SHELL = shutil.which("sh") or "/bin/sh"  # the Mac's own


def run(conda: Root, options: argparse.Namespace) -> int:
    """Run a command in an environment, in the place of this process."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise CondaError("CondaValueError", "No command was given to run.")
    sys.stdout.flush()
    text = f'{_activated(conda, prefix)}exec "$@"'
    os.execv(_SHELL, [_SHELL, "-c", text, "sh", *command])  # noqa: S606 (what run is for)
    return 1


def _activated(conda: Root, prefix: Path) -> str:
    path = os.environ.get("PATH", "").split(os.pathsep)
    return variables.activation(conda, prefix, [f"{conda.prefix}/condabin", *path])


def after_linking(conda: Root, prefix: Path, record: Mapping[str, Any], dist: str) -> None:
    """Run a package's post-link script, with the environment active (conda/core/link.py).

    Raise CondaError with all that it printed where it fails.
    """
    script = prefix / "bin" / f".{record['name']}-post-link.sh"
    if not script.is_file():
        return
    told = {
        "ROOT_PREFIX": str(conda.prefix),
        "PREFIX": str(prefix),
        "PKG_NAME": str(record["name"]),
        "PKG_VERSION": str(record["version"]),
        "PKG_BUILDNUM": str(record["build_number"]),
    }
    text = f"{_activated(conda, prefix)}. {shlex.quote(str(script))}"
    done = subprocess.run(
        [_SHELL, "-c", text],
        env={**os.environ, **told},
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    messages = prefix / ".messages.txt"
    said = messages.read_text(encoding="utf-8") if messages.is_file() else ""
    messages.unlink(missing_ok=True)
    if done.returncode:
        raise CondaError(
            "LinkError",
            f"post-link script failed for package {dist}\n"
            f"location of failed script: {script}\n"
            f"==> script messages <==\n{said or '<None>'}\n==> script output <==\n"
            f"stdout: {done.stdout}\nstderr: {done.stderr}\nreturn code: {done.returncode}\n\n()",
        )
