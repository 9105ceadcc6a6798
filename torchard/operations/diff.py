"""Print the package diff of one step, as pyinfra prints the diff of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyinfra
from pyinfra import logger

from torchard.render.changes import step_lines

if TYPE_CHECKING:
    from torchard.plan.steps import Step


def print_diff(step: Step) -> None:
    """Print what a step changes, once: in pyinfra's preparation, or else when it runs."""
    state = pyinfra.state
    if not state.config.DIFF or (state.is_executing and state.check_for_changes):
        return
    lines = [line.plain for line in step_lines(step, full=True)]
    pyinfra.host.log("Will change " + (step.environment or step.kind))
    for line in lines:
        logger.info("  %s", line)
