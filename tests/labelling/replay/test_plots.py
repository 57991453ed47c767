import xml.dom.minidom

import pytest

from labelling.compute.replay.plots import Frame, Level, Line, chart, short

LINE = Line("auto", [24, 48, 96], [0.6, 0.7, 0.75], [0.55, 0.66, 0.73], [0.65, 0.74, 0.77])


def test_a_doubling_is_as_wide_at_both_ends():
    frame = Frame.around([LINE], [])

    assert frame.x(48) - frame.x(24) == pytest.approx(frame.x(96) - frame.x(48))
    assert frame.y(0.6) > frame.y(0.7)


def test_a_chart_is_whole_and_names_what_it_shows():
    drawn = chart("IoU <of> all", [LINE], across="tiles", levels=[Level("ceiling", 0.8)])

    picture = xml.dom.minidom.parseString(drawn)

    assert len(picture.getElementsByTagName("circle")) == 3
    assert "auto: 0.7000 [0.6600, 0.7400] at 48" in drawn
    assert "IoU &lt;of&gt; all" in drawn


def test_names_of_levels_never_lie_on_each_other():
    levels = [Level("one", 0.7), Level("two", 0.7001), Level("three", 0.6)]

    drawn = chart("IoU", [LINE], across="tiles", levels=levels)

    assert ">two<" in drawn
    assert ">one<" not in drawn
    assert ">three<" in drawn


def test_one_look_alone_can_be_drawn():
    alone = Line("auto", [24], [0.5], [0.5], [0.5])

    assert "<svg" in chart("IoU", [alone], across="tiles")


@pytest.mark.parametrize(("cost", "told"), [(96, "96"), (262144, "262k"), (9.5e7, "95M")])
def test_large_costs_are_shortened(cost, told):
    assert short(cost) == told
