"""The status of a lab as one HTML page, which needs no network and runs no script. Pure.

The page's policy (CSP) allows its own style sheet by its sha256, and nothing else. Every text is
sanitized and then escaped by Jinja, because a Mac may have sent it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from dataclasses import asdict, dataclass, fields
from importlib import resources
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, StrictUndefined

from torchard.plan.disk_use import DiskUse
from torchard.plan.plan import MacPlan, Plan
from torchard.render.changes import steps_lines
from torchard.render.disk_use import WORDS
from torchard.render.status import status_lines
from torchard.render.text import blocks, head, plan_lines
from torchard.render.words import macs as count_macs
from torchard.render.words import size
from torchard.sanitize import sanitize, sanitize_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.text import Text

    from torchard.lab.model import Lab
    from torchard.plan.codec import EnvironmentReport, PlannedMac, StatusDocument

Tone = Literal["good", "change", "bad", "off", "none"]
STATES: Mapping[str, tuple[Tone, str]] = {
    "up_to_date": ("good", "up to date"),
    "change": ("change", "to change"),
    "blocked": ("bad", "blocked"),
    "unreachable": ("off", "unreachable"),
    "failed": ("bad", "failed"),
}
SIGNS: Mapping[Tone, str] = {"good": "✓", "change": "~", "bad": "!", "off": "○", "none": "·"}
APPLY = {
    "create": "to build",
    "update": "to update",
    "repair": "to repair",
    "activate": "to activate",
    "remove": "to remove",
}
POLICY = "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
BAR = 240  # units of width of a whole bar


@dataclass(frozen=True)
class Cell:
    """What the grid says of one environment on one Mac: a sign, a word, and lines below."""

    tone: Tone
    word: str
    lines: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """A character that says the same as the colour."""
        return SIGNS[self.tone]


@dataclass(frozen=True)
class Row:
    """One Mac of the grid, and the number of its block of details."""

    name: str
    arch: str
    macos: str
    state: Cell
    cells: tuple[Cell, ...]
    block: int


@dataclass(frozen=True)
class Block:
    """Macs with the same details. `status` and `apply` are what the commands print of them."""

    number: int
    title: str
    state: Cell
    is_open: bool
    status: str
    apply: str


@dataclass(frozen=True)
class Count:
    """How many Macs have one thing; `bar` is the length of its bar."""

    name: str
    macs: int
    bar: int


@dataclass(frozen=True)
class Disk:
    """What Torchard's files take on one Mac, in words, and what is free."""

    name: str
    parts: tuple[str, ...]
    total: str


def render_page(found: StatusDocument, lab: Lab, date: str) -> str:
    """Return the page on a lab's Macs; `date` is when they were read, as text."""
    folder = resources.files("torchard").joinpath("render/templates")
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
    # With these, no text is markup by mistake, and no misspelt name is silently empty.
    jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = jinja.from_string(folder.joinpath("report.html").read_text(encoding="utf-8"))
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page: str = template.render(
        style=style,
        policy=POLICY.format(digest=digest),
        lab=sanitize(lab.path.stem),
        file=sanitize(lab.path.name),
        date=date,
        **describe_page(found, lab),
    )
    return page + "\n"


def describe_page(found: StatusDocument, lab: Lab) -> dict[str, Any]:
    """Return what the page shows, as plain rows of text that is safe to print."""
    names = _list_environments(found, lab)
    made = tuple(_describe_blocks(found))
    at = {name: number for number, (_, block_names) in enumerate(made, 1) for name in block_names}
    summary = found.summary
    counted = [(STATES[key], getattr(summary, key)) for key in STATES]
    return {
        "states": [(Cell(*state), count) for state, count in counted if count],
        "total": count_macs(len(found.macs)),
        "fetch": size(summary.fetch_bytes) if summary.fetch_bytes else "",
        "environments": tuple(map(sanitize, names)),
        "rows": tuple(
            _describe_row(name, found, names, at.get(sanitize(name), 0)) for name in found.macs
        ),
        "blocks": tuple(block for block, _ in made),
        "systems": _count(_list_systems(found)),
        "releases": tuple((sanitize(name), _count(_list_releases(found, name))) for name in names),
        "disks": tuple(_describe_disks(found)),
        "disk_parts": tuple(WORDS.get(one.name, one.name) for one in fields(DiskUse)),
        "depot": size(found.depot),
        "bar": BAR,
    }


def _list_environments(found: StatusDocument, lab: Lab) -> tuple[str, ...]:
    """Return the columns: what the lab gives to these Macs, then what else Torchard made."""
    wanted = {name for mac in found.macs if mac in lab.macs for name in lab.macs[mac].environments}
    others = (
        one.environment
        for reports in found.status.values()
        for one in reports
        if one.environment is not None and one.owner == "torchard"
    )
    return tuple(dict.fromkeys([*filter(wanted.__contains__, lab.environments), *others]))


def _describe_row(name: str, found: StatusDocument, names: Iterable[str], block: int) -> Row:
    mac = found.macs[name]
    reports = {one.environment: one for one in found.status.get(name, ())}
    cells = [_describe_cell(reports.get(one), mac) for one in names]
    state = Cell(*STATES[mac.state])
    return sanitize_data(Row(name, mac.arch or "", mac.macos or "", state, tuple(cells), block))


def _describe_cell(one: EnvironmentReport | None, mac: PlannedMac) -> Cell:
    """Return what the grid says of one environment: first its drift, then what an apply does."""
    if one is None:
        is_read = mac.state in {"up_to_date", "change"} or mac.arch is not None
        return Cell("none", "not wanted") if is_read else Cell("off", "not read")
    lines = []
    if one.verified is not None:
        verified = one.verified
        lines += [f"torch {verified.torch}"] if verified.torch else []
        lines += [f"python {verified.python}"] if verified.python else []
        device = ("MPS" if verified.mps else "CPU") if verified.torch else ""
        day = (verified.date or "")[:16]
        lines.append(" · ".join(filter(None, [f"verified {day}".strip(), device])))
    words = {"modified": "changed by hand", "gone": "gone", "unknown": "not known"}
    if one.owner == "person":
        return Cell("bad" if mac.state == "blocked" else "none", "made by a person")
    if one.since in {"modified", "gone"}:
        then = f", {APPLY[one.apply]}" if one.apply else ""
        return Cell("bad", words[one.since] + then, tuple(lines))
    if one.apply is not None:
        return Cell("change", APPLY[one.apply], tuple(lines))
    if one.owner == "torchard":
        return Cell("none", "not in the lab", tuple(lines))
    if one.verified is None:
        return Cell("off", "not there", tuple(lines))
    if mac.state == "blocked":  # nothing is planned for it
        return Cell("off", "not compared", tuple(lines))
    return Cell("good", "up to date", tuple(lines))


def _describe_blocks(found: StatusDocument) -> Iterator[tuple[Block, list[str]]]:
    """Yield what `status` and `plan` print of Macs that have the same to say, with their names."""
    plan = Plan(
        tuple(
            MacPlan(name, **{key: getattr(mac, key) for key in mac.__struct_fields__})
            for name, mac in found.macs.items()
        )
    )

    def describe(mac: MacPlan, *, full: bool) -> Iterator[Text]:
        one = Plan((mac,))
        yield from _without_frame(status_lines(one, found.status, kept=found.kept, full=full))
        yield from steps_lines(mac.steps, full=full)

    for number, alike in enumerate(blocks(plan.macs, describe), 1):
        mac = alike[0]
        status = _without_frame(status_lines(Plan((mac,)), found.status, kept=found.kept))
        apply = _without_frame(plan_lines(Plan((mac,)))) if mac.steps else ()
        yield (
            Block(
                number,
                head(alike, full=True).plain,
                Cell(*STATES[mac.state]),
                mac.state != "up_to_date",
                _join(status),
                _join(apply),
            ),
            [one.name for one in alike],
        )


def _without_frame(lines: Iterable[Text]) -> list[Text]:
    """Return the lines of one Mac without its name above, and without the sums below."""
    inner = list(lines)[1:]
    empty = next((at for at, line in enumerate(inner) if not line.plain), len(inner))
    return inner[:empty]


def _join(lines: Iterable[Text]) -> str:
    return dedent("\n".join(line.plain for line in lines))


def _list_systems(found: StatusDocument) -> Iterator[str]:
    for mac in found.macs.values():
        version = (mac.macos or "").partition(".")[0]
        yield f"macOS {version}, {mac.arch}" if version and mac.arch else "not read"


def _list_releases(found: StatusDocument, name: str) -> Iterator[str]:
    for reports in found.status.values():
        for one in reports:
            if one.environment == name and one.verified is not None:
                torch, python = one.verified.torch, one.verified.python
                yield f"torch {torch}" if torch else f"python {python or 'unknown'}"


def _count(names: Iterable[str]) -> tuple[Count, ...]:
    """Count names, the most frequent first."""
    counts = Counter(map(sanitize, names))
    most = max(counts.values(), default=1)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Count(name, macs, max(2, BAR * macs // most)) for name, macs in ordered)


def _describe_disks(found: StatusDocument) -> Iterator[Disk]:
    for name, used in found.disk.items():
        counts = list(asdict(used).values())
        parts = tuple("unknown" if one is None else size(one) for one in counts)
        yield Disk(sanitize(name), parts, size(sum(one or 0 for one in counts)))
