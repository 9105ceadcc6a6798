"""Programs that Torchard starts on this computer: where they are found, and what they may use.

No program comes from the working directory, and no module that such a program imports. The solvers
read what servers send, so their memory, time, output and files have limits.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from torchard.resources import clean_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_START = str(Path(__file__).resolve().with_name("start_program.py"))
_TICK = 0.002  # seconds between the first two looks at a program; each further wait is longer
_LONGEST_TICK = 0.05
_GRACE = 30  # seconds after which a program ends by itself, if its parent did not stop it
# What a program needs to reach a server as this account does: places, proxies, certificates, and
# what keyrings ask for. All other variables could change an answer.
_REACHING = re.compile(
    r"HOME|USER|LOGNAME|TMPDIR|LANG|LC_\w+|XDG_\w+|NETRC"
    r"|(?:HTTPS?|ALL|NO)_PROXY|(?:https?|all|no)_proxy"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|SSL_CLIENT_CERT|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|DBUS_SESSION_BUS_ADDRESS|SECURITYSESSIONID|__CF_USER_TEXT_ENCODING"
    r"|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|GNUPGHOME|GPG_TTY|PASSWORD_STORE_\w+"
    r"|(?:PYTHON_KEYRING|KEYRING|AWS|AZURE|ARTIFACTS|VSS_NUGET|GOOGLE|CLOUDSDK)_\w+"
)


@dataclass(frozen=True)
class Limits:
    """What one program may use.

    `seconds` by the clock and of its processors, `memory` in bytes resident, `file` the bytes of
    each file that it writes, `output` the bytes that it prints.
    """

    seconds: int
    memory: int
    file: int
    output: int = 64 << 20


class LimitError(Exception):
    """A program was stopped. The message says what it did, such as `took more than 900 seconds`.

    `printed` is what it had written to stdout.
    """

    printed = ""


@dataclass(frozen=True)
class Done:
    """What a program printed to stdout and stderr, and its exit status."""

    out: str
    err: str
    status: int


def find_program(name: str) -> str | None:
    """Return the absolute path of a program on PATH."""
    return shutil.which(name, path=clean_path())


def reaching_environment() -> dict[str, str]:
    """Return the variables by which a program reaches servers as this account does."""
    kept = {key: value for key, value in os.environ.items() if _REACHING.fullmatch(key)}
    return {**kept, "PATH": clean_path()}


def module_words(module: str, *arguments: str, limits: Limits | None = None) -> list[str]:
    """Return the words that run a module as `python -m` does, not from the working directory."""
    return _words("-I", limits, module=module, path=sys.path, arguments=arguments)


def limited_words(words: Sequence[str], folder: Path, limits: Limits) -> list[str]:
    """Return the words that run a program, named by its absolute path, in a folder."""
    return _words("-I", limits, "-S", words=words, folder=str(folder))


def _words(option: str, limits: Limits | None, *options: str, **wanted: object) -> list[str]:
    kinds = {} if limits is None else {"RLIMIT_CPU": limits.seconds, "RLIMIT_FSIZE": limits.file}
    seconds = 0 if limits is None else limits.seconds + _GRACE
    how = json.dumps({"limits": kinds, "seconds": seconds, **wanted})
    return [sys.executable, option, *options, _START, how]


def run(
    words: Sequence[str], limits: Limits, environment: Mapping[str, str], given: str = ""
) -> Done:
    """Run a program with `given` on its stdin. Raise LimitError where it was stopped, or OSError.

    Files take its input and output, so that nothing waits for a pipe and nothing is read unbounded.
    """
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        stdin.write(given.encode())
        stdin.seek(0)
        process = subprocess.Popen(words, stdin=stdin, stdout=out, stderr=err, env=environment)
        try:
            _watch(process, limits, (out, err))
        except LimitError as error:
            error.printed = _read(out, limits)
            raise
        finally:
            if process.poll() is None:
                _kill(process)
        return Done(_read(out, limits), _read(err, limits), process.returncode)


def _watch(process: subprocess.Popen[bytes], limits: Limits, outputs: Sequence[BinaryIO]) -> None:
    """Wait for the end of a process. Raise LimitError if it passes a limit."""
    import psutil  # noqa: PLC0415  # only a command that solves pays for the import

    end, tick = time.monotonic() + limits.seconds, _TICK
    while process.poll() is None:
        with suppress(psutil.Error):
            if psutil.Process(process.pid).memory_info().rss > limits.memory:
                raise LimitError(f"used more than {_format_bytes(limits.memory)} of memory")
        if time.monotonic() > end:
            raise LimitError(f"took more than {limits.seconds} seconds")
        if _has_printed_too_much(outputs, limits):
            break
        time.sleep(tick)
        tick = min(tick * 2, _LONGEST_TICK)
    if _has_printed_too_much(outputs, limits):
        raise LimitError(f"printed more than {_format_bytes(limits.output)}")
    if process.returncode == -signal.SIGXCPU:
        raise LimitError(f"computed for more than {limits.seconds} seconds")
    if process.returncode == -signal.SIGXFSZ:
        raise LimitError(f"wrote a file of more than {_format_bytes(limits.file)}")


def _has_printed_too_much(outputs: Sequence[BinaryIO], limits: Limits) -> bool:
    return any(os.fstat(one.fileno()).st_size > limits.output for one in outputs)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, such as a keyring of uv."""
    import psutil  # noqa: PLC0415

    with suppress(psutil.Error):
        for one in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                one.kill()
    process.kill()
    process.wait()


def _read(file: BinaryIO, limits: Limits) -> str:
    file.seek(0)
    return file.read(limits.output).decode("utf-8", "replace")


def _format_bytes(number: int) -> str:
    """Return a limit as messages name it, such as `64 MiB`."""
    return f"{number >> 30} GiB" if number >= 1 << 30 else f"{number >> 20} MiB"
