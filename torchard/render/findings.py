"""What `torchard doctor` found, as text and as JSON (`schemas/doctor.schema.json`). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
from rich.text import Text

from torchard.plan.codec import FORMAT
from torchard.plan.findings import Finding
from torchard.render.changes import row
from torchard.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MacCondition = Literal["reached", "unreachable"]
SIGNS = {"good": "=", "warning": "~", "problem": "!"}


@dataclass(frozen=True)
class Examination:
    """What was found on one Mac. `arch` and `macos` are null if it could not be read."""

    state: MacCondition
    arch: str | None
    macos: str | None
    findings: tuple[Finding, ...]


class DoctorDocument(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="doctor"
):
    """What gets in the way on this computer, `controller`, and on each Mac, by its name."""

    format: Literal[2]
    controller: tuple[Finding, ...]
    macs: dict[str, Examination]

    @property
    def exit_code(self) -> int:
        """1 if this computer has a problem, 3 if some Mac has one, else 0."""
        if any(one.level == "problem" for one in self.controller):
            return 1
        found = (one for mac in self.macs.values() for one in mac.findings)
        return 3 if any(one.level == "problem" for one in found) else 0


def doctor_document(
    controller: Sequence[Finding], macs: Mapping[str, Examination]
) -> DoctorDocument:
    """Return everything that was found."""
    return DoctorDocument(FORMAT, tuple(controller), dict(macs))


def doctor_lines(document: DoctorDocument) -> Iterator[Text]:
    """Yield what was found as lines: this computer, then each Mac."""
    yield Text("This computer", style="bold")
    yield from _rows(document.controller)
    for name, mac in document.macs.items():
        about = sanitize(f"  · {mac.arch} · macOS {mac.macos}") if mac.arch else ""
        yield Text()
        yield Text.assemble((name, "bold"), about)
        yield from _rows(mac.findings)
        if not mac.findings:
            yield from row("=", "ready", "nothing gets in the way")
    found = [*document.controller]
    found += [one for mac in document.macs.values() for one in mac.findings]
    counts = {level: sum(one.level == level for one in found) for level in ("problem", "warning")}
    yield Text()
    yield Text(
        f"Found: {_count(counts['problem'], 'problem')}, {_count(counts['warning'], 'warning')}."
    )


def _rows(findings: Sequence[Finding]) -> Iterator[Text]:
    for one in findings:
        first, *rest = sanitize_lines(one.text).split("\n")
        yield from row(SIGNS[one.level], one.topic, first)
        yield from (Text(f"{' ' * 16}{line}") for line in rest)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
