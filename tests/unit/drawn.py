"""Locks, and Macs in every state with what they should become, as hypothesis draws them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from locked import GENERATIONS, HOME, INSTALLER, PREFIX, built, lock, mac, package, path_of, wheel

from torchard.lab.model import SHELLS, MacHost
from torchard.mac.state import InstalledConda, InstalledDist, Packages, ShellFile
from torchard.plan import shell_init
from torchard.plan.target import Target

if TYPE_CHECKING:
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import InstalledEnvironment, ShellFileState

NAMES = ["a", "b", "numpy", "pip", "torch"]
# Made once: hypothesis inspects every strategy that is made while it draws.
EITHER = st.booleans()
NAME = st.sampled_from(NAMES)
SOME = st.lists(NAME, unique=True)
BUILD = st.sampled_from("xy")
# The lab names two of them; Torchard may have made one more, and a person another.
LINKED = st.lists(st.sampled_from(["torch", "second", "old", "mine"]), unique=True)
PREFIX_STATE = st.sampled_from(["absent", "half", "whole", "whole", "foreign"])
FAILED = st.sampled_from([None, None, ("2026-11-29", "a is missing")])
VERSIONS = st.sampled_from(["1.0", "1.0.0", "2.0", "2025c"])
FREE = st.sampled_from([10**12] * 7 + [0])  # bytes
SOME_SHELLS = st.sampled_from([(), SHELLS[:1], SHELLS[1:], SHELLS])
# Most files can be changed. If one blocks the Mac, nothing else is visible.
OFTEN: list[ShellFileState] = ["absent", "file"]
BLOCKING: list[ShellFileState] = ["tangled", "closed", "outside", "odd"]
FILE_STATE = st.sampled_from([*OFTEN * 4, *BLOCKING])


@st.composite
def locks(draw: st.DrawFn, environment: str = "torch") -> Lock:
    """Conda packages with or without a distribution, and wheels that none of them provides."""
    conda = []
    for name in draw(SOME):
        version = draw(VERSIONS)
        provides = [(name, version)] if draw(EITHER) else []
        conda.append(package(name, version, draw(BUILD), provides))
    provided = {name for one in conda for name, _ in one.provides}
    names = draw(
        st.lists(st.sampled_from([n for n in [*NAMES, "z"] if n not in provided]), unique=True)
    )
    return lock(conda, [wheel(name, draw(VERSIONS)) for name in names], environment)


@st.composite
def environments(draw: st.DrawFn, wanted: Lock) -> InstalledEnvironment:
    """Something at the path of a generation: as built, of another lock, altered or broken."""
    locked = draw(st.one_of(st.just(wanted), locks(), locks("old")))
    base = path_of(draw(st.sampled_from([wanted, locked])))
    path = draw(st.sampled_from([base, f"{base}.2", f"{base}.3", f"{PREFIX}/envs/mine"]))
    one = built(locked, path)
    noted = Packages(one.conda, one.dists)
    one = replace(
        one,
        frozen=draw(EITHER),
        made=draw(st.sampled_from([None, noted])),
        failed=draw(FAILED),
    )
    if draw(EITHER):
        extra = InstalledConda(draw(NAME), draw(VERSIONS), "x", None)
        dist = InstalledDist(draw(NAME), draw(VERSIONS))
        one = replace(
            one,
            whole=draw(EITHER),
            damaged=draw(EITHER),
            conda=draw(st.sampled_from([one.conda, one.conda[1:], (*one.conda[1:], extra)])),
            dists=draw(st.sampled_from([one.dists, one.dists[1:], (*one.dists, dist)])),
            stamp=draw(st.sampled_from([one.stamp, None, {}, {"lock": 1, "verification": 1}])),
            condarc=draw(st.sampled_from([one.condarc, one.condarc, None, "", "channels: [x]\n"])),
        )
    return one


@st.composite
def shell_files(draw: st.DrawFn) -> dict[str, ShellFile]:
    """The files of both shells: without conda's block, or with that of this prefix or another."""
    found = {}
    for shell, name in shell_init.FILES.items():
        state = draw(FILE_STATE)
        blocks = [
            None,
            shell_init.render_block(shell, PREFIX),
            shell_init.render_block(shell, "/opt/conda"),
        ]
        path = f"{HOME}/{draw(st.sampled_from([name, f'dotfiles/{name}']))}"
        block = draw(st.sampled_from(blocks)) if state in {"file", "closed", "outside"} else None
        found[name] = ShellFile(path, state, block)
    return found


@st.composite
def labs(draw: st.DrawFn) -> Target:
    """A Mac in some state, and what it should become."""
    wanted = draw(locks())
    there = draw(st.lists(environments(wanted), max_size=4, unique_by=lambda one: one.path))
    ours = [one.path for one in there if one.path.startswith(f"{GENERATIONS}/")]
    paths = [one.path for one in there] + [f"{GENERATIONS}/gone", path_of(wanted), None]
    names = draw(LINKED)
    depot = [one.sha256 for one in wanted.conda] + [one.sha256 for one in wanted.wheels]
    state = mac(
        *there,
        links={name: draw(st.sampled_from(paths)) for name in names},
        prefix_state=draw(PREFIX_STATE),
        depot={sha256: 100 for sha256 in depot if draw(EITHER)},
        shell_files=draw(shell_files()),
        free=draw(FREE),
        leftovers=draw(st.sampled_from([(), (), ("pkgs",)])),
        bash_reads=draw(st.sampled_from([None, None, None, ".profile"])),
        last_activated=tuple(
            one.path for one in there if one.path in ours and one.stamp is not None
        ),
    )
    if state.prefix_state == "absent":
        outside = {path: one for path, one in state.environments.items() if path in ours}
        state = replace(state, links={}, environments=outside)
    if state.prefix_state == "whole":
        state = replace(state, base=replace(built(draw(locks()), PREFIX, stamp=None), condarc=None))
    named = {"torch": wanted, "second": draw(locks("second"))}
    return Target(
        MacHost(
            "studio-01",
            environments=tuple(named),
            shells=draw(SOME_SHELLS),
            prune=draw(EITHER),
            frozen=draw(EITHER),
        ),
        state,
        installer=None if state.prefix_state == "whole" else INSTALLER,
        locks=named,
    )
