"""What an annotator does on the page: draw in image coordinates, press keys, read the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

MARGIN = 8
"""Screen pixels the page leaves around a tile that is shown whole."""


@dataclass(frozen=True)
class Annotator:
    page: Page
    side: int = 256

    def wait_for_tile(self, place: str) -> None:
        self.page.locator("h1", has_text=place).wait_for()
        self.page.locator("canvas.board:not(.waiting)").wait_for()

    def stroke(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self._screen(start))
        self.page.mouse.down()
        self.page.mouse.move(*self._screen(end), steps=8)
        self.page.mouse.up()

    def click(self, *places: tuple[float, float]) -> None:
        for place in places:
            self.page.mouse.click(*self._screen(place))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shares(self) -> dict[str, str]:
        """Share of the tile by class, as the panel shows it."""
        rows = self.page.locator(".classes li").all()
        words = [row.inner_text().replace("\u202f", " ").splitlines() for row in rows]
        return {row[-2]: row[-1] for row in words}

    def _screen(self, place: tuple[float, float]) -> tuple[float, float]:
        box = self.page.locator("canvas.board").bounding_box()
        assert box
        scale = (min(box["width"], box["height"]) - 2 * MARGIN) / self.side
        left = box["x"] + (box["width"] - self.side * scale) / 2
        top = box["y"] + (box["height"] - self.side * scale) / 2
        return left + place[0] * scale, top + place[1] * scale
