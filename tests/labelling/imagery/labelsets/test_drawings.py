"""CVAT for images 1.1 and Segments.ai."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from labelling.errors import BadInput
from labelling.imagery.labelsets import cvat_xml as cvat
from labelling.imagery.labelsets import kappaset, segments
from labelling.imagery.labelsets.shapes import encode_runs
from tests.labelling.imagery.labelsets.writers import (
    CHOICES,
    box,
    cvat_xml,
    image,
    mask,
    polygon,
    write_release,
    write_subtile,
)

UNLABELLED = replace(CHOICES, background="unlabelled")
CLEAR = replace(CHOICES, background="clear")


def drawn(tmp_path, *shapes, choices=UNLABELLED, **options):
    path = tmp_path / "annotations.xml"
    path.write_text(cvat_xml(image("a.png", *shapes), **options))
    (item,) = cvat.items(path, choices)
    return item.read()


class TestCvat:
    def test_what_nobody_drew_on_is_not_labelled_or_background(self, tmp_path):
        shape = box("CLOUD", 0, 0, 10, 10)

        unlabelled = drawn(tmp_path, shape)
        clear = drawn(tmp_path, shape, choices=CLEAR)

        assert (unlabelled.label[20, 20], unlabelled.provenance[20, 20]) == (255, 0)
        assert (clear.label[20, 20], clear.provenance[20, 20]) == (0, 5)
        assert (clear.label[5, 5], clear.provenance[5, 5]) == (1, 4)
        assert clear.origin["background"] == "clear"

    def test_the_teams_labels_lie_in_cm_vsms_class_order_whatever_their_z(self, tmp_path):
        shapes = (
            box("UNDEFINED", 0, 0, 4, 60, z=-9),
            box("MISSING", 0, 0, 8, 60, z=-5),
            box("CLOUD", 0, 0, 12, 60, z=-3),
            box("SEMI_TRANSPARENT_CLOUD", 0, 0, 16, 60, z=2),
            box("CLOUD_SHADOW", 0, 0, 20, 60, z=5),
            box("CLEAR", 0, 0, 24, 60, z=9),
        )

        found = drawn(tmp_path, *shapes, choices=CLEAR)

        assert found.label[30, 2:30:4].tolist() == [254, 255, 1, 2, 3, 0, 0]
        assert found.provenance[30, 2:30:4].tolist() == [4, 0, 4, 4, 4, 4, 5]
        assert found.table == "kappazeta/1"

    def test_any_other_labels_lie_by_z_order_then_by_drawing(self, tmp_path):
        shapes = (
            box("cloud", 0, 0, 20, 20, z=1),
            box("shadow", 0, 0, 10, 20),
            box("clear", 0, 0, 5, 20),
            box("semi-transparent", 30, 0, 40, 20),
            box("clear", 30, 0, 35, 20),
        )
        campaign = {"clear": 0, "cloud": 1, "semi-transparent": 2, "shadow": 3}

        found = drawn(tmp_path, *shapes, choices=replace(UNLABELLED, campaign=campaign))

        assert found.label[10, [2, 7, 15, 32, 37]].tolist() == [1, 1, 1, 0, 2]
        assert found.by_campaign

    def test_the_campaigns_priority_can_decide_instead(self, tmp_path):
        choices = replace(UNLABELLED, priority={0: 9, 1: 3, 2: 1, 3: 2})

        found = drawn(tmp_path, box("CLEAR", 0, 0, 9, 9), box("CLOUD", 0, 0, 9, 9), choices=choices)

        assert found.label[4, 4] == 0
        assert "campaign" in found.origin["order"]

    def test_brush_masks_and_turned_boxes_and_ellipses_are_painted(self, tmp_path):
        part = np.zeros((4, 5), dtype=bool)
        part[1:3, 2:] = True
        turned = box("CLOUD", 20, 20, 40, 24).replace("z_order", 'rotation="90.0" z_order')
        disc = '<ellipse label="CLEAR" cx="50" cy="50" rx="5" ry="5" z_order="0"/>'
        brush = mask("CLOUD_SHADOW", encode_runs(part), left=7, top=3, width=5, height=4)

        found = drawn(tmp_path, turned, disc, brush)

        assert np.argwhere(found.label == 3).tolist() == [
            [row, column] for row in (4, 5) for column in (9, 10, 11)
        ]
        assert (found.label[12:32, 28:32] == 1).all()
        assert found.label[50, 50] == 0

    def test_the_xml_and_the_netcdf_of_one_tile_differ_only_on_outlines(self, tmp_path):
        corners = [(10.3, 8.2), (50.7, 12.9), (44.1, 55.5), (14.0, 40.4)]
        shadow = [(30.2, 30.1), (60.9, 33.3), (55.0, 62.2), (33.3, 60.7)]
        xml = drawn(
            tmp_path, polygon("CLOUD_SHADOW", *shadow), polygon("CLOUD", *corners), choices=CLEAR
        )
        path = write_subtile(tmp_path, label=as_cm_vsm_burns([(2, shadow), (4, corners)]))

        burnt = kappaset.read(path, CHOICES)

        differing = np.argwhere(xml.label != burnt.label)
        assert 0 < len(differing) < 250
        outlines = [
            *zip(corners, [*corners[1:], corners[0]]),
            *zip(shadow, [*shadow[1:], shadow[0]]),
        ]
        assert all(distance(point, outlines) < 1.6 for point in differing + 0.5)

    def test_the_author_is_the_jobs_assignee_before_the_tasks_owner(self, tmp_path):
        owner = "<owner><username>lea</username></owner>"
        both = f"<job><assignee>ana</assignee></job><task>{owner}</task>"

        assert drawn(tmp_path, meta=both).author == "ana"
        assert drawn(tmp_path, meta=f"<task>{owner}<assignee></assignee></task>").author == "lea"
        assert drawn(tmp_path, meta="").author == ""

    def test_a_label_nobody_knows_is_refused_and_can_be_told(self, tmp_path):
        with pytest.raises(BadInput, match="'CIRRUS'") as refused:
            drawn(tmp_path, box("CIRRUS", 0, 0, 9, 9))
        told = drawn(
            tmp_path, box("CIRRUS", 0, 0, 9, 9), choices=replace(UNLABELLED, classes={"CIRRUS": 2})
        )

        assert "annotations.xml: a.png" in str(refused.value)
        assert told.label[4, 4] == 2
        assert told.table.endswith("+CIRRUS=2")

    def test_lines_and_points_are_refused_or_left_out_and_told(self, tmp_path):
        line = '<polyline label="CLOUD" points="1,1;5,5" z_order="0"/>'

        with pytest.raises(BadInput, match="polyline has no area"):
            drawn(tmp_path, line)
        found = drawn(tmp_path, line, choices=replace(UNLABELLED, skip_shapes=True))

        assert found.notes == ("1 shapes without an area left out",)

    @pytest.mark.parametrize(
        ("shape", "field"),
        [
            ('<polygon label="CLOUD" points="1,1;nan,2;3,3"/>', "points"),
            ('<polygon label="CLOUD" points="1,1;2"/>', "points"),
            ('<polygon label="CLOUD" points=""/>', "points"),
            ('<box label="CLOUD" xtl="1" ytl="1" xbr="x" ybr="4"/>', "xbr"),
            ('<box label="CLOUD" xtl="1" ytl="1" xbr="4"/>', "ybr"),
            (mask("CLOUD", [4, 9**20], left=0, top=0, width=4, height=4), "rle"),
            (mask("CLOUD", [1, 1], left=0, top=0, width=4, height=4), "rle"),
            (mask("CLOUD", [0, 16], left=62, top=0, width=4, height=4), "mask"),
            (mask("CLOUD", [0] * 99, left=0, top=0, width=4, height=4), "rle"),
            (mask("CLOUD", [1], left=0, top=0, width=10**9, height=10**9), "mask"),
            ('<mask label="CLOUD" rle="a,b" left="0" top="0" width="2" height="2"/>', "rle"),
        ],
    )
    def test_shapes_that_cannot_be_are_refused_by_image_and_field(self, tmp_path, shape, field):
        with pytest.raises(BadInput, match=r"a\.png") as refused:
            drawn(tmp_path, shape)

        assert refused.value.field == field

    def test_an_image_too_large_for_a_tile_is_refused(self, tmp_path):
        path = tmp_path / "annotations.xml"
        path.write_text(cvat_xml(image("a.png", side=100_000)))
        (item,) = cvat.items(path, UNLABELLED)

        with pytest.raises(BadInput, match="no tile"):
            item.read()

    @pytest.mark.parametrize(
        "text",
        [
            '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><annotations>&c;</annotations>',
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotations>&b;</annotations>',
            "<annotations><image name=",
            "",
            "<annotations><version>1.1</version><track/></annotations>",
            "<html/>",
        ],
    )
    def test_bombs_halves_and_other_formats_are_refused_and_the_other_files_go_on(
        self, tmp_path, text
    ):
        (tmp_path / "bad.xml").write_text(text)
        (tmp_path / "good.xml").write_text(cvat_xml(image("a.png", box("CLOUD", 0, 0, 9, 9))))

        bad, good = cvat.items(tmp_path, UNLABELLED)

        with pytest.raises(BadInput, match=r"bad\.xml"):
            bad.read()
        assert good.read().label[4, 4] == 1


class TestSegments:
    ids = np.zeros((64, 64), np.uint32)
    ids[:10] = 7
    ids[10:20] = 70_000

    def test_objects_become_classes_and_the_rest_is_background(self, tmp_path):
        write_release(tmp_path, self.ids, objects={7: 2, 70_000: 3})

        (item,) = segments.items(tmp_path, CLEAR)
        found = item.read()

        assert found.label[[5, 15, 30], 0].tolist() == [1, 3, 0]
        assert found.provenance[[5, 15, 30], 0].tolist() == [4, 4, 5]
        assert found.author == "ana"
        assert found.target.names == ("T35VLF_20200529T094041_tile_2_3.png",)

    def test_labels_that_nobody_finished_are_passed_over(self, tmp_path):
        write_release(tmp_path, self.ids, objects={7: 2}, status="PRELABELED")

        assert segments.items(tmp_path, UNLABELLED) == []

    def test_an_object_or_category_that_is_not_listed_is_refused(self, tmp_path):
        write_release(tmp_path / "a", self.ids, objects={7: 2})
        write_release(tmp_path / "b", self.ids, objects={7: 2, 70_000: 99})

        for folder, told in (("a", "object 70000"), ("b", "category 99")):
            (item,) = segments.items(tmp_path / folder, UNLABELLED)
            with pytest.raises(BadInput, match=told):
                item.read()

    def test_names_never_lead_out_of_the_releases_folder(self, tmp_path):
        (tmp_path / "secret.png").write_bytes(b"secret")
        path = write_release(tmp_path / "release", self.ids, objects={7: 2})
        text = path.read_text()
        path.write_text(
            text.replace("https://example.org/assets/team/abc-123.png", "../secret.png")
        )

        (item,) = segments.items(path, UNLABELLED)

        assert tmp_path / "secret.png" not in item.files
        with pytest.raises(BadInput, match=r"secret\.png: isn't below"):
            item.read()

    def test_bitmaps_that_are_damaged_huge_or_grey_are_refused_by_name(self, tmp_path):
        path = write_release(tmp_path, self.ids, objects={7: 2})
        bitmap = tmp_path / "abc-123.png"
        whole = bitmap.read_bytes()
        for spoil in (
            lambda: bitmap.write_bytes(whole[: len(whole) // 2]),
            lambda: bitmap.write_bytes(b"not a picture"),
            lambda: Image.new("L", (64, 64)).save(bitmap),
            lambda: Image.new("RGBA", (5000, 2)).save(bitmap),
        ):
            spoil()
            (item,) = segments.items(path, UNLABELLED)
            with pytest.raises(BadInput, match=r"abc-123\.png"):
                item.read()

    @pytest.mark.parametrize("text", ["{", "[]", '{"dataset": {}}', '{"dataset": {"samples": 3}}'])
    def test_json_that_is_no_release_is_refused_by_name(self, tmp_path, text):
        (tmp_path / "bad.json").write_text(text)
        (item,) = segments.items(tmp_path, UNLABELLED)

        with pytest.raises(BadInput, match=r"bad\.json"):
            item.read()


def as_cm_vsm_burns(shapes) -> np.ndarray:
    """KappaMask codes on a clear ground: filled polygons with their outline, as drawing
    libraries fill them."""
    from PIL import ImageDraw

    plane = Image.new("L", (64, 64), 1)
    for code, corners in shapes:
        ImageDraw.Draw(plane).polygon(corners, fill=code, outline=code)
    return np.asarray(plane)


def distance(point, edges) -> float:
    """Of (row, column) to the nearest of edges ((x, y), (x, y))."""
    y, x = point
    nearest = []
    for (x0, y0), (x1, y1) in edges:
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
        t = min(max(along, 0), 1)
        nearest.append(np.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)))
    return min(nearest)
