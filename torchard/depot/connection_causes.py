"""Why a server could not be reached, in the words of three HTTP clients, and what to do. Pure.

The clients are urllib3 (artefacts), and reqwest in uv (wheel indexes) and py-rattler (channels).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ConnectionCause:
    """What prevents a connection, as a clause, and what to do about it."""

    what: str
    instead: str


_PROXY = "Check `https_proxy`, `http_proxy` and `all_proxy`"
_CERTIFICATE = ConnectionCause(
    "this computer does not trust the server's certificate",
    "Set SSL_CERT_FILE to a PEM file with the certificates of your network or mirror.",
)
# The first that fits counts: a client names the outer failure and its causes together.
_CAUSES = (
    (
        r"no space left on device|os error 28\b|disk quota exceeded",
        ConnectionCause(
            "the disk of this computer is full",
            "Free some space, or set TORCHARD_DEPOT to a folder on another disk.",
        ),
    ),
    (
        r"unsupported scheme socks|missing dependencies for socks|proxy url had unsupported scheme",
        ConnectionCause(
            "Torchard cannot use a SOCKS proxy",
            "Set `https_proxy` and `http_proxy` to an http:// proxy, or unset `all_proxy`.",
        ),
    ),
    (
        r"proxy auth(?:entication|orization) required|(?:answered|status|error|failed)\W+407\b",
        ConnectionCause(
            "the proxy wants a login",
            "Write it into the variable: `https_proxy=http://USER:PASSWORD@HOST:PORT`.",
        ),
    ),
    (
        r"tunnel error: unsuccessful|tunnel connection failed",
        ConnectionCause(
            "the proxy refuses to connect to the server", f"{_PROXY}. The proxy may want a login."
        ),
    ),
    (
        r"tunnel error|error connecting to socks proxy|cannot connect to proxy|socks error",
        ConnectionCause("the proxy does not answer", f"{_PROXY}, and that the proxy runs."),
    ),
    (
        r"certificate (?:has expired|is not yet valid)|peer certificate: (?:expired|notvalid)",
        ConnectionCause(
            "the server's certificate is not valid today",
            "Check the clock of this computer. If it is right, the server needs a new certificate.",
        ),
    ),
    (
        r"invalid peer certificate|certificate.verify.failed|unknownissuer",
        _CERTIFICATE,
    ),
    (
        r"dns error|name or service not known|nodename nor servname|name resolution",
        ConnectionCause(
            "this computer cannot find the server's name",
            "Check the network, and the name in the address.",
        ),
    ),
    (
        r"timed out|operation timed out|os error 110\b|os error 60\b",
        ConnectionCause("the server does not answer in time", "Check the network, then run again."),
    ),
    (
        r"connection refused",
        ConnectionCause(
            "nothing answers at that address", "Check the address, and that the server runs."
        ),
    ),
)


def find_connection_cause(text: str, *, bad_certificates: str = "") -> ConnectionCause | None:
    """Return the cause that a client's words name, or None.

    `bad_certificates` is the value of SSL_CERT_FILE, if no such file can be read.
    """
    low = text.lower()
    if bad_certificates and ("builder error" in low or "certificate" in low):
        return ConnectionCause(
            f"SSL_CERT_FILE names {bad_certificates}, which cannot be read",
            "Set it to a readable PEM file, or unset it.",
        )
    found = (cause for pattern, cause in _CAUSES if re.search(pattern, low))
    return next(found, None)
