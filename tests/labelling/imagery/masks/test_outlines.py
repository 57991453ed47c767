import zipfile

import numpy as np
import pytest

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference
from tests.labelling.imagery.masks.files import box, classes_of, product, write_gml
from tests.rasters import IN_35VLF

BOMB = """<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0">&b;</eop:Mask>"""


@pytest.fixture
def onto(tmp_path):
    return product(tmp_path / "a.tif", side=30)


def drawn(path, onto):
    return classes_of(path, "l1c_gml", onto)


@pytest.mark.parametrize("each", [2, 3])
def test_outlines_are_filled_to_the_pixel(tmp_path, onto, each):
    path = write_gml(
        tmp_path / "m.gml",
        ("OPAQUE", box(6, 6, 24, 24), box(12, 12, 18, 18)),
        ("CIRRUS", box(0, 0, 12, 6)),
        each=each,
    )

    classes = drawn(path, onto)

    expected = np.zeros((30, 30), np.uint8)
    expected[6:24, 6:24] = 1
    expected[12:18, 12:18] = 0
    expected[0:6, 0:12] = 2
    np.testing.assert_array_equal(classes, expected)


def test_opaque_cloud_shows_through_cirrus_whatever_comes_first(tmp_path, onto):
    path = write_gml(
        tmp_path / "m.gml", ("OPAQUE", box(0, 0, 12, 12)), ("CIRRUS", box(0, 0, 30, 12))
    )

    assert set(drawn(path, onto)[0, :12].tolist()) == {1}
    assert set(drawn(path, onto)[0, 12:].tolist()) == {2}


def test_outlines_off_the_60_m_cells_are_drawn_on_a_grid_that_has_none(tmp_path):
    onto = product(tmp_path / "a.tif", side=31)
    path = write_gml(tmp_path / "m.gml", ("OPAQUE", box(1, 1, 30, 2)))

    assert drawn(path, onto).sum() == 29


def test_a_mask_without_outlines_is_all_clear(tmp_path, onto):
    assert (drawn(write_gml(tmp_path / "m.gml"), onto) == 0).all()


def test_outlines_are_read_inside_an_archive(tmp_path, onto):
    plain = write_gml(tmp_path / "m.gml", ("OPAQUE", box(0, 0, 30, 30)))
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(plain, "p.SAFE/m.gml")

    assert (drawn(f"/vsizip/{tmp_path}/p.zip/p.SAFE/m.gml", onto) == 1).all()
    with pytest.raises(RasterRejected, match=r"n\.gml: can't be read"):
        drawn(f"/vsizip/{tmp_path}/p.zip/p.SAFE/n.gml", onto)


@pytest.mark.parametrize(
    ("outline", "reason"),
    [
        (("SMOKE", box(0, 0, 1, 1)), "outlines are SMOKE"),
        (("OPAQUE", box(0, 0, 1, 1)[:3]), "no list of positions"),
    ],
)
def test_outlines_that_make_no_sense_are_refused_by_name(tmp_path, onto, outline, reason):
    with pytest.raises(RasterRejected, match=rf"m\.gml.*{reason}"):
        drawn(write_gml(tmp_path / "m.gml", outline), onto)


@pytest.mark.parametrize("content", ["<eop:Mask", BOMB, "", '{"type": "Polygon"}'])
def test_xml_that_is_malformed_or_a_bomb_is_refused_by_name(tmp_path, onto, content):
    path = tmp_path / "m.gml"
    path.write_text(content)

    with pytest.raises(RasterRejected, match=r"m\.gml: is malformed"):
        drawn(path, onto)


def test_a_gml_that_is_too_large_or_not_there_is_refused_by_name(tmp_path, onto, monkeypatch):
    monkeypatch.setattr("labelling.imagery.masks.outlines.LARGEST", 100)

    with pytest.raises(RasterRejected, match=r"m\.gml: is larger"):
        drawn(write_gml(tmp_path / "m.gml", ("OPAQUE", box(0, 0, 1, 1))), onto)
    with pytest.raises(RasterRejected, match=r"nowhere\.gml: can't be read"):
        drawn(tmp_path / "nowhere.gml", onto)


def test_outlines_of_another_system_or_without_ground_to_draw_on_are_refused(tmp_path, onto):
    path = write_gml(tmp_path / "m.gml", epsg=32634)

    with pytest.raises(RasterRejected, match="EPSG:32634") as refusal:
        drawn(path, onto)
    assert refusal.value.field == "crs"
    with pytest.raises(RasterRejected, match="no georeference"):
        drawn(path, product(tmp_path / "bare.tif", place=None))


def test_the_system_of_the_ground_may_be_any_the_outlines_name(tmp_path):
    south = Georeference("EPSG:32734", IN_35VLF.transform)
    path = write_gml(tmp_path / "m.gml", ("CIRRUS", box(0, 0, 12, 12)), epsg=32734)

    assert (drawn(path, product(tmp_path / "a.tif", place=south)) == 2).all()
