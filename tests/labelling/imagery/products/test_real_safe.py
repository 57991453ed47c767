"""Two real products of Toulouse whose images were shrunk to 30 pixels: metadata are as ESA's."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.grid import grid_of
from labelling.imagery.products.names import BANDS
from labelling.imagery.products.safe import describe_safe, inspect_safe

WINTER = "S2A_MSIL1C_20240120T105341_N0510_R051_T31TCJ_20240120T125244"
SPRING = "S2B_MSIL1C_20240305T104819_N0510_R051_T31TCJ_20240305T125347"


@pytest.fixture
def toulouse(samples) -> Path:
    return samples / "safe_l1c_layout" / "Toulouse"


def test_real_metadata_become_columns(toulouse):
    product = describe_safe(toulouse / f"{SPRING}.SAFE")

    assert product.product_id == SPRING
    assert (product.satellite, product.level, product.baseline) == ("S2B", "L1C", "05.10")
    assert (product.orbit, product.mgrs) == (51, "31TCJ")
    assert product.taken == datetime(2024, 3, 5, 10, 48, 19, tzinfo=UTC)
    assert (product.height, product.width) == (10_980, 10_980)
    assert product.place == Georeference("EPSG:32631", (10, 0, 300_000, 0, -10, 4_900_020))
    assert product.cloud_cover == pytest.approx(63.9606, abs=1e-4)
    assert not product.synthetic


def test_real_products_start_at_the_grids_corner(toulouse):
    product = describe_safe(toulouse / f"{WINTER}.SAFE")

    assert grid_of("31TCJ", size=512).offset(product.place) == (0, 0)


def test_every_real_band_has_its_step_and_the_offset_of_its_baseline(toulouse):
    product = describe_safe(toulouse / f"{WINTER}.SAFE")

    assert product.band_names == BANDS
    assert {(band.offset, band.quantification) for band in product.bands} == {(-1000, 10_000)}
    assert [band.step for band in product.bands] == [6, 1, 1, 1, 2, 2, 2, 1, 2, 6, 6, 2, 2]


def test_the_real_footprint_is_toulouse(toulouse):
    product = describe_safe(toulouse / f"{WINTER}.SAFE")

    (ring,) = np.array(product.footprint["coordinates"])
    assert ring.mean(axis=0) == pytest.approx([1.1, 43.8], abs=0.2)
    assert (ring[0] == ring[-1]).all()


@pytest.mark.parametrize(
    ("name", "zenith", "azimuth"),
    [(WINTER, 65.7554034542734, 162.689190122297), (SPRING, 51.816936554549, 158.39725727483)],
)
def test_real_suns_agree_with_their_own_mean(toulouse, name, zenith, azimuth):
    product = describe_safe(toulouse / f"{name}.SAFE")

    centre = product.angles.sun(row=5490, column=5490)

    assert (product.sun.zenith, product.sun.azimuth) == pytest.approx((zenith, azimuth))
    assert centre.zenith == pytest.approx(zenith, abs=0.01)
    assert centre.azimuth == pytest.approx(azimuth, abs=0.01)


def test_real_views_agree_with_their_own_mean(toulouse):
    product = describe_safe(toulouse / f"{SPRING}.SAFE")
    nodes = range(250, 10_980, 500)

    views = [product.angles.view(row=row, column=column) for row in nodes for column in nodes]

    seen = [view.zenith for view in views if view]
    assert np.mean(seen) == pytest.approx(product.view.zenith, abs=0.1)
    assert product.view.zenith == pytest.approx(2.90, abs=0.01)
    # Nadir runs through the tile: west of it the satellite is seen in the east, and vice versa.
    # Odd and even detectors look ahead and back, which turns the azimuth by up to 45 degrees.
    assert max(seen) > 5
    assert product.angles.view(row=9000, column=250).azimuth == pytest.approx(105, abs=45)
    assert product.angles.view(row=9000, column=10_750).azimuth == pytest.approx(285, abs=45)


def test_the_real_cloud_mask_is_found(toulouse):
    (mask,) = describe_safe(toulouse / f"{SPRING}.SAFE").masks

    assert (mask.source, mask.layers, mask.step) == ("l1c_classi", 3, 6)
    assert Path(mask.path).is_file()


def test_shrunk_images_are_refused_for_their_size(toulouse):
    with pytest.raises(RasterRejected) as refusal:
        inspect_safe(toulouse / f"{SPRING}.SAFE")

    assert str(refusal.value) == (
        f"{SPRING}.SAFE: band B01, T31TCJ_20240305T104819_B01.jp2, has 30 by 30 pixels, "
        "not 1830 by 1830 as its metadata say."
    )
