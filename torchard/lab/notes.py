"""What a lab file without errors may still lack: nothing that stops a command, all worth a look."""

from __future__ import annotations

import ipaddress
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from torchard.lab.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.lab.model import Lab, MacHost

# Addresses that no computer has: RFC 5737, section 3, and RFC 3849.
_EXAMPLES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
_FEW = 3  # names in a sentence


def find_notes(lab: Lab) -> Iterator[Problem]:
    """Yield what the owner of a lab should know before an apply, with what to write.

    Files of SSH keys are looked for on this computer, and not opened.
    """
    macs = tuple(lab.macs.values())
    bare = [mac for mac in macs if not mac.environments]
    if bare:
        known = next(iter(lab.environments), "torch")
        instead = f"Write environments: [{known}] there, or under defaults for all Macs."
        yield _note(bare, "no environment, only Miniconda", instead)
    examples = [mac for mac in macs if _has_example_address(mac)]
    if examples:
        instead = "Write the Mac's own address, or its name on the network (studio-01.local)."
        yield _note(examples, "an address that no computer has, only examples", instead)
    refusing = [mac for mac in macs if not _may_get_conda(mac)]
    if refusing:
        instead = (
            "If a Mac has no Miniconda yet, write accept_license: true or"
            " miniconda: {distribution: miniforge} there, or under defaults for all Macs."
        )
        yield _note(refusing, "no consent to the terms of Miniconda's installer", instead)
    for key in dict.fromkeys(mac.ssh.key for mac in macs if mac.ssh.key is not None):
        path = Path(key).expanduser()
        # Unlike pathlib's, this is also false for a name that is too long.
        if not any(map(os.path.exists, (str(path), f"{path}.pub"))):
            users = [mac for mac in macs if mac.ssh.key == key]
            command = shlex.join(["ssh-keygen", "-t", "ed25519", "-f", str(path)])
            instead = f"Correct the path, or type: {command}"
            yield _note(users, f"an ssh.key that is not on this computer, {key}", instead)


def _note(macs: Sequence[MacHost], found: str, instead: str) -> Problem:
    names = ", ".join(mac.name for mac in macs[:_FEW])
    more = f" and {len(macs) - _FEW} more" if len(macs) > _FEW else ""
    verb = "has" if len(macs) == 1 else "have"
    return Problem(macs[0].where, f"{names}{more} {verb} {found}", instead)


def _may_get_conda(mac: MacHost) -> bool:
    """Tell whether Torchard may install a conda: without terms, or with the owner's consent."""
    wanted = mac.miniconda
    has_terms = wanted.distribution == "miniconda" and wanted.installer is None
    return mac.accept_license or not has_terms


def _has_example_address(mac: MacHost) -> bool:
    try:
        address = ipaddress.ip_address(mac.address or "")
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(one) for one in _EXAMPLES)
