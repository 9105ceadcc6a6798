"""pyinfra's current host: its state, and what it should become."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyinfra

from torchard.plan import disk
from torchard.plan.own_files import list_questions
from torchard.remote import facts
from torchard.session.inspection import describe_own_files

if TYPE_CHECKING:
    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.plan.target import Target
    from torchard.workspace.workspace import Workspace


def read_state(mac: MacHost) -> MacState | None:
    """Read pyinfra's current host with one command; None if pyinfra failed it.

    **Example:**

    .. code:: python

        state = read_state(mac)
        has_torch = state is not None and "torch" in state.links
    """
    return facts.read_state(mac)


def find_target(workspace: Workspace, mac: MacHost) -> Target | None:
    """Read pyinfra's current host and work out what it should become; None if pyinfra failed it.

    Raise TorchardError if a lock file is missing and cannot be written.

    **Example:**

    .. code:: python

        target = find_target(workspace, mac)
    """
    state = read_state(mac)
    if state is None:
        return None
    target = workspace.find_target(mac, state)
    questions = list_questions(target)
    if questions:
        state = describe_own_files(state, questions, partial(facts.read_lines, mac))
        facts.remember_state(pyinfra.host, mac.miniconda.prefix, state)
        target = workspace.find_target(mac, state)
    if not disk.is_short_of_disk(target):
        return target
    # df does not count what macOS would remove to make room, so macOS is asked too.
    return workspace.find_target(mac, facts.read_room(mac, state))
