"""What the tests of the scripts share: a simulated Mac without SSH, and the scripts run on it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import shells

from simlab import braces, macs, processes
from simlab import shell as sh
from simlab.spec import MacSpec
from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.installers import Installer
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Refusal
from torchard.depot.depot import Depot as Artefacts
from torchard.lab.channels import channel_url
from torchard.lab.model import Environment, Mirrors
from torchard.lock.lockfile import CondaPackage, Lock
from torchard.lock.question import Question
from torchard.lock.resolve import resolve
from torchard.mac import probe
from torchard.operations import change_scripts, read_scripts, script_text
from torchard.operations.controller import Controller
from torchard.operations.kit import write_kit
from torchard.plan import steps
from torchard.plan.environment_settings import NO_VARIABLES
from torchard.plan.own_files import add_reports, list_questions, read_answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simlab.depot import Depot
    from torchard.lock.lockfile import Wheel
    from torchard.mac.state import MacState
    from torchard.plan.target import Target

CONTROLLER = Controller("ada@desk", "a-token")


def make(directory: Path, arch: str = "arm64", macos: str = "15.1", **more: Any) -> OnAMac:
    """Make a simulated Mac below a directory."""
    spec = MacSpec("mac-1", arch, macos, **more)
    return OnAMac(macs.build(directory, [spec])["mac-1"])


def locked(body: str, who: str = "ada@desk", run: str = "a-token", **more: Any) -> str:
    """Return a script of one controller that begins with run_lock.sh."""
    return script_text.under_run_lock(body, Controller(who, run, **more), {})


@dataclass
class OnAMac:
    """A simulated Mac, and what was started on it."""

    root: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def torchard(self) -> Path:
        return self.home / ".torchard"

    @property
    def lock(self) -> Path:
        return self.torchard / "lock"

    @property
    def incoming(self) -> Path:
        return self.torchard / "depot" / "incoming"

    @property
    def prefix(self) -> Path:
        return self.home / "miniconda3"

    @property
    def state(self) -> MacState:
        """What the probe reads of it now."""
        return probe.parse(
            macs.run(self.root, probe.build_script("~/miniconda3")).stdout.splitlines()
        )

    def look(self, target: Target) -> Target:
        """Return a target with what people made in the generations that it replaces, as a plan."""
        asked = list_questions(target)
        script = read_scripts.describe_own_files(target.state, asked)
        answer = macs.run(self.root, script).stdout
        return replace(target, state=add_reports(target.state, read_answer(answer, asked)))

    def push(self, sha256: str, content: bytes) -> None:
        """Let a file arrive in its depot."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        (self.incoming / sha256).write_bytes(content)

    def install(self, depot: Depot, arch: str = "arm64") -> subprocess.CompletedProcess[str]:
        """Push an installer and run what installs it, wanted for this Mac."""
        installer = the_installer(depot, arch)
        self.push(installer.sha256, depot.installer(arch).read_bytes())
        return self.run(install_script(self, installer))

    def push_all(self, depot: Depot, lock: Lock) -> None:
        """Let every artefact of a lock arrive that is not there yet."""
        there = self.state.depot
        for one in list_artefacts(lock):
            if one.sha256 not in there:
                self.push(one.sha256, artefact(depot, one).read_bytes())

    def build_script(
        self, lock: Lock, *, frozen: bool = False, variables: Mapping[str, str] = NO_VARIABLES
    ) -> str:
        """Let the kit arrive that a lock needs here and now, and return what builds it."""
        state = self.state
        step = steps.environment_step(lock, state, frozen=frozen, variables=variables)
        assert step is not None, "it is up to date"
        urls = {channel: channel_url(channel) for channel in lock.channels}
        name = step.path.rpartition("/")[2]
        kit = write_kit(state, lock, name, urls, frozen=frozen, variables=variables)
        self.push(kit.sha256, kit.archive)
        return change_scripts.build_environment(state, lock, kit, CONTROLLER)

    def build(self, depot: Depot, lock: Lock) -> subprocess.CompletedProcess[str]:
        """Build an environment as an apply would."""
        self.push_all(depot, lock)
        return self.run(self.build_script(lock))

    def link(self, lock: Lock) -> Path:
        """Return where an environment is shown."""
        return self.prefix / "envs" / lock.environment

    def up_to_date(self, lock: Lock) -> bool:
        """Tell whether a plan would have nothing to do for an environment."""
        return steps.environment_step(lock, self.state) is None

    def run(
        self, script: str, *, shell: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end, as sshd would start it: by the Mac's own sh, or by another."""
        process = self.start(script, shell=shell, **variables)
        out, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def start(self, script: str, *, shell: str = "", **variables: str) -> subprocess.Popen[str]:
        """Start a script in a process group of its own."""
        process = subprocess.Popen(
            ["sh", "-c", braces.as_bash(script)],
            executable=shells.PROGRAMS[shell] if shell else sh.of_mac(self.root),
            cwd=self.home,
            env={**macs.environment(self.root), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.begin(self.root, process.pid)
        self.started.append(process)
        return process

    def hold(self, who: str = "ada@desk", **options: str) -> subprocess.Popen[str]:
        """Start a controller that takes the lock, and keeps it until a line is sent to it."""
        process = self.start(locked("take_lock; echo taken; read -r line", who), **options)
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "taken\n", process.stderr.read()
        return process

    def tool(self, name: str, script: str) -> None:
        """Put another tool into the Mac's PATH."""
        path = self.root / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def tell_of_waiting(self) -> Path:
        """Let `sleep` say once, over a pipe, that somebody waits; it blocks until that is read."""
        pipe = self.root / "waiting"
        os.mkfifo(pipe)
        waited = self.root / "waited"
        self.tool("sleep", f"mkdir '{waited}' 2>/dev/null && echo >'{pipe}'\nexec /bin/sleep 0.02")
        return pipe

    def end(self) -> None:
        """End what is still at work."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def let_go(process: subprocess.Popen[str]) -> int:
    """Let a controller that holds the lock finish; return its exit status."""
    process.communicate("\n", timeout=60)
    return process.returncode


def the_installer(depot: Depot, arch: str = "arm64") -> Installer:
    """Return a depot's installer as the catalogue would."""
    file, sha256 = depot.installers[arch]
    return Installer("miniconda", "26.5.3-1", file, "", sha256)


def install_script(mac: OnAMac, installer: Installer) -> str:
    """Return what installs Miniconda on a Mac."""
    return change_scripts.install_miniconda(mac.state, installer, CONTROLLER, "2026-11-23 12:00:00")


def list_artefacts(lock: Lock) -> list[CondaPackage | Wheel]:
    """Return every package of a lock."""
    return [*lock.conda, *lock.wheels]


def artefact(depot: Depot, one: CondaPackage | Wheel) -> Path:
    """Return the file of a lock's artefact in the depot."""
    if isinstance(one, CondaPackage):
        return depot.channel / one.subdir / one.file
    return depot.root / "wheels" / one.file


def solve(depot: Depot, environment: Environment, web: str, macos: str = "15.0") -> Lock:
    """Lock an environment for arm64, from a depot that is served at `web`, which reports sizes."""
    mirrors = Mirrors({"conda-forge": depot.channel.as_uri()}, f"{web}/simple")
    group = MacClass("osx-arm64", macos)
    request = environment.pytorch
    variant = choose(request, group, load_catalog()) if request is not None else None
    assert not isinstance(variant, Refusal), variant
    question = Question(environment, group, variant, ("conda-forge",), mirrors)
    return resolve(question, Artefacts())
