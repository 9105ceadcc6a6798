"""A large upload that broke off is continued, if the Mac has the right bytes of it."""

from __future__ import annotations

import hashlib

from torchard.operations import change_scripts
from torchard.operations.controller import Controller
from torchard.operations.incoming import continue_part, parse_parts

CONTENT = bytes(range(256)) * 8192  # two mebibytes
SHA = hashlib.sha256(CONTENT).hexdigest()


def test_a_run_learns_what_earlier_ones_have_sent_of_large_files(mac):
    """The beginning of a small file is not worth a question."""
    mac.push(f"{SHA}.a-run", CONTENT[:1_500_000])
    mac.push(f"{'1' * 64}.a-run", CONTENT[:1000])
    mac.push("2" * 64, CONTENT)
    done = mac.run(change_scripts.begin_run(Controller("ada@desk", "another-run")))
    assert done.returncode == 0, done.stderr
    assert parse_parts(done.stdout.splitlines()) == {SHA: (f"{SHA}.a-run", 1_500_000)}


def test_the_part_gets_the_name_of_this_run_and_its_sha256_is_printed(mac):
    """Of its first bytes alone: another process may still write more."""
    mac.push(f"{SHA}.a-run", CONTENT[:1_500_000])
    target = mac.incoming / f"{SHA}.this-run"
    done = mac.run(continue_part(mac.state, f"{SHA}.a-run", str(target), 1_400_000))
    assert done.stdout.split()[0] == hashlib.sha256(CONTENT[:1_400_000]).hexdigest()
    assert [path.name for path in mac.incoming.iterdir()] == [target.name]
