"""The python of a simulated Mac: a wrapper around this host's CPython that answers for the Mac."""

from __future__ import annotations

import shlex
import sys
from importlib import resources

from simlab import shell
from simlab.package import File, byte_code


def host() -> str:
    """Return the interpreter that simulated programs run on: the one that runs now."""
    return sys.executable


def wrapper(text: str) -> str:
    """Return a wrapper's shell script from its own part, with the search for the host's python."""
    start = (resources.files("simlab") / "python" / "host.sh").read_text(encoding="utf-8")
    start = f"{shell.shebang()}\n{start.partition(chr(10))[2]}"
    return (start + text).replace("@host@", shlex.quote(host()))


def files(version: str, arch: str) -> dict[str, File]:
    """Return the files of a `python` package of `version` (X.Y.Z), built for `arch`."""
    short = version.rpartition(".")[0]
    lib = f"lib/python{short}"
    folder = resources.files("simlab") / "python"
    start = (folder / "python.sh").read_text(encoding="utf-8")
    start = start.replace("@short@", short).replace("@version@", version).replace("@arch@", arch)
    programs = {f"{lib}/simlab_interpreter.py": File((folder / "start.py").read_bytes())}
    for name in ("__init__", "clones", "interpreter", "modules"):
        text = b"" if name == "__init__" else (folder / f"{name}.py").read_bytes()
        programs[f"{lib}/simlab_python/{name}.py"] = File(text)
        cached = f"__pycache__/{name}.{sys.implementation.cache_tag}.pyc"
        programs[f"{lib}/simlab_python/{cached}"] = File(byte_code(f"{name}.py", text))
    here = "Here a real python has its standard library; this one is simulated.\n"
    return {
        f"bin/python{short}": File(wrapper(start).encode(), executable=True),
        "bin/python": File(link=f"python{short}"),
        "bin/python3": File(link=f"python{short}"),
        f"include/python{short}/Python.h": File(f"/* {here.strip()} */\n".encode()),
        **programs,
        f"{lib}/os.py": File(f"# {here}".encode()),
        f"{lib}/lib-dynload/README.txt": File(here.encode()),
        f"{lib}/site-packages/README.txt": File(b"Third-party packages are installed here.\n"),
    }
