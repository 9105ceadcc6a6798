"""A Mac that is only a MacState: it answers the probe, and does what our scripts do.

As a program it holds what deploy.py does to generated Macs against their plans:

    python tests/unit/operations/model_mac.py EXAMPLES session|stock
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from drawn import labs
from hypothesis import HealthCheck, Phase, given, settings
from locked import built
from pyinfra.api.operations import run_ops
from pyinfra.api.state import State, StateStage
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state
from pyinfra_cli.util import exec_file

from torchard.lab.model import Environment, Lab
from torchard.mac import probe
from torchard.mac.state import Link, Packages, ShellFile
from torchard.plan.disk import is_short_of_disk
from torchard.plan.plan import plan_mac
from torchard.remote.quoting import for_any_shell
from torchard.resources import find_resource
from torchard.session.apply import apply_plan, identify_operations_by_line
from torchard.session.plan import make_plan
from torchard.session.session import Session
from torchard.workspace import workspace as workspaces
from torchard.workspace.artefacts import Artefacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinfra.api import Host

    from torchard.lab.model import MacHost
    from torchard.mac.state import InstalledEnvironment, MacState
    from torchard.plan.plan import MacPlan
    from torchard.plan.target import Target

    # What was done: the kind of the step, its environment, and its path.
    Done = list[tuple[str, str | None, str]]

VERIFICATION = '{"python": "3.12.13", "machine": "arm64", "torch": "2.2.2", "mps": true}'
ROOM = for_any_shell(probe.build_room_script())
OCTAL = re.compile(rb"\\0([0-7]{3})")
# A variable as shlex.quote writes its value; shlex itself reads a script character by character.
ASSIGNMENT = re.compile(r"""\s*(?P<name>[A-Z0-9_]+)=(?P<value>(?:'[^']*'|"[^"]*"|[^\s'"]+)*)""")
QUOTED = re.compile(r"""'([^']*)'|"([^"]*)"|([^\s'"]+)""")


def coded(text: str) -> str:
    return f"={text}" if text.isascii() and text.isprintable() else text.encode().hex()


def answer(state: MacState) -> Iterator[str]:
    """Return what the probe prints on such a Mac."""
    yield from ("begin", "kernel\tDarwin", f"machine\t{state.arch}", f"macos\t{state.macos}")
    yield from (f"home\t{coded(state.home)}", f"user\t{coded(state.user)}")
    yield from (f"free\t{state.free // 1024}", f"prefix\t{coded(state.prefix)}")
    yield f"prefix_state\t{state.prefix_state}"
    yield "prefix_subdir\tosx-arm64"
    if state.prefix_ours is not None:
        yield f"prefix_mark\t{json.dumps(state.prefix_ours)}"
    if state.base is not None:
        yield from environment("base", state.base)
    for link in state.links.values():
        yield f"link\t{coded(link.name)}\t{'-' if link.target is None else coded(link.target)}"
    for one in state.environments.values():
        yield from environment("environment", one)
    yield from (f"shown\t{path.rpartition('/')[2]}" for path in state.last_activated)
    yield from (f"depot\t{sha256}\t{size}" for sha256, size in state.depot.items())
    for name, file in state.shell_files.items():
        yield "\t".join(("shell_file", name, file.state, coded(file.path), coded(file.block or "")))
    if state.bash_reads is not None:
        yield f"bash_reads\t{state.bash_reads}"
    yield from (f"leftover\t{coded(path)}" for path in state.leftovers)
    yield "end\tok"


def environment(kind: str, one: InstalledEnvironment) -> Iterator[str]:
    """Return what the probe prints for one environment."""
    yield f"{kind}\t{coded(one.path)}"
    yield from ["whole\t1"] * one.whole + ["frozen\t1"] * one.frozen + ["damaged\t1"] * one.damaged
    if one.stamp is not None:
        yield f"stamp\t{json.dumps(one.stamp)}"
    if one.failed is not None:
        yield f"failed\t{json.dumps(dict(zip(('date', 'reason'), one.failed, strict=True)))}"
    if one.condarc is not None:
        yield "condarc\t"
        yield from (f"condarc\t{coded(line)}" for line in one.condarc.splitlines())
    found = Packages(one.conda, one.dists)
    yield from packages("", found)
    if one.made is not None:
        yield f"made\t{'same' if one.made == found else 'other'}"
        yield from packages("made_", one.made) if one.made != found else ()


def packages(which: str, some: Packages) -> Iterator[str]:
    """Return packages as packages.sh prints them."""
    for one in some.conda:
        yield "\t".join((f"{which}conda", one.name, one.version, one.build, one.sha256 or ""))
    yield from (f"{which}dist\t{one.name}-{one.version}" for one in some.dists)


def values_of(script: str) -> dict[str, str]:
    """Return the shell variables at the start of a script."""
    values, at = {}, 0
    while found := ASSIGNMENT.match(script, at):
        values[found["name"]] = "".join(map("".join, QUOTED.findall(found["value"])))
        at = found.end()
    return values


def _read(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(name)
    assert file is not None
    return file.read().decode()


class Model:
    """A pyinfra connector to a Mac that is only a state; `done` lists what was done to it."""

    handles_execution = True

    def __init__(self, target: Target) -> None:
        self.target = target
        self.state = target.state
        self.probe = for_any_shell(probe.build_script(target.mac.miniconda.prefix))
        self.room = 10**12 if self.state.depot else 0  # what macOS would make
        self.done: Done = []
        self.pushed: dict[str, bytes] = {}
        assert probe.parse(answer(self.state)) == self.state

    def connect(self) -> None:
        """Connect without a network."""

    def disconnect(self) -> None:
        """Disconnect."""

    def put_file(self, file: object, name: str, *_: object, **__: object) -> bool:
        if isinstance(file, io.BytesIO):  # a kit: artefacts are files of the depot
            self.pushed[Path(name).name.partition(".")[0]] = file.getvalue()
        return True

    def get_file(self, *_: object, **__: object) -> bool:
        raise AssertionError("nothing is fetched from a Mac")

    def rsync(self, *_: object, **__: object) -> bool:
        raise AssertionError("nothing is copied by rsync")

    def run_shell_command(
        self, command: object, *_: object, **__: object
    ) -> tuple[bool, CommandOutput]:
        text = str(command)
        if text == ROOM:
            out = [str(self.room)]
        else:
            out = list(answer(self.state)) if text == self.probe else self._run(text)
        return True, CommandOutput([OutputLine("stdout", line) for line in out])

    def _run(self, command: str) -> list[str]:
        plain = OCTAL.sub(lambda found: bytes([int(found[1], 8)]), command.encode()).decode()
        asked = re.search(r"\[\{\"path\": .*\}\]", plain)
        if asked:  # nobody made anything in a generation
            nothing = {"count": 0, "bytes": 0, "names": []}
            report = dict.fromkeys(("carried", "left", "unsaved"), nothing)
            return [json.dumps({one["path"]: report for one in json.loads(asked[0])})]
        values = values_of(plain.partition('printf %b "')[2])
        if values.get("RESUMES") and "EDIT" not in values:
            self.state = replace(self.state, leftovers=())
            if not values.keys() & {"MARK", "GENERATION", "TARGET", "NOTE"}:
                self.done.append(("prune", None, f"{self.state.home}/.torchard"))
        for name, done in {
            "MARK": self._miniconda,
            "GENERATION": self._environment,
            "EDIT": self._shell_file,
            "TARGET": self._remove,
        }.items():
            if name in values:
                done(values)
        return [VERIFICATION] if "verify.py" in plain or "INSIDE" in plain else []

    def _miniconda(self, values: dict[str, str]) -> None:
        self.done.append(("miniconda", None, values["PREFIX"]))
        kept = {} if self.state.prefix_state == "half" else self.state.links
        within = f"{self.state.prefix}/"
        there = {p: one for p, one in self.state.environments.items() if not p.startswith(within)}
        mark = {"sha256": values["SHA256"]}
        self.state = replace(
            self.state, prefix_state="whole", prefix_ours=mark, links=kept, environments=there
        )

    def _environment(self, values: dict[str, str]) -> None:
        name = values["NAME"]
        path = f"{self.state.home}/.torchard/generations/{values['GENERATION']}"
        self.done.append(("environment", name, path))
        there = dict(self.state.environments)
        stamp = (there[path].stamp or {}) if path in there else {}
        if stamp.get("lock") != values["DIGEST"]:
            there[path] = self._build(name, path, self.pushed[values["KIT"]])
        links = {**self.state.links, name: Link(name, path)}
        self.state = replace(self.state, environments=there, links=links)

    def _build(self, name: str, path: str, kit: bytes) -> InstalledEnvironment:
        """Build the packages of a kit."""
        with tarfile.open(fileobj=io.BytesIO(kit)) as archive:
            said = json.loads(_read(archive, "kit.json"))
            condarc = _read(archive, "condarc")
        one = built(self.target.locks[name], path, condarc=condarc, frozen="frozen" in said)
        stamp = {**said["stamp"], "verification": json.loads(VERIFICATION)}
        return replace(one, stamp=stamp, made=Packages(one.conda, one.dists))

    def _shell_file(self, values: dict[str, str]) -> None:
        self.done.append(("shell", None, values["FILE"]))
        files = dict(self.state.shell_files)
        (name,) = (name for name, file in files.items() if file.path == values["FILE"])
        assert values["BEFORE"] == (files[name].block or "")
        files[name] = ShellFile(values["FILE"], "file", values["AFTER"])
        self.state = replace(self.state, shell_files=files)

    def _remove(self, values: dict[str, str]) -> None:
        name, target = values["NAME"], values["TARGET"]
        self.done.append(("prune", name, target))
        links = dict(self.state.links)
        if name in links and links[name].target == target:
            del links[name]
        shown = {link.target for link in links.values()}
        ours = f"{self.state.home}/.torchard/generations/"
        there = {
            path: one
            for path, one in self.state.environments.items()
            if path in shown
            or not path.startswith(ours)
            or (one.stamp or {}).get("environment") != name
        }
        self.state = replace(self.state, links=links, environments=there)


class Given(workspaces.Workspace):
    """A workspace whose answers are given, and whose artefacts are all there."""

    def __init__(self, lab: Lab, given: Target) -> None:
        super().__init__(lab)
        self.given = given
        self.artefacts = Fetched(self.catalogue, self.depot)

    def find_target(self, mac: MacHost, state: MacState) -> Target:
        return replace(self.given, mac=mac, state=state)


class Fetched(Artefacts):
    """Artefacts that need no network."""

    def fetch(self, *_: object) -> Path:
        return Path("/dev/null")


def opened(target: Target) -> tuple[Session, Host]:
    """Return a session on the one Mac of an target, and the Mac."""
    environments = {name: Environment(name, "3.12", None) for name in target.locks}
    mac = replace(target.mac, name="mac", address="192.0.2.1")
    target = replace(target, mac=mac)
    lab = Lab(Path("/model/lab.yaml"), environments, {}, {"mac": mac})
    workspace = Given(lab, target)
    workspaces._WORKSPACES[lab.path] = workspace
    session = Session(workspace, [mac])
    (host,) = session.hosts.values()
    host.connector = Model(target)
    return session, host


def by_session(target: Target) -> tuple[Done, MacPlan, MacPlan]:
    """Apply as `torchard apply` does; return what was done, the plan, and the plan that is left."""
    session, host = opened(target)
    with session:
        plan = make_plan(session)
        result = apply_plan(session, plan)
    left = plan_mac(replace(target, mac=host.connector.target.mac, state=host.connector.state))
    states = {"change": "up_to_date"}
    assert result.macs[0].state == states.get(plan.macs[0].state, plan.macs[0].state), result
    outcomes = {step.outcome for step in result.macs[0].steps}
    assert outcomes <= {"done"} or plan.macs[0].state != "change"
    return host.connector.done, plan.macs[0], left


def by_stock(target: Target) -> tuple[Done, MacPlan, MacPlan]:
    """Apply as the `pyinfra` command does with deploy.py: a dry run first, then a real run."""
    session, host = opened(target)
    state = session.state
    state.__class__ = State  # as that command has it: one stage for all hosts, and no guard
    state.torchard_is_guarded = False
    state.fail_hosts = lambda *_, **__: None  # type: ignore[method-assign]
    known = replace(target, mac=host.connector.target.mac)
    if is_short_of_disk(known):
        known = replace(known, state=replace(known.state, room=host.connector.room))
    plan = plan_mac(known)
    with ctx_state.use(state), ctx_config.use(state.config.copy()):
        state.set_stage(StateStage.Connect)
        host.connect(show_errors=False, raise_exceptions=True)
        state.activate_host(host)
        state.set_stage(StateStage.Prepare)
        with identify_operations_by_line(), ctx_inventory.use(state.inventory), ctx_host.use(host):
            exec_file(str(find_resource("deploy.py")))
        assert host.connector.done == []
        planned = [
            state.get_op_meta(one).names
            for one in state.get_op_order()
            if state.get_op_data_for_host(host, one).operation_meta.will_change
        ]
        state.set_stage(StateStage.Execute)
        run_ops(state)
    assert bool(planned) == (plan.state != "up_to_date"), planned
    left = plan_mac(replace(target, mac=host.connector.target.mac, state=host.connector.state))
    return host.connector.done, plan, left


def main(examples: int, how: str) -> None:
    """Compare what was done to that many Macs with their plans."""
    apply = {"session": by_session, "stock": by_stock}[how]
    count = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(labs())
    def hold(target: Target) -> None:
        nonlocal count
        done, plan, left = apply(target)
        assert done == [(step.kind, step.environment, step.path) for step in plan.steps]
        assert plan.state in {"up_to_date", "change", "blocked"}, plan.reason
        if plan.state != "blocked":
            assert (left.state, left.steps) == ("up_to_date", ()), left
        count += bool(plan.steps)

    hold()
    print(count)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
