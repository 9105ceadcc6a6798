"""Plans of any shape, with any text in them, for what must hold for all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from torchard.plan.diff import PackageChange
from torchard.plan.disk import Disk
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import MacPlan, Plan, PlanState
from torchard.plan.result import MacResult, MacRun, Result, report_failure, report_mac
from torchard.plan.steps import Step, StepId

TEXT = st.one_of(
    st.text(st.characters(), max_size=6),  # lone surrogates too: a file name may hold any byte
    st.sampled_from(["torch", "2.15.0", "\x1b[2J", "a\nPlan: ", "\u202e", "x" * 90, "", "a b  c "]),
)
COUNT = st.integers(0, 10**12)
PACKAGES = st.builds(
    PackageChange,
    st.sampled_from(["add", "update", "remove"]),
    *(TEXT, st.none() | TEXT, st.none() | TEXT, TEXT, COUNT),
    sha256=st.none() | st.sampled_from(["0" * 64, "1" * 64]),
    note=TEXT,
)
VERIFICATIONS = st.dictionaries(TEXT, TEXT, max_size=2).map(lambda told: tuple(told.items()))
FEW = st.lists(TEXT, max_size=2).map(tuple)
FILES = st.builds(FileChange, TEXT, st.none() | TEXT, st.none() | TEXT)
ENVIRONMENTS = st.builds(
    Step,
    st.just("environment"),
    st.sampled_from(["create", "update", "repair", "activate", "remove"]),
    *(TEXT, TEXT, TEXT, TEXT),
    st.lists(PACKAGES, max_size=4).map(tuple),
    *(COUNT, COUNT, COUNT, st.none() | TEXT),
    files=st.lists(FILES, max_size=2).map(tuple),
    requested=FEW,
    notes=FEW,
)
MINICONDA = st.builds(
    Step,
    st.just("miniconda"),
    st.sampled_from(["create", "repair"]),
    st.none(),
    *(TEXT, TEXT, TEXT),
    st.tuples(PACKAGES),
    digest=st.none() | TEXT,
    notes=FEW,
)
SHELL = st.builds(
    Step, st.just("shell"), st.sampled_from(["create", "update", "remove"]), st.none(),
    *(TEXT,) * 3,
    files=st.tuples(FILES),
)  # fmt: skip
STEPS = st.lists(ENVIRONMENTS | MINICONDA | SHELL, max_size=2).map(tuple)


STATES: list[PlanState] = ["up_to_date", "change", "unreachable", "blocked"]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return what is left alone with its reason and no steps, and anything else in any state."""
    names = draw(st.lists(TEXT, max_size=3, unique=True))
    return Plan(tuple(draw(mac_plans(name)) for name in names))


@st.composite
def mac_plans(draw: st.DrawFn, name: str) -> MacPlan:
    """Return a plan of one Mac."""
    state = draw(st.sampled_from(STATES))
    left = state in {"unreachable", "blocked"}
    mac_class, arch = draw(st.tuples(st.none() | TEXT, st.none() | TEXT))
    return MacPlan(
        name,
        state,
        mac_class,
        arch,
        macos=draw(st.none() | TEXT),
        reason=draw(TEXT) if left else None,
        steps=() if left else draw(STEPS),
        warnings=draw(FEW),
        disk=draw(st.none() | st.builds(Disk, COUNT, COUNT)),
    )


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Return results of the same Macs, with any steps done."""
    return Result(
        tuple(draw(mac_results(mac)) for mac in draw(plans()).macs),
        draw(st.sampled_from(["result", "verification"])),
    )


@st.composite
def mac_results(draw: st.DrawFn, planned: MacPlan) -> MacResult:
    """Return a result of one Mac's plan."""
    steps = st.lists(st.sampled_from([step.id for step in planned.steps] or [StepId("prune")]))
    done, failed = (tuple(draw(steps)) for _ in range(2))
    seconds = draw(st.none() | st.integers(0, 10**7).map(lambda tenths: tenths / 10))
    run = MacRun(done, failed, draw(TEXT), seconds)
    made = report_mac(planned, run, planned.state, planned.reason)
    if draw(st.booleans()):
        made = report_failure(planned, run)
    found = st.dictionaries(TEXT, TEXT, max_size=2).map(lambda one: tuple(one.items()))
    return replace(made, verifications=draw(found))
