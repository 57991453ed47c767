"""The map in a real Chromium: how long a frame takes while it is moved and zoomed.

    python -m benchmarks.map [--tiles 100000] [--quick]

Needs the built pages (make setup) and Chromium. A server of its own has so many synthetic
footprints. Times are main-thread milliseconds of a frame, the map's whole drawing included,
taken by the page's own `performance.measure`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from typing import Any

from benchmarks._editor_server import CHROMIUMS, FLAGS, WINDOW, running
from benchmarks._figures import figure
from benchmarks.editor import measured, percentile

BAR = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tiles")
    asked = parser.parse_args()
    tiles = asked.tiles // 10 if asked.quick else asked.tiles
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        sys.exit("No Chromium found: install it (Debian: the package chromium).")
    with running(tiles, "benchmarks._map_server") as (address, session), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=FLAGS)
        context = browser.new_context(viewport=WINDOW)
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        answered(context, address, tiles)
        page = context.new_page()
        page.goto(f"{address}/map/bench")
        page.get_by_text("tiles shown").wait_for(timeout=120_000)
        page.wait_for_load_state("networkidle")
        for name, act in (("pan", panned), ("zoom", zoomed)):
            measured(page, "map-frame")
            act(page)
            tell(name, measured(page, "map-frame"), tiles)
        browser.close()


def answered(context: Any, address: str, tiles: int) -> None:
    """The server's part: the first answer, and the second one, which says that nothing changed."""
    path = f"{address}/api/v1/campaigns/bench/footprints"
    begun = time.perf_counter()
    first = context.request.get(path, timeout=300_000)
    whole = time.perf_counter() - begun
    begun = time.perf_counter()
    same = context.request.get(path, headers={"If-None-Match": first.headers["etag"]})
    note = f"{tiles} synthetic footprints"
    figure("footprints_s", whole, unit="s", bar="", note=note)
    figure("not_changed_s", time.perf_counter() - begun, unit="s", bar="", note=str(same.status))
    figure("unpacked_mb", len(first.body()) / 1e6, unit="MB", bar="", note=note)


def panned(page: Any) -> None:
    board = page.locator(".board-map").bounding_box()
    x, y = board["x"] + board["width"] / 2, board["y"] + board["height"] / 2
    for k in range(6):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + (-1) ** k * 250, y + (-1) ** k * 120, steps=25)
        page.mouse.up()
        page.wait_for_timeout(300)


def zoomed(page: Any) -> None:
    for delta in (-400, -400, -400, 400, 400, 400, 400, -400):
        page.mouse.wheel(0, delta)
        page.wait_for_timeout(500)


def tell(name: str, times: list[float], tiles: int) -> None:
    note = f"{len(times)} frames, {tiles} synthetic footprints"
    median = statistics.median(times)
    figure(f"{name}_frame_median_ms", median, unit="ms", bar=f"<= {BAR}", note=note)
    figure(f"{name}_frame_p95_ms", percentile(times), unit="ms", bar=f"<= {BAR}", note=note)


if __name__ == "__main__":
    main()
