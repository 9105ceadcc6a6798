"""Give shellcheck every shell text as it is run: `python tests/lint_shell.py`.

What runs on a Mac is joined of several files, below the values that it is given; so is a stand-in
of simlab for a tool of macOS. A file alone would look as if it used what nobody sets.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).parent
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS / "unit"), str(TESTS / "unit" / "operations")]

from makers import MAKERS, Made  # noqa: E402  # by the paths above

from simlab import channel, installer, python, stock  # noqa: E402
from torchard.operations import script_text  # noqa: E402

_INLINE = re.compile(r"\bsh -c '([^']*)'")
# A command that hands a text to another shell or to perl, which is to expand it.
_HANDED_ON = re.compile(r"^(?=cd / && exec env -i |env -i \S+ LC_ALL=C perl -e )", re.MULTILINE)
_DIRECTIVE = "# shellcheck disable=SC2016\n"
# Makers of what is not a script: words that a person types, or a line that is encoded already.
_NOT_SCRIPTS = (
    *("remote.facts.", "remote.host_keys.", "remote.unreachable.", "cli.unlock.", "cli.init."),
    *("operations.upload.", "operations.script_text.under_run_lock"),
)


def texts() -> dict[str, str]:
    """Return every shell text of the project by a name for it, as a shell reads it."""
    found = {f"simlab {tool}": text for tool, text in stock.tools()[1].items()}
    found["simlab python"] = python.files("3.12.1", "arm64")["bin/python3.12"].content.decode()
    found["simlab conda"] = channel.conda_files("26.5.3", "3.13")["bin/conda"].content.decode()
    found["simlab installer"] = installer._header(installer.RELEASES[0], b"", b"").decode()
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        whole = script_text.read_script
        for module in list(sys.modules.values()):  # whatever reads scripts has it under this name
            if getattr(module, "read_script", None) is whole:
                patch.setattr(module, "read_script", _without_programs(whole))
        made = Made("x", home)
        for name, maker in MAKERS.items():
            if not name.startswith(_NOT_SCRIPTS):
                found[name] = _HANDED_ON.sub(_DIRECTIVE, maker(made))
    for path in sorted({ROOT / ".ci/run", *(ROOT / "tests").rglob("*.sh")}):
        found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
    inline = {
        f"{name}, inside {number}": text
        for name, whole in found.items()
        for number, text in enumerate(_INLINE.findall(whole), 1)
    }
    return {**found, **inline}


def _without_programs(script: Callable[[str], str]) -> Callable[[str], str]:
    """Return what reads a script, with a word in place of a python program: it is only a value."""
    return lambda name: script(name) if name.endswith(".sh") else "program"


def main() -> int:
    """Run shellcheck over all texts; return its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in texts().items():
            file = Path(folder, re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-"))
            file.write_text(text, encoding="utf-8")
            files.append(file.name)
        program = Path(sys.executable).with_name("shellcheck")
        return subprocess.run(
            [program, "--shell", "sh", "--norc", *files], cwd=folder, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
