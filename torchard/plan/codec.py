"""A plan as JSON and back (`schemas/plan.schema.json`), and the catalogue's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from torchard.catalog.variant import Refusal
from torchard.plan.diff import PackageChange
from torchard.plan.plan import Disk, MacPlan, Plan
from torchard.plan.steps import FileChange, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.catalog.variant import PassedOver, Variant

FORMAT = 1


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON values; what is null or empty in most plans is left out."""
    summary = plan.summary
    return {
        "format": FORMAT,
        "macs": {mac.name: _mac(mac) for mac in plan.macs},
        "summary": {
            "change": summary.change,
            "up_to_date": summary.up_to_date,
            "unreachable": summary.unreachable,
            "blocked": summary.blocked,
            "failed": summary.failed,
            "fetch_bytes": summary.fetch_bytes,
        },
    }


def _mac(mac: MacPlan) -> dict[str, Any]:
    data: dict[str, Any] = {
        "class": mac.mac_class,
        "state": mac.state,
        "reason": mac.reason,
        "arch": mac.arch,
        "macos": mac.macos,
        "warnings": list(mac.warnings),
        "steps": [_step(step) for step in mac.steps],
    }
    if mac.disk is not None:
        data["disk"] = {"needed": mac.disk.needed, "free": mac.disk.free}
    if mac.seconds is not None:
        data["done"] = list(mac.done)
        data["failed"] = mac.failed_at
        data["seconds"] = round(mac.seconds, 1)
    if mac.verifications:
        data["verification"] = dict(mac.verifications)
    return data


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "action": step.action,
        "environment": step.environment,
        "reason": step.reason,
        "path": step.path,
        "place": step.place,
        "digest": step.digest,
        "notes": list(step.notes),
        "kept": step.kept,
        "bytes": step.total_bytes,
        "asked": list(step.named),
        "files": list(map(file_data, step.files)),
        "packages": list(map(package_data, step.packages)),
        "carried": list(step.carried),
        "not_carried": list(step.not_carried),
    }


def file_data(file: FileChange) -> dict[str, Any]:
    """Return one small file that comes, goes or changes as JSON values."""
    return {"path": file.path, "from": file.before, "to": file.after}


def package_data(package: PackageChange) -> dict[str, Any]:
    """Return one package that comes, goes or changes as JSON values."""
    return {
        "change": package.change,
        "name": package.name,
        "from": package.before,
        "to": package.after,
        "source": package.source,
        "bytes": package.bytes,
        "sha256": package.sha256,
        "note": package.note,
    }


def read_plan(data: dict[str, Any], in_depot: frozenset[str] = frozenset()) -> Plan:
    """Return the plan that `plan_data` made these values of. They hold to the schema."""
    return Plan(tuple(_read_mac(name, mac) for name, mac in data["macs"].items()), in_depot)


def _read_mac(name: str, mac: dict[str, Any]) -> MacPlan:
    return MacPlan(
        name,
        mac["state"],
        mac_class=mac["class"],
        arch=mac["arch"],
        macos=mac["macos"],
        reason=mac["reason"],
        steps=tuple(map(_read_step, mac["steps"])),
        warnings=tuple(mac["warnings"]),
        disk=Disk(**mac["disk"]) if "disk" in mac else None,
        done=tuple(mac.get("done", ())),
        failed_at=mac.get("failed"),
        seconds=mac.get("seconds"),
        verifications=tuple(mac.get("verification", {}).items()),
    )


def _read_step(step: dict[str, Any]) -> Step:
    return Step(
        kind=step["kind"],
        action=step["action"],
        environment=step["environment"],
        reason=step["reason"],
        path=step["path"],
        place=step["place"],
        packages=tuple(
            PackageChange(
                change=one["change"],
                name=one["name"],
                before=one["from"],
                after=one["to"],
                source=one["source"],
                bytes=one["bytes"],
                sha256=one["sha256"],
                note=one["note"],
            )
            for one in step["packages"]
        ),
        kept=step["kept"],
        total_bytes=step["bytes"],
        digest=step["digest"],
        files=tuple(FileChange(one["path"], one["from"], one["to"]) for one in step["files"]),
        named=tuple(step["asked"]),
        notes=tuple(step["notes"]),
        carried=tuple(step["carried"]),
        not_carried=tuple(step["not_carried"]),
    )


def choice_data(
    answer: Variant | Refusal, passed_over: Iterable[PassedOver] | None = None
) -> dict[str, Any]:
    """Return the catalogue's answer as JSON values, with what was passed over where it is asked."""
    data = {"format": FORMAT, **answer_data(answer)}
    return data if passed_over is None else {**data, "passed_over": passed_data(passed_over)}


def passed_data(passed_over: Iterable[PassedOver]) -> list[dict[str, Any]]:
    """Return the releases that were passed over, newest first, and why."""
    return [
        {"releases": list(one.releases), "obstacles": list(one.obstacles)} for one in passed_over
    ]


def answer_data(answer: Variant | Refusal) -> dict[str, Any]:
    """Return a variant or a refusal under its name."""
    if isinstance(answer, Refusal):
        return {"refusal": {"reason": answer.reason, "instead": answer.instead}}
    return {
        "variant": {
            "source": answer.source,
            "packages": dict(answer.packages),
            "constraints": list(answer.constraints),
            "python": answer.python,
            "mps_expected": answer.mps_expected,
            "reason": answer.reason,
            "notes": list(answer.notes),
        },
    }


def dumps(data: Mapping[str, Any]) -> str:
    """Return JSON text; keys stay in the order that people read them in.

    It is ASCII, so that nothing that came from a Mac speaks to a terminal, or cannot be printed.
    """
    return json.dumps(data, indent=2)
