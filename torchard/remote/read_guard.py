"""Nothing but reading while a plan is made: whatever else is meant for a Mac never leaves here.

pyinfra's own dry run leaves out what its operations yield; it would not stop a fact, or a line of
deploy.py, that writes. So each connection lets only the commands through that are known to read,
until pyinfra executes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_READING = "torchard reading"


class WrittenTooEarlyError(Exception):
    """More than a reading was meant for a Mac while nothing may be written.

    That is a fault of Torchard's own and no trouble of one Mac, so it stops the whole run.
    """


def admit(host: Any, state: Any, command: str) -> None:
    """Let a command through that is known to read only; all others are stopped from now on."""
    if _READING not in host.connector_data:
        host.connector_data[_READING] = set()
        for name in ("run_shell_command", "put_file", "get_file", "rsync"):
            setattr(host.connector, name, _watched(host, state, getattr(host.connector, name)))
    host.connector_data[_READING].add(command)


def _watched(host: Any, state: Any, way: Callable[..., Any]) -> Callable[..., Any]:
    """Return one way of a connector to its Mac, behind the guard."""

    def pass_on(what: Any, *more: Any, **options: Any) -> Any:
        if not state.is_executing:
            text = what.get_raw_value() if hasattr(what, "get_raw_value") else what
            if way.__name__ != "run_shell_command" or text not in host.connector_data[_READING]:
                raise WrittenTooEarlyError(
                    f"{way.__name__} on {host.name} while only reading is allowed: {text!s:.200}"
                )
        return way(what, *more, **options)

    return pass_on
