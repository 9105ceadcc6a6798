"""Read an environment of a first lab from an environment.yml, as `conda env export` writes it.

What belongs to another system, or to PyTorch's own installation, is left out with a note. A note
also names what became something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchard.lab.model import COMPANIONS, USUAL_PYTHON
from torchard.lab.problem import LabError, Problem, quote
from torchard.lab.settings import read_schema
from torchard.lab.specs import TRIO, find_conda_fault, find_pip_fault, normalise_name
from torchard.lab.variables import find_variable_fault
from torchard.lab.yaml_source import parse_yaml
from torchard.starter.first_lab import FirstLab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.lab.yaml_source import Source

_SPEC = re.compile(r"(?P<channel>[^\s:]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?P<rest>.*)")
_VERSION = re.compile(
    r"(?P<equal>[=\s]*)(?P<version>[0-9][A-Za-z0-9.!+]*)(?P<any>\.?\*)?(?P<build>[=\s].*)?"
)
_MAJOR_MINOR = re.compile(r"3\.[0-9]{1,2}")
# Packages for NVIDIA's cards, which no Mac has.
_CUDA = re.compile(r"(cuda|cudnn|nvidia|pytorch-cuda|pytorch-mutex|nccl|libcu|libnv).*")
_CHANNEL_OF_PYTORCH = re.compile(r"pytorch(-nightly|-lts|-test)?(/.*)?")
_CHANNEL_OF_CUDA = re.compile(r"nvidia(/.*)?")
_KEYS = ("name", "channels", "dependencies", "variables")
NO_VARIABLES: Mapping[str, str] = {}


@dataclass
class _Environment:
    """What was read so far."""

    file: str
    python: str = USUAL_PYTHON
    release: str | None = None
    backend: str | None = None
    companions: list[str] = field(default_factory=list)
    has_torch: bool = False
    has_python: bool = False
    build: str | None = None  # the first package that names its build
    packages: dict[str, list[str]] = field(default_factory=lambda: {"conda": [], "pip": []})
    notes: list[str] = field(default_factory=list)

    def leave_out(self, item: object, reason: str) -> None:
        self.notes.append(f"{self.file}: {quote(item)} is left out: {reason}.")

    def change(self, item: object, became: str) -> None:
        self.notes.append(f"{self.file}: {quote(item)} became {became}.")

    def note_omissions(self) -> None:
        """Note what the file does not say, and what it says of too many packages."""
        if not self.has_python:
            self.notes.append(f"{self.file}: it names no python; {self.python} was taken.")
        if self.build is not None:
            self.notes.append(
                f"{self.file}: builds, such as that of {quote(self.build)}, are left out:"
                " a lock has those for a Mac."
            )


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
    _check_lists(source)
    made = _Environment(file)
    for item in data["dependencies"] or ():
        _read_item(made, item)
    made.note_omissions()
    for key in data:
        if key not in _KEYS:
            made.leave_out(
                key,
                "a lab names no folder of an environment"
                if key == "prefix"
                else "Torchard does not know it",
            )
    name = str(data.get("name") or "torch")
    if not _fits("name", name) or name.lower() in {"base", "root"}:
        made.leave_out(f"name: {name}", "an environment of a lab cannot have this name")
        name = "torch"
    return FirstLab(
        environments={name: _describe(made, _read_variables(made, source, name))},
        defaults=_read_channels(made, data.get("channels") or []),
        notes=tuple(made.notes),
    )


def _check_lists(source: Source) -> None:
    """Raise LabError unless the parts of the file have the form that conda wants."""
    problems = []
    for key, kind, sentence, instead in (
        ("dependencies", list, "this is not a list", "Write each package behind a dash: - numpy"),
        ("channels", list, "this is not a list", "Write each channel behind a dash: - conda-forge"),
        ("variables", dict, "this is not a mapping", "Write each variable as NAME: value."),
    ):
        if not isinstance(source.data.get(key), kind | None):
            problems.append(Problem(source.where((key,)), f"{key}: {sentence}", instead))
    if problems:
        raise LabError(problems)


def _read_item(made: _Environment, item: Any) -> None:
    """Read an item of `dependencies:`, a package of conda or the list of those of pip."""
    if isinstance(item, str):
        _read_conda(made, item)
        return
    if not isinstance(item, dict):
        made.leave_out(item, "Torchard does not know it")
        return
    for key, value in item.items():
        if key == "pip" and isinstance(value, list):
            for requirement in value:
                _read_pip(made, str(requirement))
        else:
            made.leave_out({key: value}, "Torchard does not know it")


def read_requirements(text: str, file: str) -> FirstLab:
    """Return the environment that a requirements file of pip describes; it names no python."""
    made = _Environment(file)
    made.note_omissions()
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
    elif made.release or made.backend or len(made.companions) < len(COMPANIONS):
        request = {"release": made.release, "backend": made.backend, "with": made.companions}
        found["pytorch"] = {key: value for key, value in request.items() if value is not None}
    found |= {key: packages for key, packages in made.packages.items() if packages}
    return {**found, "variables": dict(variables)} if variables else found


def _read_variables(made: _Environment, source: Source, environment: str) -> dict[str, str]:
    """Return the variables that a lab can have. A note names another one, but not its value."""
    found: dict[str, str] = {}
    given = source.data.get("variables")
    rule = read_schema()["$defs"]["environment"]["properties"]["variables"]
    for name, value in (given or {}).items():
        text = value if isinstance(value, str) else source.spots["variables", name].text
        fault = find_variable_fault(name, text or "", environment)
        if fault is not None:
            made.leave_out(f"variables: {name}", fault[0])
        elif re.search(rule["propertyNames"]["pattern"], name) is None:
            made.leave_out(f"variables: {name}", "a name has A to Z, 0 to 9 and underscores")
        elif re.search(rule["additionalProperties"]["pattern"], text or "") is None:
            made.leave_out(
                f"variables: {name}",
                "a value has only a to z, A to Z, 0 to 9 and @ % + = : , . / _ -",
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
    if version is not None and version["build"]:
        made.build = made.build or text
    if name == "python":
        _read_python(made, text, version)
    elif name == "cpuonly":
        made.backend = "cpu"
        made.leave_out(text, "`backend: cpu` is what it means on a Mac")
    elif name in TRIO:
        asked = version["version"].rstrip(".") if version else None
        _read_torch(made, text, name, asked, has_more=bool(rest) and version is None)
    elif _CUDA.fullmatch(name):
        made.leave_out(text, "it is for NVIDIA's cards")
    elif name == "pip":
        if rest:
            made.leave_out(text, "each environment has pip, and a lock has its version")
    else:
        _read_package(made, text, found, version)


def _read_package(
    made: _Environment, text: str, found: re.Match[str], version: re.Match[str] | None
) -> None:
    """Read a package of conda that has nothing to do with PyTorch. Its build is left out."""
    spec = f"{found['name'].lower()}{found['rest']}"
    if version is not None:
        equal = "==" if "==" in version["equal"] else "="
        spec = f"{found['name'].lower()}{equal}{version['version']}{version['any'] or ''}"
    if not _fits("conda", spec) or find_conda_fault(spec) is not None:
        made.leave_out(text, "write it under conda as NAME, NAME=1.2 or NAME>=1.2,<2")
        return
    made.packages["conda"].append(spec)
    if found["channel"]:
        made.change(text, f"{spec}: the channels of a lab are for all its packages")


def _read_python(made: _Environment, text: str, version: re.Match[str] | None) -> None:
    # python=3.1* is also 3.10 and 3.12; python=3.1.* is not.
    is_open = version is not None and version["any"] == "*" and version["version"][-1] != "."
    asked = _MAJOR_MINOR.match(version["version"]) if version and not is_open else None
    if asked is not None:
        made.python = asked[0]
    made.has_python = True
    if version is None or asked is None or asked[0] != version["version"]:
        made.change(text, f"python {made.python}")


def _read_pip(made: _Environment, text: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        requirement = Requirement(text)
        name, asked = normalise_name(requirement.name), str(requirement.specifier)
    except InvalidRequirement:
        name, asked = "", ""
    exact = re.search(r"==(?P<version>[0-9.]*[0-9])", asked)
    version = exact["version"] if exact else None
    has_more = re.fullmatch(r"[\w.-]+(\s*==\s*[0-9.]+(\.\*)?)?", text) is None
    if name in TRIO:
        _read_torch(made, text, name, version, has_more=has_more)
    elif _CUDA.fullmatch(name):
        made.leave_out(text, "it is for NVIDIA's cards")
    elif _fits("pip", text) and find_pip_fault(text) is None:
        made.packages["pip"].append(text)
    else:
        made.leave_out(text, "a lab has only packages of an index, as NAME or NAME==1.2")


def _read_torch(
    made: _Environment, text: str, name: str, version: str | None, *, has_more: bool
) -> None:
    """Read a package of the trio. `has_more` says whether it asks for more than a version."""
    made.has_torch = True
    if name in COMPANIONS:
        made.companions = [one for one in COMPANIONS if one in {*made.companions, name}]
        if version is not None or has_more:
            made.change(text, f"{name}: the release of PyTorch decides its version")
        return
    if name == "pytorch-cpu":
        made.backend = "cpu"
    rule = read_schema()["$defs"]["pytorch"]["properties"]["release"]["pattern"]
    if version is not None and re.search(rule, version):
        made.release = version
        became = f"release {version}"
    else:
        has_more = has_more or version is not None
        became = "release stable, the newest that fits each Mac"
    if has_more or name.startswith("pytorch-"):
        made.change(text, f"{became}, with backend cpu" if name == "pytorch-cpu" else became)


def _read_channels(made: _Environment, channels: list[Any]) -> dict[str, Any]:
    """Return `channels:` unless it would be conda-forge alone, which is the default."""
    kept = []
    for channel in channels:
        if channel == "defaults":
            made.leave_out(channel, "its terms must be accepted: see accept_anaconda_terms")
        elif _CHANNEL_OF_PYTORCH.fullmatch(str(channel)):
            made.leave_out(channel, "Torchard's catalogue says where PyTorch comes from")
        elif _CHANNEL_OF_CUDA.fullmatch(str(channel)):
            made.leave_out(channel, "it is for NVIDIA's cards")
        elif _fits("channel", str(channel)):
            # Torchard takes no other channels than the lab's, which is what nodefaults asks for.
            kept += [str(channel)] if channel != "nodefaults" else []
        else:
            made.leave_out(channel, "it is not the name or the URL of a channel")
    return {"channels": kept} if kept not in ([], ["conda-forge"]) else {}


def _fits(definition: str, text: str) -> bool:
    return re.search(read_schema()["$defs"][definition]["pattern"], text) is not None
