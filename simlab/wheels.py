"""Writes stub wheels and static simple indexes over them: the releases, and the nightly builds.

The releases' index has a page in JSON beside each one in HTML, as PEP 691 has it. The nightly one
has only HTML, which tells no sizes, and also offers what the wheels there need.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from simlab import stubs
from simlab.package import metadata, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RELEASES, NIGHTLY = "wheels", "nightly"
PYTORCH = ("torch", "torchvision", "torchaudio")

# What an index says of its files, by project.
Index = Mapping[str, list[dict[str, Any]]]


def rows(name: str = RELEASES) -> dict[str, list[dict[str, Any]]]:
    """Return wheels.yaml or nightly.yaml: rows of releases that are alike, by project."""
    text = (resources.files("simlab") / f"{name}.yaml").read_text(encoding="utf-8")
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe, and in C where it can be
    del loaded["format"]
    return dict(loaded)


def write(root: Path) -> None:
    """Write the wheels and indexes below `root`: wheels, simple, nightly/wheels, nightly/simple."""
    releases = _wheels(root, "wheels", RELEASES)
    _index(root / "simple", "../..", releases, with_json=True)
    needed = {project: files for project, files in releases.items() if project not in PYTORCH}
    nightly = {**needed, **_wheels(root, "nightly/wheels", NIGHTLY)}
    _index(root / "nightly" / "simple", "../../..", nightly, with_json=False)


def _wheels(root: Path, folder: str, name: str) -> Index:
    target = root / folder
    target.mkdir(parents=True, exist_ok=True)
    return {
        project: [
            {"url": folder, **_wheel(target, project, version, row, tags)}
            for row in releases
            for version in row["versions"]
            for tags in _tags(row)
        ]
        for project, releases in rows(name).items()
    }


def _tags(row: Mapping[str, Any]) -> Iterator[str]:
    """Return the ends of a release's wheel names: `cp312-cp312-macosx_11_0_arm64`."""
    for build in row.get("builds", [""]):
        for line in row.get("tags", ["py3 / none / any"]):
            pythons, abi, platforms = (part.split() for part in line.split("/"))
            for python in pythons:
                for platform in platforms:
                    own = python if abi == ["="] else abi[0]
                    yield f"{build}-{python}-{own}-{platform}".lstrip("-")


def _wheel(
    folder: Path, project: str, version: str, row: Mapping[str, Any], tags: str
) -> dict[str, Any]:
    """Write one wheel; return what an index says of it."""
    arch = next((one for one in ("arm64", "x86_64") if tags.endswith(one)), None)
    stub = {"arch": arch, **row.get("stub", {})}
    requires = row.get("requires", ())
    if isinstance(requires, Mapping):
        requires = requires[arch]
    if isinstance(row["versions"], Mapping):
        stub["torch"] = row["versions"][version]
        requires = [one.replace("TORCH", stub["torch"]) for one in requires]
    requires_python = row.get("requires_python", "")
    meta = metadata(project, version, requires, requires_python)
    modules = stubs.modules(project, version, **stub)
    file = f"{project.replace('-', '_')}-{version}-{tags}.whl"
    content = write_wheel(folder, file, modules, meta).read_bytes()
    return {
        "filename": file,
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        "size": len(content),
        "requires-python": requires_python or None,
        "core-metadata": {"sha256": hashlib.sha256(meta).hexdigest()},
        "yanked": False,
    }


def _index(folder: Path, up: str, index: Index, *, with_json: bool) -> None:
    """Write an index whose pages reach the depot's root by `up`."""
    for project, listed in index.items():
        place = folder / project
        place.mkdir(parents=True, exist_ok=True)
        files = [{**one, "url": f"{up}/{one['url']}/{one['filename']}"} for one in listed]
        if with_json:
            versions = dict.fromkeys(one["filename"].split("-")[1] for one in files)
            document = {
                "meta": {"api-version": "1.1"},
                "name": project,
                "versions": list(versions),
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
        f' data-core-metadata="{digest}">{file["filename"]}</a><br/>\n'
    )


def _page(title: str, links: str) -> str:
    head = '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.0"/>'
    return f"{head}<title>{title}</title></head><body>\n{links}</body></html>\n"
