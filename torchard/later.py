"""Commands and options that this version does not have yet: refused with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]

_COMMANDS = {
    "status": "`torchard plan` says what differs, and `torchard verify` proves what is there.",
    "rollback": "The generation before is kept on each Mac, in ~/.torchard/generations.",
    "report": "`torchard plan --json` has the same answers for a program.",
}


class Commands(click.Group):
    """Commands in the order of a person's day; those that are not there yet say so."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return them as they were defined, not by the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse what is not there yet; leave the rest to click."""
        if args[0] in _COMMANDS:
            raise click.UsageError(
                f"This version of Torchard has no `{args[0]}` yet. {_COMMANDS[args[0]]}", ctx
            )
        return super().resolve_command(ctx, args)


def option(name: str, instead: str) -> Callable[[Command], Command]:
    """Return a decorator for an option that is not there yet; `instead` says what is."""

    def refuse(_ctx: click.Context, _option: click.Parameter, value: object) -> None:
        if value is not None:
            raise click.UsageError(f"This version of Torchard has no {name} yet. {instead}")

    return click.option(name, hidden=True, expose_value=False, callback=refuse)
