"""What becomes of whole environments: removed, renamed, cloned, and the cache cleaned."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from simlab.conda import history, root, transaction
from simlab.conda.failure import CondaError
from simlab.conda.transaction import Wanted

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from simlab.conda.root import Root


def empty(conda: Root, prefix: Path) -> None:
    """Remove all packages, then the prefix; behind a link stays what no package owns."""
    changes = transaction.link(conda, prefix, [], keep=())
    history.append(prefix, conda.command, conda.version, changes=changes)
    root.delete(prefix)


def env_remove(conda: Root, options: argparse.Namespace) -> int:
    """Remove an environment, as `remove --all` does."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    if prefix == conda.prefix:
        raise CondaError("CondaEnvException", "Can't remove base environment")
    root.thawed(conda, prefix, override=False)
    empty(conda, prefix)
    return 0


def rename(conda: Root, options: argparse.Namespace) -> int:
    """Clone an environment under another name and remove the old one, if only its link."""
    source = root.existing(conda.prefix_of(options.name, options.prefix))
    if source == conda.prefix:
        raise CondaError("CondaEnvException", "The 'base' environment cannot be renamed")
    target = conda.named(options.destination)
    if os.path.lexists(target):
        if not options.yes:
            message = f"The environment '{target}' already exists. Override with --yes."
            raise CondaError("CondaEnvException", message)
        root.delete(target)
    clone(conda, source, target)
    root.delete(source)
    return 0


def clone(conda: Root, source: Path, target: Path) -> None:
    """Copy an environment: what no package owns, then each package from where it came.

    As conda/misc.py, clone_env, does: of conda-meta nothing is copied.
    """
    records = transaction.installed(root.existing(source))
    owned = {file for record in records.values() for file in record["files"]}
    for folder, names, files in os.walk(source):
        place = os.path.relpath(folder, source)
        if place == ".":
            names[:] = [one for one in names if one not in ("conda-meta", "pkgs", "envs")]
        for name in files:
            path = os.path.normpath(os.path.join(place, name))  # noqa: PTH118 (stays relative)
            if path not in owned:
                _copy(source / path, target / path, str(source), str(target))
    wanted = [Wanted(str(record["url"])) for record in records.values()]
    changes = transaction.link(conda, target, wanted)
    pins = transaction.pinned(conda, target, [one.file for one in wanted])
    history.append(target, conda.command, conda.version, changes=changes, update=pins)
    conda.register(target)


def _copy(source: Path, target: Path, before: str, after: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    content = source.read_bytes()
    with contextlib.suppress(UnicodeDecodeError):
        content = content.decode("utf-8").replace(before, after).encode()
    target.write_bytes(content)
    shutil.copystat(source, target)


def clean(conda: Root, options: argparse.Namespace) -> int:
    """Remove what the package cache holds; environments keep their own links to it."""
    if not options.all:
        message = "At least one removal target must be given. See 'conda clean --help'."
        raise CondaError("ArgumentError", message)
    if conda.pkgs.is_dir() and not options.dry_run:
        shutil.rmtree(conda.pkgs)
        conda.pkgs.mkdir()
    return 0
