"""What the probe's lines say of a prefix that accounts share."""

from __future__ import annotations

import pytest

from torchard.mac.sharing import Access, Sharing, read_sharing

ROOT = "/opt/torchard/.torchard"


def test_each_line_is_a_part():
    """What the Mac does not say is as if the account may do it, and what is odd is closed."""
    lines = [
        ("sharing", ["uid", "501"]),
        ("sharing", ["empty", "yes"]),
        ("sharing", ["folder", "sudo"]),
        ("sharing", ["command", "maybe"]),
        ("sharing", ["paths", "=/opt/torchard/miniconda3/condabin"]),
        ("access", ["=/opt", "drwxr-xr-x", "0", "0", "=root", ""]),
        ("access", ["=/opt/torchard", "drwxr-xr-x+", "501", "20", "=ann", "yes"]),
        ("access", ["=/opt"]),
        ("kernel_access", ["=/usr/local", "drwxr-xr-x", "0", "0", "=root", ""]),
        ("sharing", ["kernels", "sudo"]),
        ("sharing", ["no_kernels", "yes"]),
    ]
    assert read_sharing(ROOT, lines) == Sharing(
        ROOT,
        501,
        (
            Access("/opt", "drwxr-xr-x", "root", 0, 0),
            Access("/opt/torchard", "drwxr-xr-x+", "ann", 501, 20, granted=True),
        ),
        is_empty=True,
        folder_way="sudo",
        command_way="closed",
        paths="/opt/torchard/miniconda3/condabin",
        kernels_access=(Access("/usr/local", "drwxr-xr-x", "root", 0, 0),),
        kernels_way="sudo",
        has_no_kernels=True,
    )
    assert read_sharing(ROOT, []) == Sharing(ROOT)
    assert read_sharing(ROOT, []).folder == "/opt/torchard"


@pytest.mark.parametrize(
    ("mode", "opened", "writable"),
    [
        ("drwxr-xr-x", True, False),
        ("drwxr-xr-x@", True, False),
        ("drwxrwxr-x", True, True),
        ("drwxr-xrwx", True, True),
        ("drwxr-x--x", False, False),
        ("drwxr-----", False, False),
        ("", False, False),
    ],
)
def test_a_mode_says_who_may_read_and_write(mode, opened, writable):
    """As ls prints it, with what follows on a Mac."""
    one = Access("/x", mode, "ann", 501, 0)
    assert (one.is_open, one.is_writable_by_others) == (opened, writable)
