"""A person's settings of uv and pip say how to reach an index, and change nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import decoys
import pytest
import uv
from wheelhouse import wheel

from torchard import programs
from torchard.catalog.mac_class import MacClass
from torchard.lab.model import Mirrors
from torchard.lock import index, index_settings, wheels
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

ARM = MacClass("osx-arm64", "14.0")
ANSWER = ["a 2.0", "b 1.0"]
# The first five change what uv itself answers; the others may in another version of it.
ATTACKS = {
    "override": 'override-dependencies = ["a==1.0"]',
    "lowest": 'resolution = "lowest"',
    "prerelease": 'prerelease = "allow"',
    "no-deps": "[pip]\nno-deps = true",
    "metadata": '[[dependency-metadata]]\nname = "a"\nversion = "2.0"\nrequires-dist = []',
    "constraint": 'constraint-dependencies = ["a<2"]',
    "exclude": 'exclude-dependencies = ["b"]',
    "newer": 'exclude-newer-package = { a = "2001-01-01" }',
    "no-binary": '[pip]\nno-binary = ["a"]',
    "platform": '[pip]\npython-platform = "linux"',
    "python": '[pip]\npython-version = "3.9"',
    "offline": "offline = true",
    "required": 'required-version = "==0.0.1"',
}


def pure(name, version, *requires, **changes):
    """Return a wheel for any python and system."""
    return wheel(f"{name}-{version}-py3-none-any.whl", *requires, **changes)


@pytest.fixture
def near(shelf):
    """An index with two releases, a prerelease and a dependency of theirs."""
    return shelf(
        *(pure("a", version, "b") for version in ("1.0", "2.0", "3.0rc1")), pure("b", "1.0")
    )


def ask(url=None):
    """Return the releases that a lock of `a` has."""
    offers = index.resolve(index.WheelQuery(["a"], ARM, "3.12.13", index=url))
    return sorted({f"{one.name} {one.version}" for one in offers})


def configure(home, text):
    """Write the account's uv.toml."""
    path = home / ".config" / "uv" / "uv.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def default(url):
    """Return the lines of a uv.toml that name the default index."""
    return f'[[index]]\nurl = "{url}"\ndefault = true\n'


@pytest.mark.parametrize("attack", list(ATTACKS)[:5])
def test_each_attack_works_on_uv_itself(near, bare_shell, tmp_path, attack):
    """Otherwise the next tests could not fail."""
    text = ATTACKS[attack]
    top = "" if text.startswith("[") else f"{text}\n"
    configure(bare_shell, f"{top}{default(near)}{'' if top else text}\n")
    (tmp_path / "a.in").write_text("a\n", encoding="utf-8")
    done = subprocess.run(
        [uv.find_uv_bin(), "pip", "compile", "--no-header", "--no-annotate", "-q", "a.in"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout != "a==2.0\nb==1.0\n"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_setting_of_uv_changes_a_lock(near, bare_shell, attack):
    """Of the account's uv.toml, only the index is used: two people get the same lock."""
    text = ATTACKS[attack]
    top = "" if text.startswith("[") else f"{text}\n"
    configure(bare_shell, f"{top}{default(near)}{'' if top else text}\n")
    assert ask() == ANSWER


def in_the_system(home, monkeypatch, text):
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(home / "xdg"))
    (home / "xdg" / "uv").mkdir(parents=True)
    (home / "xdg" / "uv" / "uv.toml").write_text(text, encoding="utf-8")


def by_a_variable(home, monkeypatch, text):
    (home / "other.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("UV_CONFIG_FILE", str(home / "other.toml"))


def in_the_account(home, _monkeypatch, text):
    configure(home, text)


@pytest.mark.parametrize("place", [in_the_system, by_a_variable, in_the_account])
@pytest.mark.parametrize("mirror", [True, False])
def test_no_file_of_uv_changes_a_lock(near, bare_shell, monkeypatch, place, mirror):
    """Whichever file uv would read, and with a mirror as well."""
    text = "\n".join(one for one in ATTACKS.values() if not one.startswith("["))
    place(bare_shell, monkeypatch, f"{text}\n{default(near)}[pip]\nno-deps = true\n")
    assert ask(near if mirror else None) == ANSWER


def test_no_variable_of_uv_changes_a_lock(near, monkeypatch):
    """Values that uv would follow or reject."""
    for name in ("NO_DEPS", "EXCLUDE", "OVERRIDE", "CONSTRAINT", "OFFLINE", "NO_INDEX", "PREVIEW",
                 "NO_CONFIG", "ENV_FILE", "NO_BINARY", "FROZEN"):  # fmt: skip
        monkeypatch.setenv(f"UV_{name}", "1")
    for name, value in {"PRERELEASE": "allow", "RESOLUTION": "lowest", "TORCH_BACKEND": "cpu",
                        "INDEX_STRATEGY": "unsafe-best-match", "CONFIG": "/nowhere",
                        "DEFAULT_INDEX": near}.items():  # fmt: skip
        monkeypatch.setenv(f"UV_{name}", value)
    assert ask() == ANSWER


def test_no_setting_of_pip_changes_a_lock(near, bare_shell, monkeypatch):
    """Its index is used, and nothing else of its files and variables."""
    text = f"[global]\nindex-url = {near}\nno-deps = true\npre = true\nno-index = true\n"
    (bare_shell / "pip.conf").write_text(f"{text}constraint = /nowhere\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(bare_shell / "pip.conf"))
    for name in ("PRE", "NO_DEPS", "NO_INDEX", "PYTHON", "REQUIRE_VIRTUALENV", "CONSTRAINT"):
        monkeypatch.setenv(f"PIP_{name}", "1")
    assert ask() == ANSWER


def test_nothing_in_the_working_directory_is_read_or_run(near, bare_shell, tmp_path, monkeypatch):
    """No settings, no module and no program, whether uv or pip names the index."""
    sprung = decoys.set_traps(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", decoys.relative_path())
    monkeypatch.setenv("UV_KEYRING_PROVIDER", "subprocess")
    monkeypatch.setenv("PYTHONPATH", ".")
    (bare_shell / "pip.conf").write_text(f"[global]\nindex-url = {near}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(bare_shell / "pip.conf"))
    assert ask() == ANSWER
    assert decoys.read_sprung(sprung) == []


def test_the_keys_that_reach_an_index_are_passed(bare_shell, monkeypatch):
    """[pip] comes before the top, the account before the system, and lists are joined."""
    in_the_system(
        bare_shell,
        monkeypatch,
        'index-url = "https://system/simple"\nextra-index-url = ["https://more/simple"]\n'
        'keyring-provider = "disabled"\nno-index = false\nallow-insecure-host = ["system"]\n',
    )
    configure(
        bare_shell,
        'keyring-provider = "subprocess"\nnative-tls = true\nfind-links = ["wheels", "/w"]\n'
        'allow-insecure-host = ["host:1"]\nno-build = true\n'
        '[[index]]\nname = "mine"\nurl = "https://user:secret@mine/simple"\n'
        'authenticate = "always"\nignore-error-codes = [403]\ncache-control = { api = "x" }\n'
        '[[index]]\nname = "tied"\nurl = "https://tied/simple"\nexplicit = true\n'
        '[pip]\nindex-url = "https://pip/simple"\nfind-links = ["https://links/"]\n',
    )
    found = index_settings.read_settings(None)
    folder = bare_shell / ".config" / "uv"
    assert found.text == (
        'index-url = "https://pip/simple"\n'
        'extra-index-url = ["https://more/simple"]\n'
        f'find-links = ["https://links/", "{folder}/wheels", "/w"]\n'
        'keyring-provider = "subprocess"\n'
        "native-tls = true\n"
        'allow-insecure-host = ["host:1", "system"]\n'
        "no-index = false\n"
        '[[index]]\nurl = "https://user:secret@mine/simple"\nname = "mine"\n'
        'authenticate = "always"\nignore-error-codes = [403]\n'
    )
    assert found.logins == {"mine": "user:secret"}
    mirrored = index_settings.read_settings("https://mirror/simple")
    assert mirrored.text == (
        'keyring-provider = "subprocess"\nnative-tls = true\n'
        'allow-insecure-host = ["host:1", "system"]\n'
    )


def test_relative_places_of_settings_do_not_count(tmp_path, bare_shell, monkeypatch):
    """XDG's variables hold absolute paths; a relative one would be the working directory's."""
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text('index-url = "https://here/"\n', encoding="utf-8")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://x/")  # so that pip is not asked
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    monkeypatch.setenv("XDG_CONFIG_DIRS", ".")
    assert "here" not in index_settings.read_settings(None).text


def test_pips_index_counts_where_uv_has_settings_without_one(near, bare_shell, monkeypatch):
    """A uv.toml about certificates does not hide the index of pip."""
    configure(bare_shell, "native-tls = true\n")
    monkeypatch.setenv("PIP_INDEX_URL", near)
    assert ask() == ANSWER


@pytest.mark.parametrize("value", ["http://user:it's@host/simple", "http://a\"b:it's@host/s"])
@pytest.mark.parametrize("name", ["index-url", "pypi-url"])
def test_an_index_of_pip_is_read_whatever_signs_it_has(bare_shell, monkeypatch, name, value):
    """Such a value is printed as Python writes it, with other quotes around a quote.

    pip also knows its option under an older name.
    """
    (bare_shell / "pip.conf").write_text(f"[global]\n{name} = {value}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(bare_shell / "pip.conf"))
    assert index_settings.read_settings(None).environment["UV_DEFAULT_INDEX"] == value
    index_settings._index_of_pip.cache_clear()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv(f"PIP_{name.replace('-', '_').upper()}", value)
    assert index_settings.read_settings(None).environment["UV_DEFAULT_INDEX"] == value


def pip_rejects_its_file(home, monkeypatch):
    """Write settings that pip does not read, because a key is there twice."""
    row = "index-url = https://user:secret@private/simple\n"
    (home / "pip.conf").write_text(f"[global]\n{row}{row}", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(home / "pip.conf"))
    return "already exists"


def pip_is_not_there(home, monkeypatch):
    """Let Torchard run in an environment without pip, as `uv tool install` made them."""
    made = home / "without-pip"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    monkeypatch.setattr(sys, "executable", str(made / "bin" / "python"))
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "site-packages" not in one])
    return "No module named pip"


def pip_takes_too_long(_home, monkeypatch):
    """Let pip be stopped."""

    def stop(*_arguments):
        raise programs.LimitError("took more than 60 seconds")

    monkeypatch.setattr(programs, "run", stop)
    return "took more than 60 seconds"


def pip_prints_something_else(_home, monkeypatch):
    """Let pip print an index in a form that nobody knows."""
    done = programs.Done("global.index-url=<https://private/simple>\n", "", 0)
    monkeypatch.setattr(programs, "run", lambda *_arguments: done)
    return "invalid syntax"


@pytest.mark.parametrize(
    "fault", [pip_rejects_its_file, pip_is_not_there, pip_takes_too_long, pip_prints_something_else]
)
def test_settings_of_pip_that_cannot_be_read_never_mean_the_default_index(
    bare_shell, monkeypatch, fault
):
    """Else a package of a private index would come from the public one."""
    cause = fault(bare_shell, monkeypatch)
    with pytest.raises(index.WheelIndexError) as caught:
        index.resolve(index.WheelQuery(["a"], ARM, "3.12.13"))
    message = caught.value.message
    assert message.startswith("The settings of pip cannot be read, and they may name an index: ")
    assert cause in message
    assert message.endswith("Repair them, or set UV_DEFAULT_INDEX to the URL of the index")
    assert "secret" not in message


def test_a_lock_names_the_settings_that_cannot_be_read(bare_shell, monkeypatch, asks):
    """It does not say that no wheels fit."""
    pip_rejects_its_file(bare_shell, monkeypatch)
    question = Question(asks(pip=["a"]), ARM, None, (), Mirrors())
    with pytest.raises(LockError, match=r"could not be read:\n.*The settings of pip") as caught:
        wheels.resolve_wheels(question, "3.12.13", {})
    assert "the index that uv or pip is configured with" in caught.value.instead


def test_settings_can_be_left_out(bare_shell, monkeypatch):
    """As with uv itself."""
    configure(bare_shell, 'index-url = "https://mine/simple"\n')
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://x/")  # so that pip is not asked
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    assert "mine" not in index_settings.read_settings(None).text


@pytest.mark.parametrize("text", ["[", "index-url = 1\n", '[[index]]\nname = "x"\n', None])
def test_settings_that_cannot_be_read_are_an_error(bare_shell, monkeypatch, text):
    """The message names the file, which uv would not find again."""
    path = bare_shell / "uv.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("UV_CONFIG_FILE", str(path))
    with pytest.raises(index.WheelIndexError) as caught:
        index.resolve(index.WheelQuery(["a"], ARM, "3.12.13"))
    assert caught.value.message.startswith(f"The settings of uv in {path} cannot be read: ")


def test_the_environment_of_uv_has_no_variable_that_changes_a_lock(monkeypatch):
    """It is built from a list, and not what is left of the shell's."""
    for name in ("UV_EXCLUDE_NEWER", "PIP_PRE", "PYTHONPATH", "CONDA_PREFIX", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://x/")  # so that pip is not asked
    monkeypatch.setenv("UV_INDEX_MINE_PASSWORD", "secret")
    found = index_settings.read_settings(None).environment
    assert {name for name in found if name.startswith("UV_")} <= {
        "UV_INDEX_MINE_PASSWORD", "UV_HTTP_RETRIES", "UV_DEFAULT_INDEX", "UV_CACHE_DIR",
        *(name for name in os.environ if name.startswith("UV_CONCURRENT")),
    }  # fmt: skip
    assert not {"PIP_PRE", "PYTHONPATH", "CONDA_PREFIX", "VIRTUAL_ENV"} & found.keys()
    assert all(Path(one).is_absolute() for one in found["PATH"].split(":"))
