"""Jupyter kernels: which environments Jupyter offers. Pure.

A kernel starts the python behind the environment's link, so it stays right when a new generation
becomes active. Jupyter finds it from whatever environment Jupyter itself runs in. The folder is in
the account's data folder or, beside a prefix that accounts share, Jupyter's folder of the system
(jupyter_core/paths.py). JUPYTER_DATA_DIR and JUPYTER_PLATFORM_DIRS are ignored.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from torchard.mac.fields import read_object
from torchard.mac.paths import shorten_mac_path
from torchard.mac.sharing import KERNELS_FOLDER
from torchard.plan.file_changes import FileChange
from torchard.plan.steps import Step
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lab.model import Environment
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import KernelFile, MacState
    from torchard.plan.target import Target

PACKAGE = "ipykernel"
_MARK = "torchard"  # a key of the kernel's metadata, which Jupyter leaves alone


def locate_kernel(environment: str, state: MacState) -> str:
    """Return the folder of an environment's kernel on a Mac."""
    folder = KERNELS_FOLDER if state.sharing else f"{state.home}/Library/Jupyter/kernels"
    return f"{folder}/torchard-{environment}"


def render_kernel(environment: Environment, prefix: str) -> str:
    """Return the kernel.json of an environment (jupyter_client, "Kernel specs").

    A kernel is started without `conda activate`, so it has the lab's variables itself.
    """
    spec: dict[str, Any] = {
        "argv": [
            *(_python(environment.name, prefix), "-m", "ipykernel_launcher"),
            *("-f", "{connection_file}"),
        ],
        "display_name": environment.kernel,
        "language": "python",
        "metadata": {"debugger": True, _MARK: {"environment": environment.name}},
    }
    if environment.variables:
        spec["env"] = dict(environment.variables)
    return json.dumps(spec, indent=1) + "\n"


def plan_kernels(target: Target) -> tuple[Step, ...]:
    """Return the steps that write, correct and remove Jupyter kernels.

    A kernel is removed if its environment is not to be one any more, or does not exist. One of an
    environment that exists and that the lab does not name goes with `prune: true` only.
    """
    state, mac = target.state, target.mac
    steps = []
    wanted = list_kernels(target)
    for name, environment in wanted.items():
        found = state.kernels.get(name)
        after = render_kernel(environment, state.prefix)
        if found is None or (found.text is not None and not _is_same(found.text, after)):
            steps.append(_write(name, found, after, state))
    for name, found in sorted(state.kernels.items()):
        is_left = name in state.links and name not in mac.environments and not mac.prune
        is_unwanted = name not in wanted and not is_left
        if is_unwanted and _is_of(name, found, state):
            steps.append(_remove(name, found, state))
    return tuple(steps)


def find_content(step: Step, target: Target) -> str:
    """Return the kernel.json that a step writes, empty if it removes one."""
    state = target.state
    places = {_place(name, state): one for name, one in list_kernels(target).items()}
    wanted = places.get(step.place)
    return "" if wanted is None else render_kernel(wanted, state.prefix)


def has_kernel(environment: str, state: MacState) -> bool:
    """Tell whether Torchard wrote a Jupyter kernel for an environment."""
    found = state.kernels.get(environment)
    return found is not None and _is_of(environment, found, state)


def find_kernel_blockers(target: Target) -> Iterator[str]:
    """Yield why Torchard cannot make an environment a Jupyter kernel, and what to do."""
    state = target.state
    for name in list_kernels(target):
        found = state.kernels.get(name)
        place = shorten_mac_path(locate_kernel(name, state), state.home)
        if found is not None and not _is_of(name, found, state):
            yield (
                f"{place} is a Jupyter kernel that Torchard did not make for this environment; move"
                f" that folder away, or remove `kernel` from {name} in the lab"
            )
        lock = target.locks.get(name)
        if lock is not None and not _has_package(lock):
            yield (
                f"{name} is to be a Jupyter kernel, and its lock has no {PACKAGE}; add {PACKAGE}"
                " under its `pip:`, or remove `kernel`"
            )
    if state.kernels_closed is not None and plan_kernels(target):
        yield (
            f"{state.user} may not write to {shorten_mac_path(state.kernels_closed, state.home)},"
            " where Jupyter looks for kernels; allow that, or remove `kernel` from the lab"
        )


def _has_package(lock: Lock) -> bool:
    return PACKAGE in {one.name for one in lock.conda} | {one.name for one in lock.wheels}


def list_kernels(target: Target) -> dict[str, Environment]:
    """Return the environments that are to be Jupyter kernels, by name."""
    return {
        name: target.environments[name]
        for name in target.mac.environments
        if name in target.environments and target.environments[name].kernel is not None
    }


def _python(name: str, prefix: str) -> str:
    return f"{prefix}/envs/{name}/bin/python"


def _is_of(name: str, found: KernelFile, state: MacState) -> bool:
    """Tell whether Torchard wrote a kernel for this environment of this prefix."""
    if found.text is None:
        return False
    spec = read_object(found.text)
    argv, metadata = spec.get("argv"), spec.get("metadata")
    mark = metadata.get(_MARK) if isinstance(metadata, dict) else None
    is_marked = isinstance(mark, dict) and mark.get("environment") == name
    return is_marked and isinstance(argv, list) and argv[:1] == [_python(name, state.prefix)]


def _is_same(found: str, wanted: str) -> bool:
    return read_object(found) == read_object(wanted)


def _write(name: str, found: KernelFile | None, after: str, state: MacState) -> Step:
    before = None if found is None else found.text
    return _step(
        "update" if found else "create",
        name,
        "it differs from the lab" if found else "Jupyter does not offer it yet",
        FileChange(_place(name, state), before and f"{redact(before)}\n", after),
        state,
    )


def _remove(name: str, found: KernelFile, state: MacState) -> Step:
    change = FileChange(_place(name, state), redact(found.text or "") + "\n", None)
    return _step("remove", name, "the lab does not make it a kernel any more", change, state)


def _step(action: Any, name: str, reason: str, change: FileChange, state: MacState) -> Step:
    return Step(
        kind="kernel",
        action=action,
        environment=None,
        reason=reason,
        path=f"{locate_kernel(name, state)}/kernel.json",
        place=change.path,
        files=(change,),
    )


def _place(name: str, state: MacState) -> str:
    return shorten_mac_path(f"{locate_kernel(name, state)}/kernel.json", state.home)
