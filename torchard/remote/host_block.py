"""One host's effective configuration as a block of an ssh_config file. Pure.

With it, another program that calls `ssh -F FILE NAME` reaches a Mac as Torchard does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.remote.ssh_config import EffectiveConfig


def render_host(
    name: str,
    effective: EffectiveConfig,
    user_known_hosts: Sequence[str],
    global_known_hosts: Sequence[str] = (),
) -> str:
    """Return the block of a host, which must stand first in its file.

    The known_hosts are the paths of the files that count. Paths keep their `~` and `%` tokens, as
    `ssh -G` prints them. A list of algorithms has the name that every OpenSSH knows.
    """
    to = effective
    lines = [
        ("HostName", to.hostname),
        ("Port", str(to.port)),
        ("User", _quote(to.user)),
        *(("IdentityFile", _quote(path)) for path in to.identities),
        *(("CertificateFile", _quote(path)) for path in to.certificates),
        ("IdentitiesOnly", _yes(to.identities_only)),
        ("UserKnownHostsFile", _join(user_known_hosts)),
        ("GlobalKnownHostsFile", _join(global_known_hosts)),
        ("CheckHostIP", _yes(to.check_ip)),
        ("PubkeyAuthentication", _yes(to.pubkey)),
        *_optional(to),
    ]
    return "\n".join([f"Host {name}", *(f"  {key} {value}" for key, value in lines), ""])


def _optional(to: EffectiveConfig) -> Iterator[tuple[str, str]]:
    """Yield what ssh has no value for unless a configuration gives one."""
    paths = {
        "IdentityAgent": to.agent,
        "RevokedHostKeys": to.revoked,
        "PKCS11Provider": to.pkcs11,
        "HostKeyAlias": to.alias,
    }
    yield from ((key, _quote(value)) for key, value in paths.items() if value is not None)
    lists = {
        "HostKeyAlgorithms": to.host_key_algorithms,
        "KexAlgorithms": to.kex,
        "Ciphers": to.ciphers,
        "MACs": to.macs,
        "PubkeyAcceptedKeyTypes": to.pubkey_algorithms,  # its name before OpenSSH 8.5
        "PreferredAuthentications": to.authentications,
    }
    yield from ((key, ",".join(value)) for key, value in lists.items() if value)
    words = {
        "KnownHostsCommand": to.known_hosts_command,
        "ProxyJump": to.jump,
        "ProxyCommand": to.proxy_command if to.jump is None else None,
        "BindAddress": to.bind_address,
        "BindInterface": to.bind_interface,
    }
    yield from ((key, value) for key, value in words.items() if value is not None)
    if to.family != "any":
        yield "AddressFamily", to.family
    # A client that was built without them rejects these words.
    if to.gssapi:
        yield "GSSAPIAuthentication", "yes"
    if to.passes_descriptor:
        yield "ProxyUseFdpass", "yes"


def _join(paths: Sequence[str]) -> str:
    return " ".join(map(_quote, paths)) if paths else "/dev/null"


def _quote(value: str) -> str:
    """Return a value as one word. ssh_config knows a backslash before a quote, and itself."""
    return value if value.isalnum() else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yes(value: bool) -> str:  # noqa: FBT001  # it is the value itself
    return "yes" if value else "no"
