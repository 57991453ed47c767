"""How far a long command is: a bar with rate and time left, plain lines, or lines of JSON."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any, Self

from django.core.management.base import OutputWrapper
from tqdm import tqdm

BETWEEN_LINES = 5.0
"""Seconds between plain lines, so that a log of an hour's work can still be read."""


class Progress:
    """Counts the work of one command and shows it in the way that fits its output.

    On a terminal a bar; elsewhere a line at most every few seconds; with `as_json` lines such as
    `{"progress": {"done": 3, "total": 9, "unit": "tile", "per_second": 1.2, "seconds_left": 5}}`.
    """

    def __init__(
        self, out: OutputWrapper, *, total: int | None, unit: str, as_json: bool = False
    ) -> None:
        self.out, self.total, self.unit, self.as_json = out, total, unit, as_json
        self.done = self._said = 0
        self._began = self._told = time.monotonic()
        bar = not as_json and out.isatty()
        self._bar = tqdm(total=total, unit=unit, file=out, dynamic_ncols=True) if bar else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self.done != self._said:
            self._tell()

    def step(self, count: int = 1) -> None:
        """`count` more units are done."""
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._told >= BETWEEN_LINES:
            self._tell()

    def expect(self, total: int) -> None:
        """The total is known now, or has changed."""
        self.total = total
        if self._bar is not None:
            self._bar.total = total
            self._bar.refresh()

    def say(self, text: str, **facts: Any) -> None:
        """A line of its own, above the bar; with `as_json` the facts."""
        if self.as_json:
            self.out.write(json.dumps(facts, ensure_ascii=False))
        elif self._bar is not None:
            self._bar.write(text, file=self.out)
        else:
            self.out.write(text)
        self.out.flush()

    @property
    def rate(self) -> float:
        """Units a second since the beginning; 0 before any is done."""
        return self.done / max(time.monotonic() - self._began, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        """None while the total or the rate isn't known."""
        if self.total is None or not self.done:
            return None
        return max(self.total - self.done, 0) / self.rate

    def _tell(self) -> None:
        self._told, self._said = time.monotonic(), self.done
        left = self.seconds_left
        if self.as_json:
            facts = {
                "done": self.done,
                "total": self.total,
                "unit": self.unit,
                "per_second": round(self.rate, 3),
                "seconds_left": None if left is None else round(left),
            }
            self.say("", progress=facts)
            return
        of = f" of {self.total}" if self.total is not None else ""
        still = f", {_duration(left)} left" if left is not None else ""
        self.say(f"{self.done}{of} {self.unit}s, {_pace(self.rate, self.unit)}{still}")


def _pace(rate: float, unit: str) -> str:
    if rate >= 1 or not rate:
        return f"{rate:.1f} a second"
    return f"{1 / rate:.1f} s a {unit}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"
