"""`conda activate` in a new terminal: conda's block in a file that a shell reads. Pure.

Torchard never runs `conda init`: it uses sudo where it may not write, and comments out lines that a
person wrote. Torchard writes the same block between the same markers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.mac.paths import shorten_mac_path
from torchard.mac.probe import BLOCK_BEGIN, BLOCK_END
from torchard.mac.state import ShellFile
from torchard.plan.file_changes import FileChange
from torchard.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from torchard.lab.model import Shell
    from torchard.mac.state import MacState

FILES: Mapping[Shell, str] = {"zsh": ".zshrc", "bash": ".bash_profile"}


def name_shell_file(shell: Shell) -> str:
    """Return the path of a shell's file, with `~`. On a Mac, a terminal starts a login shell."""
    return f"~/{FILES[shell]}"


def render_block(shell: Shell, prefix: str) -> str:
    """Return the block that makes `conda activate` work in a shell, without a last line break.

    If the prefix does not exist any more, the block prints and changes nothing.
    """
    lines = (
        BLOCK_BEGIN,
        "# Written by Torchard. `conda init` knows this block, and may write its own here.",
        f"if __conda_setup=$({_hook(shell, prefix)} 2>/dev/null); then",
        '  eval "$__conda_setup"',
        "fi",
        "unset __conda_setup",
        BLOCK_END,
    )
    return "\n".join(lines)


def _hook(shell: Shell, prefix: str) -> str:
    """Return the command that prints conda's functions, quoted as `conda init` quotes it."""
    quoted = f"{prefix}/bin/conda".replace("'", "'\\''")
    return f"'{quoted}' 'shell.{shell}' 'hook'"


def plan_shell(shell: Shell, state: MacState) -> Step | None:
    """Return the step for one shell, or None if it starts this conda already."""
    file = _file(shell, state)
    hook = _hook(shell, state.prefix)
    # A block that `conda init` wrote for this prefix is fine too.
    if any(hook in line for line in _commands(file.block or "")):
        return None
    after = render_block(shell, state.prefix)
    prefix = shorten_mac_path(state.prefix, state.home)
    return Step(
        kind="shell",
        action="create" if file.block is None else "update",
        environment=None,
        reason=f"{name_shell_file(shell)} does not start the conda at {prefix}",
        path=file.path,
        place=name_shell_file(shell),
        files=(FileChange(shorten_mac_path(file.path, state.home), file.block, after),),
    )


def find_shell_blockers(shells: Iterable[Shell], state: MacState) -> Iterator[str]:
    """Yield why Torchard cannot change a shell's file, and what to do."""
    for shell in shells:
        if plan_shell(shell, state) is None:
            continue
        file, name, without = (
            _file(shell, state),
            name_shell_file(shell),
            f"leave {shell} out of `shell`",
        )
        if file.state == "tangled":
            yield (
                f"{name} has several blocks of conda, or one without its end; keep one whole block"
                f" or none, or {without}"
            )
        elif file.state == "closed":
            yield f"{state.user} may not write to {file.path}; allow that, or {without}"
        elif file.state == "outside":
            yield (
                f"{name} is a link to {file.path}, outside the home; set conda up there yourself,"
                f" or {without}"
            )
        elif file.state == "odd":
            yield f"{name} is not a file, or a link to nothing; repair it, or {without}"
        elif file.state == "absent" and shell == "bash" and state.bash_reads:
            other = f"~/{state.bash_reads}"
            yield (
                f"bash reads {other}, but would ignore it beside a new {name}; write a {name} that"
                f" reads it (echo '. {other}' >{name}), or {without}"
            )


def _file(shell: Shell, state: MacState) -> ShellFile:
    name = FILES[shell]
    return state.shell_files.get(name) or ShellFile(f"{state.home}/{name}")


def _commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if not line.lstrip().startswith("#")]
