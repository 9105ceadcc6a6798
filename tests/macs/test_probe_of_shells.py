"""What the probe reads of a shell's file: conda's own block, and what would stand in its way."""

from __future__ import annotations

import os

import pytest
from probed import NOBODY, SHELLS, answer, read, write

from torchard.mac.state import ShellFile

BLOCK = "# >>> conda initialize >>>\neval \"$(a 'b')\"\n# <<< conda initialize <<<"


@pytest.mark.parametrize(
    ("text", "state", "block"),
    [
        ("", "file", None),
        ("export TOKEN=secret", "file", None),
        (f"{BLOCK}\n", "file", BLOCK),
        (f"a\n\n{BLOCK}\nb", "file", BLOCK),
        (BLOCK, "file", BLOCK),
        (f"a\n  {BLOCK}\n", "file", None),
        ("echo '# >>> conda initialize >>>'\n", "file", None),
        (f"{BLOCK}\n{BLOCK}\n", "tangled", None),
        ("# >>> conda initialize >>>\nexport TOKEN=secret\n", "tangled", None),
        ("# <<< conda initialize <<<\n# >>> conda initialize >>>\n", "tangled", None),
        (f"# >>> conda initialize >>>\n{BLOCK}\n", "tangled", None),
        (BLOCK.replace("eval", "eval" * 5_000), "tangled", None),
    ],
)
@pytest.mark.parametrize("name", [".zshrc", ".bash_profile"])
def test_only_a_whole_block_of_conda_is_read(root, name, text, state, block):
    """It is between conda's two lines, once; nothing beside it leaves the Mac."""
    path = write(root / "home" / name, text)
    assert read(root).shell_files[name] == ShellFile(str(path), state, block)
    for shell in SHELLS:
        said = answer(root, shell)
        assert b"secret" not in said
        assert b"secret".hex().encode() not in said


def test_a_link_is_followed_to_where_the_file_lies(root):
    """However many there are, and from wherever they are read; that is what would be changed."""
    home = root / "home"
    real = write(home / "dotfiles/zsh/rc", f"{BLOCK}\n")
    (home / ".config").mkdir()
    (home / ".config/rc").symlink_to("../dotfiles/zsh/rc")
    (home / ".zshrc").symlink_to(home / ".config/rc")
    assert read(root).shell_files[".zshrc"] == ShellFile(str(real), "file", BLOCK)


def test_what_is_in_the_way_is_reported(root):
    """A directory, links that lead nowhere or round, and one that leads out of the home."""
    home = root / "home"
    (home / ".zshrc").mkdir()
    (home / ".bash_profile").symlink_to("gone")
    assert {one.state for one in read(root).shell_files.values()} == {"odd"}
    (home / ".zshrc").rmdir()
    (home / ".zshrc").symlink_to(".zshrc")
    (home / ".bash_profile").unlink()
    outside = write(root / "store/bash_profile", BLOCK)
    (home / ".bash_profile").symlink_to(outside)
    found = read(root).shell_files
    assert found[".zshrc"].state == "odd"
    assert found[".bash_profile"] == ShellFile(str(outside), "outside", BLOCK)


def test_what_the_account_may_not_change_is_reported(strangers):
    """Its file, or the folder in which another would take its place."""
    user = NOBODY if os.geteuid() == 0 else None
    home = strangers / "home"
    write(home / ".zshrc", BLOCK).chmod(0o444)
    home.chmod(0o555)
    found = read(strangers, user=user).shell_files
    assert found[".zshrc"] == ShellFile(str(home / ".zshrc"), "closed", BLOCK)
    assert found[".bash_profile"].state == "closed"


@pytest.mark.parametrize(
    ("there", "reads"),
    [((), None), ((".profile",), ".profile"), ((".profile", ".bash_login"), ".bash_login")],
)
def test_what_bash_reads_instead_is_reported(root, there, reads):
    """The first of what is there, as bash has it."""
    for name in there:
        write(root / "home" / name)
    assert read(root).bash_reads == reads
