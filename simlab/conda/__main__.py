"""`conda`, run by a simulated Mac as `HOST -I …/simlab/conda/__main__.py PREFIX COMMAND …`.

It ends without the interpreter's own clean-up: processes that used py-rattler have died there with
a signal, which would turn a good result into a bad exit status.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from simlab.conda import commands, environments, listing, report, running, shells, variables
from simlab.conda.failure import CondaError, CondaExit
from simlab.conda.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser("conda", description="A stand-in for conda on a simulated Mac.")
    top.add_argument("-V", "--version", action="store_true")
    names = top.add_subparsers(dest="verb", metavar="COMMAND")

    def add(name: str, function: object, where: object = names) -> argparse.ArgumentParser:
        one = where.add_parser(name)  # type: ignore[attr-defined]
        one.set_defaults(function=function)
        target = one.add_mutually_exclusive_group(required=name == "create")
        target.add_argument("-n", "--name")
        target.add_argument("-p", "--prefix")
        one.add_argument("--json", action="store_true")
        one.add_argument("-q", "--quiet", action="store_true")
        one.add_argument("-v", "--verbose", action="count")
        return one  # type: ignore[no-any-return]

    def changing(one: argparse.ArgumentParser) -> argparse.ArgumentParser:
        one.add_argument("-y", "--yes", action="store_true")
        one.add_argument("-d", "--dry-run", action="store_true")
        one.add_argument("--override-frozen", action="store_true")
        one.add_argument("-c", "--channel", action="append", default=[])
        one.add_argument("--override-channels", action="store_true")
        one.add_argument("--offline", action="store_true")
        one.add_argument("--solver")
        one.add_argument("specs", nargs="*")
        return one

    creating = changing(add("create", commands.create))
    creating.add_argument("--no-default-packages", action="store_true")
    creating.add_argument("--clone")
    installing = changing(add("install", commands.install))
    installing.add_argument("--revision", "--rev", type=int)
    for one in (creating, installing):
        one.add_argument("--file", action="append", default=[])
    for name in ("update", "upgrade"):
        changing(add(name, commands.update)).add_argument("--all", action="store_true")
    for name in ("remove", "uninstall"):
        changing(add(name, commands.remove)).add_argument("--all", action="store_true")
    lists = add("list", listing.list_packages)
    lists.add_argument("regex", nargs="?")
    for option in ("--explicit", "--md5", "--sha256", "--revisions"):
        lists.add_argument(option, action="store_true")
    add("export", listing.export).add_argument("--from-history", action="store_true")
    add("info", listing.info)
    _add_environments(names, add)
    runs = add("run", running.run)
    for options in (("-s", "--no-capture-output", "--live-stream"),):
        runs.add_argument(*options, action="store_true")
    runs.add_argument("command", nargs=argparse.REMAINDER)
    return top


def _add_environments(names: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands about whole environments, and about the cache."""
    env = names.add_parser("env").add_subparsers(dest="env_verb", required=True)
    add("list", listing.env_list, env)
    add("export", listing.export, env).add_argument("--from-history", action="store_true")
    removing = add("remove", environments.env_remove, env)
    removing.add_argument("-y", "--yes", action="store_true")
    config = env.add_parser("config").add_subparsers(dest="config_verb", required=True)
    words = config.add_parser("vars").add_subparsers(dest="vars_verb", required=True)
    for name, function in (
        ("set", variables.set_variables),
        ("unset", variables.unset_variables),
        ("list", variables.list_variables),
    ):
        one = add(name, function, words)
        if name != "list":
            one.add_argument("vars", nargs="*")
    renaming = add("rename", environments.rename)
    cleaning = add("clean", environments.clean)
    for one in (renaming, cleaning):
        one.add_argument("-y", "--yes", action="store_true")
        one.add_argument("-d", "--dry-run", action="store_true")
    renaming.add_argument("destination")
    cleaning.add_argument("-a", "--all", action="store_true")


def main(prefix: str, arguments: list[str]) -> int:
    """Run one command of the conda at `prefix`; return its exit status."""
    conda = Root(Path(prefix), (f"{prefix}/bin/conda", *arguments))
    if conda.native_subdir == "osx-arm64" and conda.mac["arch"] != "arm64":
        print(f"{prefix}/bin/python: Bad CPU type in executable", file=sys.stderr)
        return 126
    if arguments and arguments[0].startswith("shell."):
        return speak(conda, arguments[0].removeprefix("shell."), arguments[1:])
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        print(f"conda {conda.version}")
        return 0
    if options.verb is None:
        top.print_help()
        return 0
    name, path = getattr(options, "name", None), getattr(options, "prefix", None)
    try:
        conda = replace(conda, target=conda.prefix_of(name, path))
        return int(options.function(conda, options))
    except CondaExit:
        print("\nCondaSystemExit: Exiting.\n")
        return 0
    except CondaError as error:
        if options.json:
            print(json.dumps(error.as_dict(), indent=2))
        else:
            print(f"\n{error.name}: {error}\n", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 (conda reports whatever it did not expect)
        print(report.unexpected(conda, error), file=sys.stderr)
        return 1


def speak(conda: Root, shell: str, arguments: list[str]) -> int:
    """Say what a shell shall evaluate; it hears of a failure by the exit status."""
    try:
        print(shells.speak(conda, shell, arguments), end="")
    except CondaError as error:
        print(f"\n{error.name}: {error}\n", file=sys.stderr)
        return 1
    return 0


def end(status: int) -> None:
    """End the process now, with everything written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    try:
        end(main(sys.argv[1], sys.argv[2:]))
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        end(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
    except KeyboardInterrupt:
        end(130)
