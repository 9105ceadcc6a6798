"""Accounts that are not as macOS made them: shells, homes, banners, clocks, GNU's tools."""

from __future__ import annotations

import asyncio
import shutil
import time

import asyncssh
import pytest

from simlab import macs, stock
from simlab.lab import SimLab
from simlab.spec import MacSpec

STARTUP = {"zsh": ".zshenv", "tcsh": ".cshrc", "fish": ".config/fish/config.fish"}
SHELLS = [shell for shell in ("sh", "bash", *STARTUP) if shutil.which(shell)]
YEAR = 365 * 86400


def odd(name, **fields):
    return MacSpec(name, "arm64", "15.1", **fields)


@pytest.fixture(scope="module")
def odd_lab(tmp_path_factory, stub_depot):
    """A lab of a Mac for each shell, and two odd ones."""
    spec = [odd(shell, shell=shell) for shell in SHELLS]
    spec += [odd("account", home="Zoë's home", banner="Hands off.\n", clock=YEAR, compat=True)]
    spec += [odd("tools", gnu=True)]
    with SimLab(tmp_path_factory.mktemp("odd") / "lab", spec, depot=stub_depot) as lab:
        yield lab


@pytest.fixture
def at(odd_lab, enter):
    """Return what runs a command on a Mac of that lab."""

    def at(name, command):
        async def run():
            async with enter(odd_lab, odd_lab.macs[name]) as connection:
                return await connection.run(command, check=True)

        return asyncio.run(run()).stdout

    return at


@pytest.mark.parametrize("shell", [one for one in STARTUP if one in SHELLS])
def test_a_login_shell_reads_its_own_startup_file(odd_lab, enter, at, shell):
    """What it prints comes before a command's output, and no SFTP client understands it."""
    mac = odd_lab.macs[shell]
    file = mac.home / STARTUP[shell]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("echo hello, you\n", encoding="utf-8")
    try:
        assert at(shell, "echo done") == "hello, you\ndone\n"

        async def list_home():
            async with enter(odd_lab, mac) as connection, connection.start_sftp_client() as files:
                return await files.listdir()

        with pytest.raises(asyncssh.SFTPError):
            asyncio.run(list_home())
    finally:
        file.unlink()
    assert at(shell, "echo done") == "done\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_is_given_to_the_login_shell(at, shell):
    """Whatever that is, and the shell is what the account's variable says it is."""
    assert at(shell, "echo $SHELL | grep -c sh") == "1\n"
    syntax = {"fish": "set a b; echo $a", "tcsh": "set a=b; echo $a"}
    assert at(shell, syntax.get(shell, "a=b; echo $a")) == "b\n"


def test_a_banner_is_shown_to_who_has_not_logged_in(odd_lab, enter):
    """As sshd's Banner, and it is not a part of any command's output."""
    shown = []

    class Client(asyncssh.SSHClient):
        def auth_banner_received(self, msg, lang):  # noqa: ARG002  # asyncssh names them
            shown.append(msg)

    async def run():
        mac = odd_lab.macs["account"]
        async with enter(odd_lab, mac, client_factory=Client) as connection:
            return await connection.run("echo done", check=True)

    assert asyncio.run(run()).stdout == "done\n"
    assert shown == ["Hands off.\n"]


def test_a_home_has_the_name_that_it_is_given(odd_lab, at):
    """It is where commands begin, and what is in it is in a snapshot."""
    assert at("account", "pwd; echo ~; echo x >file").splitlines() == [
        str(odd_lab.macs["account"].root / "Zoë's home")
    ] * 2  # fmt: skip
    assert "account/file" in odd_lab.snapshot("account")


def test_a_clock_that_is_off_is_off_for_date(at):
    """In each of its formats, but for times that it is given."""
    assert abs(int(at("account", "date +%s")) - time.time() - YEAR) < 60
    year = time.gmtime(time.time() + YEAR).tm_year
    assert at("account", "date -u +%Y") == f"{year}\n"
    assert at("account", "date -u -r 0 +%Y") == "1970\n"


def test_an_account_that_asks_for_an_old_macos_gets_one(at):
    """SYSTEM_VERSION_COMPAT is in its environment."""
    assert at("account", "sw_vers -productVersion") == "10.16\n"


def test_gnus_tools_come_first_where_they_are_wanted(at):
    """They take GNU's options; the machine is still the Mac."""
    assert at("tools", "stat -c %F . && sed --version | sed 1q && uname -s").splitlines() == [
        "directory",
        at("tools", "sed --version").splitlines()[0],
        "Darwin",
    ]


def test_a_temporary_directory_is_behind_a_link(at):
    """As /tmp and /var are on macOS."""
    assert at("tools", 'cd "$TMPDIR" && pwd -P').endswith("/macs/tools/private/tmp\n")


def test_a_shell_that_the_machine_lacks_is_reported(tmp_path, monkeypatch):
    """Before anything is started."""
    monkeypatch.setattr(stock, "_host", lambda _tool: None)
    name = "fish"
    macs.write(tmp_path, odd("one", shell=name))
    with pytest.raises(stock.HostError, match="login shell of a simulated Mac is fish"):
        macs.login_shell(tmp_path)
