"""The volume that a directory of a Mac is on. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Volume:
    """The volume of a directory, as `mount` prints it.

    - `kind`: macOS's name of the file system, such as `apfs`.
    - `source`: what is mounted: a device, or a share of a file server.
    - `inside`: the path of the directory in it; empty, or with a slash at its beginning.
    - `executes`: False if it is mounted `noexec`.
    - `has_owners`: False if it is mounted `noowners`: every account owns every file (mount(8)).
    """

    kind: str
    source: str
    inside: str = ""
    executes: bool = True
    has_owners: bool = True

    @property
    def is_network(self) -> bool:
        """Tell whether other Macs may mount the same directory."""
        return self.kind in {"nfs", "smbfs", "afpfs"}

    @property
    def has_hard_links(self) -> bool:
        """Tell whether hard links work there: they do not on SMB, FAT and exFAT."""
        return self.kind not in {"smbfs", "exfat", "msdos"}

    @property
    def address(self) -> str:
        """The directory's address, the same on every Mac: without the account that mounted it."""
        source = self.source.rstrip("/")
        if source.startswith("//"):
            server, slash, share = source[2:].partition("/")
            source = f"//{server.rpartition('@')[2].lower()}{slash}{share}"
        else:
            server, colon, share = source.partition(":")
            source = f"{server.lower()}:{share}" if colon else source
        return f"{source}{self.inside}"
