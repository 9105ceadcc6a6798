"""What stops a new generation on its way leaves the environment that was there as it was."""

from __future__ import annotations

import json
import re
import signal

import pytest
from faultlab import held, started
from progress_events import without_events

# Commands of an update before the one that builds: three readings, one for a person's files, one
# that begins the run, and three for a push.
BUILD = 8


def locked(settled, name):
    """Return what the update's lock has of a package: its file, sha256 and size."""
    (lock,) = (settled.update.parent / "locks").glob("*/*")
    rows = json.loads(lock.read_text())
    return next(row for row in (*rows["conda"], *rows["wheels"]) if row["name"] == name)


def update(settled, torchard, **environment):
    """Apply the update and return the exit code and all that was printed."""
    done = torchard("apply", settled.update, "--yes", **environment)
    return done.returncode, done.stdout + done.stderr


def assert_converges(settled, torchard, **environment):
    """One normal run brings the Mac up to date. The next plan finds nothing to do."""
    code, printed = update(settled, torchard, **environment)
    assert code == 0, printed
    assert settled.computes()


def generations(settled):
    return sorted(path.name for path in (settled.mac.home / ".torchard/generations").iterdir())


def test_without_a_working_mps_a_new_generation_is_not_shown(settled, torchard):
    """MPS that calls itself available and fails stops an update."""
    before = generations(settled)
    settled.mac.set(mps="lies")
    code, printed = update(settled, torchard)
    assert code == 1
    assert "MPS does not work on this Mac (arm64, macOS 15.1): RuntimeError: " in printed
    assert "so torch was not activated; what was there before is unchanged." in printed
    assert settled.same_environment()
    assert settled.computes()
    assert generations(settled) == before


def test_an_artefact_that_was_spoilt_on_its_way_reaches_no_mac(settled, torchard, tmp_path):
    """Neither a conda package nor a wheel is pushed that is not as locked.

    One that was spoilt in the controller's own depot is fetched again, and one that is spoilt at
    the mirror is an error.
    """
    for name in ("rhash", "pytz"):
        one = locked(settled, name)
        here = tmp_path / "files" / one["sha256"] / one["file"]
        here.parent.mkdir(parents=True)
        here.write_bytes(b"x" * one["size"])
        settled.lab.web_fault(f"*{one['file']}", corrupt=True)
        code, printed = update(settled, torchard, TORCHARD_DEPOT=str(tmp_path))
        settled.lab.clear_web_faults()
        assert code == 1
        assert f"{one['file']} from " in printed
        assert f"wanted {one['sha256']}, found " in printed
        assert not list((settled.mac.home / ".torchard").rglob(one["sha256"]))
        assert settled.same_environment()
    assert_converges(settled, torchard, TORCHARD_DEPOT=str(tmp_path))


def test_an_artefact_that_was_spoilt_on_the_mac_is_not_installed(settled, torchard):
    """Each is found out before conda or pip runs, with both hashes, and pushed again."""
    spoilt = {"rhash": "ffee1772", "pytz": "37fb2bdf"}
    for name in spoilt:
        one = locked(settled, name)
        (settled.mac.home / ".torchard/depot" / one["sha256"]).write_bytes(b"x" * one["size"])
    code, printed = update(settled, torchard)
    assert code == 1
    for name, found in spoilt.items():
        one = locked(settled, name)
        wrong = f"{one['file']} has the wrong sha256: wanted {one['sha256']}, found {found}"
        assert wrong in printed
    assert "Nothing was executed" in printed
    assert settled.same_environment()
    assert_converges(settled, torchard)


def test_a_connection_that_drops_in_the_build_leaves_an_environment_shown(settled, torchard):
    """What was shown is there until the new generation is; the next run finishes it."""
    settled.mac.set(fault={"drop_during": BUILD})
    with held(settled.mac, "install_wheels.py") as mac:
        with started("apply", settled.update, "--yes") as controller:
            mac.wait()
            printed, errors = controller.communicate(timeout=60)
        assert controller.returncode == 1, printed
        assert re.search(r"the connection to 127\.0\.0\.1:\d+ was lost", printed)
        assert not without_events(errors)
        assert settled.same_environment()
    assert_converges(settled, torchard)


def test_a_killed_controller_is_taken_over_by_the_next_run(settled, torchard):
    """Its Mac goes on alone; the next run waits for it there, and builds nothing again."""
    with (
        held(settled.mac, "install_wheels.py") as build,
        held(settled.mac, "1", tool="sleep") as waiting,
    ):
        with started("apply", settled.update, "--yes") as controller:
            build.wait()
            controller.send_signal(signal.SIGKILL)
        assert settled.same_environment()
        assert "is still at work there" in torchard("plan", settled.update).stdout
        with started("apply", settled.update, "--yes") as again:
            waiting.wait()
            assert settled.same_environment()
            build.release()
            waiting.release()
            printed, errors = again.communicate(timeout=60)
    assert again.returncode == 0, printed + errors
    logs = (settled.mac.home / ".torchard/log").glob(f"*-{settled.link.readlink().name}-*")
    assert sum(log.read_text().count("-m pip install") for log in logs) == 1
    assert settled.computes()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_controller_reports_what_it_did(settled, torchard, number, code):
    """Ctrl-C is 130 and SIGTERM 143: the result so far is printed, and the next run continues."""
    as_json = ("--json",) if code == 143 else ()
    with held(settled.mac, "install_wheels.py") as mac:
        with started("apply", settled.update, "--yes", *as_json) as controller:
            mac.wait()
            controller.send_signal(number)
            printed, errors = controller.communicate(timeout=60)
        assert controller.returncode == code
        errors = without_events(errors)
        assert errors.strip() == "Interrupted. Run the same command again to continue."
        if as_json:
            (found,) = json.loads(printed)["macs"].values()
            assert (found["state"], found["steps"][-1]["outcome"]) == ("failed", "failed")
            assert found["reason"].startswith("the run was interrupted. A step that had begun goes")
        else:
            assert "failed: the run was interrupted. A step that had begun goes on" in printed
        assert settled.same_environment()
    assert_converges(settled, torchard)


def test_one_controller_at_a_time_works_on_a_mac(settled, torchard):
    """The other one reports who works there, and changes nothing. The first one finishes."""
    with (
        held(settled.mac, "install_wheels.py") as mac,
        started("apply", settled.update, "--yes", LOGNAME="first") as first,
    ):
        mac.wait()
        code, printed = update(settled, torchard, LOGNAME="second")
        assert code == 3
        assert re.search(r"! blocked +a run of first@\S+ is at work there since ", printed)
        assert settled.same_environment()
        mac.release()
        printed, errors = first.communicate(timeout=60)
    assert first.returncode == 0, printed + errors


def test_an_environment_that_lost_its_stamp_is_shown_until_another_is_built(settled, torchard):
    """A generation that somebody spoilt is not moved from under its users."""
    (settled.link / ".torchard.json").unlink()
    with held(settled.mac, "install_wheels.py") as mac:
        with started("apply", settled.lab_file, "--yes") as controller:
            mac.wait()
            assert settled.computes()
        mac.power_cut()
    assert controller.returncode
    assert settled.computes()


def test_what_a_power_cut_left_is_swept_when_the_lab_has_changed_since(settled, torchard):
    """Half a generation that nobody asks for any more, and half a package, are not kept."""
    before = generations(settled)
    with (
        held(settled.mac, "install_wheels.py") as mac,
        started("apply", settled.update, "--yes") as controller,
    ):
        mac.wait()
        mac.power_cut()
        controller.communicate(timeout=60)
        assert controller.returncode == 1
    assert settled.same_environment()
    assert generations(settled) != before
    (settled.link / ".torchard.json").unlink()
    (half,) = (settled.mac.home / ".torchard/pkgs").glob("rhash-*_0")
    done = torchard("apply", settled.lab_file, "--yes")
    assert done.returncode == 0, done.stdout
    assert generations(settled) == [*before, f"{before[0]}.2"]
    assert not half.exists()
