"""What an account's login shell passes to python, with real shells and startup files."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from torchard.operations import read_scripts, script_text
from torchard.plan.login_environment import read_account

SHORT = ".".join(map(str, sys.version_info[:2]))
# Which file of its own each shell reads at a login, and how that sets a variable.
SHELLS = {
    "zsh": (".zprofile", "export PYTHONPATH={}\n"),
    "bash": (".bash_profile", "export PYTHONPATH={}\n"),
    "tcsh": (".login", "setenv PYTHONPATH {}\n"),
    "fish": (".config/fish/config.fish", "set -gx PYTHONPATH {}\n"),
    "mksh": (".profile", "export PYTHONPATH={}\n"),
}
HERE = [shell for shell in SHELLS if shutil.which(shell)]


class Account:
    """A home, and an environment of this host's own python with modules of a test's own making."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.lib = self.home / "lib"
        self.lib.mkdir(parents=True)
        self.environment = root / "environment"
        self.site = self.environment / f"lib/python{SHORT}/site-packages"
        self.site.mkdir(parents=True)
        (self.environment / "bin").mkdir()
        real = Path(sys.executable).resolve()
        self.python = self.environment / "bin/python"
        self.python.symlink_to(real)
        text = f"home = {real.parent}\ninclude-system-site-packages = false\n"
        (self.environment / "pyvenv.cfg").write_text(text, encoding="utf-8")
        for name in ("torch", "einops"):
            self.module(self.site, name)

    def module(self, folder: Path, name: str, text: str = "") -> None:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text, encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def look(self, shell: str = "bash", seconds: float = 60, **variables: str):
        """Check as a Mac does; return the failures and the warnings."""
        environments = {"torch": {"python": str(self.python), "modules": ["torch"]}}
        text = script_text.read_script("find_shadows.py")
        wanted = {"environments": environments, "seconds": seconds, "text": text}
        python = [sys.executable, "-I", "-S", "-B", "-c", script_text.RUN_ARGUMENT]
        done = subprocess.run(
            [*python, script_text.read_script("check_account.py"), json.dumps(wanted)],
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "SHELL": shutil.which(shell),
                 **variables},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1
        found = read_account(done.stdout, {"torch": ["torch"]}, str(self.home))
        return [said for _, said in found.failures], list(found.warnings)


@pytest.fixture
def person(tmp_path):
    """An account with nothing in its home but an empty folder."""
    return Account(tmp_path)


@pytest.mark.parametrize("shell", HERE)
def test_a_plain_account_shadows_nothing(person, shell):
    """There is no message, and nothing is written in the home."""
    before = sorted(person.home.rglob("*"))
    assert person.look(shell) == ([], [])
    # fish makes folders of its own whenever it starts.
    assert shell == "fish" or sorted(person.home.rglob("*")) == before


@pytest.mark.parametrize("shell", HERE)
def test_a_torch_on_pythonpath_is_named_with_the_line_that_sets_it(person, shell):
    """By file and line; the rest of the line may be secret."""
    file, line = SHELLS[shell]
    person.module(person.lib, "torch")
    person.write(file, "# PYTHONPATH=old\n" + line.format(f"{person.lib}:/opt/secret"))
    (failure,) = person.look(shell)[0]
    assert failure == (
        "PYTHONPATH in the account's login environment puts ~/lib/torch before this environment's"
        f" torch; remove it from ~/{file}, line 2"
    )


def test_bash_3_2_reads_its_login_file_as_well(person, tmp_path):
    """With a command, the bash of macOS reads it only with the option -l."""
    person.module(person.lib, "torch")
    person.write(".bash_profile", f"export PYTHONPATH={person.lib}\n")
    old = tmp_path / "bash"
    old.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -l ]; then shift && . "$HOME/.bash_profile"; fi\n'
        f'exec {shutil.which("sh")} "$@"\n',
        encoding="utf-8",
    )
    old.chmod(0o755)
    assert len(person.look(str(old))[0]) == 1


@pytest.mark.skipif("zsh" not in HERE, reason="the shell of a Mac is zsh")
def test_zshrc_counts_where_it_sets_a_variable_of_pythons(person):
    """Terminal's zsh reads it; for one that only sets a prompt, zsh is not interactive."""
    person.module(person.lib, "torch")
    person.write(".zshrc", f"touch {person.home}/interactive\n")
    assert person.look("zsh") == ([], [])
    assert not (person.home / "interactive").exists()
    person.write(".zshrc", f"echo hello\nexport PYTHONPATH={person.lib}\n")
    (failure,) = person.look("zsh")[0]
    assert failure.endswith("; remove it from ~/.zshrc, line 2")


@pytest.mark.skipif("zsh" not in HERE, reason="the shell of a Mac is zsh")
def test_startup_files_may_lie_in_zdotdir(person):
    """.zshenv often sets it."""
    person.module(person.lib, "torch")
    person.write(".zshenv", "export ZDOTDIR=$HOME/.config/zsh\n")
    person.write(".config/zsh/.zprofile", f"export PYTHONPATH={person.lib}\n")
    (failure,) = person.look("zsh")[0]
    assert failure.endswith("; remove it from ~/.config/zsh/.zprofile, line 1")


def test_a_variable_without_a_known_file_is_named_as_well(person):
    """The environment of sshd may set it, or a file that Torchard does not read."""
    person.module(person.lib, "torch")
    (failure,) = person.look(PYTHONPATH=str(person.lib))[0]
    assert failure.endswith("; remove it; none of the startup files that Torchard knows sets it")


def test_user_site_packages_come_before_the_environments(person):
    """An old `pip install --user` is enough; for packages other than PyTorch it is a warning."""
    folder = person.home / f".local/lib/python{SHORT}/site-packages"
    if platform.system() == "Darwin":
        folder = person.home / f"Library/Python/{SHORT}/lib/python/site-packages"
    # A venv leaves the user's packages out, or behind its own. A python of conda has them first.
    text = (person.environment / "pyvenv.cfg").read_text(encoding="utf-8")
    person.write("../environment/pyvenv.cfg", text.replace("= false", "= true"))
    first = "import site, sys\nsys.path.insert(1, site.getusersitepackages())\n"
    (person.site / "sitecustomize.py").write_text(first, encoding="utf-8")
    for name in ("torch", "einops", "unrelated"):
        person.module(folder, name)
    (failure,), (warning,) = person.look()
    place = f"~/{folder.relative_to(person.home)}"
    assert failure == (
        f"the account's user site-packages put {place}/torch before this environment's torch;"
        f" remove it from {place}"
    )
    assert warning == (
        f"torch: the account's user site-packages put {place} first, which has its own einops;"
        f" remove it from {place}"
    )


def test_a_module_of_pythons_own_that_is_shadowed_breaks_the_import(person):
    """A `random.py` in a person's own folder is a common cause."""
    (person.lib / "random.py").write_text("", encoding="utf-8")
    (person.site / "torch/__init__.py").write_text("from random import choice\n", encoding="utf-8")
    failures, warnings = person.look(PYTHONPATH=str(person.lib))
    (failure,) = failures
    assert failure.startswith("import torch fails in the account's login environment: ImportError")
    (warning,) = warnings
    assert "puts ~/lib first, which has its own random; remove it" in warning


def test_a_folder_of_the_same_name_without_modules_shadows_nothing(person):
    """Python continues to the real module."""
    (person.lib / "torch").mkdir()
    (person.lib / "torch/data.txt").write_text("", encoding="utf-8")
    assert person.look(PYTHONPATH=str(person.lib)) == ([], [])


def test_a_pythonhome_that_keeps_python_from_starting_is_named(person):
    """Python prints only this then."""
    person.write(".bash_profile", "export PYTHONHOME=/nonexistent\n")
    (failure,) = person.look()[0]
    assert failure == (
        "PYTHONHOME in the account's login environment keeps this environment's python from"
        " starting; remove it from ~/.bash_profile, line 1"
    )


def test_output_of_startup_files_and_modules_is_not_an_answer(person):
    """Any amount, on any stream."""
    person.write(".bash_profile", "yes hello | head -n 300000\necho hi >&2\n")
    person.module(person.lib, "torch", "print('{}')\n")
    (failure,) = person.look(PYTHONPATH=str(person.lib))[0]
    assert "puts ~/lib/torch" in failure


TROUBLE = {
    "hangs": ("sleep 600\n", "did not end in time"),
    "ends the shell": ("exit 3\n", "ended before it had started python"),
    "becomes another program": ("exec true\n", "ended before it had started python"),
    "prints without end": ("exec yes\n", "prints without end"),
    "leaves something behind that holds its stdout": ("sleep 600 &\n", None),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_a_startup_file_that_does_not_end_well_is_a_warning(person, what):
    """It ends in time, and nothing of what it started is left."""
    text, said = TROUBLE[what]
    person.write(".bash_profile", text)
    failures, warnings = person.look(seconds=3 if "hangs" in what else 60)
    assert failures == []
    wanted = f"the account's login shell, {shutil.which('bash')}, {said}: Torchard does not know"
    assert len(warnings) == (said is not None)
    assert all(one.startswith(wanted) for one in warnings)


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"environments": {}}', '{"trouble": 1}'])
def test_an_unexpected_answer_is_an_error(answer):
    """It never counts as an account without problems."""
    with pytest.raises(ValueError):
        read_account(answer, {"torch": ["torch"]}, "/Users/ann")


def test_many_modules_of_one_folder_are_one_sentence():
    """The sentence names three of them."""
    row = {"place": "/Users/ann/lib/a.py", "entry": "/Users/ann/lib", "cause": "PYTHONPATH"}
    found = {"shadows": [{**row, "module": name} for name in "abcde"], "failures": {}}
    told = {"environments": {"torch": found}, "variables": ["PYTHONPATH"], "lines": {}}
    report = read_account(json.dumps(told), {"torch": ["torch"]}, "/Users/ann")
    assert report.failures == ()
    (warning,) = report.lines
    assert "puts ~/lib first, which has its own a, b, c and 2 more; remove it" in warning


def test_pytorch_and_numpy_must_come_from_the_environment():
    """Only those that the lock has."""
    import locked  # noqa: PLC0415

    lock = locked.lock([locked.package("python")], [locked.wheel("numpy")])
    assert read_scripts.list_modules(lock) == ["torch", "torchvision", "numpy"]
    assert read_scripts.list_modules(locked.lock(variant=None)) == []
