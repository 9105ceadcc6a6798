"""What a conda match spec or a pip requirement in a lab file may be, in words."""

from __future__ import annotations

import re

from torchard.lab.problem import shown

_TRIO = {"torch", "pytorch", "pytorch-cpu", "pytorch-gpu", "torchvision", "torchaudio"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")

Fault = tuple[str, str]


def conda_shape(text: str) -> Fault:
    """Say why a text is no match spec of the simple form that a lab file may hold."""
    if text.startswith("-"):
        return f"{shown(text)} is an option", "Name packages only; channels go under channels."
    if "::" in text:
        return f"{shown(text)} names a channel", "Name the package alone; channels go to channels."
    if "[" in text:
        return f"{shown(text)} has a part in brackets", "Write NAME, NAME>=1.2,<2 or NAME=1.2."
    return f"{shown(text)} is no conda package", "Write NAME, NAME>=1.2,<2 or NAME=1.2."


def conda_meaning(text: str) -> Fault | None:
    """Return what is wrong with a well-formed match spec, or None."""
    name = _name(text)
    if name in _TRIO:
        return f"{name} is in conda", _under_pytorch(name)
    if name == "python":
        return "python is in conda", 'Say it under python, as in python: "3.12".'
    return None


def pip_shape(text: str) -> Fault:
    """Say why a text is no requirement of the form that a lab file may hold."""
    if text.startswith(("-e ", "--editable")):
        return (
            f"{shown(text)} is an editable install",
            "Name a released package; a project is installed by its own people, on the Mac.",
        )
    if text.startswith("-"):
        return (
            f"{shown(text)} is an option of pip",
            "Name packages only; another index goes under mirrors, as wheels.",
        )
    if "://" in text or "@" in text:
        return (
            f"{shown(text)} takes a package from a URL",
            "Name a package and a version from the wheel index.",
        )
    if text.startswith((".", "/", "~")):
        return f"{shown(text)} is a path", "Name a package and a version from the wheel index."
    return f"{shown(text)} is no pip package", "Write NAME, NAME==1.2 or NAME[extra]>=1.2,<2."


def pip_meaning(text: str) -> Fault | None:
    """Return what is wrong with a well-formed requirement, or None."""
    # Some 20 ms that a lab without pip packages need not wait for.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    try:
        name = canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        single = re.fullmatch(r"([A-Za-z0-9._-]+) *= *([0-9][A-Za-z0-9.]*)", text)
        if single:
            return f"{shown(text)} is no pip package", f"Write {single[1]}=={single[2]}."
        return f"{shown(text)} is no pip package", "Write NAME, NAME==1.2 or NAME[extra]>=1.2,<2."
    if name in _TRIO:
        return f"{name} is in pip", _under_pytorch(name)
    if name == "python":
        return "python is in pip", 'Say it under python, as in python: "3.12".'
    return None


def _name(text: str) -> str:
    found = _NAME.match(text)
    return found[0].lower() if found else ""


def _under_pytorch(name: str) -> str:
    if name in {"torchvision", "torchaudio"}:
        return f"Say it under pytorch, as in pytorch: {{with: [{name}]}}; it comes with torch."
    return 'Say it under pytorch, as in pytorch: {release: stable}, or an exact version "2.6.0".'
