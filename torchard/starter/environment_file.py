"""Read an environment of a first lab from an environment.yml, as `conda env export` writes it.

What belongs to another system, or to PyTorch's own installation, is left out with a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchard.lab.model import COMPANIONS, USUAL_PYTHON
from torchard.lab.problem import LabError, Problem, quote
from torchard.lab.settings import read_schema
from torchard.lab.specs import TRIO, find_conda_fault, find_pip_fault
from torchard.lab.variables import find_variable_fault
from torchard.lab.yaml_source import parse_yaml
from torchard.starter.first_lab import FirstLab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lab.yaml_source import Source

_SPEC = re.compile(r"(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?P<rest>.*)")
_VERSION = re.compile(r"[=\s]*(?P<version>[0-9][A-Za-z0-9.!+]*)(?P<any>\.?\*)?(?:[=\s].*)?")
_MAJOR_MINOR = re.compile(r"3\.[0-9]{1,2}")
# Packages for NVIDIA's cards, which no Mac has.
_CUDA = re.compile(r"(cuda|cudnn|nvidia|pytorch-cuda|pytorch-mutex|nccl|libcu|libnv).*")
# Where PyTorch and CUDA came from; Torchard's catalogue says where PyTorch comes from.
_CHANNELS_OF_PYTORCH = ("pytorch", "nvidia", "pytorch-nightly", "nodefaults")
NO_VARIABLES: Mapping[str, str] = {}


@dataclass
class _Environment:
    """What was read so far."""

    file: str
    python: str = USUAL_PYTHON
    release: str | None = None
    companions: list[str] = field(default_factory=list)
    has_torch: bool = False
    packages: dict[str, list[str]] = field(default_factory=lambda: {"conda": [], "pip": []})
    notes: list[str] = field(default_factory=list)

    def leave_out(self, item: object, reason: str) -> None:
        self.notes.append(f"{self.file}: {quote(item)} is left out: {reason}.")


def read_environment_file(content: bytes, file: str) -> FirstLab:
    """Return the environment that the file describes. Raise LabError if it cannot be read."""
    source = parse_yaml(content, file)
    if source.problems:
        raise LabError(source.problems)
    data = source.data
    if not isinstance(data, dict) or "dependencies" not in data:
        sentence = "this is not an environment.yml, which has a list of `dependencies`"
        raise LabError(
            [Problem(source.where(()), sentence, "Name a file that `conda env export` wrote.")]
        )
    made = _Environment(file)
    for item in _listed(data.get("dependencies")):
        if isinstance(item, str):
            _read_conda(made, item)
        elif isinstance(item, dict) and isinstance(item.get("pip"), list):
            for requirement in item["pip"]:
                _read_pip(made, str(requirement))
        else:
            made.leave_out(item, "Torchard does not know it")
    name = str(data.get("name") or "")
    if not _fits("name", name) or name.lower() in {"base", "root"}:
        name = "torch"
    return FirstLab(
        environments={name: _describe(made, _read_variables(made, source, name))},
        defaults=_read_channels(made, _listed(data.get("channels"))),
        notes=tuple(made.notes),
    )


def read_requirements(text: str, file: str) -> FirstLab:
    """Return the environment that a requirements file of pip describes; it names no python."""
    made = _Environment(file)
    made.notes.append(f"{file}: it names no python; {made.python} was taken.")
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        found = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
        requirement = re.sub(r"\s--hash[=\s]\S+", "", found).strip()
        if requirement:
            _read_pip(made, requirement)
    return FirstLab(environments={"torch": _describe(made)}, notes=tuple(made.notes))


def _describe(made: _Environment, variables: Mapping[str, str] = NO_VARIABLES) -> dict[str, Any]:
    """Return the environment in the keys of lab.yaml."""
    found: dict[str, Any] = {"python": made.python}
    if not made.has_torch:
        found["pytorch"] = False
    elif made.release is not None or len(made.companions) < len(COMPANIONS):
        request = {"release": made.release} if made.release else {}
        found["pytorch"] = {**request, "with": made.companions}
    found |= {key: packages for key, packages in made.packages.items() if packages}
    return {**found, "variables": dict(variables)} if variables else found


def _read_variables(made: _Environment, source: Source, environment: str) -> dict[str, str]:
    """Return the variables that a lab can have. A note names another one, but not its value."""
    found: dict[str, str] = {}
    given = source.data.get("variables")
    rule = read_schema()["$defs"]["environment"]["properties"]["variables"]
    for name, value in given.items() if isinstance(given, dict) else ():
        text = value if isinstance(value, str) else source.spots["variables", name].text
        fault = find_variable_fault(name, text or "", environment)
        if fault is not None:
            made.leave_out(f"variables: {name}", fault[0])
        elif re.search(rule["propertyNames"]["pattern"], name) is None:
            made.leave_out(f"variables: {name}", "a name has capitals, digits and underscores")
        elif re.search(rule["additionalProperties"]["pattern"], text or "") is None:
            made.leave_out(
                f"variables: {name}", "a value has only letters, digits and @ % + = : , . / _ -"
            )
        else:
            found[name] = str(text)
    return found


def _read_conda(made: _Environment, text: str) -> None:
    found = _SPEC.fullmatch(text.strip())
    if found is None:
        made.leave_out(text, "it is not a package")
        return
    name, rest = found["name"].lower(), found["rest"]
    version = _VERSION.fullmatch(rest)
    if name == "python":
        asked = _MAJOR_MINOR.match(version["version"]) if version else None
        made.python = asked[0] if asked else made.python
        if asked is None and rest:
            made.notes.append(f"{made.file}: {quote(text)} became python {made.python}.")
    elif name in TRIO:
        _read_torch(made, name, version["version"] if version and not version["any"] else None)
    elif _CUDA.fullmatch(name):
        made.leave_out(text, "it is for NVIDIA's cards")
    elif name != "pip":
        # The build after a second = is another system's.
        spec = f"{name}={version['version']}{version['any'] or ''}" if version else f"{name}{rest}"
        if _fits("conda", spec) and find_conda_fault(spec) is None:
            made.packages["conda"].append(spec)
        else:
            made.leave_out(text, "write it under conda as NAME, NAME=1.2 or NAME>=1.2,<2")


def _read_pip(made: _Environment, text: str) -> None:
    name, _, version = text.replace(" ", "").partition("==")
    if name.lower() in TRIO:
        _read_torch(made, name.lower(), version.partition("+")[0] or None)
    elif _CUDA.fullmatch(name.lower()):
        made.leave_out(text, "it is for NVIDIA's cards")
    elif _fits("pip", text) and find_pip_fault(text) is None:
        made.packages["pip"].append(text)
    else:
        made.leave_out(text, "a lab has only packages of an index, as NAME or NAME==1.2")


def _read_torch(made: _Environment, name: str, version: str | None) -> None:
    made.has_torch = True
    if name in COMPANIONS:
        made.companions = [one for one in COMPANIONS if one in {*made.companions, name}]
        return
    release = read_schema()["$defs"]["pytorch"]["properties"]["release"]["pattern"]
    if version is not None and re.search(release, version):
        made.release = version


def _read_channels(made: _Environment, channels: list[Any]) -> dict[str, Any]:
    """Return `channels:` unless it would be conda-forge alone, which is the default."""
    kept = []
    for channel in channels:
        if channel == "defaults":
            made.leave_out(channel, "its terms must be accepted: see accept_anaconda_terms")
        elif channel not in _CHANNELS_OF_PYTORCH and _fits("channel", str(channel)):
            kept.append(str(channel))
    return {"channels": kept} if kept not in ([], ["conda-forge"]) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _fits(definition: str, text: str) -> bool:
    return re.search(read_schema()["$defs"][definition]["pattern"], text) is not None
