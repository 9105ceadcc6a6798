"""The command line of conda: each command with its options and the function that runs it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from simlab.conda import commands, environments, listing, running, variables

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
