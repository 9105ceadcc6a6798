"""Whatever a Mac answers becomes the plan of that Mac, and every other Mac has its own plan."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from locked import GENERATIONS, HOME, PREFIX, built, lock, mac, package, path_of, wheel
from profiles import examples

from torchard.catalog.catalog import load_catalog
from torchard.cli import explain as explaining
from torchard.cli.explain import explain_mac
from torchard.lab.model import SHELLS, Environment, Lab, MacHost, Position, Request
from torchard.mac import probe
from torchard.plan.blockers import find_mac_blockers
from torchard.plan.codec import document, dumps
from torchard.plan.rollback import plan_rollback
from torchard.plan.target import Target
from torchard.plan.warnings import find_mac_warnings
from torchard.render.status import status_document, status_lines
from torchard.render.text import plan_lines
from torchard.session import plan as planning
from torchard.session.plan import find_all_drift, make_plan, recheck_plan

LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.8.0")])
CATALOGUE = load_catalog()
GENERATION = path_of(LOCK)
DIGITS = "9" * 5000
HEX = "11111111-2222-3333-4444-555555555555"
SHA256 = "0" * 64
JSONS = (
    "{}", "[]", "null", "{", '{"path": 1}', '{"date": "9999-99-99"}', f'{{"format": {DIGITS}}}',
    '{"format": 1e999, "environment": "torch"}', "[" * 20_000, '{"a":' * 900 + "1" + "}" * 900,
    '{"version": "\\ud800", "sha256": "\\udfff"}', '{"sha256": {"a": []}, "version": []}',
    f'{{"environment": "torch", "verification": {{"python": {"[" * 400}{"]" * 400}}}}}',
    '{"environment": "torch", "lock": 1, "condarc": 2, "verification": [], "date": NaN}',
    '{"reason": "\\ud800", "date": "2026-11-29"}', '{"accepted": "x", "variant": {"packages": 7}}',
)  # fmt: skip
WORDS = (
    "", "-", "=", "zz", "=torch", "=second", "=/", "=../..", f"={HOME}", f"={PREFIX}",
    f"={GENERATION}",
    f"={GENERATIONS}/torch-00000000.{DIGITS}", "=" + "a" * 70_000, "ff", "edb3a0", "c3a9", DIGITS,
    "1",
    "999999999999999999", "-1", "1_0", "٣", "whole", "half", "foreign", "absent", "other", "same",
    "python", "moved", "exec", "noexec", "apfs", "smbfs", "open", "file", "tangled", ".zshrc",
    ".bash_profile", "torch", f"torch-{DIGITS}", "torch-2.8.0", "-", f"1!{DIGITS}",
    "1.0+" + "a" * 4500,
    f"a-token {DIGITS} ada", "a-token 999999999999999999 ada@desk", "1 2 3 " * 3000, HEX, SHA256,
    "channels", "defaults", "?", "auto_update_conda", "\x1b]0;x\x07", "\u202e", "\ud800", "\u2028",
    *JSONS,
)  # fmt: skip
KINDS = (
    "whole", "damaged", "frozen", "lacks", "same_place", "own", "own_large", "failed", "conda",
    "dist", "stamp", "condarc", "made", "made_conda", "made_dist", "environment", "base",
    "link", "shown", "missing", "depot", "lock", "shell_file", "volume_home", "volume_prefix",
    "guarded", "unmounted", "conda_setting", "conda_final", "prefix_subdir", "prefix_mark",
    "prefix_made_for", "other_prefix", "conda_version", "user", "free", "clock", "hardware",
    "boot", "virtual", "translated", "bash_reads", "unwritable_prefix", "unwritable_home",
    "arm64", "machine", "prefix", "home", "prefix_state",
)  # fmt: skip
LINE = st.builds(
    lambda kind, fields: "\t".join([kind, *fields]),
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(WORDS) | st.text(max_size=5), min_size=1, max_size=4),
)
# The lines before them: a whole Mac whose environment is active.
START = (
    "begin", "kernel\tDarwin", "arm64\t1", "macos\t15.1", f"home\t={HOME}", f"prefix\t={PREFIX}",
    "prefix_state\twhole", f"hardware\t{HEX}", f"base\t={PREFIX}", "whole\t1",
    f"link\t=torch\t={GENERATION}", f"environment\t={GENERATION}", "whole\t1",
    f'stamp\t{{"environment": "torch", "lock": "{LOCK.digest}", "verification": {{}}}}',
)  # fmt: skip


class Workspace:
    """A workspace whose lock is known, with all that the real one asks of a Mac's state."""

    catalogue = CATALOGUE

    def __init__(self):
        where = Position("lab.yaml", 2, 3)
        asked = {
            name: Environment(name, "3.12", Request("3.12"), where=where)
            for name in ("torch", "second")
        }
        self.lab = Lab(Path("/lab/lab.yaml"), asked, {}, {})
        self.locks = SimpleNamespace(written=set())
        self.states = {}
        self.artefacts = SimpleNamespace(mark_fetched=lambda plan: plan)

    def find_target(self, host, state):
        self.states[host.name] = state
        blockers = tuple(find_mac_blockers(host, self.states, CATALOGUE.oldest_conda))
        warnings = tuple(find_mac_warnings(host, state, CATALOGUE, 0))
        locks = {} if blockers else {"torch": LOCK}
        return Target(host, state, locks=locks, blockers=blockers, warnings=warnings)


def a_session(**states):
    """A session that has read these Macs."""
    host = MacHost(
        "", address="192.0.2.11", macos="15.1", environments=("torch", "second"), shells=SHELLS,
        prune=True, frozen=True, where=Position("lab.yaml", 1, 1),
    )  # fmt: skip
    return SimpleNamespace(
        workspace=Workspace(),
        macs={name: replace(host, name=name) for name in states},
        hosts={name: SimpleNamespace(connector_data={}) for name in states},
        states={name: state for name, state in states.items() if state is not None},
        reasons={name: "no answer" for name, state in states.items() if state is None},
        unfit=set(),
        interrupted=None,
        until_interrupted=lambda task: task(),
        each=lambda *_, **__: None,
        wait_for_locks=lambda names, _count=None: list(names),
        wait_for_all_locks=lambda: None,
    )


def read(lines):
    """Return the state that is read of an answer; None where it is not one of a Mac."""
    try:
        return probe.parse([*START, *lines, "end\tok"])
    except probe.ProbeError:
        return None


@settings(max_examples=examples(300))
@given(st.lists(LINE, max_size=8))
@example([f"conda_version\t{DIGITS}"])
@example([f"dist\ttorch-{DIGITS}"])
@example(["lock\ta-token 999999999999999999 ada@desk\t1\t"])
@example(['prefix_mark\t{"version": "\\ud800"}'])
def test_any_answer_ends_in_a_plan_for_all(lines):
    """What one Mac prints raises nowhere between its probe and what a person reads."""
    state = read(lines)
    session = a_session(odd=state, good=mac(built(LOCK, GENERATION)))
    found = find_all_drift(session)
    plan = make_plan(session)
    again = recheck_plan(session, plan)
    assert not any("error in Torchard" in (one.reason or "") for one in (*plan.macs, *again.macs))
    assert [one.name for one in plan.macs] == ["odd", "good"]
    assert plan.macs[1].state == make_plan(a_session(good=session.states["good"])).macs[0].state
    if state is not None:
        plan_rollback("torch", session.macs["odd"], state)
    explained, _ = explain_mac(session, "odd", as_json=True)
    assert explained.macs[0] == plan.macs[0]
    for printed in (dumps(document(plan)), dumps(status_document(plan, found))):
        printed.encode("ascii")
    for line in (*plan_lines(plan, full=True), *status_lines(plan, found, full=True)):
        assert line.plain.isprintable()


def test_an_error_of_ours_about_one_mac_is_its_result(monkeypatch):
    """If something raises after all, that Mac is blocked, and the reason says how to report it."""
    real = planning.plan_mac

    def plan_mac(target):
        if target.mac.name == "odd":
            raise OverflowError("date value out of range")
        return real(target)

    monkeypatch.setattr(planning, "plan_mac", plan_mac)
    plan = make_plan(a_session(odd=mac(), good=mac()))
    assert [one.state for one in plan.macs] == ["blocked", "change"]
    assert "(OverflowError: date value out of range, " in plan.macs[0].reason
    assert "Report it" in plan.macs[0].reason


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_of_ours_in_an_explanation_is_the_macs_result(monkeypatch, as_json):
    """The reason is explained instead of what was read from the Mac."""
    real = explaining.explain_plan

    def explain_plan(mac, plan, target, *others):
        if target is not None:
            raise OverflowError("date value out of range")
        return real(mac, plan, target, *others)

    monkeypatch.setattr(explaining, "explain_plan", explain_plan)
    session = a_session(odd=mac())
    plan, printed = explain_mac(session, "odd", as_json=as_json)
    assert plan.macs[0].state == "blocked"
    text = printed if as_json else "\n".join(line.plain for line in printed)
    assert "(OverflowError: date value out of range, " in text
