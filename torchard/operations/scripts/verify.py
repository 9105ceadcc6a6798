"""Verify one environment on its Mac, with the environment's own python.

It starts this text as

    python -B -I -c 'import sys; exec(sys.argv[1])' TEXT WANTED

WANTED is JSON: `arch`, `python`, `dists` ({name: version}), `imports`, `torch` and `mps`
(booleans), `seconds`, how long it may take, `variables`, which are set for it, and `instead`, what
to say if a library cannot be loaded. If the environment has all of it, one line of JSON on stdout
says what was found. Otherwise each failure is a line on stderr, and the exit code is 1.

A second process does the work: a broken PyTorch may abort, or wait for its GPU without an end in C
code that no signal handler interrupts. The first process turns that into a sentence.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

START = "import sys; exec(sys.argv[1])"
# What dyld and Python say where a library, or a symbol that it imports, is missing.
NOT_LOADED = r"ImportError|dlopen\(|Symbol not found|Library not loaded|cannot be loaded"
# torchvision goes on without a library that cannot be loaded. It warns of the one for images
# (io/image.py); from 0.26 on it warns of each (extension.py), but only if a variable asks for it.
LIBRARY_WARNING = r"Failed to load (image Python extension|'\w+' extension): "
WARN = "TORCHVISION_WARN_WHEN_EXTENSION_LOADING_FAILS"
SCRIPT_SECONDS = 120  # for a pip whose files are on a cold disk
INSIDE = "inside"


def is_same_version(one: str, other: str) -> bool:
    """Compare two versions by PEP 440, with pip's own copy of packaging."""
    try:
        from pip._vendor.packaging.version import InvalidVersion, Version
    except ImportError:
        return one == other
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def verify_versions(failed: list[str], dists: dict[str, str]) -> None:
    """Compare the versions of the installed distributions with the lock's."""
    from importlib import metadata

    found: dict[str, list[str]] = {}
    for dist in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", dist.metadata["Name"] or "").lower()
        found.setdefault(name, []).append(dist.version)
    for name, version in sorted(dists.items()):
        has = found.get(name, [])
        if len(has) != 1 or not is_same_version(has[0], version):
            failed.append(f"{name} is {' and '.join(has) or 'missing'}, not {version}")


def operate(torch: Any, device: str) -> list[float]:
    """Do one real operation on a device, and return its result."""
    answer: list[float] = (torch.ones(2, device=device) + 1).cpu().tolist()
    return answer


def is_virtual() -> bool:
    """Tell whether this Mac is a virtual machine. macOS 10.15 and older do not say."""
    for program in ("sysctl", "/usr/sbin/sysctl"):
        try:
            asked = subprocess.run(
                [program, "-n", "kern.hv_vmm_present"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:  # it is not on the PATH
            continue
        return asked.stdout.strip() == b"1"
    return False


def verify_torch(
    failed: list[str], found: dict[str, object], doing: Callable[[str], None], *, mps: bool
) -> None:
    """Compute on the CPU, through the NumPy bridge if NumPy exists, and on MPS if expected."""
    doing("import torch")
    torch = importlib.import_module("torch")
    found["torch"] = str(torch.__version__)
    doing("a sum on the CPU")
    if operate(torch, "cpu") != [2.0, 2.0]:
        failed.append("torch computes wrong sums on the CPU")
    doing("the NumPy bridge")
    try:
        importlib.import_module("numpy")
    except ImportError:
        pass
    else:
        try:
            torch.ones(2).numpy()
        except Exception as error:
            failed.append(f"torch and numpy do not fit each other: {error}")
    found["mps"] = False
    if not mps:
        return
    doing("a sum on MPS")
    try:
        available = torch.backends.mps.is_available()
        found["mps"] = operate(torch, "mps") == [2.0, 2.0] and bool(available)
        reason = "is_available() is False" if not available else "its sums are wrong"
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    if not found["mps"]:
        macos = platform.mac_ver()[0]
        if is_virtual():
            reason = (
                "this Mac is a virtual machine, whose GPU MPS cannot use; write `backend: cpu`"
                f" ({reason})"
            )
        failed.append(
            f"MPS does not work on this Mac ({platform.machine()}, macOS {macos}): {reason}"
        )


def find_script(folder: str) -> tuple[str, str] | None:
    """Return a console script of an environment and its interpreter: pip, or else the first."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in ["pip"] * ("pip" in names) + names:
        interpreter = read_interpreter(os.path.join(folder, name))
        if os.path.basename(interpreter).startswith("python"):
            return name, interpreter
    return None


def read_interpreter(path: str) -> str:
    """Return the absolute path of the python in a script's first lines, or an empty string.

    If that is too long or has a space, pip and conda write `#!/bin/sh` and a second line that is
    both shell and python (distlib/scripts.py).
    """
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        head = file.read(2048).decode("utf-8", "surrogateescape")
    found = re.match(r"#! ?(/[^\n ]+)", head)
    if found and found[1] == "/bin/sh":
        found = re.match(r"""#![^\n]*\n'''exec' "?(/[^\n]*?)"? "\$0\"""", head)
    return found[1] if found else ""


def verify_script(failed: list[str], doing: Callable[[str], None]) -> None:
    """Start one console script by its own path: its first line names the place it was built for."""
    folder = os.path.join(sys.prefix, "bin")
    script = find_script(folder)
    if script is None:
        return
    name, interpreter = script
    doing(f"starting bin/{name}")
    made_for = os.path.dirname(os.path.dirname(interpreter))
    if not os.path.exists(interpreter):
        failed.append(f"bin/{name} does not run: it was made for {made_for}")
    elif os.path.realpath(made_for) != os.path.realpath(sys.prefix):
        failed.append(f"bin/{name} runs the python of {made_for}, not its environment's own")
    else:
        # What another script than pip does is unknown, so only its interpreter is started.
        own = [os.path.join(folder, name), "--version"]
        reason = start_script(own if name == "pip" else [interpreter, "-B", "-I", "-c", "pass"])
        if reason:
            failed.append(f"bin/{name} does not run: {reason}")


def start_script(command: list[str]) -> str:
    """Start a script without the account's settings; return why it does not run."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))
    }
    variables.update(PIP_CONFIG_FILE=os.devnull, PYTHONNOUSERSITE="1", PYTHONDONTWRITEBYTECODE="1")
    try:
        done = subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
    except OSError as error:
        return str(error.strerror)
    except subprocess.TimeoutExpired:
        return f"it did not end within {SCRIPT_SECONDS} seconds"
    said = done.stderr.decode(errors="replace").splitlines()[-1:]
    return f"it {describe_end(done.returncode)}: {' '.join(said)}"[:500] if done.returncode else ""


def verify_import(failed: list[str], name: str) -> None:
    """Import a module, with all libraries that it loads then."""
    os.environ[WARN] = "1"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            importlib.import_module(name)
        except Exception as error:
            failed.append(f"import {name} fails: {type(error).__name__}: {error}")
    said = [str(one.message).partition("If you don't plan")[0] for one in caught]
    warned = [f"import {name} warns: {one}" for one in said if re.match(LIBRARY_WARNING, one)]
    failed.extend(warned)
    has_operators = getattr(sys.modules.get(f"{name}.extension"), "_has_ops", None)
    if has_operators is not None and not has_operators() and not warned:
        failed.append(f"import {name} works, but its operators cannot be loaded")


def verify(wanted: dict[str, Any], doing: Callable[[str], None]) -> dict[str, Any]:
    """Verify everything, and return what failed and what was found."""
    failed: list[str] = []
    found: dict[str, object] = {"python": platform.python_version(), "machine": platform.machine()}
    if found["machine"] != wanted["arch"]:
        failed.append(f"its python runs as {found['machine']}, not natively as {wanted['arch']}")
    if platform.python_version().rpartition(".")[0] != wanted["python"]:
        failed.append(f"its python is {found['python']}, not {wanted['python']}")
    doing("reading the versions")
    verify_versions(failed, wanted["dists"])
    try:
        verify_script(failed, doing)
    except OSError as error:
        failed.append(f"its bin cannot be read: {error.strerror}")
    for name in wanted["imports"]:
        doing(f"import {name}")
        verify_import(failed, name)
    if wanted["torch"]:
        try:
            verify_torch(failed, found, doing, mps=wanted["mps"])
        except Exception as error:
            failed.append(f"torch fails: {type(error).__name__}: {error}")
    doing("the exit of its python")
    return {"failed": failed, "found": found}


def run_inside(wanted: dict[str, Any]) -> None:
    """Do the work: one line of JSON for each thing begun, then one for the answer."""
    # What a module prints when it is imported is not part of the answer.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**line: object) -> None:
        print(json.dumps(line), file=stream, flush=True)

    say(**verify(wanted, lambda doing: say(doing=doing)))


def run_outside(text: str, wanted: dict[str, Any]) -> int:
    """Start the work in a second process, and print its result or its failures."""
    command = [sys.executable, "-B", "-I", "-c", START, text, json.dumps(wanted), INSIDE]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **wanted["variables"]},
    )
    late = False
    try:
        out, noise = process.communicate(timeout=wanted["seconds"])
    except subprocess.TimeoutExpired as error:
        # Not waited for: a process that hangs in the kernel does not even die.
        process.kill()
        late, out, noise = True, error.stdout or b"", error.stderr or b""
    said: dict[str, Any] = {"doing": "the start of its python"}
    for line in out.splitlines():
        try:
            said.update(json.loads(line))
        except ValueError:  # its end cut the line
            break
    failed = said.get("failed", [])
    if late:
        failed.append(f"{said['doing']} did not end within {wanted['seconds']} seconds")
    elif process.returncode:
        failed.append(f"its python {describe_end(process.returncode)} at this: {said['doing']}")
        failed.extend(noise.decode(errors="replace").splitlines()[-5:])
    if wanted["instead"] and re.search(NOT_LOADED, "\n".join(failed)):
        failed.append(wanted["instead"])
    if failed:
        print("\n".join(failed), file=sys.stderr)
        return 1
    print(json.dumps(said["found"], sort_keys=True))
    return 0


def describe_end(status: int) -> str:
    """Say how a failed process ended."""
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"died of {signal.Signals(-status).name}"
    except ValueError:
        return f"died of signal {-status}"


if __name__ == "__main__":
    if sys.argv[3:] == [INSIDE]:
        run_inside(json.loads(sys.argv[2]))
    else:
        sys.exit(run_outside(sys.argv[1], json.loads(sys.argv[2])))
