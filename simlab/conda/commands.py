"""The commands that change packages. Each takes the options and returns its exit status."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.conda import environments, history, revisions, root, solving, terms, transaction
from simlab.conda.failure import CondaError, CondaExit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from simlab.conda.root import Root
    from simlab.conda.transaction import Wanted


def create(conda: Root, options: argparse.Namespace) -> int:
    """Create an environment; with `-y` or `--json`, what is there already is deleted first."""
    terms.check(conda, _channels(conda, options))
    prefix = conda.prefix_of(options.name, options.prefix)
    if prefix == conda.prefix:
        raise CondaError("CondaValueError", "The target prefix is the base prefix. Aborting.")
    wanted, specs = _asked(options)
    if root.is_environment(prefix):
        if options.dry_run:
            message = "Cannot `create --dry-run` with an existing conda environment"
            raise CondaError("CondaValueError", message)
        if not (options.yes or options.json):
            _ask(
                f"WARNING: A conda environment already exists at '{prefix}'\n\n"
                "Remove existing environment?\nThis will remove ALL directories contained within "
                "this specified prefix directory, including any other conda environments.\n\n"
                " (y/[n])? "
            )
        root.delete(prefix)
    if options.clone:
        environments.clone(conda, conda.named(options.clone), prefix)
        return 0
    return _carry_out(conda, options, prefix, wanted, specs)


def install(conda: Root, options: argparse.Namespace) -> int:
    """Install into an environment that is there, or go back to one of its revisions."""
    terms.check(conda, _channels(conda, options))
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    root.thawed(conda, prefix, override=options.override_frozen)
    wanted, specs = _asked(options)
    if options.revision is not None:
        return _go_back(conda, options, prefix)
    if not wanted and not specs:
        raise CondaError(
            "CondaValueError", "too few arguments, must supply command line package specs or --file"
        )
    return _carry_out(conda, options, prefix, wanted, specs)


def update(conda: Root, options: argparse.Namespace) -> int:
    """Make packages as new as the specs of the history let them be; `--all` of them."""
    terms.check(conda, _channels(conda, options))
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    root.thawed(conda, prefix, override=options.override_frozen)
    before = transaction.installed(prefix)
    missing = [name for name in options.specs if name not in before]
    if missing:
        message = f"Package is not installed in prefix.\n  prefix: {prefix}\n"
        raise CondaError("PackageNotInstalledError", f"{message}  package name: {missing[0]}")
    if not options.specs and not options.all:
        raise CondaError("CondaValueError", "no package names supplied")
    if options.all:
        return _carry_out(conda, options, prefix, None, {}, fresh=set(before))
    return _carry_out(conda, options, prefix, None, {name: name for name in options.specs})


def _go_back(conda: Root, options: argparse.Namespace, prefix: Path) -> int:
    """Make an environment what it was at a revision, package by package."""
    specs = revisions.state(prefix, int(options.revision))
    before = transaction.installed(prefix)
    here = {f"{one['name']}={one['version']}={one['build']}" for one in before.values()}
    missing = [spec for spec in specs if spec not in here]
    found = []
    if missing:
        wanted = {history.name_of(spec): spec.replace("=", "==", 1) for spec in missing}
        found = solving.solve(conda, prefix, wanted, _channels(conda, options), set(wanted))
        found = [one for one in found if one.name.normalized in wanted]
    keep = {history.name_of(spec) for spec in specs if spec in here}
    if not missing and len(keep) == len(before):
        text = "All requested packages already installed."
        _say(options, f"\n# {text}\n", {"success": True, "message": text})
        return 0
    if options.dry_run:
        return 0
    new = [solving.wanted(one) for one in found]
    changes = transaction.link(conda, prefix, new, keep=keep)
    # With the specs that held before: conda's own note calls that wrong.
    held = list(history.requested(prefix).values())
    history.append(prefix, conda.command, conda.version, changes=changes, update=held)
    _say(options, "", {"actions": {}, "prefix": str(prefix), "success": True})
    return 0


def _asked(options: argparse.Namespace) -> tuple[list[Wanted] | None, dict[str, str]]:
    """Return an explicit file's packages, or None and the specs by package name."""
    specs = list(options.specs)
    for file in options.file:
        wanted = transaction.read_explicit(Path(file))
        if wanted is not None:
            return wanted, {}
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        specs += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return None, {history.name_of(spec): spec for spec in specs}


def _carry_out(
    conda: Root,
    options: argparse.Namespace,
    prefix: Path,
    wanted: Sequence[Wanted] | None,
    specs: Mapping[str, str],
    *,
    fresh: set[str] | None = None,
) -> int:
    """Install an explicit file's packages, or what solves `specs`.

    As new as may be become the packages of `specs`, and those in `fresh`.
    """
    if wanted is not None:
        if options.dry_run:
            return 0  # and shows no actions
        changes = transaction.link(conda, prefix, wanted)
        pins = transaction.pinned(conda, prefix, [one.file for one in wanted])
        history.append(prefix, conda.command, conda.version, changes=changes, update=pins)
        conda.register(prefix)
        return 0
    together = {**{name: name for name in fresh or ()}, **transaction.holding(prefix), **specs}
    found = (
        solving.solve(conda, prefix, together, _channels(conda, options), fresh or set(specs))
        if together
        else []
    )
    before = transaction.installed(prefix)
    new = [one for one in found if _differs(before.get(one.name.normalized), one)]
    names = {one.name.normalized for one in found}
    gone = [name for name in before if name not in names]
    if before and not new and not gone:
        _say(
            options,
            "\n# All requested packages already installed.\n",
            {"success": True, "message": "All requested packages already installed."},
        )
        history.append(prefix, conda.command, conda.version, update=list(specs.values()))
        return 0
    actions = _actions(prefix, before, new, gone)
    _announce(options, prefix, actions)
    if options.dry_run:
        _say(
            options,
            "\nDryRunExit: Dry run. Exiting.\n",
            {"actions": actions, "dry_run": True, "prefix": str(prefix), "success": True},
        )
        return 0
    if not (options.yes or options.json):
        _ask("Proceed ([y]/n)? ")
    changes = transaction.link(
        conda,
        prefix,
        [solving.wanted(one) for one in new],
        keep=names & set(before),
        requested=specs,
    )
    history.append(
        prefix, conda.command, conda.version, changes=changes, update=list(specs.values())
    )
    conda.register(prefix)
    _say(options, "", {"actions": actions, "prefix": str(prefix), "success": True})
    return 0


def _differs(before: Mapping[str, Any] | None, found: Any) -> bool:
    if before is None:
        return True
    return (before["version"], before["build"]) != (str(found.version), str(found.build))


def _actions(
    prefix: Path, before: Mapping[str, Mapping[str, Any]], new: Sequence[Any], gone: Sequence[str]
) -> dict[str, Any]:
    replaced = [one.name.normalized for one in new if one.name.normalized in before]
    return {
        "FETCH": [],
        "LINK": [_short(one.name.normalized, one.version, one.build, one.channel) for one in new],
        "PREFIX": str(prefix),
        "UNLINK": [
            _short(name, before[name]["version"], before[name]["build"], before[name]["channel"])
            for name in [*gone, *replaced]
        ],
    }


def _short(name: str, version: object, build: object, channel: str) -> dict[str, str]:
    return {
        "base_url": channel,
        "build_string": str(build),
        "dist_name": f"{name}-{version}-{build}",
        "name": name,
        "version": str(version),
    }


def _announce(options: argparse.Namespace, prefix: Path, actions: Mapping[str, Any]) -> None:
    if options.json or options.quiet:
        return
    print(f"\n## Package Plan ##\n\n  environment location: {prefix}\n")
    for word, key in (("INSTALLED", "LINK"), ("REMOVED", "UNLINK")):
        if actions[key]:
            print(f"The following packages will be {word}:\n")
            print("".join(f"  {one['dist_name']}\n" for one in actions[key]))


def _channels(conda: Root, options: argparse.Namespace) -> list[str]:
    allowed = conda.settings.flag("override_channels_enabled", otherwise=True)
    if options.override_channels and not allowed:
        raise CondaError("OperationNotAllowed", "Overriding channels has been disabled.")
    configured = [] if options.override_channels else conda.settings.texts("channels")
    return list(dict.fromkeys([*options.channel, *configured]))


def _ask(question: str) -> None:
    """Go on after a yes; nobody there to answer is a no, and no error."""
    print(question, end="", flush=True)
    answer = sys.stdin.readline().strip().lower() if sys.stdin else ""
    if answer not in ("y", "yes"):
        raise CondaExit


def _say(options: argparse.Namespace, text: str, data: Mapping[str, Any]) -> None:
    if options.json:
        print(json.dumps(data, indent=2))
    elif text and not options.quiet:
        print(text, end="")


def remove(conda: Root, options: argparse.Namespace) -> int:
    """Remove an environment, or packages and what depends on them."""
    terms.check(conda, _channels(conda, options))
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    root.thawed(conda, prefix, override=options.override_frozen)
    if options.all:
        if prefix == conda.prefix:
            raise CondaError("CondaEnvironmentError", "cannot remove base environment")
        if not (options.yes or options.json):
            _ask(f"Remove all packages in environment {prefix} ([y]/n)? ")
        environments.empty(conda, prefix)
        _say(options, "", {"success": True, "prefix": str(prefix)})
        return 0
    before = transaction.installed(prefix)
    missing = [name for name in options.specs if name not in before]
    if missing or not options.specs:
        raise CondaError(
            "PackagesNotFoundError",
            "The following packages are missing from the target "
            "environment:" + "".join(f"\n  - {name}" for name in missing),
        )
    gone = set(options.specs)
    while True:
        more = {
            name
            for name, one in before.items()
            if gone & {history.name_of(dep) for dep in one["depends"]}
        }
        if more <= gone:
            break
        gone |= more
    if not (options.yes or options.json):
        _ask("Proceed ([y]/n)? ")
    changes = transaction.link(conda, prefix, [], keep=set(before) - gone)
    history.append(prefix, conda.command, conda.version, changes=changes, remove=options.specs)
    _say(options, "", {"actions": _actions(prefix, before, [], sorted(gone)), "success": True})
    return 0
