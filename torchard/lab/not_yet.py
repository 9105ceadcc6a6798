"""What the design of a lab file has and this version does not do yet: refused, never ignored."""

from __future__ import annotations

from typing import Any

_KEYS = {
    "delivery": "Leave it out: every Mac is handed its packages over its own SSH connection.",
    "shell": "Leave it out; on the Mac, `~/miniconda3/bin/conda init zsh` sets its shell up.",
    "frozen": "Leave it out: Torchard never changes an environment after it was shown.",
    "accept_anaconda_terms": "Leave it out, and take packages from conda-forge.",
    "accept_license": "Leave it out, and take packages from conda-forge.",
    "prune": "Leave it out: what the lab does not name is left alone.",
}
_SECRETS = ("password", "passphrase", "secret", "token")
_VALUES = {
    ("distribution", "miniforge"): "Write miniconda: there, too, packages come from conda-forge.",
    ("release", "nightly"): "Write stable, or an exact version.",
    ("source", "conda-forge"): "Write wheels, or leave it out.",
    ("source", "pytorch-channel"): "Write wheels, or leave it out.",
}
ANACONDA = "Write conda-forge, or the URL of a mirror that you may use."
_ANACONDA_CHANNELS = {"defaults", "main", "free", "r", "anaconda"}
_ANACONDA_HOSTS = ("repo.anaconda.com", "repo.continuum.io", "conda.anaconda.org/anaconda")


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


def refused_value(key: str, value: Any) -> tuple[str, str] | None:
    """Return why a value is not possible yet and what to write instead; None for any other."""
    instead = _VALUES.get((key, value)) if isinstance(value, str) else None
    if instead is None:
        return None
    return f"this version of Torchard does not do {key}: {value} yet", instead


def is_anaconda(channel: str) -> bool:
    """Tell whether a channel is Anaconda's own, whose terms have to be accepted."""
    if channel in _ANACONDA_CHANNELS or channel.startswith("pkgs/"):
        return True
    return any(f"//{host}" in channel for host in _ANACONDA_HOSTS)
