"""The steps of a plan as text: what each makes, its packages, and the files that it changes."""

from __future__ import annotations

from difflib import unified_diff
from itertools import takewhile
from typing import TYPE_CHECKING

from rich.text import Text

from torchard.plan.steps import LOCK_CHANGED, OF_FILES
from torchard.render.words import NAME, own_files, size
from torchard.sanitize import sanitize_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torchard.plan.diff import PackageChange
    from torchard.plan.file_changes import FileChange
    from torchard.plan.steps import Step

SHORT = 12  # packages of one step on the screen, unless all are asked for
ALIKE = 3  # packages that several environments must have in common to be printed once
RIGHT = 63  # the column at which the last part of a step's line begins
INDENT = " " * 6  # of what is below a step's line
SIGNS = {"add": "+", "create": "+", "update": "~", "repair": "~", "activate": "~", "remove": "-"}
STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "red", "=": "dim", " ": "dim"}
TORCH = {"torch", "pytorch"}
Lines = tuple[str, str, str]


def step_lines(step: Step, *, full: bool = False) -> Iterator[Text]:
    """Yield the lines of one step of a plan: what it makes, then its packages."""
    yield from steps_lines((sanitize_data(step),), full=full)


def steps_lines(steps: Sequence[Step], *, full: bool) -> Iterator[Text]:
    """Yield the lines of one Mac's steps; what several environments have in common comes first."""
    width = widest(step.environment or "" for step in steps)
    alike = _alike(steps)
    sharing = [step for step in steps if _is_environment_with_packages(step)] if alike else []
    for step in steps:
        if step in sharing[:1]:
            named = tuple(dict.fromkeys(name for one in sharing for name in one.requested))
            all_of_them = "both" if len(sharing) == 2 else f"all {len(sharing)}"
            yield Text(f"  in {all_of_them}: {', '.join(str(one.id) for one in sharing)}")
            yield from change_lines(alike, named, full=full)
        yield from row(SIGNS[step.action], *_planned(step), width)
        yield from _reasons(step, full=full)
        own = [one for one in step.packages if one not in alike]
        if step.kind == "environment":
            yield from change_lines(own, step.requested, full=full)
        yield from _own_files(step)
        for file in step.files:
            yield from diff_lines(file, whole=step.kind != "shell")


def done_line(step: Step, width: int) -> Iterator[Text]:
    """Yield the line of a step that was done."""
    return row(SIGNS[step.action], *_done(step), width)


def widest(names: Iterator[str]) -> int:
    """Return how wide the column of names must be."""
    return max(NAME, *map(len, [*names, ""]))


def row(sign: str, name: str, what: str, right: str = "", width: int = NAME) -> Iterator[Text]:
    """Yield one line in columns, or two where its parts would meet."""
    line = Text.assemble(
        "  ", (sign, STYLES[sign] if sign.strip() else ""), f" {name:<{width}} {what}"
    )
    fits = line.cell_len < RIGHT
    if right and fits:
        line.append(" " * (RIGHT - line.cell_len) + right)
    line.rstrip()
    yield line
    if right and not fits:
        yield Text(" " * (5 + width) + right)


def _is_environment_with_packages(step: Step) -> bool:
    return step.kind == "environment" and bool(step.packages)


def _alike(steps: Sequence[Step]) -> tuple[PackageChange, ...]:
    """Return the changes that each of several environments has, in the first one's order."""
    sharing = [step for step in steps if _is_environment_with_packages(step)]
    if len(sharing) < 2:
        return ()
    others = [set(step.packages) for step in sharing[1:]]
    common = [one for one in sharing[0].packages if all(one in other for other in others)]
    return tuple(common) if len(common) >= ALIKE else ()


def _reasons(step: Step, *, full: bool) -> Iterator[Text]:
    if (
        step.kind == "sharing"
        or step.action in {"repair", "activate", "remove"}
        or (step.action == "update" and step.reason != LOCK_CHANGED)
    ):
        yield Text(f"      {step.reason}")
    # Why this PyTorch is worth its lines where PyTorch changes.
    torch = any(one.name in TORCH for one in step.packages)
    if full or torch or step.kind == "miniconda":
        yield from (Text(f"      {note}", style="dim") for note in step.notes)


def _own_files(step: Step) -> Iterator[Text]:
    """Say what a person made, and what becomes of it."""
    if step.uninspected:
        yield Text(f"{INDENT}a person's files could not be inspected: {step.uninspected}")
    if step.carried.count:
        yield Text(f"{INDENT}carried over, made by a person: {own_files(step.carried)}")
    if step.left.count:
        yield Text(f"{INDENT}stays in the generation before: {own_files(step.left)}")
    for one in step.moved:
        what = [own_files(one.files)] if one.files.count else []
        what += [f"packages {', '.join(one.packages)}"] if one.packages else []
        what += [f"all of it, because {one.error}"] if one.error else []
        root = step.place.partition("/generations/")[0]
        yield Text(f"{INDENT}to {root}/kept from {one.generation}: {'; '.join(what)}")


def _planned(step: Step) -> Lines:
    """Return the name, the middle and the right of a step's line in a plan."""
    if step.kind == "miniconda":
        what = f"{_versions(step.packages[0]).plain} at {step.place}"
        return "miniconda", what, f"sha256 {(step.digest or '')[:8]}…"
    if step.kind in OF_FILES:
        return step.kind, step.place, ""
    name = step.environment or "leftovers"
    if step.is_of_leftovers:
        return name, step.place, "finished or removed"
    if step.action == "activate":
        return name, _counts(step, "to change"), "the link only"
    if step.action == "remove":
        return name, step.place, "with generations"
    return name, _counts(step, "to change"), "new generation"


def _done(step: Step) -> Lines:
    """Return the same where the step was done."""
    name, what, _ = _planned(step)
    if step.kind == "miniconda":
        return name, what, "installed" if step.action == "create" else "installed again"
    if step.kind in OF_FILES:
        return name, what, "removed" if step.action == "remove" else "written"
    if step.action == "activate":
        return name, _counts(step, "changed"), "active again"
    if step.action == "remove":
        return name, what, "removed" if step.environment else "finished or removed"
    return name, _counts(step, "changed"), "built and active"


def _counts(step: Step, changed: str) -> str:
    if not step.kept and step.bytes and all(one.change == "add" for one in step.packages):
        return f"{len(step.packages)} packages, {size(step.bytes)}"
    if step.action == "activate" and not step.packages:
        return f"{step.kept} kept"
    return f"{step.kept} kept, {len(step.packages)} {changed}"


def change_lines(
    packages: Sequence[PackageChange], named: Sequence[str], *, full: bool
) -> Iterator[Text]:
    """Yield what changes or goes, then what the lab itself asks for; the rest only in full."""
    packages = sorted(packages, key=lambda one: _rank(one, named))
    asked = [one for one in packages if one.change != "add" or one.name in named]
    shown = packages if full else (asked or packages)[:SHORT]
    if len(shown) == len(packages) - 1:
        shown = packages
    yield from package_lines(shown, len(packages) - len(shown), full=full)


def package_lines(
    shown: Sequence[PackageChange], more: int = 0, indent: str = INDENT, *, full: bool = False
) -> Iterator[Text]:
    """Yield packages in columns; `more` counts those that are left out."""
    versions = [_versions(one) for one in shown]
    names = max((len(one.name) for one in shown), default=0)
    wide = max((one.cell_len for one in versions), default=0)
    for one, version in zip(shown, versions, strict=True):
        sign = SIGNS[one.change]
        version.pad_right(wide - version.cell_len)
        line = Text.assemble(indent, (sign, STYLES[sign]), f" {one.name:<{names}}   ", version)
        line.append(f"   {_where(one, full=full)}")
        line.rstrip()
        yield line
    if more:
        yield Text(f"{indent}… {more} more", style="dim")


def _where(package: PackageChange, *, full: bool) -> str:
    """Say where a package comes from, and what is worth saying of it."""
    # A note on what was there says why it changes; of PyTorch the source is news as well.
    if package.change != "add" and package.note and package.name not in TORCH:
        return package.note
    said = [package.source, package.note]
    return ", ".join(filter(None, [*said, (full and package.bytes and size(package.bytes)) or ""]))


def _versions(package: PackageChange) -> Text:
    """Write OLD -> NEW; what is equal in both, down to a separator, is dim."""
    before, after = package.before, package.after
    if before is None or after is None:
        return Text(before or after or "")
    pairs = zip(before, after, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    equal = 1 + max(before.rfind(separator, 0, common) for separator in ".=_+-")
    return Text.assemble(
        *((before[:equal], "dim"), before[equal:], " -> "), (after[:equal], "dim"), after[equal:]
    )


def _rank(package: PackageChange, named: Sequence[str]) -> tuple[int, int]:
    news = 1 if package.change == "add" else 0
    return news, named.index(package.name) if package.name in named else len(named)


def diff_lines(file: FileChange, indent: str = INDENT, *, whole: bool = True) -> Iterator[Text]:
    """Yield a unified diff of one file; where it is not the whole of it, the rest is there."""
    before, after = (text.splitlines() if text else [] for text in (file.before, file.after))
    old = "/dev/null" if whole and file.before is None else file.path
    new = "/dev/null" if whole and file.after is None else file.path
    for line in unified_diff(before, after, old, new, lineterm=""):
        style = "" if line.startswith(("---", "+++", "@@")) else STYLES.get(line[0], "")
        yield Text.assemble(indent, (line.rstrip(), style))
