"""A Mac that is stopped anywhere, after which the lab names something else.

Its scripts run without a network and without pyinfra: every step that the plan names, in the order
of deploy.py. So one stop costs no more than the scripts that repair it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cuts import WAY_OUT
from keeper import Keeper, digest, shown
from people import find_lost
from places import Recorder, at_work, go_on, quiet, stop_at, wait_until

from simlab import macs
from simlab import shell as sh
from torchard.catalog.catalog import load_catalog
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.lab.channels import channel_url
from torchard.lab.model import MacHost, Miniconda
from torchard.mac import probe
from torchard.operations import change_scripts
from torchard.operations.controller import Controller
from torchard.operations.kit import write_kit
from torchard.plan.plan import plan_mac
from torchard.plan.remove import find_removal
from torchard.plan.rollback import plan_rollback
from torchard.plan.shell_init import plan_shell
from torchard.plan.steps import (
    environment_step,
    has_other_installer,
    is_rest_of,
    is_same_step,
    leftover_step,
    miniconda_step,
    removal_steps,
)
from torchard.plan.target import Target

sys.path.append(str(Path(__file__).parents[1] / "macs"))
import on_a_mac  # by the path above
from on_a_mac import CONTROLLER, OnAMac

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keeper import Home
    from places import Kill

    from simlab.depot import Depot
    from torchard.catalog.installers import Installer
    from torchard.lab.model import Shell
    from torchard.lock.lockfile import Lock
    from torchard.mac.state import MacState
    from torchard.plan.steps import Step

PATIENCE = 600  # seconds for a script that waits at each place until the home was looked at
# What a stopped run leaves, below ~/.torchard.
REST = re.compile(
    r"^\.torchard/(installing|pkgs/|generations/\.|kits/installer-|kits/.*/(wheels|torchard-depot)$)"
)


@dataclass(frozen=True)
class Wanted:
    """What a lab asks for."""

    installer: Installer
    locks: Mapping[str, Lock]
    prefix: str = "~/miniconda3"
    prune: bool = False
    shells: tuple[Shell, ...] = ("zsh",)

    @property
    def host(self) -> MacHost:
        return MacHost(
            "mac-1",
            environments=tuple(self.locks),
            miniconda=Miniconda(prefix=self.prefix),
            shells=self.shells,
            prune=self.prune,
            accept_license=True,
        )


@dataclass
class Changing:
    """One Mac, and the labs that it is given one after the other.

    `stops` counts the places that it was stopped at, `runs` those that left another state.
    """

    mac: OnAMac
    depot: Depot
    stops: int = 0
    runs: int = 0
    blocked: int = 0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.mac.home)
        self._known: set[tuple[str, str]] = set()

    def read(self, wanted: Wanted) -> MacState:
        """Return what the probe reads."""
        done = macs.run(self.mac.root, probe.build_script(wanted.prefix))
        return probe.parse(done.stdout.splitlines())

    def target(self, wanted: Wanted) -> Target:
        """Return what the Mac is to become."""
        state = self.read(wanted)
        is_wanted = (
            state.prefix_state != "whole"
            or has_other_installer(state, wanted.installer)
            or state.is_prefix_moved
        )
        mac_class = find_mac_class(state.arch, state.macos, load_catalog())
        assert isinstance(mac_class, MacClass), mac_class
        return Target(
            wanted.host,
            state,
            mac_class=mac_class,
            installer=wanted.installer if is_wanted else None,
            locks=wanted.locks,
        )

    def apply(self, wanted: Wanted, controller: Controller = CONTROLLER) -> str | None:
        """Do every step of a plan, as deploy.py does; return why it was not done, or None."""
        target = self.target(wanted)
        planned = plan_mac(target)
        if planned.state == "blocked":
            return planned.reason
        for step, script in self._scripts(wanted, target, controller):
            if not any(is_same_step(step, one) or is_rest_of(step, one) for one in planned.steps):
                return f"{step.id}: it changed after planning"
            process = self.mac.start(script)
            _, errors = process.communicate(timeout=PATIENCE)
            if process.returncode:
                return f"{step.id}: {errors.strip()[-500:]}"
        return None

    def _scripts(
        self, wanted: Wanted, target: Target, controller: Controller
    ) -> Iterator[tuple[Step, str]]:
        state = target.state
        step = miniconda_step(state, target.installer)
        if step is not None:
            self._push(wanted.installer)
            date = "2026-11-23 12:00:00"
            yield step, change_scripts.install_miniconda(state, wanted.installer, controller, date)
            state = self.read(wanted)
        for lock in wanted.locks.values():
            step = environment_step(lock, state)
            if step is not None:
                yield step, self._build(state, lock, step, controller)
                state = self.read(wanted)
        for shell in wanted.shells:
            step = plan_shell(shell, state)
            if step is not None:
                yield step, change_scripts.edit_shell_file(state, step, controller)
                state = self.read(wanted)
        removals = removal_steps(wanted.locks, state) if wanted.prune else ()
        for step in removals:
            yield step, change_scripts.remove_environment(state, step, controller)
        rest = leftover_step(state, removals)
        if rest is not None:
            yield rest, change_scripts.remove_leftovers(state, controller)

    def _push(self, installer: Installer) -> None:
        content = (self.depot.root / "installers" / installer.file).read_bytes()
        self.mac.push(installer.sha256, content)

    def _build(self, state: MacState, lock: Lock, step: Step, controller: Controller) -> str:
        if step.action != "activate":
            for one in on_a_mac.list_artefacts(lock):
                if one.sha256 not in state.depot:
                    self.mac.push(one.sha256, on_a_mac.artefact(self.depot, one).read_bytes())
        urls = {channel: channel_url(channel) for channel in lock.channels}
        kit = write_kit(state, lock, step.path.rpartition("/")[2], urls)
        self.mac.push(kit.sha256, kit.archive)
        return change_scripts.build_environment(state, lock, kit, controller)

    def roll_back(self, wanted: Wanted) -> None:
        """Activate the generation before."""
        state = self.read(wanted)
        (step,) = plan_rollback("torch", wanted.host, state).steps
        done = self.mac.run(change_scripts.activate_generation(state, step, CONTROLLER))
        assert done.returncode == 0, done.stderr

    def remove(self, environment: str) -> None:
        """Remove an environment with all its generations, as a person asks for it."""
        state = self.mac.state
        step = find_removal(environment, state)
        assert step is not None, "there is nothing to remove"
        done = self.mac.run(change_scripts.remove_environment(state, step, CONTROLLER))
        assert done.returncode == 0, done.stderr

    def record(self, operation: Callable[[], object]) -> Recorder:
        """Do something once, and keep what the home was at each place on the way."""
        begin = self.keeper.look()
        recorder = Recorder(self.mac, self.keeper)
        with recorder.recording():
            assert operation() is None
        self.keeper.put_back(begin)
        return recorder

    def power_cut(self, begin: Home, state: Home, where: str, wanted: Wanted, change: str) -> None:
        """Let the Mac be as at one place, and give it another lab."""
        self.keeper.put_back(state)
        self._converge(begin, where, wanted, change)

    def kill(  # what is stopped, and what comes after
        self, begin: Home, recorder: Recorder, kill: Kill, wanted: Wanted, change: str
    ) -> None:
        """Send a signal to a command at one place, and then give the Mac another lab."""
        home, words = recorder.commands[kill.place.command]
        self.keeper.put_back(home)
        stop_at(self.mac, kill.place.at, kill)
        process = subprocess.Popen(
            words,
            executable=sh.of_mac(self.mac.root),
            cwd=self.mac.home,
            env=dict(macs.environment(self.mac.root)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if kill.signal == "STOP":
            self._overtake(process, str(kill), wanted)
        process.wait(timeout=PATIENCE)
        quiet(self.mac)
        if go_on(self.mac):
            self._converge(begin, str(kill), wanted, change)

    def _overtake(self, process: subprocess.Popen[bytes], where: str, wanted: Wanted) -> None:
        """Let another person try while a run is stopped, and then let the power fail."""
        reached = self.mac.root / "stopped"
        wait_until(lambda: reached.exists() or process.poll() is not None)
        if process.poll() is None:
            is_signed = (self.mac.lock / "running").exists()
            reason = self.apply(wanted, Controller("eve@desk", "of-eve"))
            if is_signed and "is at work" not in str(reason):
                self.failures.append(f"{where}: the other run is not refused: {reason}")
        for pid in at_work(self.mac):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _converge(self, begin: Home, where: str, wanted: Wanted, change: str) -> None:
        self.stops += 1
        where = f"{where}; then {change}"
        home = self.keeper.look()
        self._check_shown(begin, home, where)
        self._check_own(begin, home, where)
        state = (digest(home, str(self.mac.root)), change)
        if state in self._known:
            return
        self._known.add(state)
        self.runs += 1
        self._age_locks()
        reason = self.apply(wanted)
        after = plan_mac(self.target(wanted))
        if after.state == "blocked":
            self.blocked += 1
            if not WAY_OUT.search(after.reason or ""):
                self.failures.append(
                    f"{where}: blocked, and nothing says what to do: {after.reason}"
                )
        elif reason is not None:
            self.failures.append(f"{where}: {reason}")
        elif after.state != "up_to_date":
            left = "; ".join(f"{one.id} {one.reason}" for one in after.steps)
            self.failures.append(f"{where}: the next plan is not empty: {left}")
        rest = sorted(path for path in self.keeper.look() if REST.search(path))
        if after.state == "up_to_date" and rest:
            self.failures.append(f"{where}: {rest[0]} stays")
        self._check_own(begin, self.keeper.look(), where)

    def _check_shown(self, begin: Home, home: Home, where: str) -> None:
        before, now = (shown(one, self.mac.home) for one in (begin, home))
        link = "miniconda3/envs/torch"
        if before and not now and link in home:
            self.failures.append(f"{where}: the link leads nowhere")
        if now and before and now.get("") == before.get("") and now != before:
            self.failures.append(f"{where}: what was active is not as it was")

    def _check_own(self, begin: Home, home: Home, where: str) -> None:
        if lost := find_lost(begin, home):
            self.failures.append(f"{where}: a person's file is lost: {lost}")

    def _age_locks(self) -> None:
        """Let time pass for a lock that its holder did not sign."""
        for lock in self.mac.torchard.glob("lock*"):
            if not (lock / "running").exists():
                os.utime(lock, (time.time() - 300,) * 2)
