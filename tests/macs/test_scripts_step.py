"""A step on a Mac reports what it cannot do, and is ended where it shows no sign of life."""

from __future__ import annotations

import hashlib
import os
import shutil

import pytest
import shells
from on_a_mac import locked

TAKE = "take_lock; echo taken"
CONTENT = b"whatever was pushed"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_home_that_cannot_be_written_is_reported_at_once(mac):
    """A lock that cannot be made at all is not waited for."""
    mac.torchard.write_text("a file\n")
    refused = mac.run(locked(TAKE))
    assert refused.returncode == 1
    assert refused.stderr.endswith(f"{mac.torchard} cannot be written; nothing was done\n")


def test_a_full_disk_is_reported_at_once(mac):
    """Where no directory can be made any more, the run ends instead of trying forever."""
    for part in ("log", "depot/incoming", "kits", "generations"):
        (mac.torchard / part).mkdir(parents=True)
    mac.tool("mkdir", 'for d; do [ -d "$d" ] || [ "$d" = -p ] || exit 1; done')
    refused = mac.run(locked(TAKE))
    assert refused.returncode == 1
    assert refused.stderr == f"{mac.torchard} cannot be written; nothing was done\n"


def test_a_controller_that_stopped_listening_does_not_stop_the_work(mac):
    """A run whose connection is gone goes on past what it has to say, and releases its lock."""
    done = mac.home / "done"
    body = f"take_lock; read -r line; echo one; echo two; echo >&2; : >'{done}'"
    process = mac.start(locked(body))
    process.stdout.close()
    process.stderr.close()
    process.stdin.write("\n")
    process.stdin.close()
    assert process.wait(60) == 0
    assert done.exists()
    assert not mac.lock.exists()


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o666])
def test_nobody_else_can_write_to_what_was_verified(mac, mode):
    """An account may leave what it writes open to its group; on a Mac, that is everybody."""
    mac.push(SHA256, CONTENT)
    (mac.incoming / SHA256).chmod(mode)
    assert mac.run(locked(f"take_lock; verify_upload {SHA256} x.whl")).returncode == 0
    kept = mac.torchard / "depot" / SHA256
    assert kept.stat().st_mode & 0o777 == 0o644
    assert kept.read_bytes() == CONTENT


def test_what_a_run_that_was_killed_tried_the_disk_with_is_removed(mac):
    """A directory of its own, which nothing would ever look at again."""
    (mac.torchard / "lock.try-1").mkdir(parents=True)
    assert mac.run(locked("take_lock")).returncode == 0
    assert not list(mac.torchard.glob("lock*"))


@pytest.mark.parametrize("shell", shells.EVERY)
def test_a_step_without_a_sign_of_life_is_ended(mac, shell):
    """A step that is stopped uses no processor: its run fails, says why, and releases its lock."""
    begun = mac.root / "begun"
    os.mkfifo(begun)
    mac.tool("sleep", "exec /bin/sleep 0.1")
    body = f"run_logged sh -c 'echo >{begun}; kill -STOP $$' || fail 'the step failed'"
    script = f"STEP_SECONDS=1\n{locked(f'take_lock; open_log x; {body}')}"
    process = mac.start(script, shell=shell)
    assert begun.read_text() == "\n"
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "\x05" in errors
    lines = errors.replace("\x05", "").splitlines()
    assert "the step failed" in lines
    assert any(one.startswith("it showed no sign of life in 1 seconds") for one in lines)
    assert not mac.lock.exists()


def test_many_files_that_are_verified_are_a_sign_of_life(mac):
    """By this Mac's clock, each takes half a minute: the controller hears of every second one."""
    (mac.root / "bin/date").write_text(
        f"""#!/bin/sh
[ "$*" = +%s ] || exec {shutil.which("date")} "$@"
echo . >>'{mac.root}/asked'
echo $((1700000000 + 30 * $(grep -c . '{mac.root}/asked')))
"""
    )
    mac.push(SHA256, CONTENT)
    body = f"take_lock\nfor n in 1 2 3 4 5 6 7; do verify_upload {SHA256} whatever || exit; done"
    done = mac.run(locked(body))
    assert (done.returncode, done.stderr) == (0, "\x05\x05\x05")


@pytest.mark.parametrize("shell", shells.EVERY)
def test_files_are_verified_together_and_each_is_reported(mac, shell):
    """A wrong upload hides no right file, and a missing one is named."""
    right = {hashlib.sha256(one).hexdigest(): one for one in (b"kept", b"sent", b"both")}
    kept, sent, both = right
    wrong, missing = "a" * 64, "b" * 64
    for sha256 in (sent, both):
        mac.push(sha256, right[sha256])
    for sha256 in (kept, wrong):
        mac.push(sha256, b"other bytes")
    for sha256 in (kept, both):
        (mac.torchard / "depot" / sha256).write_bytes(right[sha256])
    names = {kept: "kept.whl", sent: "sent.whl", wrong: "wrong.whl", missing: "missing.whl"}
    lines = [*names.items(), (both, "both.conda"), (both, "twice.conda")]
    files = mac.root / "files"
    files.write_text("".join(f"{sha256} somewhere/{name}\n" for sha256, name in lines))
    done = mac.run(locked(f"take_lock; open_log x; verify_uploads '{files}'"), shell=shell)
    assert done.returncode == 1
    found = hashlib.sha256(b"other bytes").hexdigest()
    assert done.stderr.splitlines() == [
        f"wrong.whl has the wrong sha256: wanted {wrong}, found {found}. It was removed.",
        f"missing.whl did not arrive in this Mac's depot, where its sha256 is {missing}.",
    ]
    assert not list(mac.incoming.iterdir())
    there = {one.name: one for one in (mac.torchard / "depot").iterdir() if one.is_file()}
    assert {name: one.read_bytes() for name, one in there.items()} == right
    assert {one.stat().st_mode & 0o777 for one in there.values()} == {0o644}


def test_a_step_that_works_is_not_ended(mac):
    """One that writes to its log now and then takes as long as it takes."""
    body = "run_logged sh -c 'for i in 1 2 3 4 5 6; do sleep 0.5; echo $i; done' && echo done"
    process = mac.run(f"STEP_SECONDS=1\n{locked(f'take_lock; open_log x; {body}')}")
    assert (process.returncode, process.stdout) == (0, "done\n")
