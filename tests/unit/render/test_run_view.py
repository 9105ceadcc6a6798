"""What is shown of a large lab on a terminal of any size."""

from __future__ import annotations

import pytest

from torchard.render.run_view import RunView, fold_names

NAMES = [f"studio-{number:02}" for number in range(1, 31)]


class Clock:
    """A clock that moves only when it is set."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def view():
    """Thirty Macs: twelve done, two failed, ten that are pushed to, three that build, and more."""
    clock = Clock()
    view = RunView(clock)
    view.begin(NAMES)
    for name in NAMES[:29]:
        view.set_step(name, "pushing", 0, 200_000_000)
    for name in NAMES[:12]:
        view.end(name, "done")
    clock.now += 70
    for name in NAMES[12:14]:
        view.end(name, "failed")
    for number, name in enumerate(NAMES[14:24]):
        view.set_step(name, f"pushing {number}.whl", 50_000_000, 200_000_000)
    for name in NAMES[24:27]:
        view.set_step(name, "building torch")
    for name in NAMES[27:29]:
        view.set_step(name, "verifying torch")
    view.add_unreachable(["attic-01", "attic-02"])
    return view


def plain(lines):
    return [line.plain.rstrip() for line in lines]


def test_a_high_terminal_has_each_busy_mac(view):
    """Those that are done are only counted, and those that wait or are unreachable are one line."""
    lines = plain(view.draw(100, 50))
    assert lines[:4] == [
        "14 of 30 done, 2 failed, 1 min 10 s",
        "studio-13          ! failed in 1 min 10 s",
        "studio-14          ! failed in 1 min 10 s",
        "studio-15          pushing  25 %  50 MB of 200 MB  714 kB/s  1 min 10 s  0.whl",
    ]
    assert len(lines) == 1 + 2 + 15 + 1 + 1
    assert lines[-2:] == [
        "studio-30          1 Mac waiting",
        "attic-01 attic-02  ! 2 Macs unreachable",
    ]


def test_a_low_terminal_folds_macs_that_do_the_same(view):
    """A transfer is the same whatever the file is; its bytes are those of all."""
    assert plain(view.draw(84, 12)) == [
        "14 of 30 done, 2 failed, 1 min 10 s",
        "studio-13               ! failed in 1 min 10 s",
        "studio-14               ! failed in 1 min 10 s",
        "studio-15 studio-16 +8  10 Macs pushing  25 %  500 MB of 2000 MB  7 MB/s  1 min 10 s",
        "studio-25 studio-26 +1  3 Macs building torch  0 s",
        "studio-28 studio-29     2 Macs verifying torch  0 s",
        "studio-30               1 Mac waiting",
        "attic-01 attic-02       ! 2 Macs unreachable",
    ]


def test_a_lower_one_folds_those_that_failed_too(view):
    """And what is left over is counted."""
    assert plain(view.draw(60, 7))[:3] == [
        "14 of 30 done, 2 failed, 1 min 10 s",
        "studio-13 +1  ! 2 Macs failed",
        "studio-15 +9  10 Macs pushing  25 %  500 MB of 2000 MB  7 M…",
    ]
    assert plain(view.draw(60, 3))[2] == "… 5 more lines"


@pytest.mark.parametrize("height", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("width", [1, 10, 40, 250])
def test_every_line_fits(view, width, height):
    """However small the terminal is."""
    lines = view.draw(width, height)
    assert len(lines) <= height
    assert max((line.cell_len for line in lines), default=0) <= width


def test_names_that_do_not_fit_are_counted():
    """The first one is always there, if need be not whole; wide characters count twice."""
    assert fold_names(["a", "b"], 3).plain == "a b"
    assert fold_names(["studio-01", "studio-02", "studio-03"], 14).plain == "studio-01 +2"
    assert fold_names(["studio-01"], 5).plain == "stud…"
    assert fold_names(["机房一号"], 5).plain == "机房…"


def test_a_stage_counts_only_its_own_macs(view):
    """What failed before stays in view. A stage beside busy Macs adds its own to them."""
    view.begin(["attic-03"])
    assert plain(view.draw(100, 50))[0] == "14 of 31 done, 2 failed, 1 min 10 s"
    for name in NAMES[14:]:
        view.end(name, "done")
    view.begin(["studio-01", "studio-30"])
    lines = plain(view.draw(100, 50))
    assert lines[0] == "0 of 2 done, 0 s"
    assert "studio-13" in lines[1]
    view.set_step("studio-01", "verifying")
    view.end("studio-01", "done")
    view.set_step("studio-01", "verifying again")
    assert plain(view.draw(100, 50))[0] == "0 of 2 done, 0 s"
