"""Plans that people meet: each is made by `plan_mac` from a Mac's state and a lock."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from locked import (
    CLASS,
    GENERATIONS,
    INSTALLER,
    PREFIX,
    VARIANT,
    built,
    lock,
    mac,
    package,
    shown,
    stamp,
    wheel,
)
from rich.console import Console

from torchard.catalog.mac_class import MacClass
from torchard.lab.model import MacHost
from torchard.mac.state import InstalledConda, InstalledDist, InstalledEnvironment, Packages
from torchard.plan.drift import find_drift
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import MacPlan, Plan, plan_mac, unreachable
from torchard.plan.result import (
    MacResult,
    MacRun,
    Result,
    report_failure,
    report_mac,
    report_skipped,
)
from torchard.plan.steps import Step, StepId
from torchard.plan.target import Target
from torchard.render.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.drift import EnvironmentStatus

MB = 10**6
NEWEST = replace(
    VARIANT,
    packages={"torch": "2.15.0", "torchvision": "0.29.2", "torchaudio": "2.11.0"},
    constraints=(),
    reason="the newest release whose wheels and MPS fit macOS 15 and python 3.12",
    notes=(
        "torchaudio 2.11.0 is built for torch 2.11 and newer, but not yet confirmed with 2.15.",
    ),
)
INTEL = replace(
    VARIANT,
    mps_expected=False,
    reason="the newest release whose wheels fit macOS 12 and python 3.12",
    notes=("PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone.",),
)
FORGE = replace(
    NEWEST,
    source="conda-forge",
    packages={"pytorch": "2.10.0", "torchvision": None},
    reason="the newest release whose conda builds of conda-forge and MPS fit macOS 15",
    notes=("torch 2.13.0 would install on macOS 15, but it has no torchaudio there.",),
)
BASE = [
    package("bzip2", "1.0.8", size=MB // 8),
    package("ca-certificates", "2026.11.2", size=MB // 6),
    package("openssl", "3.6.0", size=3 * MB),
    package("python", "3.12.13", "h1_0_cpython", size=14 * MB),
    package("pip", "26.1", provides=[("pip", "26.1")], size=MB),
    package("nodejs", "25.2.1", size=18 * MB),
]
WHEELS = [wheel("pandas", "2.3.3", size=11 * MB), wheel("einops", "0.8.2", size=64_000)]
TORCH = [
    wheel("torch", "2.15.0", size=88 * MB),
    wheel("torchvision", "0.29.2", size=2 * MB),
    wheel("torchaudio", "2.11.0", size=2 * MB),
]
SPECS = ("nodejs", "pandas>=2", "einops", "numpy")
LOCK = lock(BASE, [*WHEELS, *TORCH, wheel("numpy", "2.4.0", size=5 * MB)], "torch", NEWEST, SPECS)
OLD = lock(
    [*BASE[:3], package("python", "3.12.12", "h1_0_cpython"), *BASE[4:]],
    [*WHEELS, wheel("torch", "2.14.1"), *TORCH[1:], wheel("numpy", "2.4.0")],
)
INTEL_LOCK = replace(
    lock(
        BASE,
        [*WHEELS, wheel("torch", "2.2.2"), wheel("torchvision", "0.17.2"), wheel("numpy", "1.26")],
        "torch",
        INTEL,
        SPECS,
    ),
    mac_class=MacClass("osx-64", "12.0"),
)
FORGE_LOCK = lock(
    [*BASE, package("pytorch", "2.10.0", "cpu_generic_py312_0", [("torch", "2.10.0")], 24 * MB)],
    WHEELS,
    "torch-forge",
    FORGE,
    SPECS[:3],
)
ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"


def planned(name: str, state: MacState, *locks: Lock, **said: Any) -> MacPlan:
    known = {one.environment: one for one in locks}
    installer = None if state.prefix_state == "whole" else INSTALLER
    return plan_mac(Target(MacHost(name), state, CLASS, installer, known, **said))


def first() -> Plan:
    empty = mac(prefix_state="absent", prefix_arch=None)
    intel = replace(empty, arch="x86_64", macos="12.7.6", home="/Users/bob")
    return Plan(
        (
            planned("studio-01", empty, LOCK),
            planned("studio-02", empty, LOCK),
            planned("library-03", replace(intel, prefix="/Users/bob/miniconda3"), INTEL_LOCK),
            planned("studio-03", replace(empty, translated=True), LOCK, warnings=(ROSETTA,)),
        )
    )


ROSETTA = "its shell runs under Rosetta; what Torchard runs there is native all the same"


def update() -> Plan:
    """A newer lock; one Mac holds the new torch already, another was drifted by hand."""
    by_hand = built(LOCK)
    by_hand = replace(
        by_hand,
        conda=(*by_hand.conda, InstalledConda("htop", "3.4", "h0_0", None)),
        dists=(
            *(one for one in by_hand.dists if one.name not in {"numpy", "pip"}),
            InstalledDist("numpy", "2.2.6"),
            InstalledDist("tb_nightly", "2.20.0"),
            InstalledDist("pip", "24.0"),
        ),
    )
    return Plan(
        (
            planned("studio-01", shown(OLD), LOCK),
            planned("studio-02", replace(shown(OLD), depot=dict.fromkeys(HELD, 88 * MB)), LOCK),
            planned("by-hand", mac(by_hand, links={"torch": by_hand.path}), LOCK),
            planned("in-order", shown(LOCK), LOCK),
        )
    )


HELD = [TORCH[0].sha256]


def source() -> Plan:
    """PyTorch moves from wheels to conda-forge's builds, under a name that is long."""
    there = shown(replace(OLD, environment="torch-forge"))
    return Plan((planned("studio-01", there, FORGE_LOCK), planned("new", mac(), FORGE_LOCK)))


def repair() -> Plan:
    """A half Miniconda, links that lead nowhere, and a generation that only needs its link."""
    half = mac(built(LOCK), prefix_state="half")
    second = replace(LOCK, environment="thesis-2026-spring")
    return Plan(
        (
            planned("half", half, LOCK),
            planned("link", mac(links={"torch": built(LOCK).path}), LOCK, second),
            plan_mac(
                Target(
                    MacHost("another-miniconda"),
                    replace(shown(LOCK), prefix_ours={"sha256": "0", "version": "25.7.0-2"}),
                    *(CLASS, INSTALLER, {"torch": LOCK}),
                )
            ),
        )
    )


def nothing() -> Plan:
    return Plan(
        (
            planned("studio-01", shown(LOCK), LOCK),
            planned("studio-02", shown(LOCK), LOCK),
            planned("library-03", replace(shown(LOCK), macos="26.0"), LOCK),
        )
    )


def left() -> Plan:
    """Every kind of Mac that is left alone, among those that are not."""
    refused = "192.0.2.41:22 refused the connection; turn Remote Login on there"
    return Plan(
        (
            planned("rosetta", mac(prefix_arch="x86_64"), LOCK),
            planned("foreign", mac(prefix_state="foreign"), LOCK),
            planned("own", mac(links={"torch": None}), LOCK),
            planned("full", mac(free=100 * MB), LOCK),
            planned("mps", mac(), blockers=("torch: MPS was asked for, but needs macOS 14.",)),
            planned("studio-01", shown(LOCK), LOCK),
            unreachable("library-04", refused),
            unreachable("library-05", refused),
        )
    )


def hostile() -> Plan:
    """A Mac whose answers, and an error whose text, hold what moves a terminal's cursor."""
    old = built(OLD)
    old = replace(
        old,
        conda=(*old.conda[1:], InstalledConda("bzip2", f"1.0{ESCAPE}", "h0_0", None)),
        dists=(*old.dists, InstalledDist("evil\nPlan:", f"1{ESCAPE}")),
    )
    return Plan(
        (
            planned("studio-01", mac(old, links={"torch": old.path}), LOCK),
            planned("linked", mac(links={"torch": f"/tmp/{ESCAPE}"}), LOCK),  # noqa: S108
            unreachable(f"name{ESCAPE}", f"said:\r\n\t{ESCAPE}\nPlan: 0 Macs to change."),
        )
    )


def all_done(
    plan: MacPlan, seconds: float | None, verifications: tuple[tuple[str, str], ...]
) -> MacResult:
    """Return the result of an apply that did every step."""
    run = MacRun(tuple(step.id for step in plan.steps), seconds=seconds)
    return replace(report_mac(plan, run, "up_to_date"), verifications=verifications)


def results() -> Result:
    """What an apply leaves: done again or in part, and failed with a remote's own words."""
    one, two, three, *_ = first().macs
    half, link, _ = repair().macs
    verification = (("torch", "python 3.12.13, torch 2.15.0, MPS computes"),)
    said = "torch was built; its verification failed:\n  RuntimeError: MPS expected, but refused"
    cut_off = replace(one, name="cut-off")
    at_torch = MacRun((StepId("miniconda"),), (StepId("environment", "torch"),), said, 9.6)
    return Result(
        (
            all_done(one, 61.4, verification),
            all_done(two, 75.0, verification),
            report_failure(three, at_torch),
            report_failure(cut_off, MacRun(reason="its connection was lost")),
            all_done(half, 20.0, verification),
            report_mac(link, MacRun(seconds=1.0), "change"),
            all_done(planned("studio-04", shown(LOCK), LOCK), None, verification),
            report_skipped(planned("studio-05", shown(LOCK), LOCK)),
            report_skipped(unreachable("library-04", "it did not answer in time")),
        )
    )


def alike() -> Plan:
    """Two environments that are the same but for PyTorch, and a third that lacks it."""
    vision = replace(LOCK, environment="vision", wheels=(*WHEELS, TORCH[0]))
    plain = replace(LOCK, environment="plain", wheels=tuple(WHEELS), variant=None)
    return Plan(
        (
            planned("studio-01", mac(), LOCK, vision),
            planned("studio-02", mac(), LOCK, vision, plain),
        )
    )


def files() -> Plan:
    """Settings of an environment that somebody changed, and the start of a shell."""
    settings = FileChange("~/miniconda3/envs/torch/.condarc", "channels: [defaults]\n", CONDARC)
    block = FileChange("~/.zshrc", None, "# >>> conda initialize >>>\n…\n# <<< conda <<<\n")
    (step,) = planned("one", shown(OLD), LOCK).steps
    shell = Step("shell", "create", None, "not there yet", "/Users/ann/.zshrc", "~/.zshrc")
    gone = Step("prune", "remove", "old", "the lab does not name it", "/x", "~/x")
    steps = (replace(step, packages=(), files=(settings,)), replace(shell, files=(block,)), gone)
    return Plan((replace(planned("studio-01", shown(OLD), LOCK), steps=steps),))


CONDARC = "channels: [conda-forge]\nchannel_priority: strict\n"


def many() -> Plan:
    """A whole school: as many Macs as nobody reads the names of."""
    there = [planned(f"studio-{n:03}", shown(OLD), LOCK) for n in range(1, 258)]
    fuller = replace(shown(OLD), free=7 * 10**9)
    off = [unreachable(f"lent-{n:02}", "it is off") for n in range(1, 44)]
    return Plan((*there, planned("fuller", fuller, LOCK), *off))


def standing() -> tuple[Plan, dict[str, tuple[EnvironmentStatus, ...]]]:
    """What is on Macs: as it was made, changed by hand, pruned, gone, never there."""
    made = Packages(built(LOCK).conda, built(LOCK).dists)
    stamped = {**stamp(LOCK), "date": "2026-11-26 10:31:22", "condarc": LOCK.condarc}
    same = built(LOCK, stamp=stamped, made=made)
    ours = {"sha256": INSTALLER.sha256, "version": INSTALLER.version}
    base = InstalledEnvironment(PREFIX, whole=True, made=Packages())
    mine = {"base": base, "prefix_ours": ours, "prefix_arch": "arm64"}
    drifted = replace(
        same,
        dists=(*same.dists[:-1], InstalledDist("cowsay", "6.1")),
        conda=(*same.conda, InstalledConda("htop", "3.4", "h0_0", None)),
        condarc=f"{CONDARC}# {ESCAPE}\n",
    )
    old = replace(
        same, path=f"{GENERATIONS}/old-env-12345678", stamp={**stamped, "environment": "old-env"}
    )
    links = {"torch": same.path, "old-env": old.path, "thesis-2026-spring": "/opt/thesis"}
    worked = {**mine, "base": replace(base, dists=(InstalledDist("pip", "26.1"),))}
    states = {
        "studio-01": mac(same, links={"torch": same.path}, **mine),
        "studio-02": mac(same, links={"torch": same.path}, **mine),
        "studio-03": mac(drifted, old, links=links, **worked),
        "studio-04": mac(replace(same, made=None), links={}, base=replace(base, made=None)),
        "studio-05": mac(prefix_state="absent", prefix_arch=None),
        "studio-06": mac(links={"torch": None}, **mine),
    }
    hosts = {
        name: MacHost(name, environments=("torch",), prune=name == "studio-03") for name in states
    }
    plans = [
        plan_mac(Target(hosts[name], one, CLASS, None if one.base else INSTALLER, {"torch": LOCK}))
        for name, one in states.items()
    ]
    plan = Plan((*plans, unreachable("studio-07", "192.0.2.17:22 did not answer in time")))
    return plan, {name: find_drift(hosts[name], one) for name, one in states.items()}


PLANS = {
    one.__name__: one
    for one in (first, update, source, repair, nothing, left, hostile, alike, files, many)
}


def on_screen(
    lines: Iterable[Text],
    width: int | None,
    *,
    color: Literal["standard", "truecolor"] | None = None,
    terminal: bool = True,
) -> str:
    """Return what `torchard` prints of lines: on a terminal of that width, or into a pipe."""
    printed = StringIO()
    console = Console(
        file=printed,
        width=width,
        force_terminal=terminal,
        color_system=color,
        highlight=False,
        soft_wrap=True,
        _environ={},
    )
    for line in lines:
        for part in folded(line, console):
            console.print(part)
    return printed.getvalue()
