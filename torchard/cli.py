"""The `torchard` command. Each command imports what it needs: `--help` and `check` feel instant."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, get_args

import click

from torchard import later
from torchard.errors import TorchardError
from torchard.lab.model import COMPANIONS, Backend, Source, Wish
from torchard.upkeep.commands import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from torchard.plan import Plan
    from torchard.progress import Progress
    from torchard.session import Session

INTERRUPTED = 130
BACKENDS: tuple[Backend, ...] = get_args(Backend)
SOURCES: tuple[Source, ...] = get_args(Source)


def _default_lab() -> Path:
    return Path(os.environ.get("TORCHARD_LAB") or "inventory/lab.yaml")


_lab = click.argument("lab", required=False, type=click.Path(path_type=Path), default=_default_lab)
_json = click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
_limit = click.option(
    "--limit", "limits", multiple=True, metavar="NAME", help="Only this Mac, group or pattern."
)
_locked = click.option("--locked", is_flag=True, help="Fail where a lock is missing or stale.")
_full = click.option("--full", is_flag=True, help="Show every package.")


@click.group(cls=later.Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torchard", message="torchard %(version)s")
def cli() -> None:
    """PyTorch for an orchard of Macs: one YAML file in, proven conda environments out.

    LAB is a lab file: inventory/lab.yaml, or what TORCHARD_LAB names, unless you say otherwise.
    """


@cli.command()
@_lab
def check(lab: Path) -> None:
    """Read and check a lab file; no Mac is contacted."""
    from torchard.lab.load import load  # noqa: PLC0415

    found = load(lab)
    macs, environments = len(found.macs), len(found.environments)
    click.echo(f"{lab} is fine: {_count(macs, 'Mac')}, {_count(environments, 'environment')}.")


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


@cli.command()
@click.option(
    "--arch", required=True, type=click.Choice(["arm64", "x86_64"]), help="The Mac's processor."
)
@click.option("--macos", required=True, metavar="VERSION", help="Such as 15.1.")
@click.option("--python", required=True, metavar="VERSION", help="Such as 3.12.")
@click.option(
    "--release", default="stable", show_default=True, help="stable, nightly or a version."
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    type=click.Choice(BACKENDS),
    help="auto: MPS where the Mac can.",
)
@click.option(
    "--source",
    default="auto",
    show_default=True,
    type=click.Choice(SOURCES),
    help="auto: PyTorch's own wheels.",
)
@click.option(
    "--with",
    "companions",
    multiple=True,
    type=click.Choice(COMPANIONS),
    help="These beside torch; else all that there are.",
)
@click.argument("more", nargs=-1, metavar="[COMPANION]...", type=click.Choice(COMPANIONS))
@click.option("--no-with", is_flag=True, help="torch alone.")
@_json
def choose(  # noqa: PLR0917  # click passes them by name
    arch: str,
    macos: str,
    python: str,
    release: str,
    backend: Backend,
    source: Source,
    companions: tuple[str, ...],
    more: tuple[str, ...],
    *,
    no_with: bool,
    as_json: bool,
) -> None:
    """Say which PyTorch fits a Mac, and why."""
    if companions and no_with:
        raise click.UsageError("--with and --no-with exclude each other.")
    if more and not companions:
        raise click.UsageError(f"Say what {' '.join(more)} is for: --with {' '.join(more)}.")
    from torchard import choose as choosing  # noqa: PLC0415
    from torchard.catalog.catalog import load_catalog  # noqa: PLC0415
    from torchard.variant import MacClass, Refusal  # noqa: PLC0415

    asked = tuple(one for one in COMPANIONS if one in {*companions, *more})
    wish = Wish(python, release, backend, source, asked if asked or no_with else None)
    catalogue = load_catalog()
    group = choosing.mac_class(arch, macos, catalogue)
    answer = choosing.choose(wish, group, catalogue) if isinstance(group, MacClass) else group
    refused = isinstance(answer, Refusal)
    if as_json:
        from torchard.render.data import choice_data, dumps  # noqa: PLC0415

        click.echo(dumps(choice_data(answer)))
    else:
        from torchard.render.text import choice_lines  # noqa: PLC0415

        _print(choice_lines(answer), err=refused)
    _leave(1 if refused else 0)


@cli.command()
@_lab
@click.option("--upgrade", is_flag=True, help="Solve anew, even where a lock fits.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 2 if out of date.")
def lock(lab: Path, *, upgrade: bool, only_check: bool) -> None:
    """Solve each environment for each class of Mac.

    The locks are files in locks/, beside LAB; a Mac is contacted only where LAB does not tell
    its arch and macOS.
    """
    if upgrade and only_check:
        raise click.UsageError("--upgrade and --check exclude each other.")
    from torchard.lab.load import load  # noqa: PLC0415
    from torchard.relock import relock, without_class  # noqa: PLC0415

    asked = without_class(load(lab))
    states, why = {}, {}
    if asked:  # before others use what it patches of the standard library
        from torchard.session import Session, heed_signals  # noqa: PLC0415

        heed_signals()
    from torchard.intend import open_workspace  # noqa: PLC0415

    with _watched() as progress:
        workspace = open_workspace(lab, locked=only_check)
        workspace.announce = progress.announce
        if asked:
            with Session(workspace, asked, progress) as session:
                states, why = session.states, session.why
        answers = list(relock(workspace, states, why, upgrade=upgrade))
    for answer in answers:
        where = f"{answer.environment} for {answer.mac_class}" if answer.mac_class else ""
        if answer.outcome == "error":
            _complain(answer.detail)
        else:
            click.echo(f"{answer.outcome:<11} {where:<32} {answer.detail}".rstrip())
    outcomes = {answer.outcome for answer in answers}
    _leave(1 if "error" in outcomes else 2 if "out of date" in outcomes else 0)


@cli.command()
@_lab
@_limit
@_locked
@_full
@_json
@later.option("--out", "Keep `plan --json` instead.")
@later.option("--explain", "`plan --full` has it all.")
def plan(lab: Path, limits: tuple[str, ...], *, locked: bool, full: bool, as_json: bool) -> None:
    """Show what would change on each Mac; write nothing there."""
    from torchard.render.text import plan_lines  # noqa: PLC0415

    with _session(lab, limits, locked=locked) as session:
        planned = session.plan()
    _show(planned, plan_lines(planned, full=full), as_json=as_json)
    if not as_json:
        _say_locked(session)
        click.echo("Nothing has been changed.")
    _leave(planned.exit_code)


@cli.command()
@_lab
@_limit
@_locked
@_full
@_json
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def apply(
    lab: Path, limits: tuple[str, ...], *, locked: bool, full: bool, as_json: bool, yes: bool
) -> None:
    """Plan, ask, bring each Mac to what LAB describes, and prove it."""
    if lab.suffix == ".json":
        raise click.UsageError(
            "This version of Torchard applies no saved plan yet. Give it a lab file: it plans"
            " again, shows the plan, and asks."
        )
    from torchard.render.text import plan_lines, result_lines  # noqa: PLC0415

    with _session(lab, limits, locked=locked) as session:
        planned = session.plan()
        session.progress.pause()
        if not as_json:
            _show(planned, plan_lines(planned, full=full), as_json=False)
            _say_locked(session)
        if planned.summary.change and not yes:
            _ask(shown=not as_json)
        session.progress.resume()
        done = session.apply(planned) if planned.summary.change else None
    if as_json or done is not None:
        done = done or planned
        _show(done, result_lines(done), as_json=as_json)
    else:
        click.echo("Nothing has been changed.")
    _leave((done or planned).exit_code)


def _ask(*, shown: bool) -> None:
    """Go on only if a person at a terminal says so to the plan that is shown."""
    if not shown or not sys.stdin.isatty():
        found = "there is no terminal to ask at" if shown else "--json shows no plan to agree to"
        raise TorchardError(
            f"Nothing was changed: {found}.",
            "Look at what `torchard plan` says, and add --yes if it is what you want.",
        )
    answer = "?"
    while answer not in {"y", "yes", "n", "no", ""}:
        click.echo("Do it? [y/N] ", nl=False, err=True)
        # A read would hold up what keeps the connections alive; a person may take their time.
        select.select([sys.stdin], [], [])
        answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise TorchardError("Nothing was changed.")


@cli.command()
@_lab
@_limit
@_locked
@_json
def verify(lab: Path, limits: tuple[str, ...], *, locked: bool, as_json: bool) -> None:
    """Prove every environment again; change nothing.

    Native python, the locked versions, real computing, and MPS where it is expected.
    """
    from torchard.render.text import result_lines  # noqa: PLC0415

    with _session(lab, limits, locked=locked) as session:
        proved = session.verify()
    _show(proved, result_lines(proved), as_json=as_json)
    _leave(proved.exit_code)


@cli.command()
@click.option(
    "--macs", default=5, show_default=True, type=click.IntRange(1, 50), help="How many Macs."
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the lab here.")
def demo(macs: int, keep: Path | None) -> None:
    """Do the whole job on simulated Macs.

    No Mac is touched, this one included: they are folders behind SSH on loopback ports.
    """
    from torchard.demo import run  # noqa: PLC0415

    _leave(run(macs, keep))


cli.add_command(catalog)


@contextmanager
def _watched() -> Iterator[Progress]:
    """Show progress on stderr where that is a terminal; say nothing otherwise."""
    if not sys.stderr.isatty():
        from torchard.progress import Silent  # noqa: PLC0415

        yield Silent()
        return
    from rich.console import Console  # noqa: PLC0415

    from torchard.render.live import LiveProgress  # noqa: PLC0415

    with LiveProgress(Console(stderr=True)) as progress:
        yield progress


@contextmanager
def _session(lab: Path, limits: Iterable[str], *, locked: bool) -> Iterator[Session]:
    """Connect to the Macs that are meant and read them, under the eyes of who watches."""
    # The session first: it patches the standard library before others import it, or use threads.
    from torchard.session import Session, heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.intend import open_workspace  # noqa: PLC0415
    from torchard.lab.limit import select as limited  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab, locked=locked)
    macs = limited(workspace.lab, limits)
    with _watched() as progress:
        workspace.announce = progress.announce
        workspace.lock_ahead(macs)
        with Session(workspace, macs, progress) as session:
            yield session


def _show(plan: Plan, lines: Iterable[Text], *, as_json: bool) -> None:
    if as_json:
        from torchard.render.data import dumps, plan_data  # noqa: PLC0415

        click.echo(dumps(plan_data(plan)))
    else:
        _print(lines)


def _say_locked(session: Session) -> None:
    """Name the lock files that had to be written on the way."""
    from torchard.relock import shown  # noqa: PLC0415

    for path in sorted(session.workspace.written):
        click.echo(f"Locked anew: {shown(path)}")


def _print(lines: Iterable[Text], *, err: bool = False) -> None:
    from rich.console import Console  # noqa: PLC0415

    from torchard.render.text import folded  # noqa: PLC0415

    console = Console(stderr=err, highlight=False, soft_wrap=True)
    for line in lines:
        for part in folded(line, console):
            console.print(part)


def _complain(sentence: str) -> None:
    """Say on stderr what is wrong; a Mac or a server may have had its say in it."""
    from torchard.render.harmless import harmless_lines  # noqa: PLC0415

    click.echo(harmless_lines(sentence), err=True)


def _leave(code: int) -> NoReturn:
    raise click.exceptions.Exit(code)


def _terminate(number: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does, so that the screen and a simulated lab are left in order."""
    sys.exit(128 + number)


def main() -> NoReturn:
    """Run the command; every error is a sentence on stderr and exit 1."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no · shows a ?
    try:
        code = cli.main(prog_name="torchard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 1
    except TorchardError as error:
        _complain(str(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; the same command again goes on from there.", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read has enough; python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code or 0)
