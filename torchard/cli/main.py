"""The `torchard` command: a group that imports only the command that was typed."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, NoReturn

import click

from torchard.cli.console import print_error, print_interrupted
from torchard.cli.streams import OutputError, discard_stdout, prepare_streams
from torchard.cli.suggestions import suggest_command, suggest_option
from torchard.errors import TorchardError
from torchard.redact import redact
from torchard.resources import clean_path

if TYPE_CHECKING:
    from types import TracebackType

    from click.shell_completion import CompletionItem

INTERRUPTED = 130  # by Ctrl-C
TERMINATED = 143  # by SIGTERM

# Each command is the function of its own name in the module of its own name, `torchard.cli.NAME`;
# a name that is a keyword of Python has an underscore behind it.
# Its first sentence is here, so that the list of commands imports none of them.
COMMANDS = {
    "init": "Write a lab folder to start from.",
    "check": "Check a lab file without contacting any Mac.",
    "keys": "Manage the lab's SSH host keys.",
    "doctor": "Show what gets in the way, here and on each Mac.",
    "choose": "Show which PyTorch fits a Mac, and why.",
    "lock": "Solve each environment for each class of Macs.",
    "plan": "Show what would change on each Mac, and change nothing.",
    "show": "Show a saved plan, or what --json printed.",
    "apply": "Plan, ask, make each Mac match LAB, and verify it.",
    "status": "Show what each Mac has, and what was changed by hand.",
    "report": "Write what each Mac has, and what would change, as one web page.",
    "verify": "Verify every environment again.",
    "rollback": "Activate the previous generation of ENV on each Mac.",
    "remove": "Remove ENV and all its generations from each Mac.",
    "unlock": "Show who holds a Mac's run lock, or remove a dead run's lock.",
    "depot": "List, verify and clean the store of downloads.",
    "bundle": "Write all that LAB needs to the folder DIR.",
    "export": "Print the lock of ENV for conda, pip, PEP 751 or pixi.",
    "import": "Print an environment.yml or requirements as a lab has them.",
    "schema": "Print the JSON Schema of lab files, for editors and validators.",
    "completion": "Print what makes a shell complete commands, Macs and files.",
    "demo": "Run the whole job on simulated Macs.",
    "catalog": "Print, verify and update the catalogue of releases.",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is typed, and lists all of them from a table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order of a person's day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; return None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(import_module(f"torchard.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed; say what to type if there is none."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            instead = suggest_command(args[0], COMMANDS)
            raise click.UsageError(f"No such command '{args[0]}'.\n  {instead}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing one."""
        from click.shell_completion import CompletionItem  # only shells need it

        names = [one for one in COMMANDS if one.startswith(incomplete)]
        found = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torchard", message="torchard %(version)s")
def cli() -> None:
    """PyTorch for an orchard of Macs: one YAML file in, verified conda environments out.

    LAB is the path of a lab file. Without it, Torchard reads the file that TORCHARD_LAB names, else
    inventory/lab.yaml.
    """


def _exit_on_signal(number: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does, so that the terminal is restored and simulated Macs are stopped."""
    sys.exit(128 + number)


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of an unexpected error, without the logins of the URLs in it."""
    import traceback  # 10 ms that only an unexpected error needs

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def main() -> NoReturn:
    """Run the command; every error is a sentence on stderr and exit 1."""
    # Importing makes some 60,000 objects and no garbage, and python would look for it 160 times.
    gc.set_threshold(10_000)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    os.environ["PATH"] = clean_path()  # a lab's folder may have an ssh or a sw_vers
    sys.excepthook = _print_traceback
    prepare_streams()
    try:
        code = cli.main(prog_name="torchard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        instead = suggest_option(error) if isinstance(error, click.NoSuchOption) else None
        if instead is not None:
            print_error(instead)
        code = 1
    except OutputError as error:
        discard_stdout()
        print_error(str(error))
        code = 1
    except TorchardError as error:
        print_error(str(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        print_interrupted()
        code = INTERRUPTED
    except SystemExit as stop:
        if stop.code != TERMINATED:
            raise
        print_interrupted()
        code = TERMINATED
    except BrokenPipeError:
        discard_stdout()
        code = 1
    gc.freeze()  # else python's end searches every object for garbage, which takes 50 ms
    sys.exit(code or 0)
