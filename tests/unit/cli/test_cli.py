"""The `torchard` command where no Mac is contacted: help, refusals, exit codes, what it imports."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from torchard.cli.choose import name_options
from torchard.cli.main import COMMANDS, cli, main

ROOT = Path(__file__).parents[3]
NAMES = (
    "init",
    "check",
    "keys",
    "doctor",
    "choose",
    "lock",
    "plan",
    "show",
    "apply",
    "status",
    "report",
    "verify",
    "rollback",
    "remove",
    "unlock",
    "depot",
    "bundle",
    "export",
    "import",
    "schema",
    "completion",
    "demo",
    "catalog",
)
CONNECTING = (
    *((name, "--help") for name in ("keys", "bundle", "report", "remove")),
    *((name, "gone.yaml") for name in ("lock", "plan", "apply", "status", "verify")),
    *((name, "torch", "gone.yaml") for name in ("rollback", "unlock")),
)
MAC = ("--arch", "arm64", "--macos", "15.1", "--python", "3.12")


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `torchard` in this process, as its entry point does: exit code, stdout, stderr."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["torchard", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def lab(tmp_path):
    """A lab whose locks are missing, and whose Mac nobody has to ask for its class."""
    path = tmp_path / "lab.yaml"
    path.write_text(
        "accept_license: true\n"
        'environments: {torch: {python: "3.12"}}\n'
        'macs: {studio-01: {arch: arm64, macos: "15.1", environments: [torch]}}\n',
        encoding="utf-8",
    )
    return path


def command_named(name):
    """One command of the group, imported as it is when it is typed."""
    return cli.get_command(click.Context(cli), name)


def test_the_commands_are_those_of_the_docs():
    """In the order of a person's day; docs/commands.md names each with its exit codes."""
    assert tuple(cli.list_commands(click.Context(cli))) == NAMES
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `torchard (\w+)[^|]*\| *0", page, re.MULTILINE)
    assert set(rows) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_commands_says_what_each_command_says(name):
    """The list in `--help` imports no command, so its table is compared with the real ones."""
    made = command_named(name)
    assert isinstance(made, click.Command)
    assert made.name == name
    assert COMMANDS[name] == made.help.partition("\n")[0] == made.get_short_help_str(64)


def test_the_list_of_commands_has_every_command(command):
    """Each with its whole first sentence."""
    _, out, _ = command("--help")
    rows = dict(re.findall(r"^  ([a-z]+) {2,}(\S.*)$", out.partition("Commands:")[2], re.MULTILINE))
    assert rows == COMMANDS


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_can_be_read_at_80_columns(command, monkeypatch, name):
    """No line is wider, and no sentence is cut off; -h is the same."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = command(*filter(None, [name]), "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "..." not in re.sub(r"\]\.\.\.", "", out)
    assert command(*filter(None, [name]), "-h")[:2] == (0, out)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_that_is_shown_says_what_it_is_for(name):
    """And a command's first line is one sentence."""
    made = command_named(name)
    for one in (made, *getattr(made, "commands", {}).values()):
        assert one.help.partition("\n")[0].endswith(".")
        for option in one.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, f"{one.name} {option.opts[0]}"


@pytest.mark.parametrize(
    ("words", "forbidden"),
    [
        (["--help"], ("yaml", "jsonschema", "packaging", "rich")),
        (["--version"], ("yaml", "jsonschema", "rich")),
        (["check", "LAB"], ("rich",)),
        (["check", "--help"], ("rich",)),
        (["choose", *MAC], ("jsonschema",)),
        (["choose", *MAC, "--json"], ("jsonschema",)),
        *(
            ([name, "--help"], ("yaml", "jsonschema", "rich"))
            for name in (
                *("show", "plan", "apply", "lock", "status"),
                *("verify", "rollback", "unlock"),
            )
        ),
        (["schema"], ("yaml", "jsonschema", "rich")),
        (["demo", "--help"], ("yaml", "jsonschema", "rich")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_quick_imports_nothing_that_is_slow(lab, words, forbidden):
    """Help, `check` and `choose` feel instant: they load nothing for SSH, solving or colours."""
    slow = {"pyinfra", "gevent", "paramiko", "rattler", "asyncssh", "simlab", *forbidden}
    loaded = set(modules_of(*(str(lab) if word == "LAB" else word for word in words)))
    assert "torchard.cli.main" in loaded
    assert loaded & slow == set()


def test_a_lock_of_known_classes_loads_nothing_that_reaches_a_mac(lab):
    """Half of its start-up would be for connections that it does not make."""
    loaded = set(modules_of("lock", "--check", str(lab), code=2))
    assert "torchard.workspace.update_locks" in loaded
    assert loaded & {"pyinfra", "paramiko", "torchard.session.session"} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_command_imports_no_other(name):
    """Each command loads its own module, and not that of another; `plan` has `explain`."""
    loaded = [one.rstrip("_") for one in modules_of(name, "--help")]
    assert {one for one in NAMES if f"torchard.cli.{one}" in loaded} == {name}


@pytest.mark.parametrize("words", CONNECTING, ids=" ".join)
def test_a_command_that_connects_patches_the_standard_library_first(words):
    """A module that takes a lock from an unpatched library would block every other Mac.

    So gevent is loaded before whatever uses threads, sockets or subprocesses.
    """
    loaded = modules_of(*words, code=0 if "--help" in words else 1)
    first = loaded.index("gevent.monkey")
    users = ("rich", "urllib3", "urllib.request", "paramiko", "concurrent.futures", "pyinfra")
    after = [loaded.index(one) for one in users if one in loaded]
    assert after
    assert first < min(after)


@functools.cache
def modules_of(*words, code=0):
    """The modules that the command imports in an interpreter of its own, in their order."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys, atexit\n"
                "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
                "from torchard.cli.main import main\n"
                "main()\n"
            ),
            *words,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Usage: torchard"),
        (["provision"], "No such command 'provision'."),
        (["facts"], "No such command 'facts'."),
        (["check", "--fast"], "No such option"),
        (["check", "a.yaml", "b.yaml"], "unexpected extra argument (b.yaml)"),
        (["choose", "--arch", "arm64"], "Give both --arch and --macos"),
        (["choose", "--arch", "ppc", "--macos", "15", "--python", "3.12"], "'ppc' is not one of"),
        (["choose", *MAC, "--source", "pip"], "'pip' is not one of"),
        (["choose", *MAC, "--with", "torchtext"], "'torchtext' is not one of"),
        (["choose", *MAC, "torchaudio"], "Write --with before torchaudio: --with torchaudio."),
        (["choose", *MAC, "--with", "torchaudio", "--no-with"], "exclude each other"),
        (["lock", "--upgrade", "--check"], "--upgrade and --check exclude each other."),
        (["lock", "--upgrade", "--diff"], "--upgrade and --diff exclude each other."),
        (["keys", "trust", "-y", "--fingerprint", f"SHA256:{'x' * 43}"], "exclude each other."),
        (
            ["keys", "trust", "mac", "a.yaml", "b.yaml"],
            "one lab at a time, not a.yaml and b.yaml",
        ),
        (["plan", "--limit"], "'--limit' requires an argument"),
        (["plan", "--explain"], "'--explain' requires an argument"),
        (["plan", "--explain", "a", "--limit", "b"], "--explain goes alone"),
        (["plan", "--explain", "a", "--full"], "--explain goes alone, or with --locked"),
        (["plan", "--explain", "a", "--out", "a.json"], "--explain goes alone"),
        (["apply", "--sure"], "No such option"),
        (["verify", "--full"], "No such option"),
        (["demo", "--macs", "0"], "0 is not in the range"),
        (["demo", "here"], "unexpected extra argument (here)"),
        (["report"], "Missing option '--html'."),
        (["report", "--html", "/dev/null"], "/dev/null is not a file."),
        (["report", "--html", "gone/page.html"], "its folder does not exist"),
        (["plan", "--out", "plan"], "A plan is a .json file: --out plan.json"),
        (["apply", "gone.json"], "gone.json: the plan cannot be read: No such file"),
        (["show", "gone.json"], "gone.json: the plan cannot be read: No such file"),
        (["show"], "Missing argument 'FILE [FILE]...'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_usage_error_is_a_sentence_and_exit_1(command, words, says):
    """Never click's own 2, which means that a plan has changes; nothing is on stdout."""
    code, out, err = command(*words)
    assert (code, out) == (1, "")
    assert says in " ".join(err.split())


@pytest.mark.parametrize("name", ["check", "lock"])
@pytest.mark.parametrize(
    ("lab_file", "says"),
    [
        ("nowhere.yaml", "nowhere.yaml: there is no such file"),
        (".", ".: this is a folder"),
        ("broken.yaml", "broken.yaml:1:1: "),
    ],
)
def test_a_lab_that_cannot_be_read_is_a_sentence_and_exit_1(  # noqa: PLR0917  # fixtures
    command, monkeypatch, tmp_path, name, lab_file, says
):
    """Whatever is to be done with it, a lab with faults ends with what is wrong, and where."""
    (tmp_path / "broken.yaml").write_text("mac: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, err = command(name, lab_file)
    assert (code, out) == (1, "")
    assert says in err
    assert "Traceback" not in err


def test_checking_says_what_it_read(command, lab):
    """`check` counts Macs and environments: exit 0."""
    assert command("check", lab) == (0, f"{lab} is fine: 1 Mac, 1 environment.\n", "")


def test_a_variable_names_the_lab_and_an_argument_wins(command, lab, monkeypatch, tmp_path):
    """TORCHARD_LAB is relative to the working directory; an empty one is ignored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHARD_LAB", "lab.yaml")
    assert command("check") == (0, "lab.yaml is fine: 1 Mac, 1 environment.\n", "")
    assert "other.yaml: there is no such file" in command("check", "other.yaml")[2]
    monkeypatch.setenv("TORCHARD_LAB", "gone.yaml")
    code, out, err = command("check")
    assert (code, out) == (1, "")
    assert err.startswith("gone.yaml: there is no such file\n  TORCHARD_LAB names it. Name")
    monkeypatch.setenv("TORCHARD_LAB", "")
    assert "inventory/lab.yaml: there is no such file" in command("check")[2]


def test_choosing_answers_on_stdout_and_refuses_on_stderr(command):
    """A variant exits 0, a refusal 1 with what to write; JSON is on stdout either way."""
    code, out, err = command("choose", *MAC)
    assert (code, err) == (0, "")
    assert out.startswith("torch 2.15.0 · torchvision ")
    intel = ("--arch", "x86_64", "--macos", "12.7", "--python", "3.12", "--backend", "mps")
    code, out, err = command("choose", *intel)
    assert (code, out) == (1, "")
    assert "Write `--backend cpu`" in err
    code, out, err = command("choose", *intel, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out).keys() == {"format", "refusal"}
    code, out, err = command("choose", *MAC, "--no-with", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["variant"]["packages"] == {"torch": "2.15.0"}


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        (("--python", "3"), "Write it like `--python 3.12`."),
        (("--release", "9.9.9"), "Write `--release 2.15.0`."),
        (("--release", "x"), "Write `--release stable`, `--release nightly`, or a version"),
    ],
)
def test_choosing_says_which_option_to_type(command, options, instead):
    """A lab has the same as settings, of which a command line knows nothing."""
    code, out, err = command("choose", *MAC, *options)
    assert (code, out) == (1, "")
    assert instead in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Write `with: [torchvision, torchaudio]`, or",
            "Write `--with torchvision torchaudio`, or",
        ),
        ("Write `with: []`.", "Write `--no-with`."),
        ("`release: stable` and `source: wheels`", "`--release stable` and `--source wheels`"),
        ("Write `einops==0.8.2` in `pip:`.", "Write `einops==0.8.2` in `--for`."),
        ("`frozen: true` has no option", "`frozen: true` has no option"),
    ],
)
def test_a_setting_becomes_an_option(text, said):
    """Whatever of it the catalogue's sentences name."""
    assert name_options(text) == said


def test_the_usage_of_choosing_names_only_what_works(command):
    """Companions after the first need --with before them, so the usage line has none."""
    out = command("choose", "--help")[1]
    assert out.startswith("Usage: torchard choose [OPTIONS]\n")
    assert "--with [torchvision|torchaudio]..." in out
    chosen = command("choose", *MAC, "--with", "torchvision", "torchaudio")[1]
    assert "torchvision" in chosen
    assert "torchaudio" in chosen


def test_choosing_warns_of_a_torch_that_is_unsafe(command):
    """Among its notes, as text and as JSON, with what to write for another."""
    intel = ("--arch", "x86_64", "--macos", "12.7", "--python", "3.12")
    _, out, _ = command("choose", *intel)
    assert "torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): " in out
    _, data, _ = command("choose", *intel, "--json")
    (note,) = [one for one in json.loads(data)["variant"]["notes"] if "CVE" in one]
    assert note.endswith("or write `--source conda-forge` (torch 2.10.0).")
    assert note in out
    assert "CVE" not in command("choose", *MAC)[1]


def test_choosing_says_what_was_passed_over_if_it_is_asked(command):
    """Newer releases with their obstacles, beside a variant and beside a refusal."""
    intel = ("--arch", "x86_64", "--macos", "12.7", "--python", "3.12")
    assert "passed over" not in command("choose", *intel)[1]
    code, out, _ = command("choose", *intel, "--explain")
    assert (code, out.splitlines()[-1]) == (
        0,
        "  passed over 2.15.0 to 2.3.0: no wheel for Intel Macs",
    )
    code, out, err = command("choose", *intel, "--backend", "mps", "--explain")
    assert (code, out) == (1, "")
    assert "passed over 2.2.2: its MPS is not for Intel Macs" in err
    code, out, _ = command("choose", *intel, "--explain", "--json")
    (group,) = json.loads(out)["passed_over"]
    assert (group["releases"][0], group["obstacles"]) == ("2.15.0", ["no wheel for Intel Macs"])
    old = ("--arch", "x86_64", "--macos", "10.9", "--python", "3.12", "--explain", "--json")
    assert json.loads(command("choose", *old)[1])["passed_over"] == []


def test_companions_may_follow_one_with_or_several(command):
    """--with NAME …, as the usage says, is the same as --with for each."""
    both = command("choose", *MAC, "--with", "torchvision", "torchaudio")
    assert both == command("choose", *MAC, "--with", "torchaudio", "--with", "torchvision")
    assert both[0] == 0


def test_missing_locks_are_reported_and_not_made(command, lab):
    """`lock --check` writes nothing: exit 2."""
    code, out, err = command("lock", lab, "--check")
    assert (code, err) == (2, "")
    assert re.match(r"out of date torch for osx-arm64-macos15 +The lock \S+ is missing\.", out)
    assert sorted(path.name for path in lab.parent.iterdir()) == ["lab.yaml"]


def test_an_error_wins_over_a_lock_that_is_out_of_date(command, lab):
    """Where the catalogue refuses one environment and another's lock is missing: exit 1."""
    text = lab.read_text(encoding="utf-8")
    old = '{torch: {python: "3.12"}}'
    lab.write_text(
        text.replace(old, '{torch: {python: "3.12"}, odd: {python: "3.19"}}').replace(
            "[torch]", "[torch, odd]"
        ),
        encoding="utf-8",
    )
    code, out, err = command("lock", lab, "--check")
    assert code == 1
    assert "out of date torch" in out
    assert "No release of PyTorch has a wheel for python 3.19" in err
    assert "Write `python: " in err


def test_a_lab_without_environments_needs_no_locks(command, tmp_path):
    """A Mac that gets only Miniconda is locked by doing nothing, and nobody is asked: exit 0."""
    lab = tmp_path / "lab.yaml"
    lab.write_text("macs: {studio-01: {address: 192.0.2.11}}\n", encoding="utf-8")
    assert command("lock", lab) == (0, "", "")
    assert command("lock", lab, "--check") == (0, "", "")
