"""Simulated Macs on disk: DIR/macs/NAME/{home,bin,usr/sbin,sbin,tmp,mac.json}; tmp is a link.

bin stands for macOS's /usr/bin and /bin. The variable TORCHARD_ROOT names the root to those that
look for a tool at /usr/sbin or /sbin.

mac.json holds the fields of `MacSpec` and is read again at every call and connection, so that
editing it changes the Mac. What runs on a Mac finds its own by going up from where it
lies: `bin/uname` reads `../mac.json`, a prefix below `home` the first mac.json above it.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import time
from typing import TYPE_CHECKING, Any

from simlab import account, braces, shell, stock
from simlab.spec import MacSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FIELDS = MacSpec.__dataclass_fields__
_ATTEMPTS, _PAUSE = 20, 0.05  # looks at a mac.json that somebody is writing, seconds between them
_KNOWN: dict[Path, MacSpec] = {}


def build(directory: Path, spec: Sequence[MacSpec]) -> dict[str, Path]:
    """Make or renew the Macs below `directory`/macs; return their roots by name.

    What is in a home stays; bin and mac.json are written again.
    """
    links, scripts = stock.tools()
    roots = {}
    for mac in spec:
        root = directory / "macs" / mac.name
        for part in (mac.home, "bin", *stock.APART, "private/tmp"):
            (root / part).mkdir(parents=True, exist_ok=True)
        _link(root / "tmp", "private/tmp")
        stock.shell(mac.shell)
        if mac.gnu:
            (root / "gnu").mkdir(exist_ok=True)
            for tool, target in stock.gnu_tools().items():
                _link(root / "gnu" / tool, target)
        for tool, target in links.items():
            _link(root / stock.folder(tool) / tool, target)
        for tool, text in scripts.items():
            _write_tool(root / stock.folder(tool) / tool, text)
        write(root, mac)
        roots[mac.name] = root
    return roots


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _write_tool(path: Path, text: str) -> None:
    """Write a stand-in. Where an older lab has a link to the host's own tool, the link goes."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def write(root: Path, mac: MacSpec) -> None:
    """Write mac.json in one rename, and the account's startup file.

    A new fault begins to count from zero.
    """
    (root / "commands").unlink(missing_ok=True)
    # One key a line, then ": ": the shims read it with nothing but a shell.
    text = json.dumps(mac.as_dict(), indent=1) + "\n"
    aside = root / "mac.json.new"
    aside.write_text(text, encoding="utf-8")
    aside.replace(root / "mac.json")
    account.write_variables(root / mac.home, mac)


def read(root: Path) -> MacSpec:
    """Read mac.json; while somebody is writing it, return what it said before.

    Raise SpecError, TypeError, OSError or json.JSONDecodeError where it is broken and was never
    read before. What else somebody wrote there is for the Mac's programs, such as its installer.
    """
    for attempt in range(_ATTEMPTS, 0, -1):
        try:
            described = json.loads((root / "mac.json").read_text(encoding="utf-8"))
            mac = MacSpec(**{key: described[key] for key in described if key in _FIELDS})
        except (OSError, ValueError, TypeError, AttributeError):
            if root in _KNOWN:
                return _KNOWN[root]
            if attempt == 1:
                raise
            time.sleep(_PAUSE)
        else:
            _KNOWN[root] = mac
            return mac
    raise AssertionError("the last attempt returns or raises")


def change(root: Path, **changes: Any) -> MacSpec:
    """Write mac.json with some fields changed; return the Mac as it is now."""
    mac = MacSpec(**{**read(root).as_dict(), **changes})
    write(root, mac)
    return mac


def home(root: Path) -> Path:
    """Return the home of a Mac's account."""
    return root / read(root).home


def login_shell(root: Path) -> str:
    """Return the path of the shell that sshd starts for a Mac's account."""
    name = read(root).shell
    return str(root / "bin" / name) if name in shell.NAMES else stock.shell(name)


def user() -> str:
    """Return the account that everything runs as: the one that started simlab."""
    return pwd.getpwuid(os.getuid()).pw_name


def environment(root: Path) -> Mapping[str, str]:
    """Return the bare environment that sshd gives a command: its PATH is the Mac's own folders.

    Their order is that of macOS's sshd, /usr/bin:/bin:/usr/sbin:/sbin. What a startup file would
    add of `gnu` and `compat` is there as well.
    """
    mac = read(root)
    folders = (*(["gnu"] if mac.gnu else []), "bin", *(stock.APART if mac.sbin else []))
    return {
        "HOME": str(root / mac.home),
        "LOGNAME": user(),
        "PATH": ":".join(str(root / folder) for folder in folders),
        "SHELL": "/bin/zsh" if mac.shell == "sh" else login_shell(root),
        "TMPDIR": f"{root / 'tmp'}/",
        "TORCHARD_ROOT": str(root),
        "USER": user(),
        **({"SYSTEM_VERSION_COMPAT": "1"} if mac.compat else {}),
        **(mac.variables if mac.shell == "sh" else {}),
    }


def run(
    root: Path,
    command: str,
    *,
    stdin: bytes = b"",
    timeout: float = 120,
    before: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a command line on a Mac without SSH; `timeout` in seconds, `before` words before it."""
    command = braces.as_bash(command)
    done = subprocess.run(
        # What comes before may lead to where the home is another.
        [*before, shell.of_mac(root), "-c", f"cd || exit\n{command}" if before else command],
        cwd=home(root),
        env=environment(root),
        input=stdin,
        capture_output=True,
        timeout=timeout,
        start_new_session=True,  # of the Mac's own: see `simlab.processes`
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args,
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )
