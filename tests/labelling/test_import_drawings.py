"""Drawings of tiles that are here already."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.models import Annotation, Tile
from labelling.workflow.importing.labels import import_all
from tests.labelling.imagery.labelsets.writers import box, cvat_xml, image, write_release
from tests.labelling.imports import SIDE, job, plane, planes_of, subtile

pytestmark = pytest.mark.django_db


NAME = "T35VLF_20200529T094041_TCI_tile_2_3.png"


def drawing(folder, *images: str):
    path = folder / "drawings.xml"
    path.write_text(cvat_xml(*images))
    return path


def test_a_drawing_finds_the_tile_of_its_subtile(campaign, tmp_path):
    subtile(tmp_path, row=3)
    subtile(tmp_path, row=31)
    import_all([tmp_path], job(campaign, "kappaset"))
    xml = drawing(tmp_path, image(NAME, box("CLOUD", 0, 0, 100, 256), side=SIDE))

    report = import_all([xml], job(campaign, "cvat-xml", background="clear"))

    annotation = Annotation.objects.get(source="cvat-xml")
    label, provenance = planes_of(annotation)
    assert report.exit_status == 0
    assert annotation.acquisition.place.key == "35VLF/256/3/2"
    assert (label[5, 50], provenance[5, 50]) == (1, 4)
    assert (label[5, 150], provenance[5, 150]) == (0, 5)
    assert annotation.origin["background"] == "clear"
    assert annotation.author_name == "lea"


def test_a_drawing_without_a_word_on_its_background_is_refused(campaign):
    with pytest.raises(BadInput) as refused:
        job(campaign, "cvat-xml")

    assert refused.value.field == "background"


def test_another_background_is_another_version(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    xml = drawing(tmp_path, image(NAME, box("CLOUD", 0, 0, 99, 99), side=SIDE))

    for background in ("clear", "unlabelled"):
        import_all([xml], job(campaign, "cvat-xml", background=background))

    first, second = Annotation.objects.filter(source="cvat-xml").order_by("n")
    assert second.parent == first
    assert second.labelled_share < first.labelled_share == 1


def test_images_of_unknown_tiles_and_of_other_sizes_are_listed(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    shape = box("CLOUD", 0, 0, 9, 9)
    xml = drawing(
        tmp_path,
        image("elsewhere.png", shape, side=SIDE),
        image(NAME, shape, side=64),
        image("../../../etc/passwd.png", shape, side=SIDE),
    )

    report = import_all([xml], job(campaign, "cvat-xml", background="unlabelled"))

    assert report.exit_status == 1
    assert [item.field for item in report.items] == ["image", "size", "image"]
    assert "elsewhere.png" in report.items[0].reason


def test_a_lead_can_say_which_tile_an_image_is(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    tile = Tile.objects.get()
    xml = drawing(
        tmp_path, *(image(f"{n}.png", box("CLOUD", 0, 0, n, 9), side=SIDE) for n in (10, 20, 30))
    )
    matches = {"10": tile.key, "20.png": str(tile.uuid), "30": tile.acquisition.key}

    report = import_all([xml], job(campaign, "cvat-xml", background="unlabelled", matches=matches))

    assert report.exit_status == 0
    assert Annotation.objects.filter(source="cvat-xml").count() == 3


def test_a_release_of_segments_lands_on_its_tile(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    ids = plane(0, 7).astype(np.uint32)
    release = write_release(tmp_path / "segments", ids, objects={7: 2})

    report = import_all([release], job(campaign, "segments", background="unlabelled"))

    label, provenance = planes_of(Annotation.objects.get(source="segments"))
    assert report.exit_status == 0
    assert (label[0, 0], label[-1, 0], provenance[-1, 0]) == (255, 1, 4)


def test_two_images_of_one_name_are_two_labels(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    line = '<polyline label="CLOUD" points="1,1;4,4"/>'
    xml = drawing(
        tmp_path,
        image(NAME, box("CLOUD", 0, 0, 9, 9), side=SIDE),
        image(NAME, line, side=SIDE),
    )

    reports = [
        import_all([xml], job(campaign, "cvat-xml", background="unlabelled")) for _ in range(2)
    ]

    states = [[item.state for item in report.items] for report in reports]
    assert states == [["new", "refused"], ["known", "refused"]]
