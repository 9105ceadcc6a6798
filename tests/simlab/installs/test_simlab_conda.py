"""The stand-in's manners that were measured on real conda 26.7, as far as anything here meets them.

All tests share one Miniconda, and each makes environments of its own.
"""

from __future__ import annotations

import json
import os
import shutil

import pytest
from told import failure, names

# An existing environment, and a directory that is not one.


@pytest.mark.parametrize("how", ["-y -q", "--json"])
def test_create_deletes_what_is_there(arm_mac, explicit, how):
    """`create -y` over an environment deletes all of it first, and so does `--json`; status 0."""
    prefix = arm_mac.prefix / "envs/doomed"
    assert arm_mac.conda(f"create -y -n doomed {arm_mac.channel} liblzma=5.8.1").returncode == 0
    (prefix / "mine.txt").write_text("mine", encoding="utf-8")
    (prefix / "conda-meta/frozen").write_text("{}", encoding="utf-8")  # that keeps all else away
    done = arm_mac.conda(f"create {how} -n doomed {arm_mac.channel} --file {explicit('xz-5.8.2')}")
    assert done.returncode == 0
    assert names(prefix) == {"xz-5.8.2"}
    assert not (prefix / "mine.txt").exists()


def test_create_without_an_answer_does_nothing(arm_mac, env):
    """Without `-y` and with nobody at stdin, an existing environment stays, and the status is 0."""
    done = arm_mac.conda(f"create -n kept {arm_mac.channel} liblzma </dev/null")
    assert done.returncode == 0
    assert "CondaSystemExit" in done.stdout
    assert "xz-5.8.1" in names(env)


def test_create_takes_a_plain_directory(arm_mac):
    """A directory that is not an environment becomes one, and what was in it stays."""
    prefix = arm_mac.prefix / "envs/plain"
    prefix.mkdir(parents=True)
    (prefix / "mine.txt").write_text("mine", encoding="utf-8")
    assert arm_mac.conda(f"create -y -q -n plain {arm_mac.channel} xz").returncode == 0
    assert (prefix / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert (prefix / "conda-meta/history").is_file()


def test_dry_run_over_an_environment_is_an_error(arm_mac, env):
    """`create --dry-run` refuses an existing environment, even with `-y`, and leaves it."""
    done = arm_mac.conda(f"create --dry-run -y --json -n kept {arm_mac.channel} xz")
    assert failure(done) == "CondaValueError"
    assert "xz-5.8.1" in names(env)


@pytest.mark.parametrize("spec", ["no-such-package", "'xz<1'", "libblas=3.9.0 libcblas=3.11.0"])
def test_failed_create_leaves_nothing(arm_mac, spec):
    """What cannot be solved is status 1, and no directory is made."""
    done = arm_mac.conda(f"create -y --json -n failed {arm_mac.channel} {spec}")
    assert failure(done) in ("UnsatisfiableError", "PackagesNotFoundInChannelsError")
    assert not (arm_mac.prefix / "envs/failed").exists()


# Installing and removing.


def test_install_of_what_is_there(arm_mac, env):
    """Nothing to do is status 0 and a message; but a name without a version would upgrade."""
    before = names(env)
    done = arm_mac.conda(f"install -y --json -n kept {arm_mac.channel} xz=5.8.1")
    assert json.loads(done.stdout) == {
        "success": True, "message": "All requested packages already installed.",
    }  # fmt: skip
    would = json.loads(
        arm_mac.conda(f"install --dry-run --json -n kept {arm_mac.channel} xz").stdout
    )
    assert [one["version"] for one in would["actions"]["LINK"] if one["name"] == "xz"] == ["5.8.2"]
    assert names(env) == before


def test_later_install_keeps_what_was_asked_for(arm_mac):
    """A spec of an earlier command holds in a later solve."""
    prefix = arm_mac.prefix / "envs/later"
    assert arm_mac.conda(f"create -y -q -n later {arm_mac.channel} liblzma=5.8.1").returncode == 0
    assert arm_mac.conda(f"install -y -q -n later {arm_mac.channel} xz").returncode == 0
    assert names(prefix) >= {"liblzma-5.8.1", "xz-5.8.1"}
    (record,) = (prefix / "conda-meta").glob("xz-*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["requested_spec"] == "xz"


def test_remove_takes_what_depends_on_it(arm_mac):
    """`remove` takes a package and those that need it."""
    prefix = arm_mac.prefix / "envs/removing"
    assert arm_mac.conda(f"create -y -q -n removing {arm_mac.channel} xz libuv").returncode == 0
    assert arm_mac.conda(f"remove -y -q -n removing {arm_mac.channel} liblzma").returncode == 0
    assert names(prefix) == {"libuv-1.51.0"}
    assert arm_mac.conda(f"remove -y -q -n removing {arm_mac.channel} --all").returncode == 0
    assert not prefix.exists()


def test_frozen_environment_is_protected(arm_mac):
    """CEP 22: `install` and `remove` refuse a frozen environment, unless overridden."""
    prefix = arm_mac.prefix / "envs/frozen"
    assert arm_mac.conda(f"create -y -q -n frozen {arm_mac.channel} xz=5.8.1").returncode == 0
    (prefix / "conda-meta/frozen").write_text('{"message": "no"}', encoding="utf-8")
    install = f"install -y --json -n frozen {arm_mac.channel} libuv"
    assert failure(arm_mac.conda(install)) == "EnvironmentIsFrozenError"
    assert (
        failure(arm_mac.conda(f"remove -y --json -n frozen {arm_mac.channel} xz"))
        == "EnvironmentIsFrozenError"
    )
    assert arm_mac.conda(f"{install} --override-frozen").returncode == 0
    protect = f"CONDA_PROTECT_FROZEN_ENVS=0 {arm_mac.prefix}/bin/conda"
    assert arm_mac.run(f"{protect} remove -y -q -n frozen {arm_mac.channel} libuv").returncode == 0


def test_interrupted_upgrade_is_repaired(arm_mac):
    """What a kill left as `*.json.c~` is not listed, and the same install repairs it."""
    prefix = arm_mac.prefix / "envs/torn"
    assert arm_mac.conda(f"create -y -q -n torn {arm_mac.channel} xz=5.8.1").returncode == 0
    (record,) = (prefix / "conda-meta").glob("xz-*.json")
    record.rename(f"{record}.c~")
    (prefix / "bin/xz").unlink()
    listed = arm_mac.conda("list -n torn --json")
    assert listed.returncode == 0
    assert "xz" not in [one["name"] for one in json.loads(listed.stdout)]
    assert arm_mac.conda(f"install -y -q -n torn {arm_mac.channel} xz=5.8.1").returncode == 0
    assert arm_mac.run(f"{prefix}/bin/xz").stdout == "xz 5.8.1 (simulated)\n"


def test_killed_create_is_not_an_environment(arm_mac, env):
    """What has no history is not an environment: conda does not list it, and creates over it."""
    prefix = arm_mac.prefix / "envs/killed"
    shutil.copytree(env, prefix)
    (prefix / "conda-meta/history").unlink()
    assert str(prefix) not in json.loads(arm_mac.conda("env list --json").stdout)["envs"]
    listed = arm_mac.conda("list -n killed --json")
    assert failure(listed) == "DirectoryNotACondaEnvironmentError"
    assert arm_mac.conda(f"create -y -q -n killed {arm_mac.channel} xz=5.8.2").returncode == 0
    assert "xz-5.8.2" in names(prefix)
    assert "xz-5.8.1" not in names(prefix)


# Listing.


def test_list_names_where_packages_come_from(arm_mac, env):
    """`list --json` has conda's eight keys, and packages of pip's are of the channel pypi."""
    listed = json.loads(arm_mac.conda("list -n kept --json").stdout)
    (xz,) = [one for one in listed if one["name"] == "xz"]
    assert set(xz) == {
        "base_url", "build_number", "build_string", "channel", "dist_name", "name", "platform",
        "version",
    }  # fmt: skip
    assert (xz["platform"], xz["version"]) == ("osx-arm64", "5.8.1")
    assert xz["base_url"] == arm_mac.depot.channel.as_uri()


def test_list_without_a_match_is_an_error(arm_mac, env):
    """A regex that nothing matches is status 1."""
    assert failure(arm_mac.conda("list -n kept --json nothing-of-it")) == "CondaValueError"


def test_list_of_what_is_not_an_environment(arm_mac, env, tmp_path):
    """A missing environment, a plain directory and a broken record have names of their own."""
    assert failure(arm_mac.conda("list -n absent --json")) == "EnvironmentLocationNotFound"
    listed = arm_mac.conda(f"list -p {tmp_path} --json")
    assert failure(listed) == "DirectoryNotACondaEnvironmentError"
    shutil.copytree(env, tmp_path / "broken")
    # A file of our own in conda-meta is read as a package.
    (tmp_path / "broken/conda-meta/torchard.json").write_text("{}", encoding="utf-8")
    done = arm_mac.conda(f"list -p {tmp_path}/broken --json")
    assert failure(done) == "CorruptedEnvironmentError"
    assert json.loads(done.stdout)["corrupted_file"].endswith("torchard.json")


def test_explicit_list_makes_the_same_environment(arm_mac, env, tmp_path):
    """What `list --explicit --sha256` prints is a file that `create` makes the same of."""
    done = arm_mac.conda("list -n kept --explicit --sha256")
    assert "# platform: osx-arm64\n@EXPLICIT\n" in done.stdout
    assert all("#sha256:" in line for line in done.stdout.splitlines() if "://" in line)
    (tmp_path / "again.txt").write_text(done.stdout, encoding="utf-8")
    assert (
        arm_mac.conda(
            f"create -y -q -n again {arm_mac.channel} --file {tmp_path}/again.txt"
        ).returncode
        == 0
    )
    assert names(arm_mac.prefix / "envs/again") == names(env)


def test_environment_elsewhere_is_registered_unless_forbidden(arm_mac, explicit):
    """An environment at another path is listed, without a name, but for CONDA_REGISTER_ENVS."""
    what = f"{arm_mac.channel} --file {explicit('xz-5.8.1')}"
    for name, told in (("seen", "true"), ("unseen", "false")):
        made = arm_mac.run(
            f"CONDA_REGISTER_ENVS={told} {arm_mac.prefix}/bin/conda create -y -q"
            f" -p $HOME/{name} {what}"
        )
        assert made.returncode == 0
    found = json.loads(arm_mac.conda("env list --json").stdout)
    assert found["envs"][0] == str(arm_mac.prefix)
    assert str(arm_mac.home / "seen") in found["envs"]
    assert str(arm_mac.home / "unseen") not in found["envs"]
    details = found["envs_details"][str(arm_mac.home / "seen")]
    assert (details["name"], details["base"], details["frozen"]) == ("", False, False)


def test_run_gives_the_commands_status(arm_mac, env):
    """`run` runs in the environment and ends as its command does; without one, as conda does."""
    done = arm_mac.conda("run -n kept sh -c 'xz; echo \"$CONDA_PREFIX\"; exit 6'")
    assert (done.returncode, done.stdout) == (6, f"xz 5.8.1 (simulated)\n{env}\n")
    assert arm_mac.conda("run -n absent true").returncode == 1


# An environment that is shown as a link.


def test_link_is_an_environment_by_its_own_name(arm_mac, explicit):
    """A link in envs/ is an environment; `remove --all` empties what it leads to."""
    conda = f"CONDA_REGISTER_ENVS=false {arm_mac.prefix}/bin/conda"
    generation = arm_mac.home / "generations/torch-1"
    file = explicit("xz-5.8.1", "liblzma-5.8.1")
    assert (
        arm_mac.run(
            f"{conda} create -y -q -p {generation} {arm_mac.channel} --file {file}"
        ).returncode
        == 0
    )
    link = arm_mac.prefix / "envs/linked"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(generation)
    found = json.loads(arm_mac.conda("env list --json").stdout)
    assert found["envs_details"][str(link)]["name"] == "linked"
    assert str(generation) not in found["envs"]
    listed = json.loads(arm_mac.conda("list -n linked --json").stdout)
    assert [one["name"] for one in listed] == ["liblzma", "xz"]
    done = arm_mac.conda("run -n linked sh -c 'echo \"$CONDA_PREFIX $CONDA_DEFAULT_ENV\"'")
    assert done.stdout == f"{link} linked\n"
    assert arm_mac.conda(f"install -y -q -n linked {arm_mac.channel} libuv").returncode == 0
    assert "libuv-1.51.0" in names(generation)
    assert arm_mac.conda(f"remove -y -q -n linked {arm_mac.channel} --all").returncode == 0
    assert not os.path.lexists(link)
    assert [one.name for one in generation.iterdir()] == ["conda-meta"]
    assert names(generation) == set()


# Channels and the system.


def test_osx_decides_what_can_be_installed(arm_mac):
    """`__osx` is the Mac's macOS, and CONDA_OVERRIDE_OSX another one."""
    create = f"create -y --json -n mlx {arm_mac.channel} mlx python=3.12"
    conda = f"{arm_mac.prefix}/bin/conda"
    assert failure(arm_mac.run(f"CONDA_OVERRIDE_OSX=13.6 {conda} {create}")) == "UnsatisfiableError"
    assert arm_mac.run(f"{conda} {create} --dry-run").returncode == 0


def test_terms_of_service_stop_what_uses_defaults(arm_mac, explicit, env):
    """What is configured counts, even for an explicit file: only --override-channels leaves it."""
    assert (arm_mac.prefix / ".condarc").read_text() == "channels:\n  - defaults\n"
    added = f"-c {arm_mac.depot.channel.as_uri()}"
    file = explicit("xz-5.8.1")
    for command in (
        f"create -y --json -n terms {added} xz",
        f"create -y --json -n terms {added} --file {file}",
        f"create --dry-run --json -n terms {added} xz",
        f"install -y --json -n kept {added} --file {file}",
        "remove -y --json -n kept xz",
    ):
        done = arm_mac.conda(command)
        assert failure(done) == "CondaToSNonInteractiveError"
        assert "https://repo.anaconda.com/pkgs/main" in json.loads(done.stdout)["message"]
    assert not (arm_mac.prefix / "envs/terms").exists()
    assert "xz-5.8.1" in names(env)
    for harmless in ("list -n kept", "env list", "info", "run -n kept true"):
        assert arm_mac.conda(harmless).returncode == 0
    accepted = "CONDA_PLUGINS_AUTO_ACCEPT_TOS=yes"
    conda = f"{accepted} {arm_mac.prefix}/bin/conda"
    assert arm_mac.run(f"{conda} create -y -q -n terms {added} --file {file}").returncode == 0


def test_no_channel_at_all_is_an_error(arm_mac, env):
    """Without a channel of the command's or the settings' there is nothing to solve with."""
    done = arm_mac.conda("install -y --json -n kept --override-channels xz")
    assert failure(done) == "NoChannelsConfiguredError"


def test_base_cannot_be_created_or_removed(arm_mac):
    """Base is refused by `create`, and by `remove --all`."""
    assert (
        failure(arm_mac.conda(f"create -y --json -n base {arm_mac.channel} xz"))
        == "CondaValueError"
    )
    assert (
        failure(arm_mac.conda(f"remove -y --json -n base {arm_mac.channel} --all"))
        == "CondaEnvironmentError"
    )
    assert arm_mac.conda("--version").returncode == 0


def test_packages_are_links_to_the_cache(arm_mac, env):
    """A package's files are the cache's own: another environment with it costs no disk."""
    assert (env / "share/simlab/xz.txt").stat().st_nlink > 1


def test_settings_of_an_environment_count_for_it_alone(arm_mac, env):
    """Its `.condarc` adds channels, empties `defaults`, and denies a channel by its URL."""
    channel = arm_mac.depot.channel.as_uri()
    denied = "https://repo.anaconda.com/pkgs/main"
    (env / ".condarc").write_text(
        f"channels: [{channel}]\ndefault_channels: []\ndenylist_channels: ['{denied}']\n"
    )
    assert arm_mac.conda("install -y --json --dry-run -n kept xz").returncode == 0
    done = arm_mac.conda("install -y --json --dry-run -n kept -c pkgs/main xz")
    assert failure(done) == "ChannelDenied"
    done = arm_mac.conda("create -y --json --dry-run -n other xz")
    assert failure(done) == "CondaToSNonInteractiveError"


def test_conda_speaks_to_a_shell(arm_mac, env):
    """Its hook makes it a function there, which activates and deactivates; base is active first."""
    hook = f"eval \"$('{arm_mac.prefix}/bin/conda' shell.posix hook)\""
    told = 'echo "${CONDA_DEFAULT_ENV-none} $(command -v xz)"'
    said = arm_mac.run(f"{hook}; {told}; conda activate kept; {told}; conda deactivate; {told}")
    base, kept, none = said.stdout.splitlines()
    assert base.startswith("base ")
    assert kept == f"kept {env}/bin/xz"
    assert none.startswith("none ")
    assert str(arm_mac.prefix) not in none
    by_path = arm_mac.run(f'{hook}; conda activate {env}; echo "$CONDA_PREFIX"; conda --version')
    assert by_path.stdout.splitlines() == [str(env), "conda 26.5.3"]
    failed = arm_mac.run(f"{hook}; conda activate nothing")
    assert failed.returncode == 1
    assert "EnvironmentNameNotFound: Could not find conda environment: nothing" in failed.stderr
    for words in ("shell.xonsh hook", "shell.posix sing"):
        assert arm_mac.conda(words).returncode == 1
