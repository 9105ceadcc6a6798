"""Why one Mac gets what its plan says, as JSON (`schemas/explain.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from torchard.catalog.variant import PassedOver
from torchard.json_schema import Count
from torchard.lab.model import Backend, Source
from torchard.mac.state import PrefixState
from torchard.plan.codec import FORMAT, CatalogueAnswer, catalogue_answer
from torchard.plan.plan import PlanState
from torchard.plan.steps import Action, StepKind

if TYPE_CHECKING:
    from torchard.lab.model import Environment
    from torchard.mac.state import MacState
    from torchard.plan.explain import Answer, Explanation, Part, UsedLock


class RunLockRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run lock of a Mac: who took it, and how many seconds ago by the Mac's clock.

    `busy` says whether that run is still at work. Otherwise it left the lock behind.
    """

    who: str
    seconds: Count
    busy: bool


class FoundRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was read on a Mac, in one command.

    `arch` is the hardware's; `rosetta` says whether the shell runs under Rosetta. `free` counts the
    bytes that are free on the volume of the home. `prefix_state` is `absent`, `whole`: a finished
    conda, `half`: what an interrupted installer leaves, or `foreign`: something else. `prefix_ours`
    says whether Torchard installed it. `conda` is its version.
    """

    arch: str
    rosetta: bool
    virtual: bool
    macos: str
    user: str
    home: str
    free: Count
    prefix: str
    prefix_state: PrefixState
    prefix_arch: str | None
    prefix_ours: bool
    conda: str | None
    run_lock: RunLockRecord | None


class RequestRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"companions": "with"}
):
    """Which PyTorch the lab asks for, with defaults filled in.

    `with` names the companions; null means all that there are.
    """

    release: str
    backend: Backend
    source: Source
    companions: tuple[str, ...] | None


class AskedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the lab asks of an environment; `pytorch` is null for `pytorch: false`."""

    python: str
    pytorch: RequestRecord | None
    conda: tuple[str, ...]
    pip: tuple[str, ...]


class AdvisoryRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known vulnerability of torch; `fixed` is the first release without it, if known."""

    id: str
    published: str
    text: str
    fixed: str | None
    url: str


class LockRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock file of an environment; `written` says whether this plan wrote it.

    `conda` and `wheels` count its packages, `bytes` is the size of them all.
    """

    path: str
    digest: str
    written: bool
    conda: Count
    wheels: Count
    bytes: Count


class EnvironmentRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One environment: what the lab asks for, and the PyTorch and the lock that it leads to.

    `where` is FILE:LINE. `found` says what the Mac has under its name. `release` is the row of the
    catalogue that was chosen. `elsewhere` has the torch of each other source, null where there is
    none. `advisories` are about the torch that is locked.
    """

    where: str
    asked: AskedRecord
    found: str
    passed_over: tuple[PassedOver, ...]
    release: str | None
    answer: CatalogueAnswer | None
    elsewhere: dict[str, str | None]
    advisories: tuple[AdvisoryRecord, ...]
    lock: LockRecord | None


class PartRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the Mac, and why there is something to do, or nothing.

    `name` is the environment, or the shell's file. `action` is as in a plan's step; null if the
    part is up to date.
    """

    kind: StepKind
    name: str
    action: Action | None
    path: str | None
    reason: str


class ExplanationRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"mac_class": "class"}
):
    """One Mac, from what was read on it to what would be done.

    `found` is null if it was not read. `thresholds` are the macOS versions at which a choice may
    change on its arch. `blockers` say why it is left alone, or could not be reached.
    """

    mac: str
    where: str
    state: PlanState
    found: FoundRecord | None
    mac_class: str | None
    class_reason: str
    thresholds: tuple[str, ...]
    environments: dict[str, EnvironmentRecord]
    parts: tuple[PartRecord, ...]
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]


class ExplanationDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The explanation of one Mac's plan, as `torchard plan --explain MAC --json` prints it."""

    format: Literal[2]
    explain: ExplanationRecord


def explanation_document(explanation: Explanation) -> ExplanationDocument:
    """Return an explanation as a document."""
    planned, state = explanation.planned, explanation.state
    record = ExplanationRecord(
        mac=explanation.mac.name,
        where=explanation.where,
        state=planned.state,
        found=_found(state) if state else None,
        mac_class=str(explanation.mac_class) if explanation.mac_class else None,
        class_reason=explanation.class_reason,
        thresholds=explanation.thresholds,
        environments={one.environment.name: _environment(one) for one in explanation.answers},
        parts=tuple(map(_part, explanation.parts)),
        blockers=explanation.blockers,
        warnings=planned.warnings,
    )
    return ExplanationDocument(FORMAT, record)


def _found(state: MacState) -> FoundRecord:
    lock = state.lock
    return FoundRecord(
        arch=state.arch,
        rosetta=state.translated,
        virtual=state.virtual,
        macos=state.macos,
        user=state.user,
        home=state.home,
        free=state.free,
        prefix=state.prefix,
        prefix_state=state.prefix_state,
        prefix_arch=state.prefix_arch,
        prefix_ours=state.prefix_ours is not None,
        conda=state.conda_version,
        run_lock=RunLockRecord(lock.who, max(0, state.clock - lock.since), lock.is_busy)
        if lock
        else None,
    )


def _environment(answer: Answer) -> EnvironmentRecord:
    found = answer.considered
    return EnvironmentRecord(
        where=answer.where,
        asked=_asked(answer.environment),
        found=answer.found,
        passed_over=found.passed_over if found else (),
        release=found.release if found else None,
        answer=catalogue_answer(found.answer) if found else None,
        elsewhere=dict(answer.elsewhere),
        advisories=tuple(
            AdvisoryRecord(
                one.id,
                one.published,
                one.text,
                None if one.fixed is None else str(one.fixed),
                one.url,
            )
            for one in answer.advisories
        ),
        lock=_lock(answer.used) if answer.used else None,
    )


def _asked(environment: Environment) -> AskedRecord:
    asked = environment.pytorch
    request = (
        RequestRecord(asked.release, asked.backend, asked.source, asked.companions)
        if asked
        else None
    )
    return AskedRecord(environment.python, request, environment.conda, environment.pip)


def _lock(used: UsedLock) -> LockRecord:
    lock = used.lock
    counts = len(lock.conda), len(lock.wheels), lock.size
    return LockRecord(str(used.path), lock.digest, used.written, *counts)


def _part(part: Part) -> PartRecord:
    step = part.step
    action, path = (step.action, step.path) if step else (None, None)
    return PartRecord(part.id.kind, part.id.name, action, path, part.reason)
