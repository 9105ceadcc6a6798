"""The lab.yaml of a simulated lab, and what a depot has to offer it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simlab import keys, macs

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


def write_lab(
    directory: Path, spec: Sequence[MacSpec], ports: Mapping[str, int], web: str, depot: Served
) -> Path:
    """Write `directory`/lab.yaml for Macs at these ports; return its path. `web` has no slash."""
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
    path = directory / "lab.yaml"
    path.write_text("\n".join((*lines, "")), encoding="utf-8")
    return path
