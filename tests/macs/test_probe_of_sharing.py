"""What the probe says of a prefix that accounts share, under every shell."""

from __future__ import annotations

import os
import re
import shutil

from probed import read, write

from torchard.mac.sharing import KERNELS_FOLDER


def look_at_mac(root, **options):
    """Return what every shell says of a Mac with a shared prefix below /opt/torchard."""
    folder = f"{root}/opt/torchard"
    state = read(root, prefix=f"{folder}/miniconda3", torchard=f"{folder}/.torchard", **options)
    assert state.root == f"{folder}/.torchard"
    return state


def look(root, **options):
    return look_at_mac(root, **options).sharing


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


def test_the_kernels_of_every_account_are_read_and_not_those_of_the_home(root):
    """By the paths that a real Mac has; of a person's kernel only the path."""
    ours = '{"metadata": {"torchard": {}}}'
    kernels = root / KERNELS_FOLDER[1:]
    write(kernels / "torchard-torch/kernel.json", ours)
    write(kernels / "torchard-theirs/kernel.json", '{"env": {"TOKEN": "secret"}}')
    write(kernels / "ir/kernel.json", "{}")
    write(root / "home/Library/Jupyter/kernels/torchard-mine/kernel.json", ours)
    (kernels / "torchard-torch/kernel.json").chmod(0o666)
    state = look_at_mac(root, has_kernels=True)
    own = f"{KERNELS_FOLDER}/torchard-torch"
    assert {name: (one.path, one.text) for name, one in state.kernels.items()} == {
        "torch": (f"{own}/kernel.json", ours),
        "theirs": (f"{KERNELS_FOLDER}/torchard-theirs/kernel.json", None),
    }
    assert state.kernels_closed is None
    sharing = state.sharing
    assert (sharing.kernels_way, sharing.has_no_kernels) == ("own", False)
    assert sharing.find_access(f"{own}/kernel.json").mode[:10] == "-rw-rw-rw-"
    assert {one.path for one in sharing.kernels_access} == {
        *("/usr", "/usr/local", "/usr/local/share", "/usr/local/share/jupyter", KERNELS_FOLDER),
        *(own, f"{own}/kernel.json", f"{own[:-5]}theirs", f"{own[:-5]}theirs/kernel.json"),
    }
    assert sharing.find_access(KERNELS_FOLDER).uid == os.getuid()


def test_sudo_is_asked_only_for_what_the_lab_wants(strangers):
    """A folder that the account may not write to is empty, or it has kernels of others."""
    root, asked = strangers, strangers.parents[1] / "asked"
    user = 65534 if os.geteuid() == 0 else None
    folder = root / KERNELS_FOLDER[1:]
    other = write(folder / "ir/kernel.json", "{}").parent
    folder.chmod(0o755 if user else 0o555)
    write(asked).chmod(0o666)
    tool = write(root / "bin/sudo", f"#!/bin/sh\necho \"$*\" >>'{asked}'; exit 1\n")
    tool.chmod(0o755)
    assert look(root, user=user).kernels_way == "own"
    assert KERNELS_FOLDER not in asked.read_text()
    sharing = look(root, has_kernels=True, user=user)
    assert (sharing.kernels_way, sharing.has_no_kernels) == ("closed", False)
    words = re.escape("-n -l /usr/bin/install -d -m 755 -o ")
    assert re.search(rf"^{words}\w+ {folder}$", asked.read_text(), re.MULTILINE)
    folder.chmod(0o755)
    shutil.rmtree(other)
    folder.chmod(0o755 if user else 0o555)
    assert look(root, has_kernels=True, user=user).has_no_kernels is True
