"""Read the settings from outside the lab file: group_data/all.py, and pyinfra's `--data`.

pyinfra runs group_data/all.py. Torchard only parses it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from torchard.lab.check_form import find_nearest, is_secret, refuse_secret
from torchard.lab.model import Position
from torchard.lab.problem import Problem, quote
from torchard.lab.settings import setting_keys
from torchard.lab.yaml_source import Source, Spot
from torchard.plain_files import open_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torchard.lab.yaml_source import KeyPath

COMMAND_LINE = "--data"
MAX_BYTES = 16 * 1024
_PLAIN = "Write only NAME = VALUE, with texts, numbers, lists and mappings."


def read_defaults(path: Path) -> Source:
    """Read the assignments of a group_data file. Anything else in it is a problem."""
    file = str(path)
    try:
        with open_plain(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _unread(file, f"cannot be read: {reason}", "Make it readable.")
    if len(content) > MAX_BYTES:
        return _unread(file, f"the file is over {MAX_BYTES // 1024} KiB", _PLAIN)
    try:
        # Python would decode by the encoding that the file names, and a codec is a program.
        tree = ast.parse(content.decode("utf-8-sig"), file)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 0
        where = Position(file, line, getattr(error, "offset", None) or 1)
        said = getattr(error, "msg", None) or str(error)
        return _unread(file, f"this is not Python: {said}", _PLAIN, where)
    except (MemoryError, RecursionError):
        return _unread(file, "this is nested too deeply", _PLAIN)
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
            problems.append(Problem(where, "this is not an assignment to a name", _PLAIN))
            continue
        try:
            value = _plain(ast.literal_eval(node.value))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            problems.append(Problem(where, "this value would have to be computed", _PLAIN))
            continue
        key = node.targets[0].id
        data[key] = value
        _spots(file, node.value, (key,), where, spots)
    return Source(file, data, spots, tuple(problems))


def read_overrides(overrides: Mapping[str, Any]) -> Source:
    """Read the settings that pyinfra's `--data` gives every Mac. Other keys are left to pyinfra."""
    data, problems = {}, []
    where = Position(COMMAND_LINE, 0, 0)
    for key, value in overrides.items():
        near = find_nearest(key, setting_keys())
        if key in setting_keys():
            data[key] = value
        elif key.startswith(("ssh_", "_")):
            continue  # pyinfra's connection data and global arguments
        elif is_secret(key):
            problems.append(refuse_secret(key, where))
        elif near is not None:
            problems.append(Problem(where, f"there is no setting {quote(key)}", f"Write {near}."))
    return Source(COMMAND_LINE, data, {(): Spot(where)}, tuple(problems))


def _unread(file: str, sentence: str, instead: str, where: Position | None = None) -> Source:
    problem = Problem(where or Position(file, 0, 0), sentence, instead)
    return Source(file, {}, {}, (problem,), readable=False)


def _plain(value: Any) -> Any:
    """Return a value in the types of a lab file. Raise ValueError for any other."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_name(key): _plain(one) for key, one in value.items()}
    if isinstance(value, int) and value.bit_length() > 64:  # to print it may take a minute
        raise ValueError
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ValueError


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError  # noqa: TRY004  # the caller reports both alike
    return key


def _position(file: str, node: ast.stmt | ast.expr) -> Position:
    return Position(file, node.lineno, node.col_offset + 1)


def _spots(
    file: str, node: ast.expr, path: KeyPath, key: Position, spots: dict[KeyPath, Spot]
) -> None:
    """Record the position of each part of a literal."""
    spots[path] = Spot(_position(file, node), key)
    if isinstance(node, ast.Dict):
        names = cast("list[ast.Constant]", node.keys)  # `_plain` refuses every other key
        for name, value in zip(names, node.values, strict=True):
            _spots(file, value, (*path, str(name.value)), _position(file, name), spots)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for index, item in enumerate(node.elts):
            _spots(file, item, (*path, index), _position(file, item), spots)
