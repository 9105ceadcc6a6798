"""The commands of the stand-in for conda. Each takes the options and returns its exit status."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.conda import history, root, solving, terms, transaction
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
    return _carry_out(conda, options, prefix, wanted, specs)


def install(conda: Root, options: argparse.Namespace) -> int:
    """Install into an environment that is there."""
    terms.check(conda, _channels(conda, options))
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    root.thawed(prefix, override=options.override_frozen)
    wanted, specs = _asked(options)
    if not wanted and not specs:
        raise CondaError(
            "CondaValueError", "too few arguments, must supply command line package specs or --file"
        )
    return _carry_out(conda, options, prefix, wanted, specs)


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
) -> int:
    if wanted is not None:
        if options.dry_run:
            return 0  # and shows no actions
        changes = transaction.link(conda, prefix, wanted)
        pins = transaction.pinned(conda, prefix, [one.file for one in wanted])
        history.append(prefix, conda.command, conda.version, changes=changes, update=pins)
        conda.register(prefix)
        return 0
    together = {**transaction.holding(prefix), **specs}
    found = (
        solving.solve(conda, prefix, together, _channels(conda, options), set(specs))
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
    configured = [] if options.override_channels else conda.config.get("channels", [])
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
    if options.all:
        if prefix == conda.prefix:
            raise CondaError("CondaEnvironmentError", "cannot remove base environment")
        if not (options.yes or options.json):
            _ask(f"Remove all packages in environment {prefix} ([y]/n)? ")
        root.delete(prefix)
        _say(options, "", {"success": True, "prefix": str(prefix)})
        return 0
    root.thawed(prefix, override=options.override_frozen)
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


def list_packages(conda: Root, options: argparse.Namespace) -> int:
    """List an environment's packages, those that pip installed too."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    records = transaction.installed(prefix)
    if options.explicit:
        print(
            "# This file may be used to create an environment\n"
            f"# platform: {conda.subdir}\n@EXPLICIT"
        )
        for record in records.values():
            mark = f"#sha256:{record['sha256']}" if options.sha256 and "sha256" in record else ""
            mark = f"#{record['md5']}" if options.md5 and "md5" in record else mark
            print(f"{record['url']}{mark}")
        return 0
    lines = [_line(conda, record) for record in records.values()]
    lines = sorted([*lines, *_by_pip(prefix, records)], key=lambda line: line["name"])
    if options.regex:
        lines = [line for line in lines if re.search(options.regex, line["name"])]
        if not lines:
            raise CondaError("CondaValueError", f"No packages match '{options.regex}'.")
    if options.json:
        print(json.dumps(lines, indent=2))
        return 0
    print(f"# packages in environment at {prefix}:\n#")
    print(f"# {'Name':<23} {'Version':<16} {'Build':<20} Channel")
    for line in lines:
        print(
            f"{line['name']:<25} {line['version']:<16} {line['build_string']:<20} {line['channel']}"
        )
    return 0


def _line(conda: Root, record: Mapping[str, Any]) -> dict[str, Any]:
    url = transaction.channel_of(record)
    return {
        "base_url": url,
        "build_number": record["build_number"],
        "build_string": record["build"],
        "channel": conda.channel_name(url),
        "dist_name": f"{record['name']}-{record['version']}-{record['build']}",
        "name": record["name"],
        "platform": record["subdir"],
        "version": record["version"],
    }


def _by_pip(prefix: Path, records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    owned = {file.rpartition("/")[0] for record in records.values() for file in record["files"]}
    lines = []
    for folder in sorted(prefix.glob("lib/python3.*/site-packages/*.dist-info")):
        if str(folder.relative_to(prefix)) in owned:
            continue
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        name = re.sub(r"[-_.]+", "-", name).lower()
        lines.append({
            "base_url": "https://conda.anaconda.org/pypi", "build_number": 0,
            "build_string": "pypi_0", "channel": "pypi", "dist_name": f"{name}-{version}-pypi_0",
            "name": name, "platform": "pypi", "version": version,
        })  # fmt: skip
    return lines


def env_list(conda: Root, options: argparse.Namespace) -> int:
    """List the environments."""
    found = conda.environments()
    if options.json:
        details = {str(prefix): _details(conda, prefix) for prefix in found}
        print(json.dumps({"envs": [str(one) for one in found], "envs_details": details}, indent=2))
        return 0
    print("\n# conda environments:\n#")
    active = os.environ.get("CONDA_PREFIX", str(conda.prefix))
    for prefix in found:
        star = "*" if str(prefix) == active else " "
        print(f"{conda.name_of(prefix):<20} {star} {prefix}")
    print()
    return 0


def _details(conda: Root, prefix: Path) -> dict[str, Any]:
    at = history.path(prefix).stat().st_mtime
    return {
        "name": conda.name_of(prefix),
        "created": None,
        "last_modified": at,
        "active": str(prefix) == os.environ.get("CONDA_PREFIX"),
        "base": prefix == conda.prefix,
        "frozen": (prefix / "conda-meta" / "frozen").exists(),
        "writable": os.access(history.path(prefix), os.W_OK),
    }


def info(conda: Root, options: argparse.Namespace) -> int:
    """Say what this conda is."""
    data = {
        "active_prefix": os.environ.get("CONDA_PREFIX"),
        "channels": [
            f"{url}/{conda.subdir}" for url in conda.channel_urls(conda.config.get("channels", []))
        ],
        "conda_version": conda.version,
        "config_files": [str(file) for file in conda.config_files],
        "default_prefix": str(conda.prefix),
        "envs": [str(prefix) for prefix in conda.environments()],
        "envs_dirs": [str(folder) for folder in conda.envs_dirs],
        "pkgs_dirs": [str(conda.pkgs)],
        "platform": conda.subdir,
        "root_prefix": str(conda.prefix),
        "root_writable": os.access(conda.prefix, os.W_OK),
        "virtual_pkgs": [
            [name, version, "0"] for name, version in conda.virtual_packages().items()
        ],
    }
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        for key in (
            "conda_version",
            "root_prefix",
            "platform",
            "channels",
            "pkgs_dirs",
            "envs_dirs",
        ):
            print(f"{key.replace('_', ' '):>20} : {data[key]}")
    return 0


def run(conda: Root, options: argparse.Namespace) -> int:
    """Run a command in an environment, in the place of this process."""
    prefix = root.existing(conda.prefix_of(options.name, options.prefix))
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise CondaError("CondaValueError", "No command was given to run.")
    path = (
        f"{prefix}/bin{os.pathsep}{conda.prefix}/condabin{os.pathsep}{os.environ.get('PATH', '')}"
    )
    environment = {
        **os.environ,
        "CONDA_DEFAULT_ENV": conda.name_of(prefix) or str(prefix),
        "CONDA_PREFIX": str(prefix),
        "PATH": path,
    }
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 (that is what run is for)
    except FileNotFoundError:
        print(f"{command[0]}: command not found", file=sys.stderr)
        return 127
