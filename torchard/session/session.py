"""Drive pyinfra over a lab: connect, probe, plan, apply, verify. One Mac's trouble is its own.

pyinfra stops every host when one raises, and asks at the terminal when one fails. So each Mac is
connected, probed and worked on in a greenlet of its own here, whose exceptions become its reason.
"""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
import pyinfra
from pyinfra.api import Config, Inventory, State, StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_host_op
from pyinfra.api.state import StateStage
from pyinfra.connectors import util as connector
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state
from pyinfra_cli.exceptions import UnexpectedExternalError
from pyinfra_cli.util import exec_file

from torchard.errors import TorchardError
from torchard.mac import probe
from torchard.operations import upload
from torchard.plan.plan import MacPlan, Plan, is_short_of_disk, plan_mac, unreachable
from torchard.plan.result import Course, applied, failed
from torchard.plan.stale import recheck, removed_from_lab
from torchard.progress import Progress, Silent
from torchard.remote import client, facts, open_files, read_guard
from torchard.remote.errors import unanswered
from torchard.remote.inventory import pyinfra_groups
from torchard.remote.quoting import for_any_shell
from torchard.remote.unreachable import CONNECT_TIMEOUT, instead_of_logs, lost, need_config, reason
from torchard.resources import resource
from torchard.session import inspection
from torchard.workspace.locks import LockMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyinfra.api.host import Host

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.plan.plan import Target
    from torchard.workspace.workspace import Workspace

KEEPALIVE = 30  # seconds: a connection that died in the middle of a long step is noticed

# Nobody is ever asked anything by pyinfra, while all other Macs wait: not whether the key of a
# host is right, which has to be known already, and not for a password of sudo, which nothing of
# ours uses, because some Mac's output looks like its question.
client.hold()
connector.SUDO_PASSWORD_REQUIRED_LINES = ()


def heed_signals() -> None:
    """Let Ctrl-C and SIGTERM end the run, wherever they arrive.

    Python raises them in the greenlet that happens to run: often one that serves a connection,
    and takes it for its own end.
    """
    hub = gevent.get_hub()

    def end(number: int, _frame: object) -> None:
        error = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
        hub.loop.run_callback_threadsafe(hub.parent.throw, error)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


class Session:
    """A connection to some Macs of a lab. Use it as a context manager.

    `why` holds the reason of each Mac that could not be reached or read, `states` the others;
    `strangers` are those that were read, and are no Macs. `unverified` says of each Mac which
    environments a verification found wrong, and why.
    """

    def __init__(
        self, workspace: Workspace, macs: Sequence[MacHost], progress: Progress | None = None
    ) -> None:
        self.workspace = workspace
        self.macs = {mac.name: mac for mac in macs}
        self.progress = progress or Silent()
        self.why: dict[str, str] = {}
        self.states: dict[str, MacState] = {}
        self.strangers: set[str] = set()
        self.unverified: dict[str, dict[str, str]] = {}
        self.remarks: dict[str, tuple[str, ...]] = {}  # on accounts, after an apply
        instead_of_logs()
        # What goes wrong in a greenlet is kept in `why`; gevent would print it, Ctrl-C included.
        gevent.get_hub().exception_stream = None
        hosts = [
            (name, data)
            for name, data in pyinfra_groups(workspace.lab)["macs"]
            if data["torchard_mac"] in self.macs
        ]
        self.state = State()  # which would take an inventory of no hosts for none
        allowed = open_files.allow(open_files.needed(len(hosts)))
        config = Config(CONNECT_TIMEOUT=CONNECT_TIMEOUT)
        config.PARALLEL = min(
            20 * (os.cpu_count() or 1), max(1, len(hosts)), open_files.at_once(allowed)
        )
        self.state.init(Inventory((hosts, {})), config)
        # pyinfra's own count of failures raises when no host is left; `why` has them all.
        self.state.fail_hosts = lambda *_, **__: None
        self.hosts: dict[str, Host] = {
            host.data.torchard_mac: host for host in self.state.inventory
        }

    def __enter__(self) -> Session:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Connect to every Mac at once and probe it."""
        self.progress.announce(f"reading {len(self.macs)} Macs")
        self.state.set_stage(StateStage.Connect)
        with ctx_state.use(self.state):
            self._each(self.hosts, self._reach)
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        with ctx_state.use(self.state):
            self._each([name for name in self.hosts if self.hosts[name].connected], self._leave)

    def _each(self, names: Sequence[str] | dict[str, Any], work: Callable[[str], None]) -> None:
        """Do something for each Mac at once; what goes wrong with one is kept in `why`."""

        def guarded(name: str) -> None:
            try:
                with (
                    ctx_config.use(self.state.config.copy()),
                    ctx_inventory.use(self.state.inventory),
                    ctx_host.use(self.hosts[name]),
                ):
                    work(name)
            except read_guard.WrittenTooEarlyError:
                raise
            except UnexpectedExternalError as wrapped:  # what deploy.py raised
                if isinstance(wrapped.exception, read_guard.WrittenTooEarlyError):
                    raise wrapped.exception from None
                self.why[name] = reason(wrapped.exception, self.macs[name])
            except Exception as error:  # noqa: BLE001  # whatever it is, it is this Mac's alone
                self.why[name] = reason(error, self.macs[name])

        at_work: list[gevent.Greenlet] = []
        try:
            # The pool is as large as open files and processors allow.
            at_work.extend(self.state.pool.spawn(guarded, name) for name in names)
            gevent.joinall(at_work, raise_error=True)
        except BaseException:  # Ctrl-C: nobody goes on behind its back
            gevent.killall(at_work)
            raise

    def _reach(self, name: str) -> None:
        host = self.hosts[name]
        need_config(self.macs[name])
        host.connect(show_errors=False, raise_exceptions=True)
        self.state.activate_host(host)
        connection = _client(host)
        if connection is not None:
            connection.get_transport().set_keepalive(KEEPALIVE)
        self.read(name)

    def _leave(self, name: str) -> None:
        host = self.hosts[name]
        host.disconnect()
        connection = _client(host)
        if connection is not None:
            connection.close()  # pyinfra leaves that to the end of the process

    def read(self, name: str) -> None:
        """Read what a Mac has now. Raise TorchardError where it cannot be told."""
        host, prefix = self.hosts[name], self.macs[name].miniconda.prefix
        reading = for_any_shell(probe.script(prefix))
        read_guard.admit(host, self.state, reading)
        _, output = host.run_shell_command(StringCommand(reading))
        try:
            self.states[name] = probe.parse(output.stdout_lines)
        except probe.UnfitError:
            self.strangers.add(name)
            raise
        except TorchardError:
            said = self._lost(name) or unanswered(output.stdout_lines, output.stderr)
            if said is None:
                raise
            raise TorchardError(said) from None  # why its answer is not whole
        facts.remember(host, prefix, self.states[name])

    def targets(self) -> dict[str, Target]:
        """Look up what each Mac that answered should become."""
        self.workspace.states.update(self.states)
        targets = {name: self._target(name) for name in self.macs if name in self.states}
        short = [name for name, target in targets.items() if is_short_of_disk(target)]
        self._measure_room(short)
        return {**targets, **{name: self._target(name) for name in short}}

    def _target(self, name: str) -> Target:
        return self.workspace.target(self.macs[name], self.states[name])

    def _measure_room(self, names: Sequence[str]) -> None:
        """Ask each Mac how much room macOS would make there."""

        def work(name: str) -> None:
            self.states[name] = inspection.measure_room(self.states[name], partial(self.ask, name))
            facts.remember(self.hosts[name], self.macs[name].miniconda.prefix, self.states[name])

        with ctx_state.use(self.state):
            self._each(names, work)

    def plan(self) -> Plan:
        """Compare every Mac with what it should become, in the lab's order."""
        targets = self.targets()
        macs = (
            plan_mac(targets[name]) if name in targets else self.unread(name) for name in self.macs
        )
        return self.workspace.artefacts.mark_fetched(Plan(tuple(macs)))

    def plan_again(self, saved: Plan) -> Plan:
        """Plan anew what a saved plan changes, and return what of it still holds, Mac by Mac."""
        self.workspace.states.update(self.states)
        macs = (self._again(mac) for mac in saved.macs)
        return self.workspace.artefacts.mark_fetched(Plan(tuple(macs)))

    def _again(self, mac: MacPlan) -> MacPlan:
        if mac.state in {"unreachable", "blocked"}:
            return mac  # it was left alone, and it still is
        if mac.name not in self.macs:
            return removed_from_lab(mac)
        if mac.name not in self.states:
            return self.unread(mac.name)
        try:
            target = self._target(mac.name)
            if is_short_of_disk(target):
                self._measure_room([mac.name])
                target = self._target(mac.name)
        except LockMissingError as error:  # the lab or the catalogue asks for another by now
            reason = f"{error.message} Plan again"
            return replace(mac, state="blocked", reason=reason, steps=(), disk=None)
        return recheck(mac, plan_mac(target))

    def unread(self, name: str) -> MacPlan:
        """Return the plan of a Mac whose state is not known."""
        if name in self.strangers:
            return MacPlan(name, "blocked", reason=self.why[name])
        return unreachable(name, self.why[name])

    def apply(self, plan: Plan) -> Plan:
        """Do what a plan says, each Mac at its own pace, and return what is there then."""
        self.workspace.planned = {mac.name: mac.steps for mac in plan.macs}
        todo = [mac.name for mac in plan.macs if mac.state == "change"]
        courses = dict.fromkeys(todo, Course())

        def work(name: str) -> None:
            start = time.monotonic()
            try:
                courses[name] = self._run(name)
            finally:
                courses[name] = replace(courses[name], seconds=time.monotonic() - start)
                self.progress.finished(name, "failed" if name in self.why else "done")

        with ctx_state.use(self.state):
            self.state.set_stage(StateStage.Prepare)
            with _as_cli():
                self._each(todo, lambda _: exec_file(str(resource("deploy.py"))))
            self.state.set_stage(StateStage.Execute)
            self.state.is_executing = True
            self._each([name for name in todo if name not in self.why], work)
            # What is reported is what is on disk then, not what should be.
            self._each([name for name in todo if name not in self.why], self.read)
            self._each([name for name in todo if name not in self.why], self._look_at_account)
        return replace(plan, macs=tuple(self._result(mac, courses) for mac in plan.macs))

    def _look_at_account(self, name: str) -> None:
        if any(step.kind == "environment" for step in self.workspace.planned[name]):
            locks = self._target(name).locks
            told = inspection.describe_account(self.states[name], locks, partial(self.ask, name))
            self.remarks[name] = told

    def _run(self, name: str) -> Course:
        host = self.hosts[name]
        done: list[str] = []
        host.connector_data[upload.PROGRESS] = lambda _host, *what: self.progress.mac(name, *what)
        for op_hash in list(host.op_hash_order):
            label = _label(self.state.get_op_meta(op_hash).names)
            try:
                well = run_host_op(self.state, host, op_hash)
            except PyinfraError:
                well = False  # it counts the Macs that are left, and cries where this was the last
            if not well:
                meta = self.state.get_op_data_for_host(host, op_hash).operation_meta
                said = host.connector_data.pop(upload.FAILURE, None) or meta.stderr.strip()
                self.why[name] = self._lost(name) or said or "a command failed in silence"
                return Course(tuple(one for one in done if one != label), label)
            done.append(label)
        return Course(tuple(done))

    def work(
        self, names: Sequence[str], errand: Callable[[str], None], *, reads: bool = False
    ) -> None:
        """Do what is no apply for each Mac at once; one that `reads` may not write. See `why`."""
        self.state.is_executing = not reads
        with ctx_state.use(self.state):
            self._each(names, errand)

    def run(self, name: str, script: str) -> list[str]:
        """Run a script on a Mac and return its lines. Raise TorchardError with what it said."""
        ok, output = self.hosts[name].run_shell_command(StringCommand(for_any_shell(script)))
        if not ok:
            said = self._lost(name) or output.stderr.strip()
            raise TorchardError(said or "a command failed in silence")
        return list(output.stdout_lines)

    def ask(self, name: str, script: str) -> list[str]:
        """Run a script that only reads, at any time; return and raise as `run` does."""
        read_guard.admit(self.hosts[name], self.state, for_any_shell(script))
        return self.run(name, script)

    def _lost(self, name: str) -> str | None:
        """Say that the connection to a Mac was lost, where it was."""
        connection = _client(self.hosts[name])
        lives = connection is None or connection.get_transport().is_active()
        return None if lives else lost(self.macs[name])

    def _result(self, mac: MacPlan, courses: dict[str, Course]) -> MacPlan:
        if mac.state != "change":
            return mac
        course = courses[mac.name]
        if mac.name in self.why:
            return failed(mac, replace(course, reason=self.why[mac.name]))
        result = applied(mac, self._target(mac.name), course)
        return replace(result, warnings=(*result.warnings, *self.remarks.get(mac.name, ())))


def _client(host: Host) -> Any:
    """Return the SSH client of a Mac that is connected; None for the Mac at hand."""
    return getattr(host.connector, "client", None)


def _label(names: Iterable[str]) -> str:
    """Return the step that an operation of deploy.py belongs to: `Verify torch` is of torch."""
    name = next(iter(names))
    return name.partition(" ")[2] or name.lower()


@contextmanager
def _as_cli() -> Iterator[None]:
    """Let pyinfra tell the operations of deploy.py apart by their lines, as its command does."""
    before, pyinfra.is_cli = pyinfra.is_cli, True
    try:
        yield
    finally:
        pyinfra.is_cli = before
