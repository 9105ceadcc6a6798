"""Load a lab file: read it, check it, and build its objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torchard.lab.build import build_lab
from torchard.lab.check_form import check_schema
from torchard.lab.checks import LabChecks
from torchard.lab.defaults import read_defaults, read_overrides
from torchard.lab.group_data import read_group_data
from torchard.lab.problem import LabError, Problem, take_few
from torchard.lab.yaml_source import Source, parse_yaml, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torchard.lab.model import Lab

__all__ = ["LabError", "Problem", "load_lab", "load_text", "make_lab"]


def load_lab(
    path: Path, overrides: Mapping[str, Any] | None = None, group_data: Path | None = None
) -> Lab:
    """Return the lab that a file describes. Raise LabError with every problem of it.

    `overrides` are settings that replace every Mac's own, such as pyinfra's `--data`. `group_data`
    is a file such as group_data/all.py; without it, Torchard looks for the lab's own.
    """
    below = read_defaults(group_data) if group_data else read_group_data(path)
    return _build(path.resolve(), read_yaml(path), below, read_overrides(overrides or {}))


def load_text(path: Path, content: bytes) -> Lab:
    """Return the lab that a file would describe if it had this content. Raise LabError."""
    nothing = read_overrides({})
    return _build(path.resolve(), parse_yaml(content, str(path)), read_group_data(path), nothing)


def make_lab(path: Path, data: Mapping[str, Any]) -> Lab:
    """Return the lab of some data, which is checked as a file's would be.

    `path` is an absolute path of no file: its folder has the locks. Raise LabError.
    """
    nothing = read_overrides({})
    return _build(path, Source(path.name, dict(data)), nothing, nothing)


def _build(path: Path, source: Source, below: Source, above: Source) -> Lab:
    problems = list(source.problems)
    if not source.readable:
        raise LabError(problems)
    lab = check_schema(source)
    problems += lab.problems
    checks = LabChecks(source, lab.data or {})
    problems += take_few(checks.check_file())
    outside = []
    for settings in (below, above):
        checked = check_schema(settings, "settings")
        problems += [*settings.problems, *checked.problems]
        problems += take_few(checks.check_settings(settings, (), checked.data))
        outside.append(replace(settings, data=checked.data))
    problems += take_few(checks.check_shared(outside[0]))
    problems += take_few(checks.check_inherited(*outside))
    if problems:
        raise LabError(problems)
    return build_lab(path, source, *outside)
