"""Every function that returns a command's text, and their arguments, for `test_injection.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import locked
import pytest
from paramiko import PKey

from torchard.catalog.mac_class import MacClass
from torchard.depot.bundle import Bundle
from torchard.lab.model import Lab, MacHost, Miniconda, Position, Ssh
from torchard.lab.notes import find_notes
from torchard.mac import circumstances, paths, probe
from torchard.mac.sharing import Sharing
from torchard.mac.state import InstalledEnvironment, RunLock
from torchard.operations import change_scripts, read_scripts, script_text, upload
from torchard.operations.controller import Controller
from torchard.operations.deliver import FileList
from torchard.operations.incoming import (
    continue_part,
    incoming_directory,
    name_complete,
    remove_partial_files,
)
from torchard.operations.kit import Kit
from torchard.plan import shared_folders, sharing, shell_init
from torchard.plan.environment_settings import find_variable_warnings
from torchard.plan.file_changes import FileChange
from torchard.plan.own_files import Question
from torchard.plan.steps import Step
from torchard.remote import facts, host_keys, shell_upload, unreachable
from torchard.remote.identities import Login
from torchard.remote.ssh_config import EffectiveConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pyinfra.api import StringCommand

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import Lock
from torchard.mac.state import MacState


def _command(name: str) -> ModuleType:
    """Import a command only when it is used: it patches threads, which xdist does not survive."""
    return import_module(f"torchard.cli.{name}")


def make_bundle_again(made: Made) -> str:
    """Return what writes a bundle again, without one."""
    bundle = object.__new__(Bundle)
    bundle.root = bundle._lab_file = Path(made.path)
    return bundle.command


@dataclass(frozen=True)
class Made:
    """The arguments of commands: each value is the same text, or begins with it."""

    text: str
    home: str

    @property
    def path(self) -> str:
        return f"{self.home}/{self.text}"

    @property
    def state(self) -> MacState:
        ours = {"sha256": self.text, "version": self.text}
        return locked.mac(
            home=self.path, user=self.text, prefix=f"{self.path}/conda", prefix_ours=ours,
            arch=self.text, macos=self.text, conda_version=self.text, prefix_made_for=self.path,
            links={self.text: self.path},
        )  # fmt: skip

    @property
    def mac(self) -> MacHost:
        return MacHost(
            self.text, address=self.text, ssh=Ssh(self.text, 22, self.text, self.text, self.text),
            miniconda=Miniconda(prefix=self.path), where=Position(self.text, 1, 1),
        )  # fmt: skip

    @property
    def lock(self) -> Lock:
        text = self.text
        package = replace(
            locked.package("python"), name=text, version=text, build=text, channel=text,
            subdir=text, file=text, sha256=text, provides=((text, text),),
        )  # fmt: skip
        wheel = replace(locked.wheel("a"), name=text, version=text, file=text, sha256=text)
        variant = replace(locked.VARIANT, packages={text: text}, source=text)
        return replace(
            locked.lock([package], [wheel], text, variant, (text, text)),
            mac_class=MacClass(text, text), channels=(text,), python=text,
        )  # fmt: skip

    @property
    def installer(self) -> Installer:
        text = self.text
        return replace(
            locked.INSTALLER, distribution=text, version=text, file=text, url=text, sha256=text,
            licence=text,
        )  # fmt: skip

    @property
    def plan_shell(self) -> Step:
        file = FileChange(self.text, self.text, self.text)
        return Step("shell", "create", None, self.text, self.path, files=(file,))

    @property
    def step(self) -> Step:
        return Step("environment", "activate", self.text, self.text, self.path)

    @property
    def controller(self) -> Controller:
        return Controller(self.text, self.text, ended=self.text)

    @property
    def run_lock(self) -> RunLock:
        return RunLock(self.text, self.text, 1)


def mv(made: Made) -> str:
    """Return the command that renames an uploaded file, as it is sent."""
    sent: list[StringCommand] = []

    def note(command: StringCommand, **_: object) -> tuple[bool, None]:
        sent.append(command)
        return True, None

    host = SimpleNamespace(name="m", run_shell_command=note)
    upload._rename(host, MacHost("m"), [f"{incoming_directory(made.state)}/{made.text}"])
    (command,) = sent
    return str(command.get_raw_value())


def typed(said: str, after: str) -> str:
    """Return the command for a person to type, which a message has between backticks."""
    return said.partition(f"{after} `")[2].rpartition("`")[0]


def forget(made: Made) -> str:
    """Return the command that makes a person's ssh forget a key in an unusual file."""
    return typed(str(host_keys.ChangedHostKeyError(made.text, PKey(), made.text, PKey())), "run")


def make_key(made: Made) -> str:
    """Return the command that makes the key which a lab names."""
    mac = MacHost(
        "m", environments=("torch",), ssh=Ssh(key=f"/nowhere/{made.text}"), accept_license=True
    )
    (note,) = find_notes(Lab(Path("lab.yaml"), {}, {}, {"m": mac}))
    return note.instead.partition("type: ")[2]


def go_there(made: Made) -> str:
    """Return the command that goes to the folder of a new lab."""
    lab = SimpleNamespace(macs={})
    _, line, *_ = _command("init")._list_next(Path(made.path), lab, has_consent=True)
    return str(line)


def make_and_copy_key(made: Made) -> str:
    """Return the commands that make the key which a lab names, and send it to the Mac."""
    with pytest.raises(unreachable.ReachError) as raised:
        Login(EffectiveConfig("m", "mac", 2222, made.text), f"/nowhere/{made.text}")
    return typed(str(raised.value), "run").replace("` and then `", "; ")


def conda_env(made: Made) -> str:
    """Return the command that gives an environment the lab's value of a variable again."""
    path = f"{locked.GENERATIONS}/a-1"
    found = InstalledEnvironment(path, whole=True, variables={made.text: "other"})
    state = locked.mac(found, links={made.text: path})
    (warning,) = find_variable_warnings(made.text, {made.text: made.text}, state)
    return typed(warning, "lab;")


# Every maker of a command's text, by where it is; a function that quotes is one, see below.
MAKERS: dict[str, Callable[[Made], str]] = {
    "operations.incoming.continue_part": lambda made: continue_part(
        made.state, made.text, made.path, 1
    ),
    "operations.incoming.remove_partial_files": lambda made: remove_partial_files(
        made.state, [made.path, made.path]
    ),
    "operations.change_scripts.install_miniconda": lambda made: change_scripts.install_miniconda(
        made.state, made.installer, made.controller, made.text
    ),
    "operations.change_scripts.fetch_files": lambda made: change_scripts.fetch_files(
        FileList(made.text.encode(), 1, made.text), made.controller
    ),
    "operations.change_scripts.build_environment": lambda made: change_scripts.build_environment(
        made.state, made.lock, Kit(made.text, b""), made.controller
    ),
    "operations.read_scripts.verify_environment": lambda made: read_scripts.verify_environment(
        made.state, made.lock
    ),
    "operations.script_text.under_run_lock": lambda made: script_text.under_run_lock(
        "", made.controller, {"VALUE": made.text}
    ),
    "operations.script_text.run_cleanly": lambda made: script_text.run_cleanly(
        'printf "%s" "$0" "$@"', made.text, made.text
    ),
    "operations.change_scripts.remove_environment": lambda made: change_scripts.remove_environment(
        made.state, made.step, made.controller
    ),
    "operations.change_scripts.remove_leftovers": lambda made: change_scripts.remove_leftovers(
        made.state, made.controller
    ),
    "operations.change_scripts.activate_generation": lambda made: (
        change_scripts.activate_generation(made.state, made.step, made.controller)
    ),
    "operations.read_scripts.verify_generation": lambda made: read_scripts.verify_generation(
        made.state, made.step
    ),
    "operations.read_scripts.measure_sizes": lambda made: read_scripts.measure_sizes(made.state),
    "operations.read_scripts.find_unsafe_files": lambda made: read_scripts.find_unsafe_files(
        made.state, Sharing(made.path)
    ),
    "operations.change_scripts.make_shared_folder": lambda made: change_scripts.make_shared_folder(
        made.state, made.plan_shell
    ),
    "operations.change_scripts.write_paths_file": lambda made: change_scripts.write_paths_file(
        made.state, made.plan_shell, made.controller
    ),
    "operations.read_scripts.check_files": lambda made: read_scripts.check_files(
        made.state, [made.text]
    ),
    "operations.read_scripts.check_generation": lambda made: read_scripts.check_generation(
        made.state, made.text, made.path
    ),
    "operations.read_scripts.describe_own_files": lambda made: read_scripts.describe_own_files(
        made.state, [Question(made.path, made.path, (made.path,))]
    ),
    "operations.change_scripts.note_failure": lambda made: change_scripts.note_failure(
        made.state, made.text, {"date": made.text, "reason": made.text}, made.controller
    ),
    "operations.read_scripts.check_account": lambda made: read_scripts.check_account(
        made.state, {made.text: [made.text]}
    ),
    "operations.change_scripts.begin_run": lambda made: change_scripts.begin_run(made.controller),
    "operations.change_scripts.end_lease": lambda made: change_scripts.end_lease(made.controller),
    "operations.change_scripts.remove_lock": lambda made: change_scripts.remove_lock(
        made.controller
    ),
    "operations.change_scripts.edit_shell_file": lambda made: change_scripts.edit_shell_file(
        made.state, made.plan_shell, made.controller
    ),
    "operations.change_scripts.edit_kernel": lambda made: change_scripts.edit_kernel(
        made.state, made.plan_shell, made.text, made.controller
    ),
    "plan.shared_folders.make_folder_command": lambda made: shared_folders.make_folder_command(
        made.state, made.path
    ),
    "plan.sharing._type": lambda made: sharing._type("echo", made.text, made.path),
    "plan.environment_settings.find_variable_warnings": conda_env,
    "operations.upload._rename": mv,
    "operations.incoming.name_complete": lambda made: name_complete(
        [f"{incoming_directory(made.state)}/{made.text}"], made.text
    ),
    # This stays in a person's file, and is read at each login.
    "plan.shell_init._hook": lambda made: shell_init.render_block("zsh", made.path),
    "mac.paths.assign_root": lambda made: paths.assign_root(made.path) + 'echo "$root"',
    "mac.probe.build_script": lambda made: probe.build_script(made.path, made.path),
    "mac.circumstances.build_script": lambda made: circumstances.build_script(made.path),
    "mac.probe.build_room_script": lambda _: probe.build_room_script(),
    "remote.facts.command": lambda made: facts.MacState().command(
        made.path, made.path, has_kernels=True
    ),
    "remote.unreachable._trust": lambda made: unreachable._trust(made.mac),
    "remote.unreachable._ssh_copy_id": lambda made: unreachable._ssh_copy_id(made.mac),
    "remote.host_keys._sentence": forget,
    "remote.identities.__init__": make_and_copy_key,
    "lab.notes.find_notes": make_key,
    "cli.init._list_next": go_there,
    "depot.bundle.command": make_bundle_again,
    "cli.import_.form_command": lambda made: _command("import_").form_command(
        Path(made.path), made.text, Path(made.path)
    ),
    "remote.unreachable.explain_config_error": lambda made: typed(
        unreachable.explain_config_error(made.text, "bad"), "try"
    ),
    "remote.unreachable._suggest_chmod": lambda made: typed(
        unreachable._suggest_chmod(made.text), "run"
    ),
    "remote.unreachable.suggest_ssh_add": lambda made: typed(
        unreachable.suggest_ssh_add(made.text), "run"
    ),
    "remote.unreachable.suggest_token": lambda made: typed(
        unreachable.suggest_token(made.text), "run"
    ),
    "remote.unreachable.explain_locked_mac": lambda made: typed(
        unreachable.explain_locked_mac(EffectiveConfig(made.text, "mac", 2222, made.text)), "run"
    ),
    "remote.unreachable.explain_jump_error": lambda made: typed(
        unreachable.explain_jump_error("", made.text, "mac"), "try"
    ),
    "remote.shell_upload.take_file": lambda made: shell_upload.take_file(made.path),
    "remote.shell_upload.take_archive": lambda made: shell_upload.take_archive(made.path),
    "cli.unlock._refuse": lambda made: typed(
        _command("unlock")
        ._refuse(made.text, Path(made.path), made.run_lock, None, made.path)
        .instead,
        "run",
    ),
}
