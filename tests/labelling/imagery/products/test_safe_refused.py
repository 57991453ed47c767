"""What a SAFE product is refused for: each is one change to a product that is right."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from labelling.imagery.painter.safe_bands import write_jp2
from labelling.imagery.products.archive import LARGEST_XML
from labelling.imagery.products.safe import inspect_safe
from tests.labelling.imagery.products.safes import (
    HEADER,
    edit,
    image,
    main_xml,
    refusal,
    tile_xml,
    write_small,
)
from tests.rasters import cut_short


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("right"))


@pytest.fixture
def product(right, tmp_path):
    return Path(shutil.copytree(right, tmp_path / right.name))


def test_a_missing_band_is_named(product):
    image(product, "B8A").unlink()

    refusal(product, r"band B8A is missing.*_B8A\.jp2", field="B8A")


def test_a_band_that_the_metadata_do_not_list_is_named(product):
    edit(main_xml(product), r"<IMAGE_FILE>[^<]*_B11</IMAGE_FILE>", "")

    refusal(product, r"MTD_MSIL1C\.xml lists no image of band B11", field="B11")


@pytest.mark.parametrize("path", ["../../../etc/B02", "/etc/B02", "GRANULE/../B02"])
def test_images_outside_the_product_are_not_followed(product, path):
    edit(main_xml(product), r"<IMAGE_FILE>[^<]*_B02<", f"<IMAGE_FILE>{path}<")

    refusal(product, "lists no image of band B02")


def test_a_missing_product_file_is_named(product):
    main_xml(product).unlink()

    refusal(product, "neither MTD_MSIL1C.xml nor MTD_MSIL2A.xml")


def test_a_missing_granule_file_is_named(product):
    tile_xml(product).unlink()

    refusal(product, r"0 files GRANULE/…/MTD_TL\.xml", field="MTD_TL.xml")


def test_a_product_of_two_granules_is_refused(product):
    other = product / "GRANULE" / "L1C_T35VLG_A000001_20260529T094358"
    other.mkdir()
    (other / "MTD_TL.xml").write_text(tile_xml(product).read_text())

    refusal(product, r"2 files GRANULE")


@pytest.mark.parametrize("share", [0.0, 0.4, 0.99])
def test_xml_that_ends_early_is_refused(product, share):
    cut_short(main_xml(product), share=share)

    refusal(product, r"MTD_MSIL1C\.xml is not well-formed")


def test_xml_with_entities_is_refused_before_it_grows(product):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    edit(tile_xml(product), r"\?>\s*<", f"?>{bomb}<")

    refusal(product, r"MTD_TL\.xml declares a document type or entities")


def test_xml_larger_than_any_product_has_is_not_parsed(product):
    with tile_xml(product).open("ab") as file:
        file.write(b" " * LARGEST_XML)

    refusal(product, rf"MTD_TL\.xml has \d+ bytes, more than {LARGEST_XML}")


@pytest.mark.parametrize("baseline", ["99.99", "06.00", "01.05", "5.11", "new", "05.1"])
def test_an_unknown_baseline_is_refused(product, baseline):
    edit(main_xml(product), r"BASELINE>[^<]*<", f"BASELINE>{baseline}<")

    refusal(product, rf"processing baseline '{baseline}' is unknown", field="PROCESSING_BASELINE")


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_a_late_baseline_without_offsets_is_refused(tmp_path, level):
    product = write_small(tmp_path, level=level)
    tag = "RADIO_ADD_OFFSET" if level == "L1C" else "BOA_ADD_OFFSET"
    edit(main_xml(product), rf"<{tag} .*</{tag}>", "")

    refusal(product, rf"no {tag} for B01, .*; baseline 05\.11 needs it", field=tag)


def test_an_offset_missing_for_one_band_is_named(product):
    edit(main_xml(product), r'<RADIO_ADD_OFFSET band_id="12">-1000</RADIO_ADD_OFFSET>', "")

    refusal(product, "no RADIO_ADD_OFFSET for B12; baseline")


def test_an_early_baseline_with_an_offset_is_refused(tmp_path):
    product = write_small(tmp_path, baseline="03.01")
    tag = "RADIO_ADD_OFFSET"
    added = f'<{tag} band_id="0">-1000</{tag}></Product_Image'
    edit(main_xml(product), r"</Product_Image", added)

    refusal(product, r"has RADIO_ADD_OFFSET at baseline 03\.01", field=tag)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (r'band_id="4"', 'band_id="3"', "band_id '3', unknown or twice"),
        (r'band_id="4"', 'band_id="13"', "band_id '13', unknown or twice"),
        (r'band_id="4"', 'band_id="B05"', "band_id 'B05', unknown or twice"),
        (r">-1000<", ">-1000.5<", "not a whole number"),
        (r">-1000<", ">none<", "not a number"),
        (r">-1000<", ">-20000<", "beyond a reflectance of 1"),
        (r">10000</Q", ">0</Q", "not above 0"),
        (r">10000</Q", ">nan</Q", "not a finite number"),
        (r"<QUANTIFICATION_VALUE.*?</QUANTIFICATION_VALUE>", "", "no <QUANTIFICATION_VALUE>"),
    ],
)  # fmt: skip
def test_radiometry_that_makes_no_sense_is_refused(product, old, new, told):
    edit(main_xml(product), old, new)

    refusal(product, told)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("SPACECRAFT_NAME", "Sentinel-2B"), ("PROCESSING_BASELINE", "05.10"),
        ("DATATAKE_SENSING_START", "2026-05-29T09:50:32.024Z"), ("SENSING_ORBIT_NUMBER", "23"),
    ],
)  # fmt: skip
def test_metadata_that_contradict_the_products_name_are_refused(product, tag, value):
    edit(main_xml(product), rf"<{tag}>[^<]*<", f"<{tag}>{value}<")

    refusal(product, f"contradicts itself: {tag}", field=tag)


def test_a_granule_of_another_tile_is_refused(product):
    edit(tile_xml(product), r"_T35VLF_", "_T35VMF_")

    refusal(product, "TILE_ID", field="TILE_ID")


def test_metadata_of_another_product_are_refused(product):
    renamed = product.rename(product.with_name(product.name.replace("T35VLF", "T35VMF")))

    refusal(renamed, "belongs to .*T35VLF", field="PRODUCT_URI")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("DATATAKE_SENSING_START", "yesterday"), ("SENSING_ORBIT_NUMBER", "many"),
        ("Cloud_Coverage_Assessment", "140"), ("Cloud_Coverage_Assessment", "nan"),
        ("EXT_POS_LIST", "59.5 23.4 59.4"), ("EXT_POS_LIST", "59 23 60 24 61 25 62 26"),
        ("PRODUCT_URI", "my favourite.SAFE"), ("PRODUCT_URI", ""),
        ("PRODUCT_URI", "S2A_MSIL1C_20261329T095031_N0511_R022_T35VLF_20260529T125031.SAFE"),
        ("PRODUCT_URI", "S2A_MSIL1C_20260529T095031_N0511_R144_T35VLF_20260529T125031.SAFE"),
        ("PRODUCT_URI", "S2A_MSIL1C_20260529T095031_N0511_R022_T35VIO_20260529T125031.SAFE"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(product, tag, value):
    edit(main_xml(product), rf"<{tag}>[^<]*<", f"<{tag}>{value}<")

    refusal(product, r"\.SAFE: .+")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (r"EPSG:32635", "EPSG:32634", "lies in EPSG:32634, not EPSG:32635"),
        (r"<ULX>300000", "<ULX>300005", "between the grid's pixels"),
        (r"<ULY>6600000", "<ULY>6700000", "reaches beyond the tile"),
        (r"<XDIM>10", "<XDIM>20", "pixels of 20"),
        (r"<NROWS>60", "<NROWS>sixty", "not a number"),
        (r'<Size resolution="10"', '<Size resolution="15"', "no <Tile_Geocoding>"),
        (r"<Sun_Angles_Grid>.*</Sun_Angles_Grid>", "", "no <Sun_Angles_Grid>"),
        (r"<VALUES>[\d.]+ ", "<VALUES>high ", "damaged grid <Zenith>"),
        (r"<VALUES>[\d.]+ ", "<VALUES>", "damaged grid <Zenith>"),
        (r"<VALUES>[\d.]+ ", "<VALUES>181 ", "<Zenith> with angles out of range"),
        (r"<VALUES>[\d.]+ ", "<VALUES>inf ", "<Zenith> with angles out of range"),
        (r'<ZENITH_ANGLE unit="deg">[\d.]+', '<ZENITH_ANGLE unit="deg">-1', "Mean_Sun_Angle -1"),
        (r'<COL_STEP unit="m">5000', '<COL_STEP unit="m">-5', "less than a metre apart"),
    ],
)  # fmt: skip
def test_a_grid_that_makes_no_sense_is_refused(product, old, new, told):
    edit(tile_xml(product), old, new)

    refusal(product, told)


def rewrite(file, *, side=60, place=None, dtype=np.uint16):
    file.unlink()
    write_jp2(file, np.ones((1, side, side), dtype), place=place or HEADER.place(), block=64)


def test_an_image_of_the_wrong_size_is_refused(product):
    rewrite(image(product, "B02"), side=30)

    refusal(product, r"band B02, .*_B02\.jp2, has 30 by 30 pixels, not 60 by 60", field="size")


def test_an_image_of_8_bits_is_refused(product):
    rewrite(image(product, "B03"), dtype=np.uint8)

    refusal(product, "band B03, .* has uint8 pixels", field="dtype")


def test_an_image_in_another_system_is_refused(product):
    place = HEADER.place()
    rewrite(image(product, "B04"), place=type(place)("EPSG:32634", place.transform))

    refusal(product, "band B04, .* lies in EPSG:32634, not EPSG:32635", field="crs")


def test_an_image_from_elsewhere_is_refused(product):
    rewrite(image(product, "B08"), place=HEADER.place().moved(rows=6, columns=0))

    refusal(product, "band B08, .* georeference", field="georeference")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_an_image_cut_short_is_refused_without_decoding(product, share):
    cut_short(image(product, "B02"), share=share)

    refusal(
        product, r"band B02, .*_B02\.jp2, (is cut short|is not a JPEG|ends before)", field="file"
    )


def test_an_image_that_is_none_is_refused(product):
    image(product, "B02").write_text("not an image")

    refusal(product, "band B02, .* is not a JPEG 2000 file", field="file")


def test_a_product_from_before_compact_names_is_told_what_to_get_instead(tmp_path):
    folder = tmp_path / "S2A_OPER_PRD_MSIL1C_PDMC_20160101T123456_R022_V20160101T095031.SAFE"
    folder.mkdir()

    told = refusal(folder, "until December 2016")

    assert "Collection 1" in told.help


def test_what_is_not_there_is_refused(tmp_path):
    refusal(tmp_path / "gone.SAFE", "no such file")


def test_a_product_that_was_broken_and_is_mended_is_read(product):
    band = image(product, "B02")
    whole = band.read_bytes()
    cut_short(band)
    refusal(product, "B02")

    band.write_bytes(whole)

    assert inspect_safe(product).bands[1].name == "B02"
