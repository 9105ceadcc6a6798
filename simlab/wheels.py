"""Writes the stub wheels of wheels.yaml and a static simple index over them."""

from __future__ import annotations

import hashlib
import html
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from simlab import stubs
from simlab.package import metadata, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOT_STUBS = ("format",)


def rows() -> Mapping[str, Any]:
    """Return wheels.yaml: releases by project."""
    text = (resources.files("simlab") / "wheels.yaml").read_text(encoding="utf-8")
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe, and in C where it can be
    return {name: releases for name, releases in loaded.items() if name not in NOT_STUBS}


def write(root: Path) -> None:
    """Write every wheel into `root`/wheels and the index into `root`/simple."""
    folder = root / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    index = {}
    for project, releases in rows().items():
        index[project] = [
            _write(folder, project, version, row or {}, tags)
            for version, row in releases.items()
            for tags in _tags(row or {})
        ]
    _index(root / "simple", index)


def _tags(row: Mapping[str, Any]) -> Iterator[str]:
    """Return the ends of a release's wheel names: `cp312-cp312-macosx_11_0_arm64`."""
    for build in row.get("builds", [""]):
        for line in row.get("tags", ["py3 / none / any"]):
            pythons, abi, platforms = (part.split() for part in line.split("/"))
            for python in pythons:
                for platform in platforms:
                    own = python if abi == ["="] else abi[0]
                    yield f"{build}-{python}-{own}-{platform}".lstrip("-")


def _write(
    folder: Path, project: str, version: str, row: Mapping[str, Any], tags: str
) -> dict[str, Any]:
    """Write one wheel; return what the index says of it."""
    requires_python = row.get("requires_python", "")
    meta = metadata(project, version, row.get("requires", ()), requires_python)
    arch = next((one for one in ("arm64", "x86_64") if tags.endswith(one)), None)
    told = {"arch": arch, **row.get("stub", {})}
    modules = stubs.modules(project, version, **told)
    name = project.replace("-", "_")
    path = write_wheel(folder, f"{name}-{version}-{tags}.whl", modules, meta)
    content = path.read_bytes()
    return {
        "filename": path.name,
        "url": f"../../wheels/{path.name}",
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        "size": len(content),
        "requires-python": requires_python or None,
        "core-metadata": {"sha256": hashlib.sha256(meta).hexdigest()},
        "yanked": False,
    }


def _index(folder: Path, index: Mapping[str, list[dict[str, Any]]]) -> None:
    for project, files in index.items():
        place = folder / project
        place.mkdir(parents=True, exist_ok=True)
        document = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "versions": list(rows()[project]),
            "files": files,
        }
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        (place / "index.json").write_text(text, encoding="utf-8")
        links = "".join(_link(file) for file in files)
        (place / "index.html").write_text(_page(project, links), encoding="utf-8")
    links = "".join(f'<a href="{project}/">{project}</a><br/>\n' for project in index)
    (folder / "index.html").write_text(_page("Simple index", links), encoding="utf-8")


def _link(file: Mapping[str, Any]) -> str:
    python = html.escape(file["requires-python"] or "")
    python = f' data-requires-python="{python}"' if python else ""
    digest = f"sha256={file['core-metadata']['sha256']}"
    return (
        f'<a href="{file["url"]}#sha256={file["hashes"]["sha256"]}"{python}'
        f' data-core-metadata="{digest}" data-size="{file["size"]}">{file["filename"]}</a><br/>\n'
    )


def _page(title: str, links: str) -> str:
    head = '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.0"/>'
    return f"{head}<title>{title}</title></head><body>\n{links}</body></html>\n"
