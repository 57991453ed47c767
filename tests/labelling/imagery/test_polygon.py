import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import BadInput
from labelling.imagery.polygon import checked_area, contains


def square(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


HOLED = {"type": "Polygon", "coordinates": [square(0, 0, 10, 10), square(4, 4, 6, 6)]}
TWO = {"type": "MultiPolygon", "coordinates": [[square(0, 0, 1, 1)], [square(5, 5, 9, 9)]]}


@pytest.mark.parametrize(
    ("longitude", "latitude", "inside"),
    [(1, 1, True), (5, 5, False), (3.9, 5, True), (11, 5, False), (-1, 5, False), (5, 11, False)],
)
def test_a_hole_is_outside(longitude, latitude, inside):
    assert contains(HOLED, longitude=longitude, latitude=latitude) is inside


@pytest.mark.parametrize(("place", "inside"), [((0.5, 0.5), True), ((6, 6), True), ((3, 3), False)])
def test_any_part_of_several_will_do(place, inside):
    assert contains(TWO, longitude=place[0], latitude=place[1]) is inside


@given(st.floats(-2, 4), st.floats(-2, 4), st.floats(0.1, 1.9))
def test_of_two_areas_that_share_an_edge_never_both_have_a_place(x, y, border):
    left = {"type": "Polygon", "coordinates": [square(0, 0, border, 2)]}
    right = {"type": "Polygon", "coordinates": [square(border, 0, 2, 2)]}
    whole = {"type": "Polygon", "coordinates": [square(0, 0, 2, 2)]}

    found = [contains(area, longitude=x, latitude=y) for area in (left, right)]

    assert sum(found) == contains(whole, longitude=x, latitude=y)


def test_a_feature_gives_its_geometry():
    area = checked_area({"type": "Feature", "properties": {}, "geometry": HOLED}, field="polygon")

    assert area == HOLED


@pytest.mark.parametrize(
    ("area", "named"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "Point"),
        ("35VLF", "35VLF"),
        ({"type": "Polygon"}, "no coordinates"),
        ({"type": "Polygon", "coordinates": []}, "no coordinates"),
        ({"type": "Polygon", "coordinates": [square(0, 0, 1, 1)[:-1]]}, "isn't closed"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "too short"),
        ({"type": "Polygon", "coordinates": [[1, 2, 3, 1]]}, "has 1, not"),
        ({"type": "MultiPolygon", "coordinates": [square(0, 0, 1, 1)]}, "too short"),
        ({"type": "Polygon", "coordinates": [[None, [1, 0], [1, 1], None]]}, "has None, not"),
        ({"type": "Polygon", "coordinates": [square(0, 0, 1, 95)]}, "95"),
        ({"type": "Polygon", "coordinates": [square(0, 0, float("nan"), 5)]}, "nan"),
        ({"type": "Polygon", "coordinates": [square(0, 0, "1", 5)]}, "'1'"),
        ({"type": "Polygon", "coordinates": [square(170, 0, -170, 5)]}, "antimeridian"),
        ({"type": "Feature", "geometry": None}, "Feature"),
    ],
)
def test_what_is_no_area_is_named(area, named):
    with pytest.raises(BadInput, match=named) as refusal:
        checked_area(area, field="scope.polygon")

    assert refusal.value.field == "scope.polygon"
    assert refusal.value.help
