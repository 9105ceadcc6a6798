"""Add environments to the text of a lab file. Every line that is there stays as it is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from torchard.errors import TorchardError
from torchard.lab.yaml_source import PARSER
from torchard.starter.first_lab import write_environments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BY_HAND = "Add what `torchard import` prints without --into."


def add_environments(content: bytes, environments: Mapping[str, Any], file: str) -> bytes:
    """Return a lab file, which can be loaded, with `environments` after those that it has.

    `file` is its name in messages. Raise TorchardError if it has one of that name, or if its
    environments are not on lines of their own.
    """
    text = content.decode("utf-8-sig")
    found = _find_block(text, file)
    names = {key.value: key.start_mark for key, _ in found.value} if found is not None else {}
    for name in environments:
        if name in names:
            mark = names[name]
            raise TorchardError(
                f"{file}:{mark.line + 1}:{mark.column + 1}: the lab has an environment {name}.",
                "Give the new one another name: --name ENV",
            )
    lines = text.splitlines(keepends=True)
    break_ = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += break_
    if found is None:
        end, indent, head = len(lines), 2, [break_, f"environments:{break_}"]
    else:
        end, indent, head = _find_end(lines, found), found.start_mark.column, []
    # As many spaces as the other environments have.
    added = [
        f"{' ' * (indent - 2 + len(line) - len(line.lstrip(' ')))}{line.strip()}{break_}"
        for one in write_environments(environments)
        for line in one.splitlines()
    ]
    made = "".join([*lines[:end], *head, *added, *lines[end:]])
    return made.encode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8")


def _find_block(text: str, file: str) -> yaml.MappingNode | None:
    """Return the mapping of environments, or None if the lab has none."""
    root: Any = yaml.compose(text, Loader=PARSER)
    if root.flow_style:
        raise TorchardError(f"{file} is written in braces.", _BY_HAND)
    for key, value in root.value:
        if key.value != "environments":
            continue
        if not isinstance(value, yaml.MappingNode) or value.flow_style:
            place = f"{file}:{value.start_mark.line + 1}:{value.start_mark.column + 1}"
            raise TorchardError(
                f"{place}: the environments are not on lines of their own.", _BY_HAND
            )
        return value
    return None


def _find_end(lines: list[str], block: yaml.MappingNode) -> int:
    """Return the number of lines up to the end of a block, with the comments that belong to it."""
    # A block's own end is where the next key begins, behind comments of that key.
    end = 1 + max(node.end_mark.line - (not node.end_mark.column) for node in _list_leaves(block))
    while end < len(lines) and lines[end].startswith(" ") and lines[end].lstrip().startswith("#"):
        end += 1
    return end


def _list_leaves(node: Any) -> Iterator[yaml.Node]:
    """Yield the scalars and the values in braces and brackets below a node."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        yield node
        return
    for one in node.value:
        for child in one if isinstance(one, tuple) else (one,):
            yield from _list_leaves(child)
