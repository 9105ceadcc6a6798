"""What to type instead of a command, an option or a lab that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.resources import find_default_lab

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import click

# What people know from other tools.
_COMMANDS = {
    "version": "torchard --version",
    "help": "torchard --help",
    "install": "torchard apply",
    "provision": "torchard apply",
    "deploy": "torchard apply",
    "diff": "torchard plan",
    "dry-run": "torchard plan",
    "upgrade": "torchard lock --upgrade",
    "update": "torchard lock --upgrade",
    "new": "torchard init",
}
_DRY_RUNS = ("--dry-run", "--dry", "--check", "--diff", "-n", "-C")
_LAB_ENDINGS = (".yaml", ".yml", ".json")


def suggest_command(name: str, known: Collection[str]) -> str:
    """Return what to type instead of a command that does not exist."""
    if name in _COMMANDS:
        return f"Type: {_COMMANDS[name]}"
    import difflib  # only a wrong command needs it

    near = difflib.get_close_matches(name, known, 1)
    return f"Type: torchard {near[0]}" if near else "Type: torchard --help"


def suggest_option(error: click.NoSuchOption) -> str | None:
    """Return what to type instead of an option that another tool has, or None."""
    command = error.ctx.info_name if error.ctx else None
    if command == "apply" and error.option_name in _DRY_RUNS:
        return (
            "  `torchard plan` shows what apply would do, and changes nothing. Type: torchard plan"
        )
    return None


def check_lab(context: click.Context, _argument: click.Parameter, path: Path | None) -> Path | None:
    """Return the path of a lab. Raise TorchardError if it is the name of a Mac or a group."""
    if path is None or len(path.parts) != 1 or path.suffix in _LAB_ENDINGS or path.exists():
        return path
    from torchard.cli.complete import read_names  # only a wrong path needs it

    lab = find_default_lab()
    names = read_names(lab)
    kind = next((one for one in ("macs", "groups") if str(path) in names[one]), None)
    if kind is None:
        return path
    command = context.command_path
    has_limit = any(option.name == "limits" for option in context.command.params)
    article = "a Mac" if kind == "macs" else "a group"
    raise TorchardError(
        f"{path} is {article} in {lab}, and not a lab file.",
        f"Type: {command} --limit {path}" if has_limit else f"Type: {command}",
    )
