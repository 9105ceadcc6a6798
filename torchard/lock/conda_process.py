"""The child process that has py-rattler: what it is asked, and its answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from torchard import programs
from torchard.lock.addresses import form_channel_url
from torchard.lock.lockfile import LockError
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torchard.lock.question import Question

SECONDS = 120  # for the solver: a hard question that has an answer takes a few
_MOST_WORDS = 10_000  # characters of what the solver says
# For the process that fetches the channels' indexes and solves: two of 200 MB take 550 MB.
SOLVE_LIMITS = programs.Limits(seconds=900, memory=3 << 30, file=1 << 30)
# For the process that reads archives: the list of files of a large package has some 10 MB.
READ_LIMITS = programs.Limits(seconds=300, memory=1 << 30, file=64 << 20)
_WORKER = "torchard.lock.conda_worker"
# The oldest processor of each arch, as conda's own `__archspec` names it.
_ARCHSPEC = {"arm64": "m1", "x86_64": "x86_64"}


def solver_request(question: Question, cache: Path) -> dict[str, Any]:
    """Return what the child process is asked, so that it solves a question."""
    return {
        **_places(question, cache),
        "specs": question.conda_specs,
        "constraints": question.conda_constraints,
        "seconds": SECONDS,
    }


def listing_request(
    question: Question, cache: Path, specs: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return what the child process is asked, so that it lists packages of the channels.

    `specs` has match specs by their package's name.
    """
    return {**_places(question, cache), "specs": {name: list(own) for name, own in specs.items()}}


def _places(question: Question, cache: Path) -> dict[str, Any]:
    mac_class = question.mac_class
    return {
        "urls": [form_channel_url(channel, question.mirrors) for channel in question.channels],
        "subdir": mac_class.subdir,
        "system": {
            "__osx": (mac_class.macos, "0"),
            "__unix": ("0", "0"),
            "__archspec": ("1", _ARCHSPEC[mac_class.arch]),
        },
        "cache": str(cache),
    }


def run_worker(request: Mapping[str, Any], limits: programs.Limits) -> dict[str, Any]:
    """Return the answer of the child process that has py-rattler. Raise LimitError, LockError.

    The last line that it prints counts, whatever its exit status is.
    """
    words = programs.module_words(_WORKER, limits=limits)
    kept = {key: os.environ[key] for key in ("RATTLER_AUTH_FILE",) if key in os.environ}
    environment = {**programs.reaching_environment(), **kept}
    done = programs.run(words, limits, environment, json.dumps(request))
    try:
        answer = json.loads((done.out.splitlines() or [""])[-1])
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not {*request, "error"} & answer.keys():
        said = redact(done.err).strip().splitlines()
        last = said[-1] if said else f"exit {done.status}"
        raise LockError(f"The solver ended without an answer: {last}", "Run the command again.")
    if "text" in answer:
        answer["text"] = redact(str(answer["text"]))[:_MOST_WORDS]
    return answer
