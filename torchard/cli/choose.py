"""`torchard choose`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import explain_choice
from torchard.catalog.mac_class import MacClass, find_exact_class
from torchard.catalog.variant import Choice, Refusal, Variant
from torchard.cli import console, options, output
from torchard.cli.this_mac import read_this_mac
from torchard.lab.model import COMPANIONS, USUAL_PYTHON, Backend, MacHost, Request, Source
from torchard.lab.specs import find_requirement_fault
from torchard.plan.codec import choice_document, dumps
from torchard.plan.warnings import find_variant_warnings
from torchard.render.text import choice_lines, forecast_lines

if TYPE_CHECKING:
    from torchard.catalog.rows import Catalogue
    from torchard.plan.forecast import Forecast

BACKENDS: tuple[Backend, ...] = get_args(Backend)
SOURCES: tuple[Source, ...] = get_args(Source)
_SETTING = re.compile(r"`(?P<key>arch|python|release|backend|source|with): (?P<value>[^`]*)`")


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
    metavar=f"[{'|'.join(COMPANIONS)}]...",
    type=click.Choice(COMPANIONS),
    help="Only these beside torch, instead of all that there are.",
)
# The companions after the first one, which the usage line does not show: they belong to --with.
@click.argument("more", nargs=-1, metavar="", type=click.Choice(COMPANIONS))
@click.option("--no-with", is_flag=True, help="Only torch itself.")
@click.option(
    "--for",
    "wanted",
    multiple=True,
    metavar="PACKAGES",
    help='Also solve with these pip packages, as in --for "diffusers einops"; lock nothing.',
)
@click.option(
    "--lab",
    "lab_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Solve --for with the channels, mirrors and indexes of this lab.",
)
@click.option("--mac", "mac_name", metavar="NAME", help="Those of this Mac of the lab.")
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
    wanted: tuple[str, ...],
    lab_file: Path | None,
    mac_name: str | None,
    *,
    no_with: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """Show which PyTorch fits a Mac, and why."""
    if (arch is None) != (macos is None):
        raise click.UsageError("Give both --arch and --macos, or neither for this Mac.")
    _check_companions(companions, more, no_with=no_with)
    packages = _read_packages(wanted)
    _check_lab(packages, lab_file, mac_name)
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
        notes = (name_options(note) for note in (*answer.notes, *known))
        answer = replace(answer, notes=tuple(notes))
    elif isinstance(answer, Refusal):
        answer = replace(answer, instead=name_options(answer.instead))
    over = found.passed_over if explain else None
    if not as_json:
        output.print_lines(choice_lines(answer, over or ()), err=refused)
    forecast = None
    try:
        if packages and isinstance(group, MacClass) and isinstance(answer, Variant):
            sources = _find_sources(lab_file, mac_name)
            forecast = _try(packages, request, answer, group, catalogue, sources)
    finally:  # what is known is also printed if the solvers fail or are interrupted
        if as_json:
            click.echo(dumps(choice_document(answer, over, forecast)))
    is_hopeless = isinstance(forecast, Refusal)
    if forecast is not None and not as_json:
        output.print_lines(forecast_lines(forecast), err=is_hopeless)
    console.exit_with(1 if refused or is_hopeless else 0)


def name_options(text: str) -> str:
    """Return a sentence of the catalogue with options where it has settings of a lab."""
    return _SETTING.sub(_name_option, text).replace("`pip:`", "`--for`")


def _name_option(found: re.Match[str]) -> str:
    words = re.findall(r"[^][\s,\"]+", found["value"])
    option = "no-with" if found["key"] == "with" and not words else found["key"]
    return f"`{' '.join((f'--{option}', *words))}`"


def _check_companions(companions: tuple[str, ...], more: tuple[str, ...], *, no_with: bool) -> None:
    if companions and no_with:
        raise click.UsageError("--with and --no-with exclude each other.")
    if more and not companions:
        names = " ".join(more)
        raise click.UsageError(f"Write --with before {names}: --with {names}.")


def _check_lab(packages: tuple[str, ...], lab_file: Path | None, mac_name: str | None) -> None:
    if lab_file is not None and not packages:
        raise click.UsageError("--lab only serves --for: add --for PACKAGES.")
    if mac_name is not None and lab_file is None:
        raise click.UsageError("--mac names a Mac of a lab: add --lab LAB.")


def _read_packages(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the requirements that `--for` names. Raise UsageError for one that no lab can have."""
    packages = tuple(dict.fromkeys(word for one in wanted for word in one.split()))
    for one in packages:
        fault = find_requirement_fault(one)
        if fault is not None:
            raise click.UsageError(f"--for: {fault[0]}. {fault[1]}")
    return packages


def _find_sources(lab_file: Path | None, mac_name: str | None) -> MacHost:
    """Return a Mac with the channels, mirrors and indexes to solve with."""
    if lab_file is None:
        return MacHost("this Mac")
    from torchard.lab.load import load_lab  # no other choice reads a lab
    from torchard.workspace.forecast import find_sources

    return find_sources(load_lab(lab_file), mac_name)


def _try(  # noqa: PLR0917  # the one caller has them all
    packages: tuple[str, ...],
    request: Request,
    variant: Variant,
    group: MacClass,
    catalogue: Catalogue,
    sources: MacHost,
) -> Forecast | Refusal:
    """Solve with packages. The solvers take time to load, and no other choice needs them."""
    from torchard.cli.progress import show_progress
    from torchard.depot.depot import Depot
    from torchard.workspace.forecast import form_packages_question, make_forecast

    with show_progress() as progress:
        depot = Depot()
        depot.report, depot.announce = progress.report_download, progress.announce
        question = form_packages_question(packages, request, variant, group, catalogue, sources)
        found = make_forecast(question, catalogue, depot, progress.announce)
        progress.pause()
    if isinstance(found, Refusal):
        return replace(found, instead=name_options(found.instead))
    return found
