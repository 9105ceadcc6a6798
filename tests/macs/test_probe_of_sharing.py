"""What the probe says of a prefix that accounts share, under every shell."""

from __future__ import annotations

import os

from probed import read, write


def look(root):
    """Return what every shell says of a shared prefix below /opt/torchard."""
    folder = f"{root}/opt/torchard"
    state = read(root, prefix=f"{folder}/miniconda3", torchard=f"{folder}/.torchard")
    assert state.root == f"{folder}/.torchard"
    return state.sharing


def test_a_mac_without_its_folder_says_who_may_make_it(root):
    """The folders above it are there, with their modes and owners."""
    (root / "opt").mkdir(mode=0o755)
    sharing = look(root)
    (opt, top) = sharing.access
    assert (opt.path, opt.mode[:10], opt.uid) == (f"{root}/opt", "drwxr-xr-x", os.getuid())
    assert top.path == str(root)
    assert (sharing.folder_way, sharing.command_way, sharing.paths) == ("own", "own", None)


def test_modes_and_the_path_are_read(root):
    """A sticky folder and one that a group may write to; the file with a person's line."""
    (root / "opt").mkdir()
    (root / "opt").chmod(0o1777)
    for part in ("opt/torchard", "opt/torchard/miniconda3", "opt/torchard/.torchard"):
        (root / part).mkdir()
        (root / part).chmod(0o775 if part == "opt/torchard" else 0o755)
    write(root / "etc/paths.d/torchard", "/old/condabin\n")
    sharing = look(root)
    modes = {one.path.removeprefix(str(root)): one.mode[:10] for one in sharing.access}
    assert modes.pop("")
    assert modes == {
        "/opt": "drwxrwxrwt",
        "/opt/torchard": "drwxrwxr-x",
        "/opt/torchard/miniconda3": "drwxr-xr-x",
        "/opt/torchard/.torchard": "drwxr-xr-x",
    }
    assert sharing.paths == "/old/condabin"
    assert sharing.find_access(f"{root}/opt").is_replaceable_by_others is False


def test_an_access_control_list_that_grants_is_read(root):
    """As macOS's ls prints it, which this machine's does not know."""
    (root / "opt/torchard").mkdir(parents=True)
    (root / "bin/ls").rename(root / "bin/ls-itself")
    tool = write(
        root / "bin/ls",
        f"""#!/bin/sh
case $1:$2 in
  -ldn:*/opt/torchard/.) echo 'drwxr-xr-x@ 3 501  20  96 Dec  1 05:00 x' ;;
  -ldn:*/opt/.) echo 'drwxr-xr-x+ 3 0  0  96 Dec  1 05:00 x' ;;
  -lde:*/opt/torchard/.)
    printf '%s\\n' 'drwxr-xr-x@ 3 ann  staff  96 Dec  1 05:00 x' \\
      ' 0: group:staff inherited allow list,add_file,search,delete' ;;
  -lde:*)
    printf '%s\\n' 'drwxr-xr-x+ 3 root  wheel  96 Dec  1 05:00 x' \\
      ' 0: group:everyone deny delete' ' 1: user:bob allow list,search' ;;
  *) exec "{root}/bin/ls-itself" "$@" ;;
esac
""",
    )
    tool.chmod(0o755)
    sharing = look(root)
    granted = {one.path.removeprefix(str(root)): one.granted for one in sharing.access}
    assert granted == {"": False, "/opt": False, "/opt/torchard": True}
    assert sharing.find_access(f"{root}/opt/torchard").uid == 501
