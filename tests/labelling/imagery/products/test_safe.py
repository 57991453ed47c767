from datetime import UTC, datetime

import pytest
import rasterio

from labelling.imagery.files import Georeference
from labelling.imagery.painter.safe_header import LEVELS
from labelling.imagery.products.product import Angles
from labelling.imagery.products.safe import inspect_safe
from labelling.imagery.radiometry import RULE
from tests.labelling.imagery.products.safes import edit, main_xml, write_small, zipped

TEN, TWENTY, SIXTY = 1, 2, 6


def test_a_product_tells_what_its_metadata_hold(tmp_path):
    folder = write_small(
        tmp_path, satellite="S2B", orbit=36, top=120, left=60, sun=Angles(48.1, 160.2)
    )

    product = inspect_safe(folder)

    assert (product.form, product.product_id) == ("safe", folder.name.removesuffix(".SAFE"))
    assert (product.satellite, product.level, product.baseline) == ("S2B", "L1C", "05.11")
    assert (product.orbit, product.mgrs, product.cloud_cover) == (36, "35VLF", 12.5)
    assert product.taken == datetime(2026, 5, 29, 9, 50, 31, tzinfo=UTC)
    assert (product.height, product.width) == (60, 60)
    assert product.place == Georeference("EPSG:32635", (10, 0, 300_600, 0, -10, 6_598_800))
    assert product.sun.zenith == pytest.approx(48.1)
    assert product.sun.azimuth == pytest.approx(160.2)
    assert product.synthetic


def test_the_footprint_is_a_closed_ring_of_longitude_and_latitude(tmp_path):
    product = inspect_safe(write_small(tmp_path))

    (ring,) = product.footprint["coordinates"]

    assert product.footprint["type"] == "Polygon"
    assert ring[0] == ring[-1]
    assert all(23 < longitude < 24 and 59 < latitude < 60 for longitude, latitude in ring)


@pytest.mark.parametrize("baseline", ["02.04", "02.09", "03.01"])
def test_numbers_from_before_the_offset_are_only_divided(tmp_path, baseline):
    product = inspect_safe(write_small(tmp_path, baseline=baseline))

    assert {(band.offset, band.quantification) for band in product.bands} == {(0, 10_000)}
    assert product.offset_rule == RULE


@pytest.mark.parametrize("baseline", ["04.00", "05.00", "05.10", "05.11"])
@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_the_offset_of_each_band_comes_from_the_metadata(tmp_path, level, baseline):
    folder = write_small(tmp_path, level=level, baseline=baseline)
    edit(main_xml(folder), r'band_id="3">-1000<', 'band_id="3">-900<')

    product = inspect_safe(folder)

    offsets = {band.name: band.offset for band in product.bands}
    assert offsets.pop("B04") == -900
    assert set(offsets.values()) == {-1000}


def test_the_quantification_comes_from_the_metadata(tmp_path):
    folder = write_small(tmp_path)
    edit(main_xml(folder), r">10000</QUANTIFICATION_VALUE>", ">20000</QUANTIFICATION_VALUE>")

    assert {band.quantification for band in inspect_safe(folder).bands} == {20_000}


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_bands_come_in_their_order_and_can_be_opened(tmp_path, level):
    product = inspect_safe(write_small(tmp_path, level=level))

    assert product.band_names == LEVELS[level]
    for band in product.bands:
        with rasterio.open(band.path) as dataset:
            assert dataset.shape == (60 / band.step, 60 / band.step)


def test_level_2a_reads_the_finest_image_of_each_band(tmp_path):
    product = inspect_safe(write_small(tmp_path, level="L2A"))

    steps = {band.name: band.step for band in product.bands}
    assert {name for name, step in steps.items() if step == TEN} == {"B02", "B03", "B04", "B08"}
    assert {name for name, step in steps.items() if step == SIXTY} == {"B09"}
    assert steps["B01"] == steps["B8A"] == TWENTY


@pytest.mark.parametrize(
    ("level", "baseline", "sources"),
    [
        ("L1C", "02.09", {"l1c_gml": (1, 6)}),
        ("L1C", "05.11", {"l1c_classi": (3, 6)}),
        ("L2A", "02.14", {"scl": (1, 2), "l1c_gml": (1, 6), "cldprb": (1, 2), "snwprb": (1, 2)}),
        ("L2A", "05.11", {"scl": (1, 2), "l1c_classi": (3, 6), "cldprb": (1, 2), "snwprb": (1, 2)}),
    ],
)
def test_the_masks_of_each_level_and_baseline_are_found(tmp_path, level, baseline, sources):
    product = inspect_safe(write_small(tmp_path, level=level, baseline=baseline))

    assert {mask.source: (mask.layers, mask.step) for mask in product.masks} == sources


def test_l1c_and_l2a_of_one_datatake_share_their_moment(tmp_path):
    first = inspect_safe(write_small(tmp_path, level="L1C"))
    second = inspect_safe(write_small(tmp_path, level="L2A"))

    assert first.taken == second.taken
    assert first.product_id != second.product_id


def test_angles_change_over_the_product(tmp_path):
    product = inspect_safe(write_small(tmp_path))

    north_west = product.angles.sun(row=0, column=0)
    south_east = product.angles.sun(row=60, column=60)

    assert north_west.zenith > product.sun.zenith > south_east.zenith
    assert product.angles.view(row=30, column=30).zenith == pytest.approx(5.1, abs=0.1)


def test_a_renamed_folder_keeps_its_product_id(tmp_path):
    folder = write_small(tmp_path)
    renamed = folder.rename(tmp_path / "from Lea.SAFE")

    assert inspect_safe(renamed).product_id == folder.name.removesuffix(".SAFE")


def test_level_2a_products_of_2017_are_read(tmp_path):
    folder = write_small(tmp_path, level="L2A", baseline="02.05")
    text = main_xml(folder).read_text()
    for new, old in {
        "PRODUCT_URI": "PRODUCT_URI_2A",
        "BOA_QUANTIFICATION_VALUE": "L2A_BOA_QUANTIFICATION_VALUE",
        "IMAGE_FILE": "IMAGE_FILE_2A",
    }.items():
        text = text.replace(f"{new}>", f"{old}>").replace(f"<{new} ", f"<{old} ")
    main_xml(folder).write_text(text)

    assert len(inspect_safe(folder).bands) == 12


def test_a_zip_is_read_in_place(tmp_path):
    folder = write_small(tmp_path)
    archive = zipped(folder, tmp_path / "with {odd} name.zip")

    product, other = inspect_safe(archive), inspect_safe(folder)

    assert product.product_id == other.product_id
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, archive.name, "var"}
    for inside, outside in zip(product.bands, other.bands):
        with rasterio.open(inside.path) as packed, rasterio.open(outside.path) as plain:
            assert (packed.read() == plain.read()).all()


def test_a_zip_without_a_folder_around_its_files_is_read(tmp_path):
    folder = write_small(tmp_path)

    product = inspect_safe(zipped(folder, tmp_path / "bare.zip", prefix=""))

    assert product.product_id == folder.name.removesuffix(".SAFE")
