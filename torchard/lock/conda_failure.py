"""The error of a failed conda solve: its cause, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchard import programs
from torchard.lock.addresses import form_channel_url
from torchard.lock.conda_process import SECONDS, SOLVE_LIMITS, listing_request, run_worker
from torchard.lock.diagnose_conda import Listing, Row, diagnose_conda, loosen_conda, name_of, rename
from torchard.lock.lockfile import LockError, UnreadChannelError
from torchard.lock.unsolved import UnsolvableError, quote
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from torchard.lock.question import Question


def explain_failure(answer: Mapping[str, Any], question: Question, cache: Path) -> LockError:
    """Return the error for an answer of the child process that is one.

    If no set of packages fits, the channels are asked what they have: `cache` is where py-rattler
    keeps their indexes.
    """
    # Only a failure needs the HTTP client's module.
    from torchard.depot.connection import explain_connection  # noqa: PLC0415

    text = str(answer["text"]).strip()
    is_solved = answer["error"] in {"spec", "unsolvable"}
    cause = None if is_solved else explain_connection(text)
    if answer["error"] == "channel" or cause is not None:
        # py-rattler does not name the address of a broken index, so all of them are named.
        places = ", ".join(
            redact(form_channel_url(one, question.mirrors)) for one in question.channels
        )
        return UnreadChannelError(
            f"The channels of {question} could not be read from {places}"
            f"{f', because {cause.what}' if cause else ''}:{_indent(text)}",
            cause.instead
            if cause
            else "Check the network, the name of the channel, and `mirrors.conda`.",
        )
    if answer["error"] == "unsolvable" and "has been cancelled" in text:
        return LockError(
            f"{question.environment.where}: the solver found no answer for {question} within"
            f" {SECONDS} seconds.",
            "Write versions of more packages in `conda:`, or ask for fewer.",
        )
    if answer["error"] == "spec":
        return LockError(
            f"{question.locate('conda', answer['spec'])}: {question} cannot be locked, because"
            f" {answer['spec']} is not a match spec:{_indent(text)}",
            "Write NAME, NAME>=1.2,<2 or NAME=1.2.",
        )
    if answer["error"] != "unsolvable":
        return LockError(f"{question.locate('conda')}: {question} cannot be locked:{_indent(text)}")
    specs: dict[str, list[str]] = {}
    for spec in question.conda_specs:
        specs.setdefault(name_of(spec), []).append(spec)
    for name in [*specs]:
        specs.setdefault(rename(name), [rename(name)])
    # A lock that is solved again with its own versions asks for what nobody wrote.
    found = None if question.pins else diagnose_conda(text, question, _list(question, cache, specs))
    environment, classes = question.environment.name, (question.mac_class,)
    if found is not None:
        return UnsolvableError(
            question.locate("conda", found.about), environment, classes, found.text, found.instead
        )
    return UnsolvableError(
        question.locate("conda", text),
        environment,
        classes,
        f"no set of conda packages satisfies it, from {', '.join(question.channels)}:{quote(text)}",
        loosen_conda(text, question),
    )


def find_newest(question: Question, cache: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the newest version in the channels that fits the question, for names that have one."""
    found = {}
    for name, listing in _list(question, cache, {one: [one] for one in names}).items():
        python = question.environment.python
        for row in listing.rows:
            if not row.unmet and (row.pythons is None or python in row.pythons):
                found[name] = row.version
                break
    return found


def _list(
    question: Question, cache: Path, specs: Mapping[str, Sequence[str]]
) -> dict[str, Listing]:
    """Return what the channels have; nothing if they give no answer, as after another error."""
    try:
        answer = run_worker({"list": listing_request(question, cache, specs)}, SOLVE_LIMITS)
    except (LockError, programs.LimitError):
        return {}
    return {
        name: Listing(
            tuple(
                Row(version, fits, None if pythons is None else tuple(pythons), tuple(unmet))
                for version, fits, pythons, unmet in found["rows"]
            ),
            tuple(found["near"]),
            "" if found["channel"] is None else question.channels[found["channel"]],
        )
        for name, found in answer.get("list", {}).items()
    }


def _indent(text: str) -> str:
    lines = text.splitlines()
    return f" {text}" if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)
