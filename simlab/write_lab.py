"""The lab.yaml of a simulated lab, and what a depot has to offer it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simlab import keys, macs
from simlab.web import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simlab.spec import MacSpec

DEPOT_FILE = "depot.json"
GROUPS = {"arm64": "apple-silicon", "x86_64": "intel"}

_HEAD = """\
# These Macs are simulated: folders below {directory}
# behind SSH on loopback ports, with a stand-in Miniconda and a small channel of their own.
# Nothing here says anything about a real Mac's speed, disk or GPU.
"""


@dataclass(frozen=True)
class Served:
    """A built depot: `installers` as those of `simlab.depot.Depot`, below `root`/installers.

    `pip` holds what the `torch` environment asks for beside PyTorch, all of it in the depot.
    """

    root: Path
    installers: Mapping[str, tuple[str, str]]
    pip: tuple[str, ...] = ("einops",)

    def save(self) -> None:
        """Write depot.json into the root: the sign that the depot is whole."""
        installers = {arch: list(pair) for arch, pair in self.installers.items()}
        text = json.dumps({"installers": installers, "pip": list(self.pip)}, indent=1)
        (self.root / DEPOT_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, root: Path) -> Served:
        """Read a depot that was built before. Raise FileNotFoundError where none is whole."""
        found = json.loads((root / DEPOT_FILE).read_text(encoding="utf-8"))
        installers = {arch: (file, sha256) for arch, (file, sha256) in found["installers"].items()}
        return cls(root, installers, tuple(found["pip"]))


def describe_lab(
    directory: Path, spec: Sequence[MacSpec], ports: Mapping[str, int], web: str, depot: Served
) -> str:
    """Return the text of lab.yaml for Macs at these ports. `web` has no slash at its end."""
    lines = [_HEAD.format(directory=directory)]
    lines += ["environments:", "  torch:", '    python: "3.12"', "    pytorch: {release: stable}"]
    lines += [f"    pip: {json.dumps(list(depot.pip))}", "groups:", "  simulated:"]
    lines += ["    environments: [torch]", "    ssh:", f"      user: {json.dumps(macs.user())}"]
    lines += [f"      key: {json.dumps(str(directory / keys.USER_KEY))}"]
    lines += [f"      known_hosts: {json.dumps(str(directory / keys.KNOWN_HOSTS))}"]
    channels = ", ".join(f'{name}: "{web}/conda/{name}"' for name in ("conda-forge", "pytorch"))
    lines += ["    mirrors:", f"      conda: {{{channels}}}"]
    lines += [f'      wheels: "{web}/simple"', f'      nightly: "{web}/nightly/simple"']
    lines += [f'      installers: "{web}/installers"']
    for arch in sorted({mac.arch for mac in spec}):
        file, sha256 = depot.installers[arch]
        lines += [f"  {GROUPS[arch]}:", "    miniconda:", "      installer:"]
        lines += [f'        url: "{web}/installers/{file}"', f'        sha256: "{sha256}"']
    lines += ["macs:"]
    for mac in spec:
        note = "  # its shell runs under Rosetta" if mac.rosetta else ""
        lines += [f"  {mac.name}:{note}", "    address: 127.0.0.1"]
        lines += [f"    ssh: {{port: {ports[mac.name]}}}"]
        lines += [f"    arch: {mac.arch}", f'    macos: "{mac.macos}"']
        lines += [f"    groups: [simulated, {GROUPS[mac.arch]}]"]
    return "\n".join((*lines, ""))


def write_lab(
    directory: Path, text: str, written: str | None, moved: Mapping[int, int]
) -> tuple[Path, str | None]:
    """Write `directory`/lab.yaml; return its path, and a note if a person's edits are kept.

    `text` describes the Macs that are up, `written` is what simlab wrote before, and `moved` has
    the new port of each old one. A file that a person edited gets only its ports changed. If more
    than the ports differs, `text` goes into a file beside it.
    """
    path, beside = directory / "lab.yaml", directory / "lab.new.yaml"
    try:
        found = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        found = text
    if found in (written, text):
        path.write_text(text, encoding="utf-8")
        return path, None
    kept = _move_ports(found, moved)
    note = f"{path} has your edits, and is kept"
    if kept != found:
        partial = path.with_name(".lab.yaml.torchard-partial")  # a stop loses no edit
        partial.write_bytes(kept.encode("utf-8", "surrogateescape"))
        partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
        note += "; only its ports are new"
    if written is None or _move_ports(written, moved) != text:
        beside.write_text(text, encoding="utf-8")
        note += f". It may not fit the Macs that are up now; {beside} describes them"
    return path, note


def _move_ports(text: str, moved: Mapping[int, int]) -> str:
    """Return a lab with the new ports of Macs and of the web server."""
    return re.sub(
        rf"(\bport\"?:\s*|{re.escape(ADDRESS)}:)([0-9]+)\b",
        lambda found: f"{found[1]}{moved.get(int(found[2]), found[2])}",
        text,
    )
