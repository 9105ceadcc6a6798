"""Quoting alone prevents every value from running, even one that the schema rejects.

The dataclasses are made by hand here, of texts that no lab file, lock or Mac could bring past their
readers; what is made of them is run by real shells, in a home where `canary` is a command.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import evil
import locked
import pytest
import shells
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import MAKERS, Made
from profiles import examples
from pyinfra.api import StringCommand
from pyinfra.connectors.util import make_unix_command
from sent import as_sent, assert_nothing_expands

import torchard
from torchard.catalog.mac_class import MacClass
from torchard.mac.state import Link
from torchard.operations import change_scripts, incoming, read_scripts, script_text
from torchard.operations.incoming import incoming_directory
from torchard.operations.kit import write_kit
from torchard.plan import shell_init
from torchard.plan.file_changes import FileChange
from torchard.plan.steps import Step
from torchard.remote.quoting import for_any_shell

PACKAGE = Path(torchard.__file__).parent
# The login shells that may be given a script's one line. `shells` has what may read the script.
LOGIN = [shell for shell in ("sh", "bash", "zsh", "tcsh", "fish") if shutil.which(shell)]


# They hand what the makers above made to a Mac, and make none of it.
SENDERS = {
    "operations.deliver._fetch_there", "operations.lease._begin_run", "operations.lease.end_run",
    "operations.lease.renewed_lease", "operations.step_command.run_step",
    "operations.upload._continue_part", "operations.upload._explaining",
    "operations.verify.verify", "remote.facts.read_lines", "remote.facts.read_room",
    "remote.facts.read_state", "remote.quoting.as_whole_command", "remote.shell_upload._send",
    "remote.uploads.put_by_ssh", "session.session.read_state", "session.session.run",
    "session.session.run_read_only", "session.verify._verify_environment",
    "testinfra.fixtures.__init__", "testinfra.test_lab.test_the_verification_passes",
}  # fmt: skip
# What quotes for no shell: a marker in TOML, and a line of the log.
OTHERS = {"lock.export._write_pylock", "remote.children._spawn"}
SENDING = {"for_any_shell", "as_whole_command", "StringCommand", "under_run_lock", "run_cleanly"}


@functools.cache
def parse_package() -> dict[Path, ast.Module]:
    """Return the syntax tree of every module of Torchard, parsed once for all tests."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def called(node: ast.AST) -> str:
    """Return the name of the function that a node calls, or an empty string."""
    return getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""


def quoting() -> set[str]:
    """Return every function of Torchard that quotes for a shell, or sends a command to one."""
    found = set()
    for path, tree in parse_package().items():
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for function in ast.walk(tree):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for node in ast.walk(function):
                shell = isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "shlex"
                by_hand = isinstance(node, ast.Constant) and node.value == "'"
                if (shell and node.attr in {"quote", "join"}) or called(node) in SENDING or by_hand:
                    found.add(f"{module}.{function.name}")
    return found


def test_whatever_makes_a_command_is_run_here():
    """makers.py has every function that quotes for a shell."""
    assert quoting() - SENDERS - OTHERS == set(MAKERS), "write the new maker into makers.py"
    texts = {
        f"{module.__name__.removeprefix('torchard.')}.{name}"
        for module in (script_text, incoming, change_scripts, read_scripts)
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and value.__annotations__.get("return") == "str"
    }
    paths = {"script_text.read_script", "script_text.read_program", "script_text.pack_program"}
    paths |= {"incoming.incoming_directory", "change_scripts._recovering"}
    assert texts - {f"operations.{name}" for name in paths} <= set(MAKERS)


def test_no_command_is_sent_but_as_one_line_for_any_shell():
    """Every command for a Mac goes through for_any_shell."""
    for path, tree in parse_package().items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            lines = {
                node.targets[0].id
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and called(node.value) == "for_any_shell"
            }
            for node in ast.walk(function):
                if called(node) == "StringCommand":
                    (given,) = node.args
                    sent = called(given) == "for_any_shell" or getattr(given, "id", "") in lines
                    assert sent, f"{path}:{node.lineno}"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose PATH has a canary, and stand-ins for tools that would leave it."""
    where = tmp_path_factory.mktemp("sandbox")
    tools = where / "tools"
    tools.mkdir()
    ran = where / "ran"
    scripts = dict.fromkeys(
        (
            "ioreg",
            "sleep",
            "ssh",
            "ssh-add",
            "ssh-copy-id",
            "ssh-keygen",
            "arch",
            "torchard",
            "sudo",
        ),
        "exit 0",
    )
    scripts["caffeinate"] = 'shift; exec "$@"'
    scripts["lsof"] = 'echo "p$PPID"'  # nobody has anything open
    scripts["canary"] = f"echo canary >>'{ran}'"
    for name, text in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    return where


def login(shell: str) -> list[str]:
    """Return the words that start a login shell: tcsh without a person's own settings."""
    return [str(shutil.which(shell)), *(["-f"] if shell == "tcsh" else [])]


def run(home: Path, shell: list[str], text: str) -> subprocess.CompletedProcess[bytes]:
    """Run a text in a shell; the canary must not run. Other results do not matter here."""
    done = subprocess.run(
        [*shell, "-c", text],
        cwd=home,
        env={"HOME": str(home), "PATH": search_path(home, shell)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    sang = (home / "ran").exists()
    (home / "ran").unlink(missing_ok=True)
    assert not sang, (shell, text[:2000])
    return done


def search_path(home: Path, shell: list[str]) -> str:
    """Return a PATH on which `sh` is that shell, if it can be `sh`."""
    own = [str(Path(shell[0]).parent)] if shell[0].endswith("/sh") else []
    return os.pathsep.join([*own, f"{home}/tools", os.environ["PATH"]])


def reading(home: Path) -> list[list[str]]:
    """Return the words that start each shell of this machine that may read a script."""
    return [[str(shells.link(home / "shells", name))] for name in shells.THERE]


def test_the_canary_sings(home):
    """A text without quotes runs the canary, so the other tests can fail."""
    for shell in reading(home):
        with pytest.raises(AssertionError):
            run(home, shell, "echo $(canary)")


WHOLE = [text for text in evil.TEXTS if not evil.surrogates(text)]
SHORT = [text for text in evil.ARGUMENTS if len(text) < 200 and not evil.surrogates(text)]
# Makers that only quote: each text alone tells more than all of them, and costs little.
ALONE = (
    "operations.script_text.under_run_lock",
    "operations.incoming.remove_partial_files",
    "remote.unreachable._trust",
)


@pytest.mark.parametrize("maker", [*MAKERS])
def test_no_value_of_a_command_is_run(home, maker):
    """No shell runs a value: all texts at once, and for short commands each alone."""
    for text in (evil.ALL_AT_ONCE, *(SHORT if maker in ALONE else ())):
        command = MAKERS[maker](Made(text, str(home)))
        assert command, maker
        every = reading(home)
        for shell in every if text == evil.ALL_AT_ONCE else every[-1:]:
            run(home, shell, command)


@pytest.mark.parametrize("shell", LOGIN)
def test_no_value_is_run_by_the_login_shell_that_a_command_passes(home, shell):
    """As sshd passes it on: pyinfra's whole line, with every text, also NUL and half characters."""
    everything = "".join(one for one in evil.TEXTS if len(one) < 100)
    for maker in ("operations.script_text.under_run_lock", "mac.probe.build_script"):
        script = MAKERS[maker](Made(everything, str(home)))
        sent = make_unix_command(StringCommand(for_any_shell(script))).get_raw_value()
        assert sent.isascii()
        assert "\n" not in sent
        run(home, login(shell), sent)


@pytest.mark.parametrize("maker", [*MAKERS])
@settings(max_examples=examples(15))
@given(text=st.text(max_size=40) | st.sampled_from(WHOLE))
def test_no_command_leaves_with_anything_that_a_shell_expands(home, maker, text):
    """For any value, and for any login shell or sh."""
    assert_nothing_expands(as_sent(MAKERS[maker](Made(text, str(home)))))


def test_every_text_reaches_a_script_as_it_is(home):
    """A text stays the same through pyinfra's line, `sh` and our quotes."""
    script = f"printf '%s\\0' {shlex.join(SHORT)}"
    sent = make_unix_command(StringCommand(for_any_shell(script)))
    for shell in LOGIN:
        done = run(home, login(shell), sent.get_raw_value())
        assert done.stdout.decode().split("\0")[:-1] == SHORT, shell


def test_lines_for_conda_and_pip_stay_one_line_each(home):
    """A name with a line break is an error: pip would read an option in the next line."""
    for text in evil.TEXTS:
        made = Made(text, str(home))
        try:
            kit = write_kit(made.state, made.lock, "torch-1", {text: "https://a"})
        except ValueError:
            continue
        assert len(text.splitlines()) <= 1
        assert not text.startswith("-")
        assert kit.archive


STAND_IN = """#!/bin/sh
case "$*" in
  '-I -S'* | *' -I -S'*) exec {python} "$@" ;;
  *create*)
    while [ "$1" != -p ]; do shift; done
    mkdir -p "$2/bin" "$2/conda-meta" && : >"$2/conda-meta/history"
    cp "$0" "$2/bin/python" ;;
  *) echo '{{"python": "3.12.13"}}' ;;
esac
"""


@pytest.mark.parametrize("shell", shells.EVERY)
def test_an_installation_and_a_build_run_no_value(home, shell):
    """Every line of the scripts uses such a prefix and such names as names only.

    The home is good, as the variable HOME is the account's own. The prefix, the installer's file,
    the environment and its generation have a name that is a command in every way.
    """
    own, sh = home / f"whole-{shell}", [str(shells.link(home / "shells", shell))]
    own.mkdir()
    text = (
        "$(canary)`canary`';canary;'\n\"$(canary)\" \\';canary & !! ~ * [a] {b,} %s \\044(canary) é"
    )
    made = Made(text, str(own))
    state = replace(made.state, home=str(own), prefix=f"{own}/{text}", prefix_state="absent",
                    arch=os.uname().machine)  # fmt: skip
    stand_in = STAND_IN.format(python=shlex.quote(sys.executable))
    installer = f"""
[ "$2" = -p ] && mkdir -p "$3/bin" "$3/conda-meta" || exit 7
printf '%s' {shlex.quote(stand_in)} >"$3/bin/conda" && cp "$3/bin/conda" "$3/bin/python"
chmod 755 "$3/bin/"* && echo '# update specs: []' >"$3/conda-meta/history"
""".encode()
    incoming = Path(incoming_directory(state))
    incoming.mkdir(parents=True)
    sha256 = hashlib.sha256(installer).hexdigest()
    (incoming / sha256).write_bytes(installer)
    file = f"{text}.sh"
    one = replace(made.installer, file=file, sha256=sha256)
    environment = {"HOME": str(own), "PATH": search_path(home, sh)}

    def does(script: str) -> None:
        done = subprocess.run(
            [*sh, "-c", script], cwd=own, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert not (home / "ran").exists()
        logs = "".join(path.read_text() for path in (own / ".torchard/log").iterdir())
        assert done.returncode == 0, done.stderr.decode() + logs

    does(change_scripts.install_miniconda(state, one, made.controller, text))
    assert Path(state.prefix, "bin/conda").exists()
    lock = replace(locked.lock([], [], text, None), mac_class=MacClass("osx-arm64", "15.0"))
    shown = Path(state.prefix, "envs", text)
    steps = []
    for name in (text, f"{text}.2"):
        kit = write_kit(state, lock, name, {"conda-forge": "https://a"})
        (incoming / kit.sha256).write_bytes(kit.archive)
        does(change_scripts.build_environment(state, lock, kit, made.controller))
        path = str(own / ".torchard/generations" / name)
        assert str(shown.readlink()) == path
        Path(path, "conda-meta/python-3-0.json").write_text("{}")  # the stand-in has no packages
        steps.append(Step("environment", "activate", text, text, path))
    does(read_scripts.verify_environment(state, lock))
    does(read_scripts.verify_generation(state, steps[0]))
    state = replace(state, links={text: Link(text, steps[1].path)})
    does(change_scripts.note_failure(state, text, {"reason": text}, made.controller))
    assert json.loads(Path(steps[1].path, ".torchard-failed.json").read_text()) == {"reason": text}
    does(change_scripts.activate_generation(state, steps[0], made.controller))
    assert str(shown.readlink()) == steps[0].path
    file = FileChange("", None, shell_init.render_block("zsh", state.prefix))
    step = Step("shell", "create", None, "", f"{own}/{text}rc", files=(file,))
    does(change_scripts.edit_shell_file(state, step, made.controller))
    assert Path(step.path).read_text() == f"{file.after}\n"
    does(change_scripts.remove_environment(state, steps[0], made.controller))
    assert not shown.is_symlink()
    assert not list((own / ".torchard/generations").iterdir())
