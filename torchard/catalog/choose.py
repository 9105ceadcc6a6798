"""What fits? A request and a Mac class in, one variant or a refusal with its ways out. Pure.

Nothing here knows a version of anything: every fact is a row of the catalogue.
"""

from __future__ import annotations

import re
from itertools import groupby, takewhile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from torchard.catalog.alternatives import known_releases, lacks_mps, no_nightly, refuse
from torchard.catalog.fit import Query, best, obstacles, place, short, why_not
from torchard.catalog.variant import Considered, Installer, MacClass, PassedOver, Refusal, Variant
from torchard.lab.model import COMPANIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.catalog.rows import Catalogue, Distribution, InstallerRow, Lane, Release
    from torchard.lab.model import InstallerSource, Miniconda, Request


def mac_class(arch: str, macos: str, catalogue: Catalogue) -> MacClass | Refusal:
    """Return the class of a Mac, or why nothing can be installed on it.

    `arch` is the hardware's, as `uname -m` says it; `macos` as `sw_vers -productVersion` does.
    """
    version = _macos(arch, macos, catalogue)
    if isinstance(version, Refusal):
        return version
    reached = [one for one in catalogue.thresholds(arch) if Version(one) <= version]
    return MacClass(catalogue.platforms[arch].subdir, reached[-1])


def choose(request: Request, mac_class: MacClass, catalogue: Catalogue) -> Variant | Refusal:
    """Return the variant that a request gets on a Mac class, or a refusal that names ways out."""
    ask = question(request, mac_class, catalogue)
    if isinstance(ask, Refusal):
        return ask
    if request.release == "nightly" and request.source not in {"auto", ask.lane.source}:
        return no_nightly(ask, catalogue.lanes[request.source], catalogue)
    release = best(ask, catalogue)
    if release is None:
        return refuse(ask, catalogue)
    lane = ask.lane
    return Variant(
        source=lane.source,
        packages={lane.names.get(name, name): release.packages[name] for name in ask.packages},
        python=request.python,
        mps_expected=ask.mps,
        reason=_reason(ask),
        constraints=release.constraints,
        notes=tuple(_notes(request, ask, release, catalogue)),
    )


def considered(request: Request, mac_class: MacClass, catalogue: Catalogue) -> Considered:
    """Return what `choose` does, with every release that was passed over, and why."""
    answer = choose(request, mac_class, catalogue)
    ask = question(request, mac_class, catalogue)
    if isinstance(ask, Refusal):
        return Considered(answer)
    chosen = best(ask, catalogue)
    if chosen is not None and isinstance(answer, Refusal):
        return Considered(answer)  # it asks for nightly builds where there are none
    newer = takewhile(lambda one: one is not chosen, ask.lane.releases)
    groups = groupby(newer, key=lambda one: why_not(one, ask, catalogue))
    return Considered(
        answer,
        None if chosen is None else str(chosen),
        tuple(PassedOver(tuple(map(str, rows)), why) for why, rows in groups),
    )


def _reason(ask: Query) -> str:
    which = "the release asked for; its" if ask.release else "the newest release whose"
    if ask.lane.index is not None:
        which = "the day's"
    source = "" if ask.lane.channel is None else f" of {ask.lane.source}"
    return f"{which} {ask.lane.build}s{source}{' and MPS' if ask.mps else ''} fit {place(ask)}"


def choose_installer(
    arch: str, macos: str, miniconda: Miniconda, catalogue: Catalogue
) -> Installer | Refusal:
    """Return the conda installer for a Mac: the lab's own, the version it pins, or the newest.

    `arch` and `macos` are the Mac's own, as for `mac_class`: an installer's minimum macOS is no
    threshold, since no lock depends on it.
    """
    known = catalogue.installers[miniconda.distribution]
    if miniconda.installer is not None:
        return _own(miniconda.installer, miniconda.distribution, known)
    version = _macos(arch, macos, catalogue)
    if isinstance(version, Refusal):
        return version
    if miniconda.version is not None:
        name = catalogue.platforms[arch].name
        return _pinned(arch, name, version, miniconda.version, miniconda.distribution, known)
    reached = [
        one for one in known.automatic if one.installer.arch == arch and one.macos <= version
    ]
    chosen = max(reached, key=lambda one: one.macos)
    passed_over = known.rows[0].version != chosen.installer.version
    why = f"{known.name} {chosen.installer.version} is {chosen.reason}."
    return _installer(
        chosen.installer, miniconda.distribution, known, (why,) if passed_over else ()
    )


def _macos(arch: str, macos: str, catalogue: Catalogue) -> Version | Refusal:
    """Return a Mac's macOS as a version, or why nothing can be installed on such a Mac."""
    platform = catalogue.platforms.get(arch)
    if platform is None:
        return Refusal(
            f"A Mac's arch is arm64 or x86_64, and this one's is {arch or 'unknown'}.",
            "Write `arch: arm64` for Apple silicon, or `arch: x86_64` for Intel.",
        )
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", macos, re.ASCII):
        return Refusal(
            f"{macos!r} is no version of macOS.",
            "Write it as `sw_vers -productVersion` prints it, such as 15.1.",
        )
    version = Version(macos)
    if version < platform.macos:
        oldest = short(platform.macos)
        return Refusal(
            f"{platform.name} Macs need macOS {oldest} or newer, and this one has {macos}:"
            f" {platform.reason}.",
            f"Bring the Mac to macOS {oldest} or newer.",
        )
    return version


def question(request: Request, group: MacClass, catalogue: Catalogue) -> Query | Refusal:
    """Read a request's words. Refuse those that mean nothing, or nothing yet."""
    reached = mac_class(group.arch, group.macos, catalogue)
    if isinstance(reached, Refusal):
        return reached
    nonsense = _meaningless(request)
    if nonsense is not None:
        return nonsense
    lane = _lane(request, catalogue)
    try:
        release = None if request.release in {"stable", "nightly"} else Version(request.release)
    except InvalidVersion:
        return Refusal(
            f"{request.release!r} is no release of PyTorch.",
            "Write `release: stable`, `release: nightly`, or an exact version from"
            f" {known_releases(lane)}.",
        )
    major, minor = request.python.split(".")
    return Query(
        lane=lane,
        platform=catalogue.platforms[reached.arch],
        macos=Version(reached.macos),
        python=(int(major), int(minor)),
        release=release,
        backend=request.backend,
        offer=catalogue.mps,
        named=None
        if request.companions is None
        else tuple(name for name in COMPANIONS if name in request.companions),
    )


def _lane(request: Request, catalogue: Catalogue) -> Lane:
    """Return where a request looks for PyTorch: wheels, unless it names another source."""
    if request.release == "nightly":
        return catalogue.nightly
    return catalogue.lanes["wheels" if request.source == "auto" else request.source]


def _meaningless(request: Request) -> Refusal | None:
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", request.python, re.ASCII):
        return Refusal(
            f"{request.python!r} is no python of the form MAJOR.MINOR.",
            'Write it like `python: "3.12"`.',
        )
    for name in request.companions or ():
        if name not in COMPANIONS:
            return Refusal(
                f"{name!r} is no companion of torch.",
                f"Write `with: [{', '.join(COMPANIONS)}]`, or a part of it.",
            )
    return None


def _notes(request: Request, ask: Query, release: Release, catalogue: Catalogue) -> Iterator[str]:
    """Yield what was given up, and what is worth knowing about the release."""
    if request.backend == "auto" and not ask.mps:
        yield f"{lacks_mps(ask, catalogue)}, so torch computes on the processor alone."
    # An exact release is its own only candidate: nothing is given up for it.
    newest = best(ask.bare, catalogue) or release
    if newest.version != release.version:
        clauses = ", and ".join(obstacles(newest, ask, catalogue))
        yield f"torch {newest} would install on macOS {short(ask.macos)}, but {clauses}."
    if request.companions is None:
        for name, reason in ask.lane.without.items():
            yield f"{name} is left out: {reason}."
    for note in (*release.notes, *ask.lane.notes):
        if note.about in {*ask.packages, ask.platform.arch}:
            yield note.text


def _own(source: InstallerSource, distribution: str, known: Distribution) -> Installer | Refusal:
    file = urlsplit(source.url).path.rpartition("/")[2]
    if not file.endswith(".sh"):
        return Refusal(
            f"The installer {source.url} is no shell script: its name does not end in .sh.",
            "Name an installer whose file ends in .sh; Anaconda's .pkg files are not installed.",
        )
    sha256 = source.sha256.lower()
    return Installer(distribution, "", file, source.url, sha256, own=True, disk=known.disk)


def _pinned(  # noqa: PLR0917  # each is one part of the question
    arch: str, arch_name: str, macos: Version, pin: str, distribution: str, known: Distribution
) -> Installer | Refusal:
    """Return the installer of a pinned version, written with its python (`py312_…`) or without."""
    rows = [one for one in known.rows if one.arch == arch]
    for row in rows:
        if pin not in {row.version, row.name}:
            continue
        if row.macos is not None and macos < row.macos:
            return Refusal(
                f"{known.name} {pin} needs macOS {short(row.macos)}, and this Mac has {macos}.",
                "Leave `version` out of `miniconda:` for the newest that fits this Mac.",
            )
        return _installer(row, distribution, known)
    return Refusal(
        f"The catalogue knows no {known.name} {pin} for {arch_name} Macs.",
        f"Leave `version` out for the newest that fits, write one of {_versions(rows)}, or name"
        " your own with `installer: {url: …, sha256: …}`.",
    )


def _versions(rows: list[InstallerRow]) -> str:
    return ", ".join(dict.fromkeys(one.version for one in rows))


def _installer(
    row: InstallerRow, distribution: str, known: Distribution, why: tuple[str, ...] = ()
) -> Installer:
    unknown = (
        f"No minimum macOS is documented for {known.name} {row.version}: only running it tells."
    )
    return Installer(
        distribution=distribution,
        version=row.version,
        file=row.file,
        url=known.address.format(file=row.file, version=row.version),
        sha256=row.sha256,
        notes=why if row.macos is not None else (*why, unknown),
        licence=known.licence,
        disk=known.disk,
    )
