"""The settings from outside the lab file: group_data/all.py, and what a command line overrides.

`group_data/all.py` is pyinfra's file and is run by it; here it is read, and never run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from torchard.lab.model import Position
from torchard.lab.not_yet import refused_key
from torchard.lab.problem import Problem, shown
from torchard.lab.schema import nearest
from torchard.lab.yaml_source import Source, Spot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torchard.lab.yaml_source import KeyPath

KEYS = (
    "environments", "ssh", "miniconda", "channels", "mirrors", "shell", "accept_license",
    "accept_anaconda_terms", "frozen", "prune",
)  # fmt: skip
COMMAND_LINE = "--data"
MAX_BYTES = 16 * 1024
_PLAIN = "Write NAME = VALUE with texts, numbers, lists and mappings only."


def read_defaults(path: Path) -> Source:
    """Read the plain assignments of a group_data file. What is not plain is a problem of it."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _unread(file, f"cannot be read: {reason}", "Make it readable.")
    if len(content) > MAX_BYTES:
        return _unread(file, f"the file is over {MAX_BYTES // 1024} KiB", _PLAIN)
    try:
        # Decoded here: a file may name an encoding, and the codec of one is a program.
        tree = ast.parse(content.decode("utf-8-sig"), file)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 0
        where = Position(file, line, getattr(error, "offset", None) or 1)
        said = getattr(error, "msg", None) or str(error)
        return _unread(file, f"this is not Python: {said}", _PLAIN, where)
    except (MemoryError, RecursionError):
        return _unread(file, "this is nested too deeply to be read", _PLAIN)
    data: dict[str, Any] = {}
    spots: dict[KeyPath, Spot] = {(): Spot(Position(file, 1, 1))}
    problems: list[Problem] = []
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # the docstring
        where = _position(file, node)
        if not (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
        ):
            problems.append(Problem(where, "this is more than an assignment", _PLAIN))
            continue
        try:
            value = _plain(ast.literal_eval(node.value))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            problems.append(Problem(where, "this value has to be computed", _PLAIN))
            continue
        key = node.targets[0].id
        data[key] = value
        _spots(file, node.value, (key,), where, spots)
    return Source(file, data, spots, tuple(problems))


def read_overrides(overrides: Mapping[str, Any]) -> Source:
    """Read what pyinfra's `--data` gives every Mac. Keys that are pyinfra's own are left to it."""
    data, problems = {}, []
    where = Position(COMMAND_LINE, 0, 0)
    for key, value in overrides.items():
        refused = refused_key(key) if not key.startswith(("ssh_", "_")) else None
        near = nearest(key, KEYS)
        if key in KEYS:
            data[key] = value
        elif refused is not None:
            problems.append(Problem(where, *refused))
        elif near is not None and not key.startswith(("ssh_", "_")):
            sentence = f"there is no setting {shown(key)}"
            problems.append(Problem(where, sentence, f"Write {near}."))
    return Source(COMMAND_LINE, data, {(): Spot(where)}, tuple(problems))


def _unread(file: str, sentence: str, instead: str, where: Position | None = None) -> Source:
    problem = Problem(where or Position(file, 0, 0), sentence, instead)
    return Source(file, {}, {}, (problem,), readable=False)


def _plain(value: Any) -> Any:
    """Return a value as a lab file could say it. Raise ValueError for any other."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_name(key): _plain(one) for key, one in value.items()}
    if isinstance(value, int) and value.bit_length() > 64:  # as text it may take a minute
        raise ValueError
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ValueError


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError  # noqa: TRY004  # whoever asks takes both for one fault
    return key


def _position(file: str, node: ast.stmt | ast.expr) -> Position:
    return Position(file, node.lineno, node.col_offset + 1)


def _spots(
    file: str, node: ast.expr, path: KeyPath, key: Position, spots: dict[KeyPath, Spot]
) -> None:
    """Note where each part of a literal stands."""
    spots[path] = Spot(_position(file, node), key)
    if isinstance(node, ast.Dict):
        for name, value in zip(node.keys, node.values, strict=True):
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                _spots(file, value, (*path, name.value), _position(file, name), spots)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for index, item in enumerate(node.elts):
            _spots(file, item, (*path, index), _position(file, item), spots)
