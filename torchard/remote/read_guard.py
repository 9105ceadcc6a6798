"""Only read-only commands leave for a Mac while a plan is made; every other one is an error.

pyinfra's own dry run skips what operations yield. It would not stop a fact, or a line of deploy.py,
that writes. So in a session, until a Mac's own plan is done, its connection passes on only commands
that are known to read, and the facts of operations that a person added to deploy.py. The `pyinfra`
command has no such guard: the deploys beside ours are their authors'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinfra.api.host import Host
    from pyinfra.api.state import State as PyinfraState

_READING = "torchard reading"
_OTHERS = "torchard facts of others"  # how many are being read
_GUARDED = "torchard_is_guarded"
_EXECUTING = "torchard executing"


class WrittenTooEarlyError(Exception):
    """A command that may write was about to be sent while a plan is made.

    That is a bug of Torchard's and not a problem of one Mac, so it stops the whole run.
    """


def guard_state(state: PyinfraState) -> None:
    """Guard the hosts of a session."""
    setattr(state, _GUARDED, True)


def set_executing(host: Host, *, executing: bool) -> None:
    """Let a Mac of a session be changed from now on, or only be read."""
    host.connector_data[_EXECUTING] = executing


def is_executing(host: Host) -> bool:
    """Tell whether a Mac of a session may be changed."""
    return bool(host.connector_data.get(_EXECUTING, False))


def allow_command(host: Host, state: PyinfraState, command: str) -> None:
    """Allow a command that only reads; in a session, every other command is stopped."""
    if not getattr(state, _GUARDED, False):
        return
    if _READING not in host.connector_data:
        host.connector_data[_READING] = set()
        host.connector_data[_OTHERS] = 0
        host.get_fact = _counted(host, host.get_fact)
        for name in ("run_shell_command", "put_file", "get_file", "rsync"):
            setattr(host.connector, name, _watched(host, getattr(host.connector, name)))
    host.connector_data[_READING].add(command)


def _counted(host: Host, get_fact: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that reads a fact; it counts the facts that are not Torchard's."""

    def read(fact: type, *more: Any, **options: Any) -> Any:
        if fact.__module__.partition(".")[0] == "torchard":
            return get_fact(fact, *more, **options)
        host.connector_data[_OTHERS] += 1
        try:
            return get_fact(fact, *more, **options)
        finally:
            host.connector_data[_OTHERS] -= 1

    return read


def _watched(host: Host, way: Callable[..., Any]) -> Callable[..., Any]:
    """Return one method of a connector, behind the guard."""

    def pass_on(what: Any, *more: Any, **options: Any) -> Any:
        if not is_executing(host):
            text = what.get_raw_value() if hasattr(what, "get_raw_value") else what
            known = host.connector_data[_OTHERS] or text in host.connector_data[_READING]
            if way.__name__ != "run_shell_command" or not known:
                raise WrittenTooEarlyError(
                    f"{way.__name__} on {host.name} while only reading is allowed: {text!s:.200}"
                )
        return way(what, *more, **options)

    return pass_on
