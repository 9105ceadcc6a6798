"""What in a lab's ssh_config can run something: found without ssh, and as ssh would read it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess

import pytest

from torchard.lab.problem import MAX_PROBLEMS
from torchard.remote import openssh, ssh_commands
from torchard.remote.ssh_config import Destination
from torchard.remote.unreachable import ReachError

needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, as ssh would find it by the account."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setattr(ssh_commands, "find_home", lambda: str(home))
    return home


@pytest.fixture
def write(tmp_path):
    """Write a lab's ssh_config and return its path."""

    def write(text, name="config"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return str(path)

    return write


@pytest.fixture
def configurations(monkeypatch):
    """What ssh gets, without permission."""
    monkeypatch.delenv(ssh_commands.PERMISSION, raising=False)
    configurations = openssh.Configurations()
    yield configurations
    configurations.close()


def sentences(path):
    """Scan a file: what is wrong, and where."""
    return [
        f"{one.where.line}:{one.where.column}: {one.sentence}"
        for one in ssh_commands.scan(path).problems
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('Match exec "touch x"', "Match exec runs a command"),
        ("Match host studio-* !exec true", "Match exec runs a command"),
        ("match exec=true", "Match exec runs a command"),
        ('MATCH ex"ec" true', "Match exec runs a command"),
        ("ProxyCommand nc %h %p", "ProxyCommand runs a command"),
        ("proxycommand=nc %h %p", "proxycommand runs a command"),
        ("ProxyCommand \t = nc %h %p", "ProxyCommand runs a command"),
        ("KnownHostsCommand /lab/keys %H", "KnownHostsCommand runs a command"),
        ("LocalCommand touch x", "LocalCommand runs a command"),
        ("XAuthLocation /lab/xauth", "XAuthLocation runs a command"),
        ("PKCS11Provider /lab/token.so", "PKCS11Provider loads a library"),
        ("SmartcardDevice /lab/token.so", "SmartcardDevice loads a library"),
        ("SecurityKeyProvider /lab/key.so", "SecurityKeyProvider loads a library"),
        ("IdentityFile pkcs11:id=1?module-path=/lab/t.so", "IdentityFile names a PKCS11 URI"),
        ("SetEnv LC_LAB=${AWS_SECRET_ACCESS_KEY}", "SetEnv can send a variable of this computer"),
        ("VersionAddendum ${TOKEN}", "VersionAddendum can send a variable of this computer"),
        ("User ${TOKEN}", "User "),
        ("ProxyJump $(touch${IFS}x)", "ProxyJump "),
        ("ProxyJump -oProxyCommand=x", "ProxyJump "),
        ("ProxyJump a,-oProxyCommand=x", "ProxyJump "),
        ("ProxyJump ada@-oProxyCommand=x", "ProxyJump "),
        ("ProxyJump ssh://[-F/lab/x]", "ProxyJump "),
        ("ProxyJump jump # $(touch x)", "ProxyJump "),
        ("HostName `touch x`", "HostName "),
        ("HostName mac'$(touch x)'", "HostName "),
        ("User a;b", "User "),
        ("HostKeyAlias a|b", "HostKeyAlias "),
        ("CanonicalDomains lab.example $(x)", "CanonicalDomains "),
        ("ProxyKommand nc %h %p", "Torchard does not know the keyword ProxyKommand"),
        ('Proxy"Command" nc', "Torchard cannot tell what the line"),
        ('"ProxyCommand" nc', "Torchard cannot tell what the line"),
        ("=ProxyCommand nc", "Torchard cannot tell what the line"),
        ("Host a\x0bProxyCommand nc", "Torchard cannot tell what the line"),
        ("Host a\0", "Torchard cannot tell what the line"),
        ("Include ${HOME}/x", "Torchard cannot tell which files"),
        ("Include ~ada/x", "Torchard cannot tell which files"),
        ("Include %d/x", "Torchard cannot tell which files"),
        ("Include [ab]", "Torchard cannot tell which files"),
        ("Include */config", "Torchard cannot tell which files"),
        ("Include 'a b'", "Torchard cannot tell which files"),
        ('Include "a', "Torchard cannot tell which files"),
    ],
)
def test_a_line_that_runs_something_is_found(line, sentence, write, home):
    """With its place, in any block, however the line is written."""
    (found,) = sentences(write(f"# the lab's\r\nHost never\n \t{line}  \r\n"))
    assert found.startswith(f"3:3: {sentence}")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  # ProxyCommand nc",
        "Host studio-* !studio-9",
        "Match host exec.example,executor user ada",
        "Match final all",
        "HostName %h.lab.example  # not $HOME",
        'HostName "2001:db8::1"',
        "User LAB\\ada",
        "ProxyJump ada@outer:22,ssh://[2001:db8::1]:2200",
        "ProxyJump none",
        "ProxyCommand none",
        "KnownHostsCommand none",
        "PKCS11Provider=none",
        "SecurityKeyProvider internal",
        "PermitLocalCommand yes",
        "RemoteCommand touch x",
        "IdentityFile ~/.ssh/${USER}'s key",
        "SendEnv LANG LC_*",
        "SetEnv LC_LAB=studio",
        "IgnoreUnknown UseKeychain",
        "UseKeychain yes",
        "GSSAPIAuthentication no",
        "Include nothing* ~/.ssh/nothing # nor this",
    ],
)
def test_a_line_that_runs_nothing_needs_no_permission(line, write, home):
    """Such as the usual lines of a lab's ssh_config."""
    assert sentences(write(f"{line}\n")) == []


@needs_ssh
def test_every_keyword_of_the_ssh_that_is_here_is_known():
    """Each that `ssh -G` prints is either allowed or reported."""
    done = subprocess.run(["ssh", "-G", "x"], check=True, capture_output=True, text=True)
    words = {line.split()[0].lower() for line in done.stdout.splitlines()}
    assert "hostkeyalgorithms" in words
    known = {*ssh_commands._ALLOWED, *ssh_commands._RUNS_COMMAND}
    assert words - known - {*ssh_commands._LOADS_LIBRARY} == set()


@needs_ssh
def test_what_ssh_runs_is_always_found(write, home, tmp_path):
    """For every way to write `Match exec` that the ssh here understands, and for a ProxyJump."""
    mark = tmp_path / "mark"
    starts = itertools.product(("", " \t", '"', "="), ("Match", "mAtCh", 'Mat"ch"', 'Match"'))
    ends = itertools.product(
        (" ", "=", " = ", " host=x ", ' host "x" !'),
        ("exec", 'ex"ec"', "ex'ec'", '"exec"', "EXEC"),
        (" ", "="),
    )
    matches = [
        *(f"{''.join(one)} exec " for one in starts),
        *("Match" + "".join(one) for one in ends),
    ]
    ran = 0
    for text in matches:
        path = write(f'{text}"touch {mark}"\n')
        subprocess.run(["ssh", "-F", path, "-G", "x"], check=False, capture_output=True)
        if mark.exists():
            ran += 1
            mark.unlink()
            assert sentences(path), text
    assert ran > 20
    path = write(f"Host x\nProxyJump $(touch${{IFS}}{mark})\n")
    words = ["ssh", "-o", "BatchMode=yes", "-F", path, "x"]
    subprocess.run(words, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert sentences(path)


def test_included_files_are_checked_too(write, home):
    """Relative ones are in ~/.ssh, as for ssh; each problem is reported where it is."""
    (home / ".ssh/lab.d").mkdir()
    for name in ("b.conf", "a.conf", ".hidden.conf"):
        (home / ".ssh/lab.d" / name).write_text(f"User ada\nProxyCommand {name}\n")
    path = write(f'Host *\n  Include lab.d/*.conf "{home}/.ssh/lab.d/a.conf"\n')
    found = ssh_commands.scan(path).problems
    assert [os.path.relpath(one.where.file, home / ".ssh") for one in found] == [
        "lab.d/a.conf",
        "lab.d/b.conf",
        "lab.d/a.conf",
    ]
    assert {one.where.line for one in found} == {2}


def test_the_operators_own_files_are_not_checked(write, home, tmp_path):
    """Neither if the lab names one, nor if its file includes one, nor through a link."""
    own = home / ".ssh/config"
    own.write_text("ProxyCommand nc %h %p\nInclude other\n")
    link = tmp_path / "link"
    link.symlink_to(own)
    for path in (str(own), str(link), write(f"Include ~/.ssh/config {link} config\n")):
        assert sentences(path) == []
    assert ssh_commands.scan(str(link)).file == str(own)  # not the link, which may change
    assert sentences(write("Include ~/.ssh/other\n")) == []
    (home / ".ssh/other").write_text("ProxyCommand nc %h %p\n")
    assert len(sentences(write("Include ~/.ssh/other\n"))) == 1


@needs_ssh
def test_ssh_reads_what_was_checked_and_nothing_else(write, home, tmp_path, configurations):
    """A file that changes after the check changes nothing; what ssh says names the lab's file."""
    (home / ".ssh/one").write_text("Host mini\nUser one\nInclude ~/.ssh/two\n")
    (home / ".ssh/two").write_text("Port 2222\n")
    path = write('\nHost mini\n  Include one\nHost *\n  Port 1\n  User other\n  Include "n*"\n')
    mark = tmp_path / "mark"
    destination = Destination("mini", config=path)
    configurations._scan(path)
    for one in (home / ".ssh/one", home / ".ssh/two", tmp_path / "config"):
        one.write_text(f'Match exec "touch {mark}"\n')
    found = configurations.evaluate(destination)
    assert (found.user, found.port) == ("one", 2222)
    assert not mark.exists()
    path = write("Host *\n\n  Port 1x\n", "broken")
    with pytest.raises(ReachError, match=rf"{path}.*line 3"):
        configurations.evaluate(Destination("mini", config=path))


@needs_ssh
def test_ssh_gets_nothing_without_permission(write, home, tmp_path, configurations, monkeypatch):
    """With permission, it gets the file itself."""
    mark = tmp_path / "mark"
    path = write(f'Match exec "touch {mark}"\n  User ada\n')
    destination = Destination("mini", config=path)
    with pytest.raises(ReachError, match=f"{path}:1:1: Match exec runs a command"):
        configurations.evaluate(destination)
    assert not mark.exists()
    monkeypatch.setenv(ssh_commands.PERMISSION, "1")
    assert configurations.evaluate(destination).user == "ada"
    assert mark.exists()


@needs_ssh
def test_a_file_that_appears_after_the_check_is_not_read(home, tmp_path, configurations):
    """Without it, ssh would reach another host, so the Mac is unreachable."""
    path = tmp_path / "config"
    assert configurations._scan(str(path)).file is None
    path.write_text("ProxyCommand touch x\n")
    with pytest.raises(ReachError, match="does not exist"):
        configurations.evaluate(Destination("mini", config=str(path)))


def test_a_file_of_any_kind_is_read_in_bounds(write, home, tmp_path):
    """A pipe, a folder, a device, a large file, a circle, a fan of files and a million problems."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "/dev/zero"):
        (found,) = sentences(write(f"Include {tmp_path / name}\n"))
        why = "Is a directory" if name == "." else "it is not a file"
        assert found.endswith(f"cannot be read: {why}")
    (home / ".ssh/gone").symlink_to("nowhere")
    assert sentences(write("Include gone\n")) == []
    large = write(b"#" * (ssh_commands.LARGEST + 1))
    assert "has more than 1048576 bytes" in sentences(large)[0]
    half = write(b"#" * (ssh_commands.LARGEST // 2 + 1), "half")
    assert "has more than 1048576 bytes" in sentences(write(f"Include {half} {half}\n"))[0]
    circle = write(f"Include {tmp_path / 'config'}\n")
    assert sentences(circle) == ["1:1: there are more than 15 levels of Include"]
    fan = write(f"Include {tmp_path / 'config'} {tmp_path / 'config'}\n")
    assert "1:1: there are more than 100 included files" in sentences(fan)
    (home / ".ssh/many.d").mkdir()
    for number in range(101):
        (home / ".ssh/many.d" / str(number)).touch()
    assert sentences(write("Include many.d/*\nInclude many.d/*\n"))[0].endswith("included files")
    assert len(sentences(write("X\n" * (ssh_commands.LARGEST // 2)))) == MAX_PROBLEMS + 1


def test_an_unreadable_file_is_reported(write, home, monkeypatch):
    """Without permission, it ends the run with its reason."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = write("Host x\n")
    monkeypatch.setattr(ssh_commands, "_read_file", refuse)
    (problem,) = ssh_commands.scan(path).problems
    assert str(problem).startswith(f"{path}: {path} cannot be read: Permission denied\n")
