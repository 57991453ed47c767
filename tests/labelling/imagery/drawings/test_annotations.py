from __future__ import annotations

import numpy as np
import pycocotools.mask
import pytest

from labelling.imagery.drawings.annotations import Legend, Unusable, painting_of
from labelling.imagery.drawings.masks import encode

LEGEND = Legend(
    names={1: "clear", 2: "cloud", 3: "shadow", 7: "old name"},
    codes={"clear": 0, "cloud": 1, "shadow": 3, "unsure": 254},
    priority={},
)
SIZE = (512, 512)
NEAREST = 22 + 52
"""Pixels by which the nearest rasteriser was measured to miss CVAT's own export of these shapes:
22 on the polygons' tile, 52 on the rotated boxes'."""
ids = iter(range(1, 10_000))


def shape(kind, points, *, label=2, **changes):
    made = {"id": next(ids), "type": kind, "frame": 4, "label_id": label, "points": points}
    return {"z_order": 0, "rotation": 0.0, "source": "manual", **made, **changes}


def box(left, top, right, bottom, **changes):
    return shape("rectangle", [left, top, right, bottom], **changes)


def painted(*shapes, legend=LEGEND, size=SIZE, **options):
    told = {"shapes": list(shapes), "tags": [], "tracks": []}
    return painting_of(told, legend, frame=4, size=size, **options)


RECORDED = (
    shape("polygon", [200.5, 40.2, 400, 60, 380, 220.7, 220, 200], z_order=1),
    shape("polygon", [260, 90, 330, 90, 330, 150, 260, 150], label=1, z_order=2),
    shape("rectangle", [50, 350, 150, 450], label=3, rotation=30.0, z_order=3),
)
"""Of a job that was recorded on a real server."""


def by_coco(points):
    found = pycocotools.mask.frPyObjects([[float(each) for each in points]], *SIZE)
    return pycocotools.mask.decode(found)[..., 0].astype(bool)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_shapes_of_a_recorded_job_lie_within_the_measured_tolerance():
    centre, angle = np.array([100, 400]), np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([(50, 350), (150, 350), (150, 450), (50, 450)])
    turned = (corners - centre) @ turn.T + centre
    theirs = np.full(SIZE, 255, np.uint8)
    for code, points in ((1, RECORDED[0]["points"]), (0, RECORDED[1]["points"])):
        theirs[by_coco(points)] = code
    theirs[by_coco(turned.ravel())] = 3

    ours = painted(*RECORDED).label

    assert (ours != theirs).sum() <= NEAREST
    assert (ours[90:150, 260:330] == 0).all()


def test_the_shape_of_higher_z_order_lies_above_and_of_two_alike_the_later_one():
    low = box(0, 0, 20, 20, label=1, z_order=1)
    first, second = box(0, 0, 10, 10, label=3, z_order=2), box(5, 5, 15, 15, z_order=2)

    label = painted(second, low, first).label

    assert (label[2, 2], label[7, 7], label[12, 12], label[18, 18]) == (3, 1, 1, 0)


def test_a_class_with_priority_lies_above_whatever_its_z_order():
    legend = Legend(LEGEND.names, LEGEND.codes, priority={0: 1, 1: 5, 3: 3})
    cloud, shadow = box(0, 0, 9, 9), box(0, 0, 20, 20, label=3, z_order=9)

    label = painted(cloud, shadow, legend=legend).label

    assert (label[5, 5], label[15, 15]) == (1, 3)


def test_each_pixel_keeps_how_it_came_about():
    sources = ("manual", "auto", "semi-auto", "file", "a plugin's")
    rows = [box(0, 10 * n, 9, 10 * n + 9, source=word) for n, word in enumerate(sources)]

    painting = painted(*rows)

    assert painting.provenance[5:50:10, 5].tolist() == [1, 2, 3, 4, 3]
    assert ((painting.provenance == 0) == (painting.label == 255)).all()
    assert painting.notes == ("1 shapes of an unknown source taken for a tool's",)


def test_what_nobody_drew_on_is_not_labelled_unless_it_was_said_to_be_clear():
    drawing = box(0, 0, 9, 9)

    silent, clear = painted(drawing), painted(drawing, background="clear")

    assert (silent.label[100, 100], silent.provenance[100, 100]) == (255, 0)
    assert (clear.label[100, 100], clear.provenance[100, 100]) == (0, 5)
    assert (clear.label[5, 5], clear.provenance[5, 5]) == (1, 1)


def test_masks_polygons_boxes_and_ellipses_are_painted_and_lines_and_points_are_told():
    drawn = np.zeros(SIZE, bool)
    drawn[40:50, 60:80] = True
    shapes = (
        shape("mask", [float(each) for each in encode(drawn)]),
        shape("ellipse", [350, 400, 430, 350], label=3),
        shape("polyline", [20, 300, 200, 330]),
        shape("points", [10, 10]),
    )

    painting = painted(*shapes)

    assert np.array_equal(painting.label == 1, drawn)
    assert abs((painting.label == 3).sum() - np.pi * 80 * 50) < 60
    assert painting.shapes == 2
    assert painting.notes == ("2 lines or points, which have no area, left out",)


@pytest.mark.parametrize(
    ("code", "shapes"),
    [
        ("empty", []),
        ("empty", [shape("polyline", [1, 1, 9, 9])]),
        ("empty", [shape("mask", [1, 0, 0, 0, 0])]),
        ("empty", [box(2.6, 2.6, 3.4, 3.4)]),  # holds no pixel's centre
        ("unknown_label", [box(0, 0, 9, 9, label=99)]),
        ("unknown_label", [box(0, 0, 9, 9, label=7)]),  # a name the campaign doesn't know
        ("invalid_shape", [shape("mask", [0, 9, 0, 0, 1, 1])]),
        ("invalid_shape", [shape("polygon", [1, 1, 2])]),
        ("invalid_shape", [shape("rectangle", [9, 9, 0, 0])]),
        ("invalid_shape", [shape("ellipse", [5, 5, None, 1])]),
        ("invalid_shape", [shape("skeleton", [])]),
        ("invalid_shape", [box(0, 0, 9, 9, rotation=float("nan"))]),
        ("invalid_shape", [box(0, 0, 9, 9, z_order=None)]),
        ("other_frame", [box(0, 0, 9, 9, frame=77)]),
    ],
)
@pytest.mark.parametrize("background", ["unlabelled", "clear"])
def test_what_cant_be_read_as_a_label_is_refused_with_a_reason(code, shapes, background):
    with pytest.raises(Unusable) as refused:
        painted(*shapes, background=background)

    assert refused.value.code == code
    assert refused.value.help


def test_tracks_are_refused():
    with pytest.raises(Unusable) as refused:
        painting_of({"shapes": [], "tracks": [{}]}, LEGEND, frame=0, size=SIZE)

    assert refused.value.code == "tracks"
