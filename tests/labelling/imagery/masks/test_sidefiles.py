import pytest

from labelling.errors import BadInput
from labelling.imagery.masks.sidefiles import (
    BLANK,
    USUAL,
    by_kind,
    masks_of,
    pattern_named,
    side_file,
)
from labelling.imagery.products.product import MaskSource, Product
from tests.labelling.imagery.masks.files import product


@pytest.fixture
def onto(tmp_path):
    return product(tmp_path / "scenes" / "S2B_T35VLF_x.SAFE")


def touch(onto: Product, *names: str) -> None:
    for name in names:
        path = onto.path.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(onto, *own):
    """{source: file}, refusals as text."""
    return {
        getattr(getattr(each, "source", None), "name", "refused"): getattr(each, "name", str(each))
        for each in masks_of(onto, [pattern_named(text) for text in own])
    }


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("S2B_T35VLF_x_SCL.tif", "scl"),
        ("T35VLF_20240305T104819_SCL_20m.jp2", "scl"),
        ("S2B_T35VLF_x_s2cloudless.tif", "s2cloudless"),
        ("S2B_T35VLF_x_csmask.tif", "csmask"),
        ("S2B_T35VLF_x_Fmask4.tif", "fmask"),
        ("S2B_T35VLF_x_fmask.tif", "fmask"),
        ("L1C_T35VLF_A036542_20240305T105512_Fmask4.tif", "fmask"),
        ("S2B_T35VLF_x.SAFE/GRANULE/L1C/FMASK_DATA/L1C_Fmask4.tif", "fmask"),
        ("S2B_T35VLF_x_CLM_R1.tif", "maja"),
        ("SENTINEL2B_20240305-104819-012_L2A_T35VLF_C_V3-1_CLM_R1.tif", "maja"),
        ("SENTINEL2B_20240305-1_L2A_T35VLF_C/MASKS/SENTINEL2B_CLM_R1.tif", "maja"),
        ("S2B_T35VLF_x.SAFE/cmixuvclouds_rgbiswir.tif", "dl_l8s2_uv"),
        ("L2A_T35VLF_20240305T104819_KZ_10m.tif", "kappamask"),
        ("S2B_T35VLF_x_OCM_v1_0_0.tif", "omnicloudmask"),
    ],
)
def test_masks_are_found_by_the_names_their_makers_give(onto, name, source):
    touch(onto, name, "S2B_T35VLF_other_SCL.tif", "L1C_T35VLF_A1_20240306T1_Fmask4.tif")

    assert found(onto) == {source: name.rpartition("/")[2]}


def test_a_pattern_may_name_a_band_a_blank_and_a_folder(onto, tmp_path):
    touch(onto, "../masks/S2B_T35VLF.tif", "layers.tif")

    assert found(onto, "scl:1=layers.tif", "s2cloudless:2=layers.tif", "fmask=../masks/{root}.tif")
    assert found(onto, f"scl={tmp_path}/scenes/lay*.tif", "s2cloudless:2=layers.tif") == {
        "scl": "layers.tif", "s2cloudless": "layers.tif:2",
    }  # fmt: skip


def test_signs_in_a_products_name_are_no_wildcards(tmp_path):
    onto = product(tmp_path / "a[1]*.tif")
    touch(onto, "a[1]*_SCL.tif", "a1b_SCL.tif")

    assert found(onto) == {"scl": "a[1]*_SCL.tif"}


def test_several_files_for_one_source_are_refused_and_the_rest_is_found(onto):
    touch(onto, "S2B_T35VLF_x_Fmask4.tif", "S2B_T35VLF_x_fmask.tif", "S2B_T35VLF_x_SCL.tif")

    masks = found(onto)

    assert masks["scl"] == "S2B_T35VLF_x_SCL.tif"
    assert "S2B_T35VLF_x_Fmask4.tif and S2B_T35VLF_x_fmask.tif" in masks["refused"]


def test_what_the_user_names_goes_before_the_product_and_that_before_the_usual_names(tmp_path):
    bare = product(tmp_path / "p.tif")
    inside = MaskSource("scl", "/vsizip/p.zip/SCL_20m.jp2", step=2)
    onto = Product(**{**vars(bare), "masks": (inside,)})
    touch(onto, "p_SCL.tif", "mine.tif")

    assert found(bare) == {"scl": "p_SCL.tif"}
    assert found(onto) == {"scl": "SCL_20m.jp2"}
    assert found(onto, "scl=mine.tif") == {"scl": "mine.tif"}


def test_a_mask_that_a_product_calls_by_an_unknown_name_is_refused(tmp_path):
    onto = Product(**{**vars(product(tmp_path / "p.tif")), "masks": (MaskSource("fog", "f.tif"),)})

    assert "'fog'" in found(onto)["refused"]


def test_a_blank_that_the_product_cannot_fill_finds_nothing(tmp_path):
    onto = Product(**{**vars(product(tmp_path / "p.tif")), "mgrs": "", "taken": None})
    touch(onto, "L2A_T_T1_KZ_10m.tif")

    assert found(onto) == {}
    assert side_file(onto, [pattern_named("scl=*{mgrs}*.tif")]) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("scl", "not 'scl'"),
        ("scl:0=a.tif", "not 'scl:0=a.tif'"),
        ("fog=a.tif", "no mask source 'fog'"),
        ("scl={scene}.tif", "no blank scene"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(text, reason):
    with pytest.raises(BadInput, match=reason):
        pattern_named(text)


def test_every_usual_pattern_names_the_product_or_its_tile_and_date():
    named = [set(BLANK.findall(each.glob)) for each in USUAL]

    assert all(blanks & {"stem", "name"} or blanks >= {"mgrs", "date"} for blanks in named)


def test_a_source_has_one_list_of_usual_patterns():
    assert len(by_kind(USUAL)) == len({each.source.name for each in USUAL})
