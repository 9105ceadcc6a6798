"""What the design of a lab file has and this version does not do yet: refused, never ignored."""

from __future__ import annotations

_KEYS = {
    "delivery": "Leave it out: every Mac is handed its packages over its own SSH connection.",
}
_SECRETS = ("password", "passphrase", "secret", "token")


def refused_key(key: str) -> tuple[str, str] | None:
    """Return why a key cannot be written and what to do instead; None for any other key."""
    if key in _KEYS:
        return f"this version of Torchard does not know {key} yet", _KEYS[key]
    if any(word in key.lower() for word in _SECRETS):
        return (
            f"no secret can stand in a lab file, so there is no {key}",
            "Use keys and agents only: `ssh-copy-id USER@MAC` hands a Mac your public key.",
        )
    return None
