"""The connections to the Macs of one run: connect, read their state, run commands on them.

pyinfra stops every host when one raises, and asks at the terminal when one fails. Here each Mac has
a greenlet of its own, and an exception in it becomes the reason why that Mac is left alone.
"""

from __future__ import annotations

import torchard.remote.without_invoke  # isort: skip  # noqa: F401  # before pyinfra imports paramiko

import signal
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import gevent
from pyinfra.api import Config, Inventory, StringCommand
from pyinfra.connectors import util as connector
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state
from pyinfra_cli.exceptions import UnexpectedExternalError

from torchard.errors import TorchardError
from torchard.mac import probe
from torchard.plan.blockers import find_mac_blockers
from torchard.progress import NoProgress, Progress
from torchard.remote import client, facts, open_files, openssh, read_guard
from torchard.remote.inventory import pyinfra_groups
from torchard.remote.limits import limit_probe, limit_script, limit_step, limit_verification
from torchard.remote.output import TOO_MUCH
from torchard.remote.quoting import for_any_shell
from torchard.remote.unreachable import (
    CONNECT_TIMEOUT,
    explain_error,
    explain_lost_connection,
    explain_missing_answer,
    require_config,
    silence_logs,
)
from torchard.remote.wake import connect_once_awake
from torchard.session.locking import LockJobs
from torchard.session.paced_state import PacedState
from torchard.session.signals import find_exit_code, interruptible
from torchard.workspace.runs import mark_own_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyinfra.api.host import Host

    from torchard.lab.model import MacHost
    from torchard.mac.state import MacState
    from torchard.remote.limits import Limit
    from torchard.workspace.workspace import Workspace

T = TypeVar("T")
KEEPALIVE = 30  # seconds between signs of life, so that a lost connection is noticed
PARALLEL = 100  # Macs at a time: docs/large-labs.md has the measurement
NO_OUTPUT = "a command failed without output"
INTERRUPTED = "the run was interrupted before anything was changed on this Mac"
INTERRUPTED_STEP = (
    "the run was interrupted. A step that had begun goes on by itself, and the same command again"
    " waits for it and does the rest"
)

# pyinfra would ask at the terminal while all other Macs wait. A host key must be known already, and
# no command of ours uses sudo, so output that looks like sudo's question is only output.
client.install_client()
connector.SUDO_PASSWORD_REQUIRED_LINES = ()


class Session:
    """Connections to some Macs of a lab. Use it as a context manager.

    `states` holds the state of each Mac that was read, `reasons` why another Mac was not, or why
    the work on it failed. `unfit` names the Macs that answered and cannot be managed. Once a signal
    has ended the run, no Mac is asked anything more.
    """

    def __init__(
        self,
        workspace: Workspace,
        macs: Sequence[MacHost],
        progress: Progress | None = None,
        *,
        parallel: int | None = None,
        locks_ahead: bool = False,
    ) -> None:
        """Work on `parallel` Macs at a time, by default on PARALLEL.

        With `locks_ahead`, each lock is found or solved as soon as its class is known.
        Raise LabError if the lab's ssh_config needs the operator's permission.
        """
        openssh.CONFIGURATIONS.require_permission(macs)
        self.workspace = workspace
        self.macs = {mac.name: mac for mac in macs}
        self.progress = progress or NoProgress()
        self.states: dict[str, MacState] = {}
        self.reasons: dict[str, str] = {}
        self.unfit: set[str] = set()
        self.locks_ahead = locks_ahead
        self.locking = LockJobs(workspace.locks)
        self._interrupted: int | None = None
        silence_logs()
        # `reasons` has what goes wrong in a greenlet; gevent would print it, even Ctrl-C.
        gevent.get_hub().exception_stream = None
        hosts = [
            (name, data)
            for name, data in pyinfra_groups(workspace.lab)["macs"]
            if data["torchard_mac"] in self.macs
        ]
        self.state = PacedState()  # its constructor does not take an inventory without hosts
        allowed = open_files.raise_limit(open_files.count_needed(len(hosts)))
        config = Config(CONNECT_TIMEOUT=CONNECT_TIMEOUT)
        config.PARALLEL = min(
            parallel or PARALLEL,
            max(1, len(hosts)),
            open_files.limit_parallel(allowed),
        )
        self.state.init(Inventory((hosts, {})), config)
        read_guard.guard_state(self.state)
        self.hosts: dict[str, Host] = {
            host.data.torchard_mac: host for host in self.state.inventory
        }

    def __enter__(self) -> Session:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Connect to all Macs at once and read their state."""
        for mac in self.macs.values() if self.locks_ahead else ():
            self.locking.start_known(mac)
        count = len(self.macs)
        self.progress.announce(f"reading {count} {'Mac' if count == 1 else 'Macs'}")
        self.each([*self.hosts], self._connect, is_executing=False)
        answered = self.states.keys() | self.unfit  # one that answers may not be a Mac
        unread = [name for name in self.macs if name not in answered]
        if unread and self.interrupted is None:
            self.progress.report_unreachable(unread)
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection, and end what is still being solved."""
        self.locking.stop()
        with ctx_state.use(self.state):
            connected = [name for name, host in self.hosts.items() if host.connected]
            self._each(connected, self._disconnect)

    @property
    def interrupted(self) -> int | None:
        """Return the exit code of a run that Ctrl-C or SIGTERM ended, else None."""
        return self._interrupted or find_exit_code()

    def until_interrupted(self, task: Callable[[], T]) -> T | None:
        """Do a task. If Ctrl-C or SIGTERM ends it, or came just before, return None."""
        try:
            with interruptible():
                return task()
        except KeyboardInterrupt:
            self._interrupted = self._interrupted or 128 + signal.SIGINT
        except SystemExit as stop:
            self._interrupted = self._interrupted or int(stop.code or 0)
        return None

    def each(
        self, names: Iterable[str], task: Callable[[str], None], *, is_executing: bool
    ) -> list[str]:
        """Run a task for several Macs at once, with each Mac's name. Each goes at its own pace.

        `names` may become known one by one. Return those that were taken. An exception becomes
        that Mac's reason in `reasons`, and so does a signal that has ended its task. Unless
        `is_executing`, a command that writes on a Mac raises WrittenTooEarlyError.
        """
        taken = list(names) if isinstance(names, Collection) else []
        ended: set[str] = set()

        def take() -> Iterator[str]:
            for name in names:
                taken.append(name)
                yield name

        def run(name: str) -> None:
            read_guard.set_executing(self.hosts[name], executing=is_executing)
            task(name)
            ended.add(name)

        self.progress.begin(taken)
        if self.interrupted is None:
            with ctx_state.use(self.state):
                waiting = list(taken) or take()
                self.until_interrupted(lambda: self._each(waiting, run))
        for name in taken if self.interrupted is not None else ():
            if name not in ended:
                begun = read_guard.is_executing(self.hosts[name])
                self.reasons.setdefault(name, INTERRUPTED_STEP if begun else INTERRUPTED)
        return taken

    def _start_locks(self, name: str) -> None:
        """Begin to find the locks of a Mac that was read, unless it is blocked in any case."""
        mac, state = self.macs[name], self.states[name]
        if not any(find_mac_blockers(mac, {name: state}, self.workspace.catalogue.oldest_conda)):
            self.locking.start(mac, state)

    def wait_for_locks(self, names: Iterable[str], count: int | None = None) -> list[str]:
        """Wait until the locks of `count` of these Macs, by default of all, are known or failed.

        Return the Macs whose locks are. One that was not read waits for nothing, and after a signal
        no Mac does.
        """
        if self.interrupted is not None:
            self.locking.stop()
            self.workspace.locks.read_only = True
        waiting = list(names)
        while True:
            jobs = {
                name: self.locking.list_unfinished(self.macs[name], self.states[name])
                for name in waiting
                if name in self.states
            }
            ready = [name for name in waiting if not jobs.get(name)]
            if len(ready) >= min(count or len(waiting), len(waiting)):
                return ready
            gevent.wait([job for own in jobs.values() for job in own], count=1)

    def wait_for_all_locks(self) -> None:
        """Wait also for the locks of Macs that were not read, whose class the lab file says.

        So the locks that a run writes do not depend on which of its parts was faster.
        """
        if self.interrupted is None:
            self.until_interrupted(self.locking.wait)

    def _each(self, names: Iterable[str], task: Callable[[str], None]) -> None:
        def guarded(name: str) -> None:
            try:
                with (
                    ctx_config.use(self.state.config.copy()),
                    ctx_inventory.use(self.state.inventory),
                    ctx_host.use(self.hosts[name]),
                ):
                    task(name)
            except read_guard.WrittenTooEarlyError:
                raise
            except UnexpectedExternalError as wrapped:  # what deploy.py raised
                if isinstance(wrapped.exception, read_guard.WrittenTooEarlyError):
                    raise wrapped.exception from None
                self.reasons[name] = explain_error(wrapped.exception, self.macs[name])
            except Exception as error:  # noqa: BLE001  # it concerns this Mac alone
                self.reasons[name] = explain_error(error, self.macs[name])
            self.progress.report_done(name)

        greenlets: list[gevent.Greenlet] = []
        try:
            # The pool is as large as open files and processors allow.
            greenlets.extend(self.state.pool.spawn(guarded, name) for name in names)
            gevent.joinall(greenlets, raise_error=True)
        except BaseException:  # Ctrl-C: no Mac goes on
            gevent.killall(greenlets)
            raise

    def _connect(self, name: str) -> None:
        host = self.hosts[name]
        require_config(self.macs[name])
        connect_once_awake(
            partial(host.connect, show_errors=False, raise_exceptions=True),
            self.macs[name].timeouts.wake,
            partial(self.progress.report_mac, name),
        )
        self.state.activate_host(host)
        connection = ssh_client(host)
        if connection is not None:
            connection.get_transport().set_keepalive(KEEPALIVE)
        self.read_state(name)
        if self.locks_ahead:
            self._start_locks(name)

    def _disconnect(self, name: str) -> None:
        host = self.hosts[name]
        host.disconnect()
        connection = ssh_client(host)
        if connection is not None:
            connection.close()  # pyinfra leaves that to the end of the process

    def read_state(self, name: str) -> None:
        """Read what a Mac has now. Raise TorchardError if its answer cannot be read."""
        host, given = self.hosts[name], facts.list_arguments(self.macs[name])
        reading = for_any_shell(probe.build_script(**given))
        read_guard.allow_command(host, self.state, reading)
        limit = limit_probe(self.macs[name])
        ok, output = host.run_shell_command(StringCommand(reading), _timeout=limit)
        if not ok and output.stderr in {limit.sentence, TOO_MUCH}:
            raise TorchardError(output.stderr)
        try:
            self.states[name] = mark_own_lock(probe.parse(output.stdout_lines))
        except probe.UnfitError:
            self.unfit.add(name)
            raise
        except TorchardError:
            lost_now = self.find_lost_connection(name)
            found = lost_now or explain_missing_answer(output.stdout_lines, output.stderr)
            if found is None:
                raise
            raise TorchardError(found) from None  # why its answer is incomplete
        facts.remember_state(host, given["prefix"], self.states[name])

    def run(self, name: str, script: str, limit: Limit | None = None) -> list[str]:
        """Run a script on a Mac and return its lines. The limit is that of a step by default.

        Raise TorchardError with what it printed on stderr if it fails.
        """
        if limit is None:
            limit, script = limit_step(self.macs[name]), limit_script(self.macs[name], script)
        command = StringCommand(for_any_shell(script))
        ok, output = self.hosts[name].run_shell_command(command, _timeout=limit)
        if not ok:
            found = self.find_lost_connection(name) or output.stderr.strip()
            raise TorchardError(found or NO_OUTPUT)
        return list(output.stdout_lines)

    def run_read_only(self, name: str, script: str, limit: Limit | None = None) -> list[str]:
        """Run a script that only reads, which is allowed at any time; otherwise as `run`.

        The limit is that of a verification by default.
        """
        limit = limit or limit_verification(self.macs[name])
        read_guard.allow_command(self.hosts[name], self.state, for_any_shell(script))
        return self.run(name, script, limit)

    def find_lost_connection(self, name: str) -> str | None:
        """Return a sentence if the connection to a Mac was lost, else None."""
        connection = ssh_client(self.hosts[name])
        transport = connection and connection.get_transport()
        if connection is None or (transport is not None and transport.is_active()):
            return None
        return connection.failure or explain_lost_connection(self.macs[name])


def ssh_client(host: Host) -> Any:
    """Return the SSH client of a connected Mac; None for the Mac that Torchard runs on."""
    return getattr(host.connector, "client", None)
