"""Read a lab file, check it, and fill in what groups and defaults give each Mac."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torchard.lab.build import build
from torchard.lab.checks import Meaning
from torchard.lab.defaults import read_defaults, read_overrides
from torchard.lab.problem import LabError, Problem, few
from torchard.lab.schema import check
from torchard.lab.yaml_source import read_yaml
from torchard.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torchard.lab.model import Lab

__all__ = ["LabError", "Problem", "load"]


def load(
    path: Path, overrides: Mapping[str, Any] | None = None, defaults: Path | None = None
) -> Lab:
    """Return the lab that a file describes. Raise LabError with everything that is wrong.

    `overrides` are settings that win over every Mac's own, as pyinfra's `--data` gives them.
    `defaults` is the group_data file below every Mac's settings; the project's where left out.
    """
    source = read_yaml(path)
    problems = list(source.problems)
    if not source.readable:
        raise LabError(problems)
    below = read_defaults(defaults or resource("group_data") / "all.py")
    above = read_overrides(overrides or {})
    lab = check(source)
    problems += lab.problems
    meaning = Meaning(source, lab.data or {})
    problems += few(meaning.problems())
    outside = []
    for settings in (below, above):
        checked = check(settings, "settings")
        problems += [*settings.problems, *checked.problems]
        problems += few(meaning.settings(settings, (), checked.data))
        outside.append(replace(settings, data=checked.data))
    problems += few(meaning.inherited(*outside))
    if problems:
        raise LabError(problems)
    return build(path.resolve(), source, *outside)
