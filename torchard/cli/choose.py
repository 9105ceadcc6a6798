"""`torchard choose`."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import click

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import explain_choice
from torchard.catalog.mac_class import MacClass, find_exact_class
from torchard.catalog.variant import Choice, Refusal, Variant
from torchard.cli import console, options, output
from torchard.cli.this_mac import read_this_mac
from torchard.lab.model import COMPANIONS, USUAL_PYTHON, Backend, Request, Source
from torchard.plan.codec import choice_document, dumps
from torchard.plan.warnings import find_variant_warnings
from torchard.render.text import choice_lines

BACKENDS: tuple[Backend, ...] = get_args(Backend)
SOURCES: tuple[Source, ...] = get_args(Source)


@click.command()
@click.option(
    "--arch",
    type=click.Choice(["arm64", "x86_64"]),
    help="The Mac's processor; default: this Mac's.",
)
@click.option("--macos", metavar="VERSION", help="Its macOS, such as 15.1; default: this Mac's.")
@click.option(
    "--python",
    default=USUAL_PYTHON,
    show_default=True,
    metavar="VERSION",
    help="The python, as MAJOR.MINOR.",
)
@click.option(
    "--release", default="stable", show_default=True, help="stable, nightly or a version."
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    type=click.Choice(BACKENDS),
    help="auto means MPS if the Mac supports it.",
)
@click.option(
    "--source",
    default="auto",
    show_default=True,
    type=click.Choice(SOURCES),
    help="auto means PyTorch's own wheels.",
)
@click.option(
    "--with",
    "companions",
    multiple=True,
    type=click.Choice(COMPANIONS),
    help="Only these beside torch, instead of all that there are.",
)
@click.argument("more", nargs=-1, metavar="[COMPANION]...", type=click.Choice(COMPANIONS))
@click.option("--no-with", is_flag=True, help="Only torch itself.")
@click.option("--explain", is_flag=True, help="List the newer releases that do not fit, and why.")
@options.as_json
def choose(  # noqa: PLR0917  # click passes them by name
    arch: str | None,
    macos: str | None,
    python: str,
    release: str,
    backend: Backend,
    source: Source,
    companions: tuple[str, ...],
    more: tuple[str, ...],
    *,
    no_with: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """Show which PyTorch fits a Mac, and why."""
    if (arch is None) != (macos is None):
        raise click.UsageError("Give both --arch and --macos, or neither for this Mac.")
    if companions and no_with:
        raise click.UsageError("--with and --no-with exclude each other.")
    if more and not companions:
        names = " ".join(more)
        raise click.UsageError(f"Write --with before {names}: --with {names}.")
    asked = tuple(one for one in COMPANIONS if one in {*companions, *more})
    request = Request(python, release, backend, source, asked if asked or no_with else None)
    catalogue = load_catalog()
    if arch is None or macos is None:
        arch, macos = read_this_mac()
        if not as_json:
            click.echo(f"This Mac: {arch}, macOS {macos}")
    group = find_exact_class(arch, macos, catalogue)
    found = (
        explain_choice(request, group, catalogue) if isinstance(group, MacClass) else Choice(group)
    )
    answer = found.answer
    refused = isinstance(answer, Refusal)
    if isinstance(group, MacClass) and isinstance(answer, Variant):
        known = (f"{text}." for text in find_variant_warnings(answer, request, group, catalogue))
        answer = replace(answer, notes=(*answer.notes, *known))
    over = found.passed_over if explain else None
    if as_json:
        click.echo(dumps(choice_document(answer, over)))
    else:
        output.print_lines(choice_lines(answer, over or ()), err=refused)
    console.exit_with(1 if refused else 0)
