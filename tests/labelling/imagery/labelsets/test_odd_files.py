"""Whose labels a project's export holds, and files that no tool should have written."""

from __future__ import annotations

import json
from dataclasses import replace

import netCDF4
import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.imagery.labelsets import cvat_xml as cvat
from labelling.imagery.labelsets import kappaset, segments
from labelling.imagery.labelsets.filing import files_below, rows_of
from tests.labelling.imagery.labelsets.writers import (
    CHOICES,
    box,
    cvat_xml,
    image,
    write_release,
    write_subtile,
)

CLEAR = replace(CHOICES, background="clear")
PROJECT = """<project><id>1</id><tasks>
<task><id>7</id><assignee><username>ana</username></assignee></task>
<task><id>8</id><assignee><username>ben</username></assignee></task>
<task><id>9</id></task></tasks><owner><username>lea</username></owner></project>"""


def in_task(number, name):
    cloud = box("CLOUD", 0, 0, 5, 5)
    return image(name, cloud).replace('id="0"', f'id="0" task_id="{number}"')


def export(tmp_path, *images, meta=PROJECT):
    path = tmp_path / "project.xml"
    path.write_text(cvat_xml(*images, meta=meta))
    return [item.read() for item in cvat.items(path, CLEAR)]


class TestCvat:
    def test_each_image_of_a_project_has_its_own_tasks_person(self, tmp_path):
        images = [in_task(7, "a.png"), in_task(8, "b.png"), in_task(9, "c.png")]

        labels = export(tmp_path, *images)

        assert [(each.author, each.origin["author_is"]) for each in labels] == [
            ("ana", "assignee"), ("ben", "assignee"), ("lea", "owner"),
        ]  # fmt: skip

    def test_an_image_that_names_no_task_of_several_is_nobodys(self, tmp_path):
        tasks = PROJECT[: PROJECT.index("<owner>")] + "</project>"

        (label,) = export(tmp_path, image("a.png", box("CLOUD", 0, 0, 5, 5)), meta=tasks)

        assert label.author == ""

    @pytest.mark.parametrize("content", ["", '<tag label="CLOUD"></tag>'])
    def test_an_image_that_nobody_drew_on_is_never_all_clear(self, tmp_path, content):
        (label,) = export(tmp_path, image("a.png", content))

        assert (label.label == 255).all()
        assert not label.provenance.any()
        assert "held" in label.notes[0]


@pytest.mark.parametrize("overlap", ["half", np.nan, np.inf, -0.1, 1.0, [0.1, 0.2]])
def test_a_sub_tile_whose_overlap_is_no_share_has_no_ground(tmp_path, overlap):
    path = write_subtile(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.overlap = overlap

    with pytest.raises(BadInput, match="overlap") as refusal:
        kappaset.read(path, CHOICES)
    assert refusal.value.field == "overlap"


def test_a_sub_tile_named_without_its_day_lies_where_its_product_does(tmp_path):
    path = write_subtile(tmp_path)

    undated = kappaset.read(path.rename(path.with_name("T35VLF_tile_2_3.nc")), CHOICES).picture
    dated = kappaset.read(write_subtile(tmp_path), CHOICES).picture

    assert (undated.place, undated.mgrs, undated.product_id) == (
        dated.place, "35VLF", dated.product_id,
    )  # fmt: skip


def test_a_row_longer_than_its_header_is_refused(tmp_path):
    table = tmp_path / "metadata.csv"
    table.write_text("roi_id,s2_id_gee\nROI_0001,x,y\n")

    with pytest.raises(BadInput, match="more fields than the header"):
        rows_of(table, needed=("roi_id",))


def test_names_with_odd_digits_are_sorted_too(tmp_path):
    (tmp_path / "area_m²_1.nc").touch()

    assert len(files_below(tmp_path, "*.nc")) == 1


ODD = {
    "labels": {"labels": ["x"]},
    "ground-truth": {"labels": {"ground-truth": "x"}},
    "attributes": {"labels": {"ground-truth": {"label_status": "LABELED", "attributes": [1]}}},
    "name": {"name": "a\0b", "labels": {"ground-truth": {"label_status": "LABELED"}}},
    "segmentation_bitmap": {
        "labels": {
            "ground-truth": {
                "label_status": "LABELED",
                "attributes": {"segmentation_bitmap": "http://[x"},
            }
        }
    },
}


@pytest.mark.parametrize("field", ODD)
def test_an_odd_sample_of_a_release_doesnt_keep_the_others_out(tmp_path, field):
    ids = np.ones((64, 64), np.uint32)
    path = write_release(tmp_path, ids, objects={1: 2}, sample="good.png")
    release = json.loads(path.read_text())
    release["dataset"]["samples"].insert(0, {"name": "odd.png", **ODD[field]})
    path.write_text(json.dumps(release))

    odd, good = segments.items(tmp_path, CLEAR)

    with pytest.raises(BadInput) as refusal:
        odd.read()
    assert refusal.value.field == field
    assert (good.read().label == 1).all()
