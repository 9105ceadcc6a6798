"""A plan and its results as JSON (`schemas/plan.schema.json`), and the catalogue's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from torchard.variant import Refusal

if TYPE_CHECKING:
    from torchard.plan import MacPlan, Plan
    from torchard.steps import Step
    from torchard.variant import Variant

FORMAT = 1


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON values."""
    summary = plan.summary
    return {
        "format": FORMAT,
        "macs": {mac.name: _mac(mac) for mac in plan.macs},
        "summary": {
            "change": summary.change,
            "in_order": summary.in_order,
            "unreached": summary.unreached,
            "refused": summary.refused,
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
    if mac.seconds is not None:
        data["seconds"] = round(mac.seconds, 1)
    if mac.proofs:
        data["proof"] = dict(mac.proofs)
    return data


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "change": step.change,
        "environment": step.environment,
        "reason": step.reason,
        "path": step.path,
        "notes": list(step.notes),
        "kept": step.kept,
        "packages": [
            {
                "change": one.change,
                "name": one.name,
                "from": one.before,
                "to": one.after,
                "source": one.source,
                "bytes": one.bytes,
                "note": one.note,
            }
            for one in step.packages
        ],
    }


def choice_data(answer: Variant | Refusal) -> dict[str, Any]:
    """Return the catalogue's answer as JSON values."""
    if isinstance(answer, Refusal):
        return {
            "format": FORMAT,
            "refusal": {"reason": answer.reason, "instead": answer.instead},
        }
    return {
        "format": FORMAT,
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


def dumps(data: dict[str, Any]) -> str:
    """Return JSON text; keys stay in the order that people read them in.

    It is ASCII, so that nothing that came from a Mac speaks to a terminal, or cannot be printed.
    """
    return json.dumps(data, indent=2)
