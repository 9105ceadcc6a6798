"""The package diff of one step, printed the way pyinfra prints the diff of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyinfra
from pyinfra import logger

from torchard.render.changes import step_lines

if TYPE_CHECKING:
    from torchard.plan.steps import Step


def show(step: Step) -> None:
    """Print what a step would change, once: when it is planned, or else when it is done."""
    state = pyinfra.state
    if not state.config.DIFF or (state.is_executing and state.check_for_changes):
        return
    lines = [line.plain for line in step_lines(step, full=True)]
    pyinfra.host.log("Will change " + (step.environment or step.kind))
    for line in lines:
        logger.info("  %s", line)
