"""The file that ssh gets, and the reading of its answer."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchard.remote import ssh_config
from torchard.remote.ssh_config import ConfigError, Destination

ANSWER = """user ada
hostname Mini.Lab
port 2222
identityfile ~/.ssh/a key
identityfile ~/.ssh/%h
identitiesonly yes
identityagent SSH_AUTH_SOCK
hostkeyalias none
userknownhostsfile /home/a b/known /home/ada/two
globalknownhostsfile /etc/ssh/ssh_known_hosts
proxyjump outer,ada@[2001:db8::1]:2200
hashknownhosts yes
checkhostip no
pubkeyauthentication true
preferredauthentications publickey,password
kexalgorithms curve25519-sha256,ecdh-sha2-nistp256
"""


def test_the_rules_come_before_any_other_file():
    """The first value counts, so no other file changes a rule; the rest of it counts.

    SendEnv is different: each value counts until a later one drops it.
    """
    text = ssh_config.render_config(["/home/ada/.ssh/config", "/etc/ssh/ssh_config"])
    first, *lines = text.splitlines()
    assert first == "Host *"
    assert [one.strip() for one in lines[-3:]] == [
        "Include /home/ada/.ssh/config",
        "Include /etc/ssh/ssh_config",
        "SendEnv -*",
    ]
    assert "  StrictHostKeyChecking yes" in lines
    assert "IgnoreUnknown" not in text  # ours would undo a person's own


def test_an_older_ssh_gets_no_rule_that_it_does_not_know():
    """One of three rules that it rejects is left out; a person's own error stays an error."""
    assert ssh_config.find_unknown_rule("f line 17: Bad configuration option: sessiontype") == (
        "sessiontype"
    )
    assert ssh_config.find_unknown_rule("f line 3: Bad configuration option: Hostt") is None
    text = ssh_config.render_config([], ["sessiontype"])
    assert "SessionType" not in text
    assert "StdinNull no" in text


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
def test_ssh_itself_follows_the_rules(tmp_path):
    """A person's own file has the opposite of each, without effect."""
    contrary = {"yes": "no", "no": "yes"}
    lines = [f"{name} {contrary[value]}" for name, value in ssh_config.RULES if value in contrary]
    own = tmp_path / "own"
    lines.remove("ControlPersist yes")  # which would need a path
    own.write_text("\n".join([*lines, "User ada", ""]), encoding="utf-8")
    own.chmod(0o600)
    file = tmp_path / "ours"
    file.write_text(ssh_config.render_config([str(own)]), encoding="utf-8")
    done = subprocess.run(
        ["ssh", "-F", file, "-G", "mini"], check=False, capture_output=True, text=True
    )
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert said["user"] == "ada", done.stderr
    assert {"true": "yes", "false": "no"}.get(
        said["stricthostkeychecking"], said["stricthostkeychecking"]
    ) == "yes"
    for name in ("batchmode", "clearallforwardings"):
        assert said[name] == "yes"
    for name in ("nohostauthenticationforlocalhost", "forwardagent", "forwardx11"):
        assert said[name] == "no"
    assert said["connecttimeout"] == "10"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
@pytest.mark.parametrize("block", ["", "Host mini\n", "Match final all\n", "Match host mini\n"])
def test_no_variable_of_this_computer_is_sent(tmp_path, block):
    """Whatever a file says, and wherever. Debian's and Apple's own send LANG and LC_*."""
    included = tmp_path / "included"
    included.write_text(f"{block}SendEnv AWS_*\n", encoding="utf-8")
    own = tmp_path / "own"
    own.write_text(f"Include {included}\n{block}SendEnv * LANG\nSendEnv LC_*\n", encoding="utf-8")
    file = tmp_path / "ours"
    file.write_text(ssh_config.render_config([str(own)]), encoding="utf-8")
    for one in (included, own):
        one.chmod(0o600)
        done = subprocess.run(
            ["ssh", "-F", one, "-G", "mini"], capture_output=True, text=True, check=True
        )
        assert "\nsendenv " in done.stdout  # otherwise the next line could not fail
    done = subprocess.run(
        ["ssh", "-F", file, "-G", "mini"], capture_output=True, text=True, check=True
    )
    assert "sendenv" not in done.stdout


def test_an_answer_is_read_by_its_names():
    """Values keep their spaces; `none` is empty; the host's name is in lower case, as in ssh."""
    found = ssh_config.parse_answer("mini", ANSWER)
    assert (found.hostname, found.port, found.user) == ("mini.lab", 2222, "ada")
    assert found.identities == ("~/.ssh/a key", "~/.ssh/%h")
    assert (found.identities_only, found.agent, found.alias) == (True, None, None)
    assert found.entry == "[mini.lab]:2222"
    assert found.address == "mini.lab:2222"
    assert found.authentications == ("publickey", "password")
    assert found.kex == ("curve25519-sha256", "ecdh-sha2-nistp256")
    assert found.hash_known_hosts
    assert not found.check_ip


def test_an_alias_is_the_name_in_known_hosts():
    """Without a port, as in ssh."""
    found = ssh_config.parse_answer("mini", ANSWER.replace("hostkeyalias none", "hostkeyalias lab"))
    assert found.entry == "lab"


@pytest.mark.parametrize("lacks", ["user ada\n", "hostname Mini.Lab\n", "port 2222\n"])
def test_an_incomplete_answer_is_an_error(lacks):
    """So is an empty one, as when ssh cannot read a file."""
    with pytest.raises(ConfigError):
        ssh_config.parse_answer("mini", ANSWER.replace(lacks, ""))


@given(st.text())
def test_any_answer_is_read_or_is_an_error(text):
    """For any output of a program called ssh."""
    with contextlib.suppress(ConfigError):
        ssh_config.parse_answer("mini", text)


def test_several_hops_are_dialled_one_through_the_other():
    """As with `ssh -J A,B`: the first by its own configuration, the next through it."""
    assert ssh_config.split_hops("outer,ada@[2001:db8::1]:2200,ssh://in@inner:1", "/c") == (
        Destination("outer", config="/c"),
        Destination("2001:db8::1", "ada", 2200, config="/c", jump="outer"),
        Destination("inner", "in", 1, config="/c", jump="outer,ada@[2001:db8::1]:2200"),
    )
    assert ssh_config.split_hops("2001:db8::1", None) == (Destination("2001:db8::1"),)


def test_settings_of_the_lab_are_on_the_command_line():
    """So it overrides any file."""
    ask = Destination("mini", "LAB\\ada", 2222, "/a key", jump="outer")
    assert ask.words == (
        *("-p", "2222", "-l", "LAB\\ada", "-i", "/a key", "-J", "outer"),
        *("--", "mini"),
    )


def test_tokens_are_expanded_as_in_ssh():
    """`%` tokens, a home and variables; an unknown token stays."""
    found = ssh_config.parse_answer("mini", ANSWER)
    local = {"d": "/home/me", "i": "501", "l": "desk.lab", "u": "me"}
    tokens = ssh_config.find_tokens(found, local)

    def expanded(text):
        return ssh_config.expand(text, tokens, {"WHERE": "/keys"})

    assert expanded("~/.ssh/%h-%p-%r-%n-%u-%L") == "/home/me/.ssh/mini.lab-2222-ada-mini-me-desk"
    assert expanded("${WHERE}/%%h/%i/${NOT}/%Z") == "/keys/%h/501/${NOT}/%Z"
    assert len(tokens["C"]) == 40


def test_paths_with_blanks_are_found_in_a_list_without_quotes():
    """Existing files decide; else each word is a path."""
    text = "/home/a b/known /home/ada/two"
    exist = {"/home/a b/known", "/home/ada/two"} & ssh_config.join_words(text)
    assert ssh_config.split_paths(text, frozenset(exist)) == ("/home/a b/known", "/home/ada/two")
    assert ssh_config.split_paths("/a /b", frozenset()) == ("/a", "/b")
    assert ssh_config.split_paths("", frozenset()) == ()


def test_a_path_that_ssh_would_misread_gets_a_link():
    """Spaces, patterns, tokens and variables are special in an Include."""
    assert not ssh_config.is_link_needed("/home/ada/.ssh/config")
    for path in ("/a b", "/a*", "/%h", "/${X}", "~/.ssh/config", '/a"'):
        assert ssh_config.is_link_needed(path)
