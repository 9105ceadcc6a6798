"""The text of a first lab.yaml, from the Macs and environments that are known. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from torchard.lab.model import USUAL_PYTHON
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEAD = """\
# yaml-language-server: $schema=../schemas/lab.schema.json
#
# The Macs of this lab and their environments. `torchard check` checks this file, `torchard plan`
# prints what would change, and `torchard apply` does it. Every key is explained in your editor.
"""
_LICENCE = """\
  # Torchard runs Miniconda's installer unattended, which accepts Anaconda's terms
  # (https://www.anaconda.com/legal). If a Mac has no Miniconda yet, uncomment one of these lines:
  # accept_license: true
  # miniconda: {distribution: miniforge}
"""
_PYTORCH = """\
    # Without `pytorch:` each Mac gets the newest PyTorch that fits its processor and macOS, with
    # torchvision and torchaudio. `pytorch: {release: "2.6.0"}` pins it, `pytorch: false` omits it.
"""
EXAMPLE_MAC: Mapping[str, Any] = {"studio-01": {"address": "192.0.2.11"}}
LOCAL_MAC: Mapping[str, Any] = {"this-mac": {"connection": "local"}}
_ENVIRONMENT = {"torch": {"python": USUAL_PYTHON, "pip": ["jupyterlab"]}}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class FirstLab:
    """What a first lab describes, in the keys and values of lab.yaml.

    `defaults` are those that a source gives, such as its channels. `notes` say what of a source is
    not in the lab, in sentences.
    """

    macs: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    environments: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def join(self, other: FirstLab) -> FirstLab:
        """Return what both describe; a name that both have is the other's."""
        return FirstLab(
            {**self.macs, **other.macs},
            tuple(dict.fromkeys((*self.groups, *other.groups))),
            {**self.environments, **other.environments},
            {**self.defaults, **other.defaults},
            (*self.notes, *other.notes),
        )

    def with_name(self, name: str) -> FirstLab:
        """Return the same, with another name of its only environment."""
        (environment,) = self.environments.values()
        return replace(self, environments={name: environment})


def write_text(lab: FirstLab, consent: Mapping[str, Any]) -> str:
    """Return the text of lab.yaml, with examples for what the lab does not have.

    `consent` is the setting with which a Mac may get a conda; if it is empty, the choice is written
    as comments.
    """
    return "".join(_write_parts(lab, consent))


def _write_parts(lab: FirstLab, consent: Mapping[str, Any]) -> Iterator[str]:
    environments = lab.environments or _ENVIRONMENT
    macs = lab.macs or EXAMPLE_MAC
    is_local = all(mac and mac.get("connection") == "local" for mac in macs.values())
    yield f"{_HEAD}\ndefaults:  # the settings of all Macs; a group or a Mac can change each\n"
    yield f"  environments: {_flow(list(environments))}\n"
    if not is_local and "ssh" not in lab.defaults:
        yield "  # ssh: {user: admin}  # the account on the Macs; by default as ssh does\n"
    yield from write_settings({**lab.defaults, **consent})
    yield "  # shell: zsh  # makes `conda activate` work in a new Terminal\n"
    if not consent:
        yield _LICENCE
    yield "\nenvironments:\n"
    yield from write_environments(environments)
    if lab.groups:
        yield "\ngroups:  # settings that some Macs share\n"
        yield from (f"  {_key(name)}: {{}}\n" for name in lab.groups)
    yield "\nmacs:\n"
    for name, mac in macs.items():
        example = "  # an example: write your Mac's address" if macs is EXAMPLE_MAC else ""
        yield f"  {_key(name)}: {_flow(mac)}{example}\n"


def write_environments(environments: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of environments as they are below `environments:` of a lab."""
    for name, environment in environments.items():
        yield f"  {_key(name)}:\n"
        for key, value in environment.items():
            yield f"    {key}: {json.dumps(value) if isinstance(value, str) else _flow(value)}\n"
            if key == "python" and "pytorch" not in environment:
                yield _PYTORCH


def write_import(lab: FirstLab) -> str:
    """Return what to add to a lab.yaml for the environment of `lab`, with its notes as comments."""
    parts = [f"# {sanitize(note)}\n" for note in lab.notes]
    parts += ["environments:\n", *write_environments(lab.environments)]
    if lab.defaults:
        parts.append("defaults:  # or under a group, or under each Mac that gets it\n")
        parts += write_settings(lab.defaults)
    return "".join(parts)


def write_settings(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of settings as they are below `defaults:`."""
    return (f"  {key}: {_flow(value)}\n" for key, value in settings.items())


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def _flow(value: Any) -> str:
    """Return a value on one line of YAML."""
    made: str = yaml.safe_dump(
        value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
    )
    return made.removesuffix("\n").removesuffix("\n...")
