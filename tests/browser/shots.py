"""Screenshots for the docs: `python -m tests.browser.shots FOLDER` (make shots).

They are taken from `manage.py demo` in an installation of its own: everything on them is synthetic.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.hands import Annotator

PORT = 8766
WINDOW = {"width": 1440, "height": 900}
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
PAGES = (
    ("home", "intern", "/"),
    ("catalogue", "lead", "/catalogue/demo"),
    ("map", "lead", "/map/demo"),
    ("controls", "lead", "/controls/demo"),
)
QUALITY = 82
"""Of JPEG: as PNG, one tile's four views are megabytes."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    asked = words.parse_args()
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        sys.exit("No Chromium found: install it (Debian: the package chromium).")
    asked.folder.mkdir(parents=True, exist_ok=True)
    with running_demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        shoot_all(browser, address, asked.folder)
        browser.close()


def shoot_all(browser: Browser, address: str, folder: Path) -> None:
    shoot_annotate(browser, address, folder)
    for name, who, path in PAGES:
        page = signed_in(browser, address, who)
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.jpg", quality=QUALITY)
    shoot_lead(browser, address, folder / "lead.jpg")


@contextmanager
def running_demo() -> Iterator[str]:
    """Address of a demo in a scratch installation, from the moment its queue is open."""
    with tempfile.TemporaryDirectory(prefix="shots-") as scratch:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(PORT)],
            env={**os.environ, "WORKBENCH_VAR": scratch, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for_queue(demo)
            yield f"http://127.0.0.1:{PORT}"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def wait_for_queue(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout
    for line in demo.stdout:
        sys.stderr.write(line)
        if line.startswith("Open http"):
            return
    sys.exit("The demo ended before its queue was open.")


def signed_in(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context(viewport=WINDOW).new_page()
    page.goto(f"{address}/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(f"demo-{name}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()  # the form has the home page's heading
    return page


def shoot_annotate(browser: Browser, address: str, folder: Path) -> None:
    """The first tile that shows the model's mask: the control tiles before it have none. Then the
    same in four views, and the keys."""
    page = signed_in(browser, address, "intern")
    page.get_by_role("link", name="Next tile").click()
    annotator = Annotator(page, side=512)
    annotator.wait_for_tile("/")
    while "100" in annotator.shares()["not labelled"]:
        place = page.locator("h1").inner_text()
        annotator.press("r", "Shift+Enter")
        page.locator("h1").filter(has_not_text=place).wait_for()
        annotator.wait_for_tile("/")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "annotate.jpg", quality=QUALITY)
    annotator.press("i", "i")
    page.wait_for_timeout(500)
    page.screenshot(path=folder / "views.jpg", quality=QUALITY)
    annotator.press("i", "?")
    page.get_by_role("dialog").wait_for()
    page.screenshot(path=folder / "keys.jpg", quality=QUALITY)


def shoot_lead(browser: Browser, address: str, target: Path) -> None:
    page = signed_in(browser, address, "lead")
    page.goto(f"{address}/lead/demo")
    page.get_by_role("region", name="Does the model get better?").wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target, full_page=True, quality=QUALITY)


if __name__ == "__main__":
    main()
