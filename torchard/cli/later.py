"""Commands that this version does not have yet: refused with a sentence."""

from __future__ import annotations

import click

_COMMANDS = {
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
