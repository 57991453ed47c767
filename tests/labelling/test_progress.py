"""What a long command says of its progress when nobody sits before a terminal."""

from __future__ import annotations

import json
from io import StringIO

from django.core.management.base import OutputWrapper

from labelling.management.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_tell_count_and_rate():
    out = StringIO()

    with Progress(OutputWrapper(out), total=4, unit="tile") as progress:
        for _ in range(4):
            progress.step()

    assert out.getvalue().startswith("4 of 4 tiles, ")
    assert out.getvalue().rstrip().endswith(" a second, 0:00 left")


def test_lines_come_no_faster_than_a_person_reads():
    out = StringIO()

    with Progress(OutputWrapper(out), total=1000, unit="tile") as progress:
        for _ in range(1000):
            progress.step()

    assert len(out.getvalue().splitlines()) == 1


def test_a_line_can_be_told_before_anything_is_done(monkeypatch):
    monkeypatch.setattr("labelling.management.progress.BETWEEN_LINES", 0.0)
    out = StringIO()

    with Progress(OutputWrapper(out), total=4, unit="tile") as progress:
        progress.step(0)

    assert out.getvalue() == "0 of 4 tiles, 0.0 a second\n"


def test_machines_get_json():
    out = StringIO()

    with Progress(OutputWrapper(out), total=None, unit="band", as_json=True) as progress:
        progress.step(3)

    told = json.loads(out.getvalue())["progress"]
    assert (told["done"], told["total"], told["unit"]) == (3, None, "band")
    assert told["seconds_left"] is None


def test_a_terminal_gets_a_bar():
    out = Terminal()

    with Progress(OutputWrapper(out), total=2, unit="tile") as progress:
        progress.step()
        progress.say("one is refused")

    assert "tile/s" in out.getvalue()
    assert "one is refused" in out.getvalue()


def test_slow_work_tells_the_seconds_of_one_unit(monkeypatch):
    out = StringIO()
    monkeypatch.setattr(Progress, "rate", 0.05)

    with Progress(OutputWrapper(out), total=3, unit="tile") as progress:
        progress.step()

    assert out.getvalue() == "1 of 3 tiles, 20.0 s a tile, 0:40 left\n"


def test_nothing_done_says_nothing():
    out = StringIO()

    with Progress(OutputWrapper(out), total=3, unit="tile"):
        pass

    assert out.getvalue() == ""
