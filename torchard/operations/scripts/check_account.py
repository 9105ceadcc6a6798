"""Find what an account's login environment puts before an environment's packages.

It starts on a Mac with the base python, and changes nothing:

    python -I -S -B -c 'import sys; exec(sys.argv[1])' TEXT WANTED

WANTED is JSON. `environments` has for each name its `python` and the `modules` that must come
from it. `text` is find_shadows.py, and `seconds` how long all may take. The answer is one line of
JSON on stdout.

This text starts the account's login shell as a terminal does (its name begins with a dash,
login(1)). That shell starts this text again, which starts each environment's python with the
account's variables. Startup files may print, wait or end the shell, so time and output are bounded,
and a mark precedes the answer. Only an interactive zsh reads .zshrc, so zsh is started as one if
that file sets a variable of Python's.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import secrets
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE")
ETC = (
    "/etc/zshenv",
    "/etc/zprofile",
    "/etc/zshrc",
    "/etc/profile",
    "/etc/bashrc",
    "/etc/csh.login",
)
HOME = (
    ".zshenv", ".zprofile", ".zshrc", ".zlogin", ".bash_profile", ".bash_login", ".profile",
    ".bashrc", ".tcshrc", ".cshrc", ".login", ".config/fish/config.fish", ".ssh/environment",
)  # fmt: skip
FILE_BYTES = 1024 * 1024  # of a startup file
ANSWER_BYTES = 1024 * 1024
PRINTED_BYTES = 64 * 1024 * 1024  # what startup files may print before the answer
LONGEST = 300  # characters of an error
ANSWER = b"torchard-account "


def check_inside(wanted: dict[str, Any], text: str, seconds: float) -> dict[str, Any]:
    """Start each environment's python with the variables of the login shell."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith("TORCHARD_")
    }
    until = time.monotonic() + seconds
    environments = {}
    for name, one in wanted.items():
        command = [one["python"], "-B", "-c", text, json.dumps(one["modules"])]
        left = max(1, until - time.monotonic())
        environments[name] = start_python(command, variables, left)
    return {
        "environments": environments,
        "variables": [name for name in VARIABLES if os.environ.get(name)],
        "zdotdir": os.environ.get("ZDOTDIR", ""),
    }


def start_python(command: list[str], variables: dict[str, str], seconds: float) -> dict[str, Any]:
    """Return what an environment's python found, or how it failed."""
    said = b""
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        said = done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"died": f"it did not end within {seconds:.0f} seconds"}
    except OSError as error:
        return {"died": str(error.strerror)}
    except ValueError:
        lines = said.decode(errors="replace").splitlines()
        return {"died": lines[-1][:LONGEST] if lines else "it ended and printed nothing"}
    return found


def start_shell(
    shell: str, options: list[str], text: str, wanted: dict[str, Any]
) -> dict[str, Any] | str:
    """Start the login shell and return its answer, or why there is none."""
    mark = secrets.token_hex(8)
    seconds = wanted["seconds"]
    name = os.path.basename(shell)
    # With a command, bash 3.2 reads no login file by its name alone (shell.c, run_startup_files).
    login = ["-l"] if name in ("bash", "sh") else []
    command = '"$TORCHARD_PYTHON" -I -S -B -c "import os;exec(os.environ[\'TORCHARD_TEXT\'])"'
    given = {
        "TORCHARD_TEXT": text,
        "TORCHARD_PYTHON": sys.executable,
        "TORCHARD_WANTED": json.dumps({**wanted, "mark": mark}),
    }
    try:
        process = subprocess.Popen(
            ["-" + name, *login, *options, "-c", f"exec {command}"],
            executable=shell,
            cwd=os.path.expanduser("~"),
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"does not start: {error.strerror}"
    stream = process.stdout.fileno() if process.stdout else -1
    try:
        answer = read_answer(stream, ANSWER + mark.encode() + b" ", time.monotonic() + seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if isinstance(answer, str):
        return answer
    try:
        result: dict[str, Any] = json.loads(answer)
    except ValueError:
        return "printed something into the answer"
    return result


def read_answer(stream: int, mark: bytes, until: float) -> bytes | str:
    """Return the text after the mark, or why there is none.

    This does not wait for the end of the output: a program of a startup file may keep it open.
    """
    kept, count = b"", 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            return "did not end in time"
        piece = os.read(stream, 65536)
        if not piece:
            return "ended before it had started python"
        count += len(piece)
        if count > PRINTED_BYTES:
            return "prints without end"
        kept = (kept + piece)[-ANSWER_BYTES:]
        at = kept.find(mark)
        if at >= 0 and b"\n" in kept[at:]:
            return kept[at + len(mark) :].partition(b"\n")[0]


def find_lines(zdotdir: str) -> dict[str, list[str]]:
    """Return for each variable where startup files set it: file and line, nothing else."""
    home = os.path.expanduser("~")
    folders = dict.fromkeys([home, zdotdir or home])
    files = [*ETC, *(os.path.join(folder, name) for folder in folders for name in HOME)]
    found: dict[str, list[str]] = {}
    for path in dict.fromkeys(files):
        for number, line in enumerate(read_lines(path), 1):
            for name in VARIABLES:
                if is_assignment(line, name):
                    found.setdefault(name, []).append(f"{path}, line {number}")
    return found


def read_lines(path: str) -> list[str]:
    """Return the lines of a startup file; none if it cannot be read or is not a file."""
    try:
        stream = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(stream, "rb") as file:
            return file.read(FILE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def is_assignment(line: str, name: str) -> bool:
    """Tell whether a line of a shell's file gives a variable a value."""
    if line.lstrip().startswith("#"):
        return False
    csh = rf"\b(?:setenv|set\s+(?:-\S+\s+)+|set-env)\s*{name}\b"
    return bool(re.search(rf"(?:^|[\s;&({{\"']){name}\+?=|{csh}", line))


def check_account(shell: str, text: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what the account's login environment does to each environment's python."""
    result = start_shell(shell, [], text, wanted)
    lines = find_lines("" if isinstance(result, str) else str(result["zdotdir"]))
    # Only an interactive zsh reads .zshrc, so it is started as one if that file is a reason.
    is_reason = any("zshrc, line" in one for found in lines.values() for one in found)
    if os.path.basename(shell) == "zsh" and is_reason:
        result = start_shell(shell, ["-i"], text, wanted)
    if isinstance(result, str):
        return {"shell": shell, "trouble": result}
    return {
        "shell": shell,
        "environments": result["environments"],
        "variables": result["variables"],
        "lines": {name: found[:3] for name, found in lines.items()},
    }


def find_shell() -> str | None:
    """Return the account's login shell; None if there is none that runs."""
    for shell in (os.environ.get("SHELL", ""), pwd.getpwuid(os.getuid()).pw_shell):
        if shell.startswith("/") and os.access(shell, os.X_OK):
            return shell
    return None


def main(text: str, wanted: str) -> None:
    """Print what was found."""
    shell = find_shell()
    found = {"shell": "", "trouble": "is not there"}
    print(json.dumps(check_account(shell, text, json.loads(wanted)) if shell else found))


if __name__ == "__main__":
    if "TORCHARD_WANTED" in os.environ:
        asked = json.loads(os.environ["TORCHARD_WANTED"])
        found = check_inside(asked["environments"], asked["text"], asked["seconds"] * 0.8)
        sys.stdout.write(f"\n{ANSWER.decode()}{asked['mark']} {json.dumps(found)}\n")
    else:
        main(*sys.argv[1:3])
