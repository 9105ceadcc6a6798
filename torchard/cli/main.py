"""The `torchard` command. Each command imports what it needs: `--help` and `check` feel instant."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from torchard.cli import later
from torchard.cli.apply import apply
from torchard.cli.catalog import catalog
from torchard.cli.check import check
from torchard.cli.choose import choose
from torchard.cli.console import print_error
from torchard.cli.demo import demo
from torchard.cli.keys import keys
from torchard.cli.lock import lock
from torchard.cli.plan import plan
from torchard.cli.rollback import rollback
from torchard.cli.show import show
from torchard.cli.status import status
from torchard.cli.unlock import unlock
from torchard.cli.verify import verify
from torchard.errors import TorchardError
from torchard.redact import redact

if TYPE_CHECKING:
    from types import TracebackType

INTERRUPTED = 130


@click.group(cls=later.Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torchard", message="torchard %(version)s")
def cli() -> None:
    """PyTorch for an orchard of Macs: one YAML file in, verified conda environments out.

    LAB is a lab file: inventory/lab.yaml, or what TORCHARD_LAB names, unless you say otherwise.
    """


for _command in (
    check,
    keys,
    choose,
    lock,
    plan,
    show,
    apply,
    status,
    verify,
    rollback,
    unlock,
    demo,
    catalog,
):
    cli.add_command(_command)


def _terminate(number: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does, so that the screen and a simulated lab are left in order."""
    sys.exit(128 + number)


def _cry(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of what nobody foresaw, without the logins of the URLs in it."""
    import traceback  # noqa: PLC0415  # only those who need it wait for it

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def main() -> NoReturn:
    """Run the command; every error is a sentence on stderr and exit 1."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.excepthook = _cry
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no · shows a ?
    try:
        code = cli.main(prog_name="torchard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 1
    except TorchardError as error:
        print_error(str(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; the same command again goes on from there.", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read has enough; python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code or 0)
