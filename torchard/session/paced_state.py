"""pyinfra's state of a run in which each Mac has a stage of its own.

pyinfra prepares every host, then executes on every host. Here one Mac may be at work while another
one still waits for its lock.
"""

from __future__ import annotations

from pyinfra.api import State
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host

from torchard.remote import read_guard


class PacedState(State):  # type: ignore[misc]  # pyinfra has no types for it
    """A state whose stage is that of the Mac whose greenlet asks."""

    @property
    def is_executing(self) -> bool:
        """Whether the current Mac may be changed."""
        host = ctx_host.get()
        return host is not None and read_guard.is_executing(host)

    @property
    def current_stage(self) -> StateStage:
        """Prepare, or Execute where the current Mac may be changed."""
        return StateStage.Execute if self.is_executing else StateStage.Prepare

    def fail_hosts(self, *_: object, **__: object) -> None:
        """Do nothing: pyinfra raises when every host has failed, and a session has the reasons."""
