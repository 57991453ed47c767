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
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.hands import Annotator

PORT = 8766
WINDOW = {"width": 1440, "height": 900}
SMALL = {"width": 1366, "height": 768}
"""The smallest screen that the pages are made for."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
PAGES = (
    ("catalogue", "/catalogue/demo"),
    ("map", "/map/demo"),
    ("controls", "/controls/demo"),
    ("quality", "/quality/demo"),
)
"""Of the lead, after the others' work."""
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
    intern = signed_in(browser, address, "intern")
    shoot_annotate(intern, folder)
    label_more(intern)
    shoot_review(signed_in(browser, address, "reviewer"), address, folder)
    for name, path in (("home", "/"), ("mine", "/mine/demo")):
        shoot(intern, address + path, folder / f"{name}.jpg")
    lead = signed_in(browser, address, "lead")
    for name, path in PAGES:
        shoot(lead, address + path, folder / f"{name}.jpg")
    shoot_lead(lead, address, folder)
    shoot_small(browser, address, folder)


def shoot(page: Page, address: str, target: Path, *, whole: bool = False) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target, full_page=whole, quality=QUALITY)


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


def signed_in(browser: Browser, address: str, name: str, window: Any = WINDOW) -> Page:
    page = browser.new_context(viewport=window).new_page()
    page.goto(f"{address}/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(f"demo-{name}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()  # the form has the home page's heading
    return page


def shoot_annotate(page: Page, folder: Path) -> None:
    """The first tile that shows the model's mask: the control tiles before it have none. Then the
    same in four views, and the keys."""
    page.get_by_role("link", name="Next tile").click()
    annotator = Annotator(page, side=512)
    annotator.wait_for_tile("/")
    while "100" in annotator.shares()["not labelled"]:
        hand_in(annotator)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "annotate.jpg", quality=QUALITY)
    annotator.press("i", "i")
    page.wait_for_timeout(500)
    page.screenshot(path=folder / "views.jpg", quality=QUALITY)
    annotator.press("i", "?")
    page.get_by_role("dialog").wait_for()
    page.screenshot(path=folder / "keys.jpg", quality=QUALITY)
    annotator.press("Escape")


def hand_in(annotator: Annotator) -> None:
    """The tile in hand, with the rest of it clear, whatever the checks warn of; then the next."""
    page = annotator.page
    next_one = page.locator("header h1").filter(has_not_text=page.locator("h1").inner_text())
    annotator.press("r", "Shift+Enter")
    why = page.get_by_label("Why it is right as it is")
    why.or_(next_one).first.wait_for()
    if why.count():
        why.fill("so the model drew it")
        page.get_by_role("button", name="Submit anyway").click()
    next_one.wait_for()
    annotator.wait_for_tile("/")


def label_more(page: Page) -> None:
    """Work for the reviewer, and a tile put away: what shows work would be empty without any."""
    annotator = Annotator(page, side=512)
    for _ in range(3):
        while page.get_by_role("button", name="Right").and_(page.locator(":enabled")).count():
            annotator.press("Enter", "Enter", "Enter", "Backspace")
        hand_in(annotator)
    place = page.locator("h1").inner_text()
    annotator.press("x")
    asked = page.get_by_role("dialog", name="Skip this tile")
    asked.get_by_role("textbox").fill("haze all over, nothing to hold on to")
    asked.get_by_role("button", name="It can't be told what is what").click()
    page.locator("h1").filter(has_not_text=place).wait_for()


def shoot_review(page: Page, address: str, folder: Path) -> None:
    """One label accepted, one sent back with words, the third in sight."""
    page.goto(f"{address}/review/demo")
    for keys in (("a",), ("j", "1")):
        place = wait_for_label(page)
        for key in keys:
            page.keyboard.press(key)
        if keys[0] == "j":
            page.keyboard.type("the shadow of the large cloud is missing in the south")
            page.keyboard.press("Enter")
        page.locator("h1").filter(has_not_text=place).wait_for()
    wait_for_label(page)
    page.get_by_role("button", name="Close").click()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "review.jpg", quality=QUALITY)


def wait_for_label(page: Page) -> str:
    """Until it can be judged; its place."""
    page.get_by_role("button", name="Accept").and_(page.locator(":enabled")).wait_for()
    return page.locator("h1").inner_text()


def shoot_lead(page: Page, address: str, folder: Path) -> None:
    """All of the page, dark and light."""
    shoot(page, f"{address}/lead/demo", folder / "lead.jpg", whole=True)
    page.evaluate("localStorage.setItem('theme', 'light')")
    shoot(page, f"{address}/lead/demo", folder / "lead-light.jpg", whole=True)


def shoot_small(browser: Browser, address: str, folder: Path) -> None:
    lead = signed_in(browser, address, "lead", SMALL)
    shoot(lead, f"{address}/lead/demo", folder / "lead-small.jpg")
    intern = signed_in(browser, address, "intern", SMALL)
    intern.goto(f"{address}/annotate/demo")
    Annotator(intern, side=512).wait_for_tile("/")
    intern.wait_for_load_state("networkidle")
    intern.screenshot(path=folder / "annotate-small.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
