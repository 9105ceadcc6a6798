"""A hook of MkDocs: pages that are not files in docs/, and links that lead out of docs/.

README, SECURITY, CONTRIBUTING and CHANGELOG stay where GitHub looks for them, and become pages of
the site. The options of each command and the keys of a lab file are written from the code.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from posixpath import normpath, relpath
from typing import TYPE_CHECKING

import click
from mkdocs.structure.files import File

from torchard.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "reference/options.md", content=describe_commands()))
    files.append(File.generated(config, "reference/lab-schema.md", content=describe_schema()))
    return files


def on_page_markdown(text: str, page: Page, files: Files, **_: Any) -> str:
    """Make each link lead to a page of the site. A link to a source file becomes its name."""
    here = page.file.src_uri
    source = {page: source for source, page in PAGES.items()}.get(here, f"docs/{here}")

    def lead(found: re.Match[str]) -> str:
        target = normpath(f"{source}/../{found[1]}")
        page_of = PAGES.get(target, target.removeprefix("docs/"))
        if files.get_file_from_path(page_of) is None:
            return f"] (`{target}`)" if (ROOT / target).exists() else found[0]
        return f"]({relpath(page_of, here.rpartition('/')[0] or '.')}{found[2] or ''})"

    return re.sub(r"\[([^\]]*)\] (\(`[^`]*`\))", r"\1 \2", _LINK.sub(lead, text))


def describe_commands() -> str:
    """Return a page with what `--help` prints of each command."""
    lines = ["# Options of each command", "", "Written from `torchard COMMAND --help`.", ""]
    with click.Context(cli, info_name="torchard") as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            if command is not None:
                lines += _describe_command(command, name, context)
    return "\n".join(lines)


def _describe_command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        yield from (
            f"## {context.command_path}",
            "",
            "```text",
            command.get_help(context),
            "```",
            "",
        )
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None:
                    yield from _describe_command(found, inner, context)


def describe_schema() -> str:
    """Return a page with each part of the schema of a lab file, its keys and what they mean."""
    schema = json.loads((ROOT / "schemas/lab.schema.json").read_text(encoding="utf-8"))
    lines = ["# Keys of a lab file", "", "Written from `schemas/lab.schema.json`.", ""]
    for name, part in {"the file": schema, **schema["$defs"]}.items():
        properties = part.get("properties", {})
        if properties:
            lines += [f"## {name}", "", part.get("description", ""), ""]
            lines += ["| key | meaning |", "|---|---|"]
            lines += [
                f"| `{key}` | {_describe_key(schema, value)} |" for key, value in properties.items()
            ]
            lines.append("")
    return "\n".join(lines)


def _describe_key(schema: dict[str, Any], value: dict[str, Any]) -> str:
    target = value.get("$ref", "").rpartition("/")[2]
    described = value.get("description") or schema["$defs"].get(target, {}).get("description", "")
    return str(described).replace("|", "\\|").replace("\n", " ")
