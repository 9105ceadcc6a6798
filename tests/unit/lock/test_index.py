"""The wheel index, queried through the real uv over small indexes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wheelhouse import wheel

from torchard.catalog.mac_class import MacClass
from torchard.depot import download
from torchard.lock import index, index_settings

ARM = MacClass("osx-arm64", "14.0")
OLD_ARM = MacClass("osx-arm64", "12.3")
INTEL = MacClass("osx-64", "12.0")
CANARY = "canary-7d1f"


def ask(requirements, url=None, constraints=(), mac_class=ARM, python="3.12.13", **options):
    """Return the releases that uv chooses, as `name version`."""
    offers = index.resolve(
        index.WheelQuery(requirements.split(), mac_class, python, constraints, url, **options)
    )
    return sorted({f"{one.name} {one.version}" for one in offers})


def fail(*arguments, **options):
    """Return what uv complains of."""
    with pytest.raises(index.WheelIndexError) as caught:
        ask(*arguments, **options)
    return caught.value.message


def pure(name, version, *requires, **changes):
    """Return a wheel for any python and system."""
    return wheel(f"{name}-{version}-py3-none-any.whl", *requires, **changes)


def test_an_offer_has_the_address_and_the_hash_of_a_wheel(shelf, serve, tmp_path):
    """Each wheel has its address and sha256, and its size if the index has that."""
    names = ["a-1.0-cp312-none-macosx_11_0_arm64.whl", "a-1.0-py3-none-any.whl"]
    shelf(wheel(names[0]), wheel(names[1], size=False), json_pages=True)
    server = serve(tmp_path / "index")
    offers = index.resolve(index.WheelQuery(["a"], ARM, "3.12.13", index=f"{server.url}/simple"))
    assert sorted(one.file for one in offers) == names
    whole, sizeless = sorted(offers, key=lambda one: one.file)
    archive = tmp_path / "index" / "wheels" / names[0]
    assert whole.size == archive.stat().st_size
    assert sizeless.size is None
    assert whole.url == f"{server.url}/wheels/{names[0]}"
    assert len(whole.sha256) == 64


def test_the_newest_release_that_fits_the_python_is_chosen(shelf):
    """`requires-python` is compared with the full version of the Mac's python."""
    url = shelf(
        pure("a", "1.0"),
        pure("a", "2.0", python=">=3.12.13"),
        pure("a", "3.0", python=">=3.13"),
    )
    assert ask("a", url) == ["a 2.0"]
    assert ask("a", url, python="3.12.12") == ["a 1.0"]
    assert ask("a", url, python="3.13.5") == ["a 3.0"]
    said = fail("a>=3", url)
    assert "a>=3" in said
    assert "3.13" in said


@pytest.mark.parametrize(("mac_class", "version"), [(ARM, "3.0"), (OLD_ARM, "2.0"), (INTEL, "1.0")])
def test_the_newest_release_that_fits_the_mac_is_chosen(shelf, mac_class, version):
    """Wheels for another arch, a newer macOS or another system do not count, nor do sources."""
    url = shelf(
        wheel("a-1.0-cp312-none-macosx_10_9_x86_64.whl"),
        wheel("a-2.0-cp312-none-macosx_11_0_arm64.whl"),
        wheel("a-3.0-cp312-none-macosx_14_0_arm64.whl"),
        wheel("a-4.0-cp312-cp312-manylinux_2_28_aarch64.whl"),
        wheel("a-5.0.tar.gz"),
    )
    assert ask("a", url, mac_class=mac_class) == [f"a {version}"]


def test_markers_are_those_of_the_mac(shelf):
    """A requirement for another system or python is ignored."""
    url = shelf(
        pure(
            "a",
            "1.0",
            'b; sys_platform == "darwin" and platform_machine == "arm64"',
            'c; sys_platform == "linux"',
            'd; python_version < "3.12"',
        ),
        *(pure(name, "1.0") for name in "bcd"),
    )
    assert ask("a", url) == ["a 1.0", "b 1.0"]
    assert ask("a", url, mac_class=INTEL) == ["a 1.0"]


def test_a_prerelease_is_chosen_only_if_it_must_be(shelf):
    """A release is preferred; a package that has only prereleases gets one."""
    url = shelf(pure("a", "1.0"), pure("a", "2.0rc1"), pure("b", "1.0.dev1"))
    assert ask("a b", url) == ["a 1.0", "b 1.0.dev1"]
    assert ask("a>=2.0rc1", url) == ["a 2.0rc1"]


def test_constraints_bound_and_add_nothing(shelf):
    """A constraint bounds a package only if another one needs it."""
    url = shelf(pure("a", "1.0", "b"), pure("b", "1.0"), pure("b", "2.0"), pure("c", "1.0"))
    assert ask("a", url, ["b<2", "c"]) == ["a 1.0", "b 1.0"]
    assert "b>=2" in fail("a b>=2", url, ["b<2"])


def test_extras_bring_what_they_need(shelf):
    """The requirements of an extra count."""
    url = shelf(pure("a", "1.0", 'b; extra == "more"'), pure("b", "1.0"))
    assert ask("a[more]", url) == ["a 1.0", "b 1.0"]
    assert ask("a", url) == ["a 1.0"]


def test_installed_distributions_stay(shelf):
    """All packages must fit the installed version, which no index needs to have."""
    url = shelf(pure("a", "1.0", "b<2", "c"), pure("a", "2.0", "b>=2"), pure("b", "2.0"))
    assert ask("a", url, installed={"b": "1.5", "c": "0.0.1"}) == ["a 1.0"]
    assert "a>=2.0 depends on b>=2" in fail("a>=2", url, installed={"b": "1.5"})


@pytest.mark.parametrize("mirror", [True, False])
def test_a_package_tied_to_an_index_comes_from_there_alone(shelf, monkeypatch, mirror):
    """Other packages never come from the tied index, and a tied one only from there."""
    near = shelf(pure("a", "9.0"), pure("b", "1.0"))
    if not mirror:
        monkeypatch.setenv("UV_DEFAULT_INDEX", near)
        near = None
    far = shelf(pure("a", "1.0", "b"), pure("b", "9.0"), folder="far")
    assert ask("a", near, elsewhere={"a": far}) == ["a 1.0", "b 1.0"]
    assert "a>=9" in fail("a>=9", near, elsewhere={"a": far})
    nowhere = shelf(pure("z", "1.0"), folder="nowhere")
    assert "a was not found" in fail("a", near, elsewhere={"a": nowhere})


def test_dependencies_can_be_left_out(shelf):
    """A search for the addresses of known wheels needs no dependencies."""
    url = shelf(pure("a", "1.0", "nowhere"))
    assert ask("a==1.0", url, only_these=True) == ["a 1.0"]


@pytest.fixture
def near(shelf):
    """An index with an `a` of version 1.0."""
    return shelf(pure("a", "1.0"))


@pytest.fixture
def far(shelf):
    """An index with an `a` of version 2.0."""
    return shelf(pure("a", "2.0"), folder="far")


def test_a_mirror_replaces_every_index_of_the_computer(near, far, monkeypatch, bare_shell):
    """With a mirror, uv queries neither the shell's indexes nor those of its settings."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", far)
    monkeypatch.setenv("UV_INDEX", far)
    monkeypatch.setenv("UV_FIND_LINKS", far.replace("simple", "wheels"))
    settings = bare_shell / ".config" / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'extra-index-url = ["{far}"]\n', encoding="utf-8")
    assert ask("a", near) == ["a 1.0"]


def by_uv_variable(_home, monkeypatch, url):
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)


def by_uv_settings(home, _monkeypatch, url):
    (home / ".config" / "uv").mkdir(parents=True)
    text = f'[[index]]\nurl = "{url}"\ndefault = true\n'
    (home / ".config" / "uv" / "uv.toml").write_text(text, encoding="utf-8")


def by_pip_variable(_home, monkeypatch, url):
    monkeypatch.setenv("PIP_INDEX_URL", url)


def by_pip_settings(home, monkeypatch, url):
    (home / "pip.conf").write_text(f"[global]\nindex-url = {url}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(home / "pip.conf"))


@pytest.mark.parametrize(
    "configure", [by_uv_variable, by_uv_settings, by_pip_variable, by_pip_settings]
)
def test_the_index_of_the_computer_is_found(near, bare_shell, monkeypatch, configure):
    """A variable or a file may configure uv or pip."""
    configure(bare_shell, monkeypatch, near)
    assert ask("a") == ["a 1.0"]


@pytest.mark.parametrize("mine", [by_uv_variable, by_uv_settings])
@pytest.mark.parametrize("pips", [by_pip_variable, by_pip_settings])
def test_uvs_index_counts_more_than_pips(near, far, bare_shell, monkeypatch, mine, pips):  # noqa: PLR0917  # fixtures
    """The index of pip counts only if uv is not configured with one."""
    mine(bare_shell, monkeypatch, near)
    pips(bare_shell, monkeypatch, far)
    assert ask("a") == ["a 1.0"]


def test_pips_shell_counts_more_than_its_install_and_that_more_than_all(
    near, far, shelf, bare_shell, monkeypatch
):
    """The order is pip's own."""
    other = shelf(pure("a", "3.0"), folder="other")
    text = f"[global]\nindex-url = {near}\n[install]\nindex-url = {far}\n"
    (bare_shell / "pip.conf").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(bare_shell / "pip.conf"))
    assert ask("a") == ["a 2.0"]
    index_settings._index_of_pip.cache_clear()
    monkeypatch.setenv("PIP_INDEX_URL", other)
    assert ask("a") == ["a 3.0"]


@pytest.mark.parametrize("file", ["uv.toml", "pyproject.toml"])
def test_settings_in_the_folders_above_are_ignored(near, tmp_path, monkeypatch, file):
    """The folder of temporary files may have another person's settings above it."""
    above = tmp_path / "above"
    (above / "tmp").mkdir(parents=True)
    text = 'no-index = true\nresolution = "lowest"\n'
    if file == "pyproject.toml":
        text = f"[tool.uv]\n{text}"
    (above / file).write_text(text, encoding="utf-8")
    monkeypatch.setattr(index.tempfile, "tempdir", str(above / "tmp"))
    assert ask("a", near) == ["a 1.0"]
    monkeypatch.setenv("UV_DEFAULT_INDEX", near)
    assert ask("a") == ["a 1.0"]
    assert list((above / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_RESOLUTION", "lowest"),
        ("UV_PRERELEASE", "allow"),
        ("UV_EXCLUDE_NEWER", "2001-01-01"),
        ("UV_NO_BINARY", "1"),
        ("UV_PYTHON", "3.9"),
        ("UV_PYTHON_PLATFORM", "linux"),
        ("UV_CONSTRAINT", "nothing.txt"),
        ("UV_OVERRIDE", "nothing.txt"),
        ("UV_WORKING_DIR", "/"),
        ("UV_PROJECT", "/"),
        ("MACOSX_DEPLOYMENT_TARGET", "10.9"),
    ],
)
def test_settings_of_the_shell_do_not_change_the_answer(shelf, monkeypatch, name, value):
    """A lock is the same for every person: the shell only says how to reach an index."""
    url = shelf(
        wheel("a-1.0-cp312-none-macosx_11_0_arm64.whl"),
        wheel("a-2.0-cp312-none-macosx_14_0_arm64.whl"),
        pure("a", "3.0rc1"),
    )
    monkeypatch.setenv(name, value)
    assert ask("a", url) == ["a 2.0"]


@pytest.fixture
def private(shelf, serve, tmp_path):
    """A server of an index that asks for a login."""
    shelf(pure("a", "1.0"), folder="private")
    return serve(tmp_path / "private", f"user:{CANARY}")


def with_login(server):
    return f"http://user:{CANARY}@{server.host}/private/simple"


@pytest.mark.parametrize("how", ["mirror", "tied", "uv", "pip", "named"])
def test_the_login_of_an_index_is_also_for_its_wheels(private, near, monkeypatch, how):
    """However an index is configured, its login is in the addresses of its wheels."""
    url = with_login(private)
    if how in {"uv", "pip", "named"}:
        name = {"uv": "UV_DEFAULT_INDEX", "pip": "PIP_INDEX_URL", "named": "UV_INDEX"}[how]
        monkeypatch.setenv(name, f"mine={url}" if how == "named" else url)
    query = index.WheelQuery(
        ["a"],
        ARM,
        "3.12.13",
        index={"mirror": url, "tied": near}.get(how),
        elsewhere={"a": url} if how == "tied" else {},
    )
    (offer,) = index.resolve(query)
    assert offer.url == f"http://user:{CANARY}@{private.host}/private/wheels/a-1.0-py3-none-any.whl"


def test_a_login_in_netrc_reaches_the_index(private, monkeypatch, tmp_path):
    """The login that curl and pip use is found by uv."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {CANARY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert ask("a", f"{private.url}/private/simple") == ["a 1.0"]


@pytest.mark.parametrize("how", ["no login", "no package", "no version", "nobody there", "no URL"])
@pytest.mark.parametrize("where", ["mirror", "tied", "shell"])
def test_no_login_of_an_index_is_printed(private, near, monkeypatch, how, where):
    """Whatever fails, a message has uv's words without the login."""
    url = with_login(private)
    url = {
        "no login": url.replace("user:", f"{CANARY}:"),
        "nobody there": f"http://user:{CANARY}@127.0.0.1:1/simple",
        "no URL": f"http://user:{CANARY}@127.0.0.1:port/simple",
    }.get(how, url)
    wanted = {"no package": "zzz", "no version": "a>9"}.get(how, "a")
    if where == "shell":
        monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    tied = {wanted.rstrip(">9"): url} if where == "tied" else {}
    mirror = {"mirror": url, "tied": near}.get(where)
    said = fail(wanted, mirror, elsewhere=tied)
    assert CANARY not in said
    assert "user" not in said
    assert said.isprintable() or "\n" in said


def test_the_words_of_uv_begin_with_the_cause(near):
    """Warnings and marks are left out."""
    said = fail("a>=2", near)
    assert said.startswith("No solution found when resolving dependencies")
    assert "warning" not in said
    assert "error:" not in said


def test_a_uv_that_does_not_work_is_an_error(near, monkeypatch):
    """A uv that cannot be started, or prints nothing, is one sentence."""
    import uv  # noqa: PLC0415  # as the code itself does

    monkeypatch.setattr(uv, "find_uv_bin", lambda: "/nowhere/uv")
    assert fail("a", near) == "/nowhere/uv cannot be started: No such file or directory"
    monkeypatch.setattr(uv, "find_uv_bin", lambda: "/bin/false")
    assert fail("a", near) == "uv printed nothing"


def test_a_page_without_an_end_is_an_error(monkeypatch, serve, tmp_path):
    """It is stopped where it takes too much memory, and the message says why."""
    server = serve(tmp_path, endless=b"<a href='a-1.0-py3-none-any.whl'>a</a>" * 10_000)
    monkeypatch.setattr(index, "LIMITS", replace(index.LIMITS, memory=96 << 20))
    assert fail("a", f"{server.url}/simple") == (
        "uv was stopped, because it used more than 96 MiB of memory. A page of the index may have"
        " no end"
    )


def test_no_python_on_the_path_is_run(near, monkeypatch, tmp_path):
    """On a new Mac, running the first python3 would offer to install Xcode."""
    asked = tmp_path / "asked"
    for name in ("python", "python3", "python3.12"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {asked}\nexit 1\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask("a", near) == ["a 1.0"]
    assert not asked.exists()


def test_wheels_in_a_folder_have_file_urls(shelf, tmp_path, monkeypatch):
    """The path of a folder of wheels may have any character."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", shelf(pure("b", "1.0")))
    shelf(pure("a", "1.0"), folder="ä 50%20 #1")
    folder = tmp_path / "ä 50%20 #1" / "wheels"
    monkeypatch.setenv("UV_FIND_LINKS", folder.as_uri())
    (offer,) = index.resolve(index.WheelQuery(["a"], ARM, "3.12.13"))
    (archive,) = folder.glob("*.whl")
    assert download.fetch_length(offer.url) == archive.stat().st_size
    assert offer.file == archive.name


@pytest.mark.parametrize("text", ["[[packages]]", "packages = 1", "[", "[[packages]]\nname = 1"])
def test_a_lock_of_uv_that_cannot_be_read_is_an_error(text):
    """A later uv may write something else: the message says so."""
    with pytest.raises(index.WheelIndexError, match="uv printed a lock that cannot be read"):
        index._read_packages(text)


def test_a_path_that_uv_writes_becomes_a_url(tmp_path):
    """A lock of uv may name a file by its path (PEP 751), with any character in it."""
    text = """
        [[packages]]
        name = "a"
        version = "1.0"
        wheels = [{ path = "../ä 50%20 #1/a-1.0-py3-none-any.whl", hashes = { sha256 = "0" } }]
    """
    (offer,) = index._offers(index._read_packages(text), tmp_path / "lab", {})
    assert offer.url == (tmp_path / "ä 50%20 #1" / "a-1.0-py3-none-any.whl").as_uri()
    assert offer.file == "a-1.0-py3-none-any.whl"
