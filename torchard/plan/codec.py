"""Plans, results and the catalogue's answers as JSON, and plans and results back from it.

`schemas/plan.schema.json` is made of the types here, see `torchard.json_schema`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec

from torchard.catalog.variant import PassedOver, Refusal, Variant
from torchard.json_schema import Count
from torchard.mac.state import KeptFolders
from torchard.plan.disk import Disk
from torchard.plan.disk_use import DiskUse
from torchard.plan.drift import EnvironmentStatus
from torchard.plan.forecast import Forecast
from torchard.plan.plan import MacPlan, Plan, PlanState, ResultState, Summary
from torchard.plan.preconditions import Precondition
from torchard.plan.result import MacResult, Result, StepResult
from torchard.plan.steps import Action, Step

FORMAT: Final = 2
_WITH_REASON = ("unreachable", "blocked", "failed")
_REASON_RULE = msgspec.Meta(
    extra_json_schema={
        "if": {"properties": {"state": {"enum": _WITH_REASON}}},
        "then": {"properties": {"reason": {"type": "string"}}},
    }
)


class _Mac(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"mac_class": "class"},
):
    mac_class: str | None
    state: ResultState
    reason: str | None
    arch: str | None
    macos: str | None
    warnings: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.reason is None and self.state in _WITH_REASON:
            raise ValueError(f"a Mac that is {self.state} needs a reason")


class PlannedMac(_Mac, frozen=True, kw_only=True):
    """What was found on one Mac, and what would be done to it.

    `class` is the subdir and the macOS threshold that its locks are solved for. `state` is
    `up_to_date`: nothing to do, `change`: the steps would be done, `unreachable`: it could not be
    read, or `blocked`: it is left alone. `reason` says why it is unreachable or blocked, and what
    to do about it. `arch` is the hardware's, even under Rosetta. `steps` are in the order in which
    they are done. `disk` is there where something is to be done.
    """

    state: PlanState
    steps: tuple[Step, ...]
    disk: Disk | None = None
    fetches_from: str = ""


class FinishedMac(_Mac, frozen=True, kw_only=True):
    """What was done on one Mac, and what was found after it.

    `state` is as in a plan, or `failed`: a step or a verification failed. `seconds` is how long the
    work took. `verifications` says what each environment's verification found.
    """

    steps: tuple[StepResult, ...]
    seconds: float | None = None
    verifications: dict[str, str] = {}


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only a saved plan has. A plan whose seals do not fit was edited, and is an error.

    `torchard` is the version that wrote it, `lab` the absolute path of the lab file, `date` the
    time in UTC. `in_depot` has the sha256 of each artefact that the controller's depot had.
    `preconditions` has the facts that each Mac's plan depends on. `seals` has the sha256 of each
    Mac's plan, and of all the rest (`*`).
    """

    torchard: str
    lab: str
    date: str
    in_depot: tuple[str, ...]
    preconditions: dict[str, tuple[Precondition, ...]]
    seals: dict[str, str]


@dataclass(frozen=True)
class EnvironmentReport(EnvironmentStatus):
    """One environment of a Mac, or its Miniconda, and what an apply would do to it.

    `environment` is null for Miniconda. `owner` is `lab`: the lab names it, `torchard`: Torchard
    made it and the lab does not name it, or `person`: somebody else made it. `since` says what
    happened to it: `same`, `modified`, `gone`, or `unknown`. `packages` and `files` have what
    changed. `apply` is the action of its step; null if an apply leaves it as it is. `version` is
    Miniconda's. `own` has the files that a person made in it. `verified` has the parts of
    `verification`.
    """

    apply: Action | None = None


class _Document(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag=lambda name: name.removesuffix("Document").lower(),
):
    pass


class PlanDocument(_Document, frozen=True):
    """A plan, as `torchard plan --json` prints it and `torchard plan --out` saves it.

    `macs` has each Mac by its name, in the order of the lab file.
    """

    format: Literal[2]
    macs: dict[str, Annotated[PlannedMac, _REASON_RULE]]
    summary: Summary
    saved: Saved | None = None


class StatusDocument(_Document, frozen=True):
    """A status: a plan, and what each Mac has that could be read.

    `disk` is what Torchard's files take on each Mac that has a Miniconda. `depot` is what the depot
    on this computer takes, in bytes.
    `kept` has what `~/.torchard/kept` has on each Mac that has it.
    """

    format: Literal[2]
    macs: dict[str, Annotated[PlannedMac, _REASON_RULE]]
    summary: Summary
    status: dict[str, tuple[EnvironmentReport, ...]]
    disk: dict[str, DiskUse] = msgspec.field(default_factory=dict)
    depot: Count = 0
    kept: dict[str, KeptFolders] = {}


class ResultDocument(_Document, frozen=True):
    """What an apply or a rollback did, as its `--json` prints it."""

    format: Literal[2]
    macs: dict[str, Annotated[FinishedMac, _REASON_RULE]]
    summary: Summary


class VerificationDocument(_Document, frozen=True):
    """What a verify found, as its `--json` prints it."""

    format: Literal[2]
    macs: dict[str, Annotated[FinishedMac, _REASON_RULE]]
    summary: Summary


Document = PlanDocument | StatusDocument | ResultDocument | VerificationDocument


class CatalogueAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The catalogue's answer to a request: a variant, or a refusal."""

    variant: Variant | None = None
    refusal: Refusal | None = None


class ChoiceDocument(CatalogueAnswer, frozen=True, kw_only=True):
    """The same, as `torchard choose --json` prints it, with what was passed over."""

    format: Literal[1]
    passed_over: tuple[PassedOver, ...] | None = None
    forecast: Forecast | None = None
    forecast_refusal: Refusal | None = None


def plan_document(plan: Plan) -> PlanDocument:
    """Return a plan as a document."""
    names = PlannedMac.__struct_fields__
    macs = {mac.name: PlannedMac(**_fields(mac, names)) for mac in plan.macs}
    return PlanDocument(FORMAT, macs, plan.summary)


def result_document(result: Result) -> ResultDocument | VerificationDocument:
    """Return a result as a document."""
    kind = VerificationDocument if result.kind == "verification" else ResultDocument
    macs = {mac.name: _finished(mac) for mac in result.macs}
    return kind(FORMAT, macs, result.summary)


def _finished(mac: MacResult) -> FinishedMac:
    fields = _fields(mac, FinishedMac.__struct_fields__)
    fields["verifications"] = dict(mac.verifications)
    fields["seconds"] = None if mac.seconds is None else round(mac.seconds, 1)
    return FinishedMac(**fields)


def document(made: Plan | Result | StatusDocument) -> Document:
    """Return a plan or a result as a document; a status is one."""
    if isinstance(made, StatusDocument):
        return made
    return plan_document(made) if isinstance(made, Plan) else result_document(made)


def catalogue_answer(answer: Variant | Refusal) -> CatalogueAnswer:
    """Return the catalogue's answer under its name."""
    if isinstance(answer, Refusal):
        return CatalogueAnswer(refusal=answer)
    return CatalogueAnswer(variant=answer)


def choice_document(
    answer: Variant | Refusal,
    passed_over: tuple[PassedOver, ...] | None = None,
    forecast: Forecast | Refusal | None = None,
) -> ChoiceDocument:
    """Return the catalogue's answer as a document, with what else was asked for."""
    found = catalogue_answer(answer)
    return ChoiceDocument(
        found.variant,
        found.refusal,
        format=1,
        passed_over=passed_over,
        forecast=None if isinstance(forecast, Refusal) else forecast,
        forecast_refusal=forecast if isinstance(forecast, Refusal) else None,
    )


def _fields(made: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(made, name) for name in names}


def read_document(data: object) -> Plan | Result | StatusDocument:
    """Return what these JSON values say of Macs. Raise msgspec.ValidationError."""
    read: Document = msgspec.convert(data, Document)
    if not _is_within(data, to_data(read)):  # msgspec ignores unknown fields of dataclasses
        raise msgspec.ValidationError("it has unknown fields")
    if isinstance(read, StatusDocument):
        return read
    if isinstance(read, PlanDocument):
        return read_plan(read)
    macs = tuple(_read_finished(name, mac) for name, mac in read.macs.items())
    is_result = isinstance(read, ResultDocument)
    return Result(macs, "result" if is_result else "verification")


def read_plan(read: PlanDocument | StatusDocument) -> Plan:
    """Return the plan in a document."""
    names = PlannedMac.__struct_fields__
    return Plan(tuple(MacPlan(one, **_fields(mac, names)) for one, mac in read.macs.items()))


def _is_within(data: object, known: object) -> bool:
    """Tell whether `data` has nothing that `known` lacks. Fields with defaults may be missing."""
    if isinstance(data, dict) and isinstance(known, dict):
        return data.keys() <= known.keys() and all(
            _is_within(data[key], known[key]) for key in data
        )
    if isinstance(data, list) and isinstance(known, list):
        return len(data) == len(known) and all(map(_is_within, data, known))
    return data == known


def _read_finished(name: str, mac: FinishedMac) -> MacResult:
    fields = _fields(mac, FinishedMac.__struct_fields__)
    fields["verifications"] = tuple(mac.verifications.items())
    return MacResult(name, **fields)


def to_data(document: msgspec.Struct) -> Any:
    """Return a document as the JSON values that a reader of `dumps` gets."""
    return json.loads(dumps(document))


def dumps(document: msgspec.Struct) -> str:
    """Return a document as JSON text; its format comes first.

    It is ASCII, so that no text of a Mac can control a terminal, or fails to print. A file name may
    have lone surrogates, which msgspec cannot write.
    """
    data = msgspec.to_builtins(document)
    return json.dumps({"format": data["format"], **data}, indent=2)
