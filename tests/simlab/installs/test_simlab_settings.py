"""Settings of /etc, the base, the account and the environment, as real conda 26.7 merges them."""

from __future__ import annotations

import pytest
from told import failure, names


@pytest.fixture
def files(arm_mac, env):
    """The settings files of the Mac, by whose they are; gone after each test."""
    files = {
        "etc": arm_mac.root / "etc/conda/condarc.d/corp.yml",
        "base": arm_mac.prefix / ".condarc",
        "account": arm_mac.home / ".condarc",
        "environment": env / ".condarc",
    }
    own = files["base"].read_text(encoding="utf-8")
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    yield files
    for path in files.values():
        path.unlink(missing_ok=True)
    files["base"].write_text(own, encoding="utf-8")


@pytest.fixture
def create(arm_mac, explicit):
    """Create an environment from an explicit file as Torchard's step does; return what it says."""
    wanted = explicit("xz-5.8.1")

    def create(settings: str = ""):
        command = f"create -y -q -n built {arm_mac.channel} --no-default-packages --file {wanted}"
        done = arm_mac.run(f"{settings} {arm_mac.prefix}/bin/conda {command}")
        return done.stderr.strip().partition(": ")[0] if done.returncode else "done"

    return create


@pytest.mark.parametrize(
    "rule",
    [
        ("etc", "override_channels_enabled: false", "OperationNotAllowed",
         {"CONDA_OVERRIDE_CHANNELS_ENABLED=true": "done"}),
        ("base", "override_channels_enabled: false #!final", "OperationNotAllowed",
         {"CONDA_OVERRIDE_CHANNELS_ENABLED=true": "OperationNotAllowed"}),
        ("etc", "allowlist_channels: [conda-forge]", "ChannelNotAllowed", {}),
        ("base", "whitelist_channels: [conda-forge]", "ChannelNotAllowed", {}),
        ("account", "disallowed_packages: ['xz<6']", "DisallowedPackageError", {}),
        ("base", "disallow: ['xz>6', libuv]", "done", {}),
        ("account", "ssl_verify: /nowhere.pem", "CustomValidationError",
         {"CONDA_SSL_VERIFY=true": "done"}),
        ("etc", "channel_alias: corp", "CustomValidationError",
         {"CONDA_CHANNEL_ALIAS=https://conda.anaconda.org": "done"}),
        ("base", "denylist_channels: [conda-forge]", "done", {}),
        ("etc", "subdir: linux-64", "done", {}),
    ],
)  # fmt: skip
def test_a_rule_of_any_file_holds_and_a_variable_counts_more_unless_it_is_final(
    files, create, rule
):
    """Each was tried with the real one."""
    whose, text, said, cure = rule
    files[whose].write_text(f"{text}\n", encoding="utf-8")
    assert create() == said
    for variable, cured in cure.items():
        assert create(variable) == cured


def test_the_environments_settings_count_most_and_lists_merge(arm_mac, files):
    """A denylist is tested against the channels of all files, and one URL is enough."""
    channel = arm_mac.depot.channel.as_uri()
    install = "install -y --json --dry-run -n kept xz"
    files["environment"].write_text(f"channels: ['{channel}']\ndefault_channels: []\n")
    assert arm_mac.conda(install).returncode == 0
    files["account"].write_text("channels: ['https://repo.anaconda.com/pkgs/r']\n")
    denied = "denylist_channels: ['https://repo.anaconda.com/pkgs/r']\n"
    text = files["environment"].read_text(encoding="utf-8")
    files["environment"].write_text(text + denied)
    assert failure(arm_mac.conda(install)) == "ChannelDenied"
    files["account"].unlink()
    assert arm_mac.conda(install).returncode == 0


def test_an_old_conda_does_not_read_the_settings_of_the_environment_that_n_names(arm_mac, files):
    """From 23.7.0 on it does; before, only those of the active one."""
    files["environment"].write_text("channels: [x]\nallowlist_channels: [nothing]\n")
    list_all = f"install -y --json --dry-run -n kept {arm_mac.channel} xz"
    (record,) = (arm_mac.prefix / "conda-meta").glob("conda-[0-9]*.json")
    old = record.with_name("conda-23.5.2-py311_0.json")
    assert failure(arm_mac.conda(list_all)) == "ChannelNotAllowed"
    record.rename(old)
    try:
        assert arm_mac.conda(list_all).returncode == 0
        active = f"CONDA_PREFIX={arm_mac.prefix}/envs/kept {arm_mac.prefix}/bin/conda"
        assert failure(arm_mac.run(f"{active} {list_all}")) == "ChannelNotAllowed"
    finally:
        old.rename(record)


def test_a_file_that_is_not_yaml_is_reported_at_length(arm_mac, files):
    """The cause is in the middle of 100 lines. The end says how to report it."""
    files["etc"].write_text("channels: [a", encoding="utf-8")
    done = arm_mac.conda(f"create -y -n built {arm_mac.channel} xz")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert 90 < len(lines) < 150
    assert "# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<" in lines
    assert lines[-2] == "Example: CONDA_NO_PLUGINS=true conda install <package>"
    (cause,) = [n for n, line in enumerate(lines) if line.startswith("    yaml.parser.ParserError")]
    (command,) = [n for n, line in enumerate(lines) if line.startswith("`$ ")]
    assert cause < command < len(lines) - 40


def test_always_copy_shares_no_bytes_with_the_cache(arm_mac, files, create):
    """Without it files are hard links."""
    file = arm_mac.prefix / "envs/built/share/simlab/xz.txt"
    assert create() == "done"
    assert file.stat().st_nlink > 1
    files["base"].write_text("always_copy: true\n", encoding="utf-8")
    assert create() == "done"
    assert file.stat().st_nlink == 1
    assert names(arm_mac.prefix / "envs/built") == {"xz-5.8.1"}
    assert create("CONDA_ALWAYS_COPY=false") == "done"
    assert file.stat().st_nlink > 1
