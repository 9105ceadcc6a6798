"""The argument and the options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from torchard.cli.complete import complete_limits
from torchard.cli.suggestions import check_lab
from torchard.errors import TorchardError
from torchard.outputs import require_output
from torchard.resources import find_default_lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from torchard.outputs import Kind

F = TypeVar("F", bound="Callable[..., Any]")


def _allow_ssh_commands(_context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    """Allow it as the variable does, which the `pyinfra` command reads too."""
    if value:
        from torchard.remote.ssh_commands import PERMISSION

        os.environ[PERMISSION] = "1"


def _show_logs(_context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    if value:
        from torchard.cli.logs import show_logs

        show_logs()


def writes(kind: Kind) -> Callable[[click.Context, click.Parameter, Path | None], Path | None]:
    """Return the callback of an option that names a file to write: no Mac is contacted before."""

    def check(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
        if path is None or context.resilient_parsing:
            return path
        name = option.opts[0]
        require_output(path, kind, name)
        named: dict[str, str] = context.meta.setdefault("torchard.outputs", {})
        other = named.setdefault(os.path.realpath(path), name)
        if other != name:
            raise TorchardError(
                f"{other} and {name} name the same file, {path}.",
                f"Name another file with {name}.",
            )
        return path

    return check


def _keep_logs(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    path = writes("log")(context, option, path)
    if path is not None and not context.resilient_parsing:
        from torchard.cli.logs import keep_logs

        keep_logs(path)


def logs(function: F) -> F:
    """Add -v and --log to a command that contacts Macs."""
    return _verbose(_log(function))


lab = click.argument(
    "lab",
    required=False,
    type=click.Path(path_type=Path),
    default=find_default_lab,
    callback=check_lab,
)
lab_or_plan = click.argument(
    "lab",
    metavar="[LAB or PLAN]",
    required=False,
    type=click.Path(path_type=Path),
    default=find_default_lab,
    callback=check_lab,
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
limits = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_limits,
    help="Only this Mac, group or pattern.",
)
only_failed_from = click.option(
    "--only-failed-from",
    "report",
    metavar="REPORT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only the Macs that failed or were left alone in this output of `apply --json`.",
)
locked = click.option(
    "--locked", is_flag=True, help="Fail if a lock file is missing or out of date."
)
allow_ssh_commands = click.option(
    "--allow-ssh-commands",
    is_flag=True,
    expose_value=False,
    callback=_allow_ssh_commands,
    help="Let the ssh_config that LAB names run commands on this computer.",
)
_verbose = click.option(
    "--verbose",
    "-v",
    is_flag=True,
    expose_value=False,
    callback=_show_logs,
    help="Show what pyinfra and ssh say.",
)
_log = click.option(
    "--log",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    expose_value=False,
    callback=_keep_logs,
    help="Append what pyinfra and ssh say to this file.",
)
bundle = click.option(
    "--depot",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Take everything from this folder, which `torchard bundle` wrote; fetch nothing.",
)
parallel = click.option(
    "--parallel",
    metavar="N",
    type=click.IntRange(min=1),
    help="Work on so many Macs at a time (default: 100).",
)
junit = click.option(
    "--junit",
    metavar="FILE",
    callback=writes("junit"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write what was found into this file, as JUnit's XML.",
)
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
full = click.option("--full", is_flag=True, help="Show every package.")
