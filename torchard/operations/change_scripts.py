"""The scripts that change a Mac, as text; each takes the Mac's run lock first. Pure.

Each function is named like the file in `scripts/` that does its work.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from torchard.mac.paths import assign_root
from torchard.mac.sharing import KERNELS_FOLDER
from torchard.operations.kit import DEPOT
from torchard.operations.script_text import (
    FILES_SECONDS,
    pack_program,
    read_script,
    under_run_lock,
)
from torchard.plan.steps import has_other_installer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.operations.controller import Controller
    from torchard.operations.deliver import FileList
    from torchard.operations.kit import Kit
    from torchard.plan.steps import Step


REMOVER = "remove_generations.py"


def install_miniconda(
    state: MacState, installer: Installer, controller: Controller, date: str
) -> str:
    """Return the script that installs Miniconda; `date` goes into the mark that it leaves."""
    replaces = has_other_installer(state, installer) or state.is_prefix_moved
    mark = {
        "format": 1,
        "installer": installer.file,
        "sha256": installer.sha256,
        "version": installer.version,
        "date": date,
    }
    if installer.licence:
        mark["accepted"] = installer.licence  # as the lab says: nothing runs without
    values = {
        "REMOVER": pack_program(REMOVER),
        "PREFIX": state.prefix,
        "FILE": installer.file,
        "SHA256": installer.sha256,
        "ARCH": state.arch,
        "SUBDIR": state.subdir,
        "REPLACES": str((state.prefix_ours or {})["sha256"]) if replaces else "",
        "MOVED": state.prefix_made_for or "" if state.is_prefix_moved else "",
        "MARK": json.dumps(mark, sort_keys=True),
        "BOUND": read_script("bound_asides.py"),
        "KEEP_ASIDES": str(controller.keep.asides),
    }
    return under_run_lock(_recovering("install_miniconda.sh"), controller, values)


def build_environment(
    state: MacState, lock: Lock, kit: Kit, controller: Controller, *, rebuild: bool = False
) -> str:
    """Return the script that builds a generation, verifies it and activates it.

    `rebuild`: a person asked to build the same lock again.
    """
    values = {
        "REMOVER": pack_program(REMOVER),
        "PREFIX": state.prefix,
        "NAME": lock.environment,
        "GENERATION": kit.generation,
        "DIGEST": lock.digest,
        "SUBDIR": state.subdir,
        "KIT": kit.sha256,
        "FILES_SECONDS": str(FILES_SECONDS),
        "CHANNEL": f"file://{quote(state.root)}/kits/{kit.generation}/{DEPOT}",
        "REBUILT": "rebuilt" if rebuild else "",
    }
    return under_run_lock(_recovering("build_environment.sh"), controller, values)


def fetch_files(files: FileList, controller: Controller) -> str:
    """Return the script that fetches the files of a list from web servers, and verifies them."""
    values = {
        "LIST": files.sha256,
        "MOST": str(files.largest // 512 + 2048),
        "REMEDY": files.remedy,
    }
    return under_run_lock(read_script("fetch_files.sh"), controller, values)


def remove_environment(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that removes an environment which the lab does not name."""
    values = {
        "REMOVER": pack_program(REMOVER),
        "PREFIX": state.prefix,
        "NAME": step.environment or "",
        "TARGET": step.path,
    }
    return under_run_lock(_recovering("remove_environment.sh"), controller, values)


def remove_leftovers(state: MacState, controller: Controller) -> str:
    """Return the script that finishes or removes what a stopped run left."""
    values = {"PREFIX": state.prefix, "REMOVER": pack_program(REMOVER)}
    return under_run_lock(_recovering("remove_leftovers.sh"), controller, values)


def edit_shell_file(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that changes a shell's file as its step says."""
    (change,) = step.files
    values = {
        "PREFIX": state.prefix,
        "FILE": step.path,
        "OF_SYSTEM": "",
        "BEFORE": change.before or "",
        "AFTER": change.after or "",
        "EDIT": read_script("edit_shell_file.py"),
    }
    return under_run_lock(read_script("edit_shell_file.sh"), controller, values)


def edit_kernel(state: MacState, step: Step, content: str, controller: Controller) -> str:
    """Return the script that writes a Jupyter kernel, or removes it if there is no `content`."""
    name = step.path.rpartition("/torchard-")[2].removesuffix("/kernel.json")
    found = state.kernels.get(name)
    values = {
        "PREFIX": state.prefix,
        "FILE": step.path,
        "OF_SYSTEM": "yes" if state.sharing else "",
        "BEFORE": "" if found is None else found.text or "",
        "AFTER": content,
        "EDIT": read_script("edit_kernel.py"),
    }
    return under_run_lock(read_script("edit_shell_file.sh"), controller, values)


def make_shared_folder(state: MacState, step: Step) -> str:
    """Return the script that makes a folder of a prefix that accounts share."""
    sharing, is_of_kernels = state.sharing, step.path == KERNELS_FOLDER
    way = sharing and (sharing.kernels_way if is_of_kernels else sharing.folder_way)
    values = {
        "FOLDER": step.path,
        "OF_SYSTEM": "yes" if is_of_kernels else "",
        "USES_SUDO": "yes" if way == "sudo" else "",
    }
    lines = (f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    return "".join(lines) + read_script("make_shared_folder.sh")


def write_paths_file(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that adds conda to the PATH of every account."""
    (change,) = step.files
    uses_sudo = state.sharing is not None and state.sharing.command_way == "sudo"
    values = {
        "LINE": (change.after or "").strip(),
        "BEFORE": (change.before or "").rstrip("\n"),
        "USES_SUDO": "yes" if uses_sudo else "",
    }
    return under_run_lock(read_script("write_paths_file.sh"), controller, values)


def activate_generation(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that activates a generation that was active before."""
    name = step.environment or ""
    values = {
        "PREFIX": state.prefix,
        "NAME": name,
        "GENERATION": step.path.rpartition("/")[2],
        "ACTIVE": state.links[name].target or "",
        "PROGRAM": read_script("generation.py"),
    }
    return under_run_lock(read_script("activate_generation.sh"), controller, values)


def note_failure(
    state: MacState, environment: str, failure: Mapping[str, str] | None, controller: Controller
) -> str:
    """Return the script that notes why the verification of an environment failed.

    Without a `failure` it removes the note. If another run is at work, it only prints whose.
    """
    values = {
        "PREFIX": state.prefix,
        "NAME": environment,
        "GENERATION": (state.links[environment].target or "").rpartition("/")[2],
        "NOTE": json.dumps(failure, sort_keys=True) if failure else "",
    }
    return under_run_lock(read_script("note_failure.sh"), controller, values)


def begin_run(controller: Controller) -> str:
    """Return the script that takes a Mac's run lock for a run, or renews it."""
    return under_run_lock(read_script("begin_run.sh"), controller, {})


def end_lease(controller: Controller) -> str:
    """Return the script that ends the run lock of a run between two scripts."""
    token = f"TOKEN={shlex.quote(controller.token)}\n"
    return token + assign_root(controller.root) + read_script("end_lease.sh")


def remove_lock(controller: Controller) -> str:
    """Return the script that removes the run lock of the controller's `ended` run."""
    return under_run_lock(read_script("remove_lock.sh"), controller, {})


def _recovering(name: str) -> str:
    """Return a script that first finishes or removes what a stopped run left."""
    return read_script("recover.sh") + read_script(name)
