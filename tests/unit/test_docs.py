"""README and the pages of docs/ say what is there: links, commands, options, targets, keys."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from torchard.cli.main import cli

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(cli)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_and_a_heading(name):
    """Only links inside the project: no test asks the web."""
    for link in LINK.finditer(CODE.sub("", read(name))):
        target = (ROOT / name).parent / link["path"] if link["path"] else ROOT / name
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors(target.read_text(encoding="utf-8")), link[0]


def test_every_page_is_linked():
    """A page that no other page names would not be found."""
    linked = set()
    for page in PAGES:
        for link in LINK.finditer(page.read_text(encoding="utf-8")):
            linked.add((page.parent / link["path"]).resolve())
    pages = {page for page in PAGES if page.parent != ROOT}
    assert pages <= linked


def commands(text):
    """Yield the words of each `torchard` command line in a page's code."""
    for code in CODE.findall(text):
        for line in code.strip("`").splitlines():
            found = re.match(r"(?:\$ )?(?:\.venv/bin/)?torchard (?P<words>[a-z][^#>|]*)", line)
            if found:
                yield found["words"].split(" (")[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_and_option_is_there(name):
    """Of the commands in code blocks and between backticks."""
    for words in commands(read(name)):
        first, *rest = words.split()
        assert first in cli.list_commands(CONTEXT), words
        command = cli.get_command(CONTEXT, first)
        if isinstance(command, click.Group) and rest and rest[0] in command.commands:
            command = command.commands[rest[0]]
        options = {word for one in command.params for word in (*one.opts, *one.secondary_opts)}
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(rest)):
            assert option in options | {"--help", "-h"}, words


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_is_there(name):
    """Of the targets in code blocks and between backticks."""
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for code in CODE.findall(read(name)):
        for words in re.findall(r"\bmake((?: [a-z][a-z-]*)+)", re.sub(r"#.*", "", code)):
            assert set(words.split()) <= targets, code


def test_the_makefile_explains_each_target():
    """`make help` names what a person types, and `.PHONY` has all of it."""
    makefile = read("Makefile")
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile, re.MULTILINE)[1]
    targets = set(phony.replace("\\", " ").split())
    assert targets == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"@echo 'make ([a-z-]+) ", makefile))
    assert targets - explained == {"help", "on-this-mac-mps"}


def test_one_command_checks_a_change():
    """README, .ci/run and CONTRIBUTING name the same."""
    assert "`make lint test` checks a change" in read("README.md")
    assert shlex.split(read(".ci/run").splitlines()[-1]) == ["exec", "make", "lint", "test"]


def test_pre_commit_runs_what_make_lint_runs():
    """Each program of the lint target is a hook, and no hook runs another."""
    recipe = re.search(r"^lint:.*\n((?:\t.*\n|  .*\n)+)", read("Makefile"), re.MULTILINE)[1]
    hooks = re.findall(r"entry: \.venv/bin/(\S+?),? ", read(".pre-commit-config.yaml"))
    assert set(re.findall(r"\$\(BIN\)/(\S+)", recipe)) == set(hooks)


def test_the_plan_of_the_readme_is_a_plan_of_the_stories():
    """Line by line, apart from sizes, pip's version and what is left out."""

    def plain(line):
        line = re.sub(r"(\+ pip +)\S+", r"\1X.Y", line)
        return " ".join(re.sub(r"\b(\d+|N) [kMG]?B\b", "N B", line).split())

    (block,) = re.findall(r"```\n(\d+ Macs? .*?)```", read("README.md"), re.DOTALL)
    story = read("tests/stories/first-plan.story").splitlines()
    plan = [plain(line) for line in story]
    for line in block.splitlines():
        assert plain(line) in plan, line


def test_every_key_of_a_lab_is_explained():
    """docs/lab.md names each key of the schema, and its tables name nothing else."""
    schema = json.loads(read("schemas/lab.schema.json"))
    kinds = ("environment", "settings", "mac")
    keys = {key for kind in kinds for key in schema["$defs"][kind]["properties"]}
    rows = re.findall(r"^\| `(\w+)` \|", read("docs/lab.md"), re.MULTILINE)
    assert set(rows) == keys
    assert len(rows) == len(set(rows))
    page = read("docs/lab.md") + read("docs/ssh.md") + read("docs/pytorch.md")
    for kind in ("ssh", "miniconda", "mirrors", "pytorch"):
        for key in schema["$defs"][kind]["properties"]:
            assert f"`{key}`" in page, f"{kind}: {key}"


def test_every_dependency_is_explained():
    """docs/architecture.md says why each package is there that a user installs, and no other."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["demo"], *extras["testinfra"]]
    section = read("docs/architecture.md").partition("## Dependencies")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w-]+) \| .+ \| \S+ \|$", section, re.MULTILINE)
    assert sorted(rows[1:]) == sorted(Requirement(one).name for one in wanted)


def test_each_change_touches_at_most_four_files():
    """CONTRIBUTING names them, and each is there."""
    section = read("CONTRIBUTING.md").partition("## Where to change what")[2].partition("\n## ")[0]
    table = section.partition("\n\n|")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w.+?) \| (.+) \|$", table, re.MULTILINE)
    assert len(rows) == 16
    for change, files in rows:
        named = re.findall(r"`((?:torchard|simlab|schemas)/[^`]+)`", files)
        most = 5 if ", or " in files else 4
        assert 1 <= len(named) <= most, change
        assert all((ROOT / path).exists() for path in named if "NAME" not in path), change


# Paths on a Mac, and examples.
NOT_HERE = (
    *("conda-meta/", "etc/", "share/", "envs/", "path/", "locks/", "torchard/cli/NAME.py"),
    ".venv/",  # the tests may run in another one
)


@pytest.mark.parametrize("name", NAMES)
def test_every_path_is_there(name):
    """Of the files and folders between backticks, from the project's folder or torchard/."""
    for path in re.findall(r"`([\w.-]+/[\w./-]*)`", read(name)):
        if not path.startswith(NOT_HERE):
            bases = (ROOT, ROOT / "torchard", ROOT / "torchard/operations", ROOT / "inventory")
            assert any((base / path).exists() for base in bases), path
