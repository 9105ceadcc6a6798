"""Explain what is wrong with a conda or pip package that a lab file names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchard.lab.problem import quote
from torchard.lab.settings import read_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

TRIO = {"torch", "pytorch", "pytorch-cpu", "pytorch-gpu", "torchvision", "torchaudio"}
_KERNELS = {"ipykernel", "jupyter", "jupyterlab", "notebook", "jupyter-console"}
_CONDA_FORM = "Write NAME, NAME>=1.2,<2 or NAME=1.2."
_PIP_FORM = "Write NAME, NAME==1.2 or NAME[extra]>=1.2,<2."
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")

Fault = tuple[str, str]
"""What was found, and what to write instead."""


def explain_conda_form(text: str) -> Fault:
    """Explain why a text is not a conda match spec of the simple form that lab files allow."""
    if text.startswith("-"):
        return (
            f"{quote(text)} is an option",
            "Name only the package; a channel belongs under channels.",
        )
    if "::" in text:
        return (
            f"{quote(text)} names a channel",
            "Name only the package; a channel belongs under channels.",
        )
    if "[" in text:
        return f"{quote(text)} has a part in brackets", _CONDA_FORM
    return f"{quote(text)} is not a conda package", _CONDA_FORM


def find_conda_fault(text: str) -> Fault | None:
    """Return what is wrong with a well-formed match spec, or None."""
    name = _name(text)
    if name in TRIO:
        return f"{name} is in conda", _under_pytorch(name)
    if name == "python":
        return "python is in conda", 'Write it under python, as in python: "3.12".'
    return None


def explain_pip_form(text: str) -> Fault:
    """Explain why a text is not a pip requirement of the form that lab files allow."""
    if text.startswith(("-e ", "--editable")):
        return (
            f"{quote(text)} is an editable install",
            "Name a released package. Install your own project by hand on the Mac.",
        )
    if text.startswith("-"):
        return (
            f"{quote(text)} is an option of pip",
            "Name packages only. Another index belongs under mirrors, as wheels, or under indexes.",
        )
    if "://" in text or "@" in text:
        return (
            f"{quote(text)} names a URL",
            "Name a package and a version from the wheel index.",
        )
    if text.startswith((".", "/", "~")):
        return f"{quote(text)} is a path", "Name a package and a version from the wheel index."
    return f"{quote(text)} is not a pip package", _PIP_FORM


def find_pip_fault(text: str) -> Fault | None:
    """Return what is wrong with a well-formed requirement, or None."""
    # This import takes 20 ms, which a lab without pip packages need not wait for.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        name = normalise_name(Requirement(text).name)
    except InvalidRequirement:
        single = re.fullmatch(r"([A-Za-z0-9._-]+) *= *([0-9][A-Za-z0-9.]*)", text)
        if single:
            return f"{quote(text)} is not a pip package", f"Write {single[1]}=={single[2]}."
        return (
            f"{quote(text)} is not a pip package",
            _PIP_FORM,
        )
    if name in TRIO:
        return f"{name} is in pip", _under_pytorch(name)
    if name == "python":
        return "python is in pip", 'Write it under python, as in python: "3.12".'
    return None


def find_requirement_fault(text: str) -> Fault | None:
    """Return what is wrong with a requirement on a command line, or None."""
    if not re.search(read_schema()["$defs"]["pip"]["pattern"], text):
        return explain_pip_form(text)
    fault = find_pip_fault(text)
    if fault is not None and _name(text) in TRIO:
        return (
            f"{quote(text)} is part of PyTorch",
            "Use --release and --with, which say what of PyTorch comes with these packages.",
        )
    return fault


def has_kernel(packages: Iterable[str]) -> bool:
    """Tell whether one of these specs and requirements is ipykernel, or needs it."""
    return any(_name(one) in _KERNELS for one in packages)


def normalise_name(name: str) -> str:
    """Return the name of a Python package as an index compares it."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # a lab may have no such name

    return canonicalize_name(name)


def _name(text: str) -> str:
    found = _NAME.match(text)
    return found[0].lower() if found else ""


def _under_pytorch(name: str) -> str:
    if name in {"torchvision", "torchaudio"}:
        return f"Write it under pytorch, as in pytorch: {{with: [{name}]}}."
    return 'Write it under pytorch, as in pytorch: {release: stable}, or an exact version "2.6.0".'
