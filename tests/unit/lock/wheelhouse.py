"""Wheels, and simple indexes over them."""

from __future__ import annotations

import hashlib
import html
import json
from typing import TYPE_CHECKING, Any

from simlab.package import metadata, write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def wheel(
    file: str,
    *requires: str,
    python: str = "",
    size: bool = True,
    hashes: dict[str, str] | None = None,
    yanked: str | None = None,
    files: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Return a wheel with some files, or another file, for an index.

    The index has its size if its form allows that, and `hashes` instead of its own. `yanked` is why
    its maker withdrew it.
    """
    return {
        "file": file,
        "requires": requires,
        "python": python,
        "size": size,
        "hashes": hashes,
        "yanked": yanked,
        "files": files or {},
    }


def pure(name: str, version: str, *requires: str, **changes: Any) -> dict[str, Any]:
    """Return a wheel for any python and system."""
    return wheel(f"{name}-{version}-py3-none-any.whl", *requires, **changes)


def write_index(root: Path, *wheels: dict[str, Any], json_pages: bool = False) -> Path:
    """Write wheels and a simple index over them below a folder; return the index's folder.

    Its pages are HTML, which has no sizes, or JSON.
    """
    pages: dict[str, list[dict[str, Any]]] = {}
    (root / "wheels").mkdir(parents=True, exist_ok=True)
    for one in wheels:
        is_wheel = one["file"].endswith(".whl")
        stem = one["file"].removesuffix(".tar.gz")
        name, version = stem.split("-")[:2] if is_wheel else stem.rsplit("-", 1)
        if is_wheel:
            meta = metadata(name, version, one["requires"], one["python"])
            content = write_wheel(root / "wheels", one["file"], one["files"], meta).read_bytes()
        else:
            content = b"a source distribution"
            (root / "wheels" / one["file"]).write_bytes(content)
        own = {"sha256": hashlib.sha256(content).hexdigest()}
        row = {
            "filename": one["file"],
            "url": f"../../wheels/{one['file']}",
            "hashes": own if one["hashes"] is None else one["hashes"],
            "requires-python": one["python"] or None,
            "core-metadata": one["file"].endswith(".whl"),
            **({"size": len(content)} if one["size"] else {}),
            **({} if one["yanked"] is None else {"yanked": one["yanked"]}),
        }
        pages.setdefault(name.replace("_", "-"), []).append(row)
    for name, rows in pages.items():
        page = root / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        if json_pages:
            data = {"meta": {"api-version": "1.1"}, "name": name, "files": rows}
            (page / "index.json").write_text(json.dumps(data), encoding="utf-8")
            continue
        links = "".join(map(_link, rows))
        (page / "index.html").write_text(f"<!DOCTYPE html>{links}", encoding="utf-8")
    return root / "simple"


def _link(row: dict[str, Any]) -> str:
    fragment = "".join(f"#{kind}={value}" for kind, value in row["hashes"].items())
    python = html.escape(row["requires-python"] or "")
    beside = ' data-core-metadata="true"' if row["core-metadata"] else ""
    if "yanked" in row:
        beside += f' data-yanked="{html.escape(row["yanked"])}"'
    return (
        f'<a href="{row["url"]}{fragment}" data-requires-python="{python}"{beside}>'
        f"{row['filename']}</a>"
    )
