"""Programs on this computer: where they come from, and what they may use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import decoys
import psutil
import pytest

from torchard import programs, start_program
from torchard.resources import clean_path

PLENTY = programs.Limits(seconds=60, memory=1 << 30, file=1 << 20, output=1 << 20)


def run(words, limits=PLENTY, given=""):
    """Run a program with the limits of a solver."""
    whole = [str(shutil.which(words[0])), *words[1:]]
    words = programs.limited_words(whole, Path("/"), limits)
    return programs.run(words, limits, dict(os.environ), given)


def run_python(program, **changes):
    """Run a Python program; return the sentence with which it was stopped, and what it printed."""
    limits = programs.Limits(**{**vars(PLENTY), **changes})
    with pytest.raises(programs.LimitError) as caught:
        run([sys.executable, "-I", "-S", "-c", program], limits)
    return str(caught.value), caught.value.printed


def test_input_and_both_outputs_are_passed():
    """With the exit status."""
    done = run(["sh", "-c", "cat; echo err >&2; exit 3"], given="in\n")
    assert (done.out, done.err, done.status) == ("in\n", "err\n", 3)


def test_a_program_that_takes_memory_is_stopped():
    """Its resident memory counts, which macOS limits in no other way."""
    said, printed = run_python(
        "print(1, flush=True); x = b'1' * (1 << 28)\nwhile 1: x", memory=64 << 20
    )
    assert said == "used more than 64 MiB of memory"
    assert printed == "1\n"


def test_a_program_that_does_not_end_is_stopped_with_what_it_started(tmp_path):
    """A keyring that uv started ends as well."""
    pid = tmp_path / "pid"
    with pytest.raises(programs.LimitError, match="took more than 1 seconds"):
        run(["sh", "-c", f"sleep 600 & echo $! >{pid}; wait"], programs.Limits(1, 1 << 30, 1 << 20))
    for _ in range(100):
        number = int(pid.read_text())
        if not psutil.pid_exists(number) or psutil.Process(number).status() == "zombie":
            return
        time.sleep(0.05)
    pytest.fail("it runs on")


def test_a_program_that_computes_without_end_is_stopped():
    """The time of its processors counts, also if the clock was set back."""
    said, _ = run_python(
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (0, 5))\nwhile 1: pass"
    )
    assert said == "computed for more than 60 seconds"


def test_a_file_without_an_end_is_stopped(tmp_path):
    """Nothing fills the disk."""
    with pytest.raises(programs.LimitError, match="wrote a file of more than 1 MiB"):
        run(["dd", "if=/dev/zero", f"of={tmp_path / 'f'}", "bs=65536"])
    assert (tmp_path / "f").stat().st_size == 1 << 20


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_without_an_end_is_stopped(stream):
    """Both outputs have a limit."""
    said, printed = run_python(
        f"import sys\nwhile 1: sys.{stream}.write('x' * 999)", output=1 << 20, file=1 << 30
    )
    assert said == "printed more than 1 MiB"
    assert len(printed) == (1 << 20 if stream == "stdout" else 0)


def test_limits_are_lowered_and_never_raised():
    """What a person's own shell allows is the most."""
    program = (
        "import json, resource, sys; sys.path.insert(0, sys.argv[1]); import start_program\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 8192))\n"
        "start_program.set_limits({'RLIMIT_FSIZE': 6000, 'RLIMIT_CPU': 50})\n"
        "print(resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CPU))"
    )
    words = [sys.executable, "-I", "-S", "-c", program, str(Path(programs.__file__).parent)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "(4096, 6000) (50, 55)\n"


def test_a_program_ends_without_its_parent():
    """A parent that was killed stops nothing: the program has an alarm of its own."""
    program = "import signal; print(signal.alarm(0), signal.getsignal(signal.SIGALRM).name)"
    seconds, what = run([sys.executable, "-I", "-S", "-c", program]).out.split()
    assert PLENTY.seconds < int(seconds) <= PLENTY.seconds + 30
    assert what == "SIG_DFL"


def test_a_missing_program_is_a_sentence():
    """The program that was to become it says so."""
    words = programs.limited_words(["/nowhere/uv"], Path("/"), PLENTY)
    done = programs.run(words, PLENTY, {})
    assert done.err == "/nowhere/uv cannot be started: No such file or directory\n"
    assert done.status == 1


def test_relative_entries_of_path_are_left_out(monkeypatch):
    """An empty entry means the working directory, as `.` does."""
    monkeypatch.setenv("PATH", ":.:bin:/usr/bin::/bin:./x:")
    assert clean_path() == "/usr/bin:/bin"
    monkeypatch.delenv("PATH")
    assert clean_path()


@pytest.mark.parametrize(
    ("parent", "own", "path"),
    [
        (["", "/a", "/here", "b", "/c"], ["/a", "/d"], ["/a", "/c", "/d"]),
        (["/here/", "/here/sub", "/x/../here"], ["/a"], ["/here/sub", "/a"]),
        # An editable installation in the working directory comes last.
        (["/here", "/a", "/b", "/here"], ["/a", "/b", "/here"], ["/a", "/b", "/here"]),
    ],
)
def test_the_import_path_is_the_parents_without_the_working_directory(parent, own, path):
    """What this Python adds by itself comes behind it."""
    assert start_program.join_paths(parent, own, "/here") == path


def test_a_module_comes_from_the_parents_path_and_not_from_the_working_directory(
    tmp_path, monkeypatch
):
    """It gets its arguments as with `python -m`, and an import path of absolute folders."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "shown.py").write_text(
        "import json, sys; print(json.dumps([sys.argv[1:], __name__, sys.path]))", encoding="utf-8"
    )
    sprung = decoys.set_traps(tmp_path / "here")
    (tmp_path / "here" / "shown.py").write_text("raise SystemExit('wrong')", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(
        sys, "path", ["", str(tmp_path / "here"), str(tmp_path / "modules"), *sys.path]
    )
    monkeypatch.setenv("PYTHONPATH", ".")
    done = programs.run(programs.module_words("shown", "-x", "y"), PLENTY, dict(os.environ))
    assert done.err == ""
    arguments, name, path = programs.json.loads(done.out)
    assert (arguments, name) == (["-x", "y"], "__main__")
    assert str(tmp_path / "here") not in path
    assert path[0] == str(tmp_path / "modules")
    assert decoys.read_sprung(sprung) == []


def test_only_what_reaches_a_server_is_in_the_environment(monkeypatch):
    """Places, proxies, certificates and keyrings; no setting of Python, uv, pip or conda."""
    kept = ("HOME", "https_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "NETRC", "LC_ALL")
    dropped = ("PYTHONPATH", "PYTHONSTARTUP", "UV_OFFLINE", "PIP_PRE", "CONDA_PREFIX", "CONDARC",
               "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "HOME2", "RUST_LOG")  # fmt: skip
    for name in (*kept, *dropped):
        monkeypatch.setenv(name, "/x")
    found = programs.reaching_environment()
    assert set(kept) <= found.keys()
    assert not set(dropped) & found.keys()
