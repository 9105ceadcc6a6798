"""The variables of an environment, `conda env config vars`, and what activating it runs."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simlab.conda import root

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from simlab.conda.root import Root

_UNSET = "***unset***"
_RESERVED = ("PATH",)


@dataclass(frozen=True)
class Dialect:
    """How shells of one family set, unset and source, each in one command (conda/activate.py).

    conda quotes no value. `suffix` is that of the scripts in activate.d that they read.
    """

    assign: str
    unset: str
    source: str
    suffix: str


POSIX = Dialect("export {}='{}'\n", "unset {}\n", ". {}\n", "sh")
FISH = Dialect('set -gx {} "{}";\n', "set -e {};\n", "source {};\n", "fish")
CSH = Dialect('setenv {} "{}";\n', "unsetenv {};\n", "source {};\n", "csh")


def variables(prefix: Path) -> dict[str, str]:
    """Return what conda-meta/state sets; names are in capitals, as conda makes them.

    conda ignores the names in _RESERVED (conda/base/constants.py).
    """
    found = _state(prefix).get("env_vars", {})
    kept = {name: value for name, value in found.items() if name not in _RESERVED}
    return {name.upper(): str(value) for name, value in kept.items() if value != _UNSET}


def _state(prefix: Path) -> dict[str, dict[str, str]]:
    file = prefix / "conda-meta" / "state"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _keep(prefix: Path, changed: dict[str, str]) -> None:
    state = {**_state(prefix), "env_vars": changed}
    text = json.dumps(state, indent=2)
    (prefix / "conda-meta" / "state").write_text(text, encoding="utf-8")


def set_variables(conda: Root, options: argparse.Namespace) -> int:
    """Set variables, each `NAME=VALUE`. A frozen environment takes them too, as with conda."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    pairs = [one.partition("=") for one in options.vars]
    _keep(prefix, {**_state(prefix).get("env_vars", {}), **{k: v for k, _, v in pairs}})
    return 0


def unset_variables(conda: Root, options: argparse.Namespace) -> int:
    """Unset variables by name: conda notes a mark as their value (core/prefix_data.py)."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    known = _state(prefix).get("env_vars", {})
    marks = {name: _UNSET for name in options.vars if name in known and name not in _RESERVED}
    kept = {name: value for name, value in known.items() if name not in options.vars}
    if known:
        _keep(prefix, {**kept, **marks})
    return 0


def list_variables(conda: Root, options: argparse.Namespace) -> int:
    """List the variables."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    known = _state(prefix).get("env_vars", {})
    found = {name: value for name, value in known.items() if value != _UNSET}
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print("".join(f"{name} = {value}\n" for name, value in found.items()), end="")
    return 0


def activation(conda: Root, prefix: Path, others: Iterable[str], dialect: Dialect = POSIX) -> str:
    """Return the shell text that activates an environment; `others` follow its bin on the PATH."""
    values = {
        "PATH": os.pathsep.join([f"{prefix}/bin", *others]),
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": conda.name_of(prefix) or str(prefix),
        **variables(prefix),
    }
    return exports(values, dialect) + _scripts(prefix, "activate", dialect)


def deactivation(prefix: Path | None, others: Iterable[str], dialect: Dialect = POSIX) -> str:
    """Return the shell text that deactivates an environment."""
    names = ["CONDA_PREFIX", "CONDA_DEFAULT_ENV", *(variables(prefix) if prefix else ())]
    scripts = _scripts(prefix, "deactivate", dialect) if prefix else ""
    path = exports({"PATH": os.pathsep.join(others)}, dialect)
    return scripts + path + "".join(map(dialect.unset.format, names))


def exports(values: dict[str, str], dialect: Dialect = POSIX) -> str:
    """Return the shell text that sets and exports variables."""
    return "".join(dialect.assign.format(name, value) for name, value in values.items())


def _scripts(prefix: Path, when: str, dialect: Dialect) -> str:
    found = sorted((prefix / "etc/conda" / f"{when}.d").glob(f"*.{dialect.suffix}"))
    return "".join(dialect.source.format(shlex.quote(str(one))) for one in found)
