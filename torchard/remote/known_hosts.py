"""known_hosts files, as OpenSSH reads them: names, patterns, hashes, revoked lines. Pure.

The rules are those of OpenSSH's hostfile.c and of check_host_key in its sshconnect.c.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Verdict = Literal["known", "unknown", "changed", "revoked"]
_NAMES = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA", "ssh-dss": "DSA"}


@dataclass(frozen=True)
class HostKey:
    """A public key: its type, as `ssh-ed25519`, and its bytes."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The fingerprint as `ssh-keygen -l` writes it."""
        digest = base64.b64encode(sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def algorithm_name(self) -> str:
        """The short name that `ssh-keygen -l` uses: ED25519, RSA, ECDSA."""
        name = _NAMES.get(self.type)
        return name or ("ECDSA" if self.type.startswith("ecdsa-") else self.type)

    def get_name(self) -> str:
        """Return the type, as paramiko's keys do."""
        return self.type

    def get_base64(self) -> str:
        """Return the bytes as a known_hosts file has them."""
        return base64.b64encode(self.blob).decode()


@dataclass(frozen=True)
class Line:
    """One line that names a key; `marker` is empty, `@revoked` or `@cert-authority`."""

    marker: str
    names: str
    type: str
    key: str
    file: str
    number: int

    def is_about(self, name: str) -> bool:
        """Tell whether the line is about a host; ssh compares names in lower case."""
        name = name.lower()
        if self.names.startswith("|"):
            return _has_hash(self.names, name)
        found = False
        for pattern in self.names.lower().split(","):
            if _is_match(pattern.removeprefix("!"), name):
                if pattern.startswith("!"):
                    return False
                found = True
        return found

    def host_key(self) -> HostKey | None:
        """Return the key; None if its text is broken, which ssh ignores."""
        try:
            blob = base64.b64decode(self.key, validate=True)
        except (binascii.Error, ValueError):
            return None
        length = int.from_bytes(blob[:4], "big")
        # The key names its type as well; a line whose two types differ is broken.
        return HostKey(self.type, blob) if blob[4 : 4 + length] == self.type.encode() else None


@dataclass(frozen=True)
class Finding:
    """What the files say about a key. `line` is the one that decided, if any."""

    verdict: Verdict
    line: Line | None = None
    by_authority: Line | None = None


def parse_lines(text: str, file: str) -> tuple[Line, ...]:
    """Read a file; lines that ssh ignores are ignored here, too."""
    lines = []
    for number, text_of_line in enumerate(text.splitlines(), 1):
        words = text_of_line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0).lower() if words[0].startswith("@") else ""
        if marker in {"", "@revoked", "@cert-authority"} and len(words) >= 3:
            lines.append(Line(marker, words[0], words[1], words[2], file, number))
    return tuple(lines)


def list_known_types(lines: Iterable[Line], names: Sequence[str]) -> tuple[str, ...]:
    """Return the types of a host's known keys; the host is asked for these first."""
    found = [
        line.type
        for line in lines
        if not line.marker and any(map(line.is_about, names)) and line.host_key()
    ]
    return tuple(dict.fromkeys(found))


def check_key(
    lines: Sequence[Line],
    name: str,
    key: HostKey,
    *,
    bare: str | None = None,
    ip: str | None = None,
) -> Finding:
    """Check the `key` of a host against the lines of its files.

    `name` is the host's entry, `[192.0.2.11]:2222`. `bare` is its name without the port: if the
    entry is unknown, ssh looks for this very key there. `ip` is the entry of the address, which
    ssh checks as well with CheckHostIP.
    """
    about = [line for line in lines if line.is_about(name)]
    for line in (*about, *(one for one in lines if ip is not None and one.is_about(ip))):
        if line.marker == "@revoked" and line.host_key() == key:
            return Finding("revoked", line)
    plain = [(line, line.host_key()) for line in about if not line.marker]
    same = next((line for line, known in plain if known == key), None)
    other = next((line for line, known in plain if known is not None), None)
    if same is None and other is not None:
        alike = next((line for line, known in plain if known and known.type == key.type), other)
        return Finding("changed", alike)
    if same is None and bare is not None and bare != name:
        found = check_key(lines, bare, key)
        if found.verdict in {"known", "revoked"}:
            return found
    if ip is not None and ip != name:
        found = check_key(lines, ip, key)
        if found.verdict == "changed":
            return found
    if same is not None:
        return Finding("known", same)
    authority = next((line for line in about if line.marker == "@cert-authority"), None)
    return Finding("unknown", None, authority)


def _has_hash(names: str, name: str) -> bool:
    try:
        _, kind, salt, digest = names.split("|")
        made = hmac.digest(base64.b64decode(salt), name.encode(), "sha1")
        return kind == "1" and hmac.compare_digest(base64.b64decode(digest), made)
    except ValueError:
        return False


def _is_match(pattern: str, name: str) -> bool:
    if not set("*?") & set(pattern):
        return pattern == name
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    # Stars in a row mean one star, and would make the search exponential.
    return re.fullmatch(re.sub(r"(\.\*)+", ".*", "".join(parts)), name) is not None
