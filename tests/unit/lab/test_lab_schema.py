"""The schema of a lab file, as editors and other tools use it."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement
from rattler import MatchSpec

from torchard.lab import check_form
from torchard.resources import find_resource

SCHEMA = json.loads(find_resource("schemas/lab.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
DIGEST = "0123456789abcdef" * 4
URL = "https://mirror.example.com/x"


def lab(**mac):
    """Make a lab of one Mac and one environment."""
    return {"environments": {"torch": {"python": "3.12"}}, "macs": {"studio-01": mac}}


def environment(**keys):
    """Make a lab with one environment of these keys."""
    return {"environments": {"torch": {"python": "3.12", **keys}}, "macs": {"studio-01": None}}


PLACES = {
    "environment name": lambda text: {
        "environments": {text: {"python": "3.12"}},
        "macs": {"a": {}},
    },
    "group name": lambda text: {"groups": {text: {}}, "macs": {"a": {}}},
    "Mac name": lambda text: {"macs": {text: {}}},
    "environment of a Mac": lambda text: lab(environments=[text]),
    "group of a Mac": lambda text: lab(groups=[text]),
    "address": lambda text: lab(address=text),
    "user": lambda text: lab(ssh={"user": text}),
    "key": lambda text: lab(ssh={"key": text}),
    "fingerprint": lambda text: lab(ssh={"fingerprint": text}),
    "known hosts": lambda text: lab(ssh={"known_hosts": text}),
    "ssh_config": lambda text: lab(ssh={"config": text}),
    "prefix": lambda text: lab(miniconda={"prefix": text}),
    "version": lambda text: lab(miniconda={"version": text}),
    "installer": lambda text: lab(miniconda={"installer": {"url": text, "sha256": DIGEST}}),
    "sha256": lambda text: lab(miniconda={"installer": {"url": URL, "sha256": text}}),
    "channel": lambda text: lab(channels=[text]),
    "mirrored channel": lambda text: lab(mirrors={"conda": {text: URL}}),
    "mirror": lambda text: lab(mirrors={"conda": {"conda-forge": text}}),
    "wheel index": lambda text: lab(mirrors={"wheels": text}),
    "installer mirror": lambda text: lab(mirrors={"installers": text}),
    "macOS": lambda text: lab(macos=text),
    "arch": lambda text: lab(arch=text),
    "connection": lambda text: lab(connection=text),
    "python": lambda text: environment(python=text),
    "conda": lambda text: environment(conda=[text]),
    "pip": lambda text: environment(pip=[text]),
    "release": lambda text: environment(pytorch={"release": text}),
    "backend": lambda text: environment(pytorch={"backend": text}),
    "source": lambda text: environment(pytorch={"source": text}),
    "companion": lambda text: environment(pytorch={"with": [text]}),
}
GOOD = {
    "fingerprint": f"SHA256:{'+/0a' * 10}abc",
    "prefix": "/opt/mc",
    "version": "25.7.0-2",
    "installer": URL,
    "sha256": DIGEST,
    "mirror": URL,
    "wheel index": URL,
    "installer mirror": URL,
    "macOS": "15.1",
    "arch": "arm64",
    "connection": "local",
    "python": "3.12",
    "release": "2.6.0",
    "backend": "mps",
    "source": "wheels",
    "companion": "torchaudio",
}
INJECTIONS = [
    "",
    "-",
    "-oProxyCommand=touch",
    "--prefix",
    "{}; reboot",
    "{}&& reboot",
    "{}|sh",
    "{}`reboot`",
    "{}$(reboot)",
    "{}$HOME",
    "{}\nreboot",
    "{}\n",
    "\n{}",
    "{}\0",
    "{}\x1b[2J",
    "{}\x7f",
    "{}'",
    '{}"',
    "{}\\",
    "{}#",
    "{}?",
    "{}{{a,b}}",
    "{}\u202e",
    "{}\u2028",
]


@pytest.mark.parametrize("place", PLACES)
def test_each_field_accepts_a_good_value(place):
    """Without such a value, the next test would test nothing."""
    assert VALIDATOR.is_valid(PLACES[place](GOOD.get(place, "a")))


@pytest.mark.parametrize("injection", INJECTIONS, ids=ascii)
@pytest.mark.parametrize("place", PLACES)
def test_no_text_becomes_an_option_or_a_shell_word(place, injection):
    """No field accepts an option, a second command or a second line."""
    text = injection.format(GOOD.get(place, "a"))
    assert not VALIDATOR.is_valid(PLACES[place](text))


@pytest.mark.parametrize(
    "text",
    ["~/my conda", "miniconda3", "~", "/", "~root/mc", "~/../mc", "/opt/./mc", "//mc", "/opt/mc/"],
)
def test_a_prefix_is_a_plain_absolute_path(text):
    """A prefix has no spaces and no dots for folders, and is absolute or in the home."""
    assert not VALIDATOR.is_valid(PLACES["prefix"](text))


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host/x",
        "https://user@host/x",
        "https://user:password@host/x",
        "https://host/t/TOKEN/x",
        "https://host/x?token=1",
        "file://host/x",
        "https://",
        "host/x",
        "javascript:x",
    ],
)
def test_a_url_has_no_credentials(text):
    """A URL is https, http or file, without user, token or query."""
    assert not VALIDATOR.is_valid(PLACES["wheel index"](text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nodejs", "nodejs"),
        ("ffmpeg>=7,<8", "ffmpeg"),
        ("numpy=1.26", "numpy"),
        ("numpy 1.26", "numpy"),
        ("numpy==1.26.4", "numpy"),
        ("numpy=1.26=py312*", "numpy"),
        ("numpy 1.26.* py312_0", "numpy"),
        ("cmake>=3|<2", "cmake"),
        ("x264 1!152.*", "x264"),
        ("zlib *", "zlib"),
        ("zlib >=1.2 , <2", "zlib"),
        ("pip ~=24.0", "pip"),
        ("a!=1.0", "a"),
    ],
)
def test_the_solver_reads_the_conda_specs_that_the_schema_accepts(text, name):
    """py-rattler reads each spec and gets the same package name."""
    assert VALIDATOR.is_valid(PLACES["conda"](text))
    assert MatchSpec(text).name.normalized == name


@pytest.mark.parametrize(
    "text",
    [
        "pandas >= 2, < 3",
        "pandas (>=2)",
        "fastapi[standard,all]~=0.100",
        "a===1.0+local",
        "a; python_version < '3.12' and platform_machine == \"arm64\"",
        "a;sys_platform in 'darwin linux'",
    ],
)
def test_a_requirement_can_have_extras_versions_and_markers(text):
    """The schema accepts what people write after a package's name, and packaging reads it."""
    assert VALIDATOR.is_valid(PLACES["pip"](text))
    assert Requirement(text).name == re.match("[a-z]+", text)[0]


def parts(node):
    """Yield every schema in the schema."""
    yield node
    for keyword in ("properties", "$defs"):
        for child in node.get(keyword, {}).values():
            yield from parts(child)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(node.get(keyword), dict):
            yield from parts(node[keyword])


def test_the_schema_is_valid():
    """The file is a valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


def test_editors_can_describe_each_key():
    """Every key has a title and a description, and every free text has a valid example."""
    for node in parts(SCHEMA):
        for name, child in node.get("properties", {}).items():
            target = SCHEMA["$defs"][child["$ref"].rpartition("/")[2]] if "$ref" in child else child
            assert "title" in {**target, **child}, name
            assert "description" in {**target, **child}, name
        if "pattern" in node:
            for example in node["examples"]:
                assert Draft202012Validator(node).is_valid(example)
    validator = Draft202012Validator
    for name, node in SCHEMA["$defs"].items():
        for example in node.get("examples", []):
            one = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"}
            assert validator(one).is_valid(example)


def test_every_rule_of_the_schema_has_a_sentence():
    """Each keyword that can fail becomes a sentence of Torchard's own."""
    silent = {
        "$schema",
        "$id",
        "$defs",
        "$ref",
        "title",
        "description",
        "examples",
        "default",
        "$comment",
        "properties",
        "propertyNames",
        "items",
    }
    used = {keyword for node in parts(SCHEMA) for keyword in node} - silent
    assert used == set(check_form._FAULTS)


def test_the_nearest_word_is_found():
    """A misspelt word gets the right one, and an unrelated word gets None."""
    assert check_form.find_nearest("Adress", ["address", "arch"]) == "address"
    assert check_form.find_nearest("zzz", ["address", "arch"]) is None


def test_a_path_is_written_for_people():
    """A path is dotted keys and counted items, and an odd key is quoted."""
    assert check_form.format_path(()) == "the file"
    assert check_form.format_path(("macs", "a", "groups", 1)) == "macs.a.groups, item 2"
    assert check_form.format_path(("macs", "a b\x1b")) == 'macs."a b\\u001b"'
