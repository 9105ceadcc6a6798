"""The page in a real browser, where there is Chromium: its policy, its DOM, a phone and paper."""

from __future__ import annotations

import html
import re
import shutil
import subprocess

import msgspec
import pytest
from stories import standing
from test_page import HOSTILE, lab_of

from torchard.plan.disk_use import DiskUse
from torchard.plan.drift import EnvironmentStatus
from torchard.render.page import render_page
from torchard.render.status import status_document

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
PHONE = 360  # CSS pixels of a small phone
MEASURE = """<!doctype html><iframe width="{width}" height="800" srcdoc="{page}"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  document.title = [page.documentElement.scrollWidth, page.querySelectorAll("h2").length,
    getComputedStyle(page.querySelector(".grid td")).display,
    page.querySelectorAll("script, img").length].join(" ");
}};
</script>"""


@pytest.fixture(scope="module")
def page():
    """A page on seven Macs, two of which have sent markup."""
    plan, found = standing()
    hostile = EnvironmentStatus(HOSTILE, "torchard", "modified", remarks=(HOSTILE,))
    made = status_document(plan, {**found, "studio-01": (*found["studio-01"], hostile)})
    made = msgspec.structs.replace(made, disk={"studio-01": DiskUse(3 * 10**9)})
    return render_page(made, lab_of(made), "2026-12-01 08:00 UTC")


def browse(folder, text, *options):
    """Open a page; return what Chromium prints of its DOM, and its log."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [
        *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
        *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=3000", *options),
        file.as_uri(),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True
    )
    return done.stdout, done.stderr


def test_the_browser_keeps_the_policy_and_the_page_keeps_to_it(page, tmp_path):
    """Nothing is refused, so the style sheet applies. A changed style sheet is refused."""
    dom, log = browse(tmp_path, page, "--dump-dom")
    assert "<h1>lab</h1>" in dom
    assert "Content Security Policy" not in log
    spoilt = page.replace("--page: #f6f7f9", "--page: #f6f7f8")
    assert spoilt != page
    assert "Content Security Policy" in browse(tmp_path, spoilt, "--dump-dom")[1]


@pytest.mark.parametrize(("width", "display"), [(PHONE, "grid"), (1280, "table-cell")])
def test_the_page_fits_a_phone_and_a_screen(page, tmp_path, width, display):
    """It never scrolls sideways, and no markup of a Mac became an element."""
    frame = MEASURE.format(width=width, page=html.escape(page))
    dom, _ = browse(tmp_path, frame, "--dump-dom", "--window-size=1400,900")
    found = re.search(r"<title>(.*?)</title>", dom)[1].split()
    assert int(found[0]) <= width
    assert found[1:] == ["4", display, "0"]


def test_the_page_prints(page, tmp_path):
    """Chromium makes a PDF of it."""
    file = tmp_path / "page.pdf"
    browse(tmp_path, page, f"--print-to-pdf={file}", "--no-pdf-header-footer")
    assert file.read_bytes().startswith(b"%PDF-")
