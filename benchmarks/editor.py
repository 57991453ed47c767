"""The annotate page in a real Chromium: main-thread time of drawing, and how soon a tile is there.

    python -m benchmarks.editor [--quick]

Needs the built pages (make setup) and Chromium. A server of its own serves painted, synthetic tiles
of 512² pixels on the loopback. Times are the page's own `performance.measure`s, each the 95th
percentile: of an act's main-thread time with that of the frame that shows it. The shadow figures
come from the page's kernel run on painted tiles, and, where WORKBENCH_SAMPLES names the folder of
real tiles, on human shadows beside Sen2Cor's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from pathlib import Path
from typing import Any

from benchmarks._editor_server import served
from benchmarks._editor_shadow import shadow_figures
from benchmarks._figures import figure

DIST = Path(__file__).parents[1] / "frontend" / "dist"
STROKES = 40
TILES = 12
UNDOS = 60
BARS = {"stroke": 16, "composite": 16, "undo": 16, "fill": 30}
FEWEST = 6
"""Measures of an act, for a figure."""
NOTE = "p95 of main-thread time, that of the frame included, 512 x 512, synthetic tiles"
SEEN = "p95 of the time until it is seen: also the wait for the frame, up to 17 ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer strokes and tiles")
    quick = parser.parse_args().quick
    strokes, tiles = (10, 4) if quick else (STROKES, TILES)
    with served(tiles + 2) as page:
        interactive = opened(page)
        for name, times in drawn(page, strokes).items():
            shown = f"p95 of {len(times)}"
            if name in BARS and len(times) < FEWEST:
                raise RuntimeError(f"Only {len(times)} measures of {name}: no p95 can be told.")
            bar = f"<= {BARS[name]}" if name in BARS else ""
            note = NOTE if bar else SEEN
            figure(f"{name}_ms", percentile(times), unit="ms", bar=bar, note=f"{note}; {shown}")
        figure("interactive_ms", interactive, unit="ms", bar="<= 1000", note="cold cache, loopback")
        waits = followed(page, tiles)
        figure("next_ms", percentile(waits), unit="ms", bar="<= 200", note="⇧⏎ to the next image")
    for name, bar in (("annotate", "<= 60"), ("lead", "<= 150")):
        label = "dashboard" if name == "lead" else name
        figure(f"{label}_js_kb_gz", packed_kb(name), unit="kB", bar=bar, note="with its imports")
    shadow_figures(quick=quick)


def percentile(times: list[float], share: float = 0.95) -> float:
    """The value that `share` of the times don't exceed."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def opened(page: Any) -> float:
    """Milliseconds from the navigation to a board that can be drawn on, with an empty cache: the
    same person in a new context, which shares none with the page."""
    context = page.context.browser.new_context(viewport=page.viewport_size)
    context.add_cookies(page.context.cookies())
    fresh = context.new_page()
    fresh.goto(page.url)
    fresh.locator("canvas.board:not(.waiting)").wait_for()
    took: float = fresh.evaluate("performance.getEntriesByName('interactive')[0].startTime")
    context.close()
    return took


def drawn(page: Any, strokes: int) -> dict[str, list[float]]:
    """{what: main-thread milliseconds, a frame's included, of each act}."""
    board = page.locator("canvas.board").bounding_box()
    middle = board["x"] + board["width"] / 2, board["y"] + board["height"] / 2
    page.wait_for_load_state("networkidle")
    page.evaluate("performance.clearMeasures()")
    acts: dict[str, list[float]] = {}
    for k in range(strokes):
        page.mouse.move(middle[0] - 200 + 8 * k, middle[1] - 150)
        page.mouse.down()
        page.mouse.move(middle[0] - 100 + 4 * k, middle[1] + 150, steps=12)
        page.mouse.up()
        # At once: the page forgets its measures now and then.
        collect(page, acts, "stroke")
    for _ in range(strokes):
        page.keyboard.press("v")
        page.wait_for_timeout(30)
    collect(page, acts, "composite")
    for k in range(max(UNDOS, strokes)):
        page.keyboard.press("z" if k % 4 < 2 else "Shift+z")
        page.wait_for_timeout(30)
    collect(page, acts, "undo")
    page.keyboard.press("f")
    for k in range(max(6, strokes // 4)):
        page.keyboard.press(str(1 + k % 4))
        page.mouse.click(middle[0] + 250, middle[1] + 100)
        collect(page, acts, "stroke", into="fill")
    return acts


def collect(page: Any, acts: dict[str, list[float]], name: str, into: str = "") -> None:
    """Add what was measured of `name` since the last call; what is seen, too, of strokes."""
    page.wait_for_timeout(100)
    for kind, suffix in (("drawn", ""), ("seen", "_seen")):
        found: list[float] = page.evaluate(
            "name => performance.getEntriesByName(name).map(each => each.duration)",
            f"{name} {kind}",
        )
        acts.setdefault(f"{into or name}{suffix}", []).extend(found)
    page.evaluate("performance.clearMeasures()")


def measured(page: Any, name: str) -> list[float]:
    """The page's measures called `name` since the last call; all are forgotten."""
    page.wait_for_timeout(100)
    times: list[float] = page.evaluate(
        "name => { const found = performance.getEntriesByName(name).map(each => each.duration);"
        " performance.clearMeasures(); return found; }",
        name,
    )
    return times


def followed(page: Any, tiles: int) -> list[float]:
    """Milliseconds from a submission to the next tile's image, the tile having been prefetched."""
    waits = []
    for _ in range(tiles):
        page.wait_for_load_state("networkidle")
        page.keyboard.press("r")
        page.evaluate("performance.clearMeasures()")
        page.keyboard.press("Shift+Enter")
        page.wait_for_function("performance.getEntriesByName('next tile').length > 0")
        waits += measured(page, "next tile")
        page.locator("canvas.board:not(.waiting)").wait_for()
    return waits


def packed_kb(name: str) -> float:
    """kB (1000 octets), gzipped, of the JavaScript that page `name` loads."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    wanted = [
        key for key in manifest if key == f"src/pages/{name}/index.tsx" or key == "index.html"
    ]
    seen: set[str] = set()
    while wanted:
        entry = manifest[key] if (key := wanted.pop()) not in seen else {}
        seen.add(key)
        wanted += entry.get("imports", [])
    files = {manifest[key]["file"] for key in seen}
    return sum(len(gzip.compress((DIST / file).read_bytes())) for file in files) / 1000


if __name__ == "__main__":
    main()
