"""The masks inside SAFE products, painted: all synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.painter.safe import write_safe
from labelling.imagery.painter.safe_bands import digital_numbers
from labelling.imagery.products.find import inspect
from labelling.models import Layer
from labelling.workflow.masking.products import Bringing, bring_masks
from tests.factories import NOON
from tests.labelling.imagery.products.safes import HEADER, plain, zipped
from tests.labelling.masked import codes_of, store_tiles
from tests.rasters import pixels

pytestmark = pytest.mark.django_db

SIDE = 300


@pytest.fixture
def truth():
    """Cloud, thin cloud and shadow in blocks of 60 m, so that every mask can draw them."""
    coarse = np.random.default_rng(5).integers(0, 4, (SIDE // 6, SIDE // 6)).astype(np.uint8)
    return coarse.repeat(6, axis=0).repeat(6, axis=1)


@pytest.fixture
def written(tmp_path, truth):
    def write(**changes):
        header = replace(HEADER, size=SIDE, **changes)
        numbers = digital_numbers(plain(SIDE), offset=header.offset)
        return write_safe(tmp_path, header, numbers, truth=truth)

    return write


def bring(path, campaign):
    """{source: report} of the product at `path`, whose tiles are stored first."""
    product = inspect(path)
    store_tiles(product, pixels(height=SIDE, width=SIDE), campaign)
    reports = bring_masks(product, campaign, Bringing(blobs=store(), now=NOON))
    return {report.source: report for report in reports}


def north_west(source):
    """The layer's plane of the tile that holds the product's north-western corner, cut to it."""
    layer = Layer.objects.filter(source=source).order_by("tile__acquisition__place__key").first()
    return codes_of(layer)


@pytest.mark.parametrize("baseline", ["02.09", "05.11"])
def test_the_cloud_mask_of_level_1c_comes_in_at_every_baseline(campaign, written, truth, baseline):
    reports = bring(written(baseline=baseline), campaign)

    assert {name: (each.state, each.tiles_new) for name, each in reports.items()} == {
        "l1c_qi": ("ok", 4)
    }
    expected = np.where(truth == 3, 0, truth)  # these masks know no shadow
    np.testing.assert_array_equal(north_west("l1c_qi"), expected[:256, :256])


def test_level_2a_brings_sen2cors_masks(campaign, written, truth):
    reports = bring(written(level="L2A", baseline="05.11"), campaign)

    assert {each.state for each in reports.values()} == {"ok"}
    assert {"scl", "cldprb", "snwprb"} <= set(reports)
    np.testing.assert_array_equal(north_west("scl"), truth[:256, :256])
    np.testing.assert_array_equal(
        north_west("cldprb"), np.isin(truth, (1, 2)).astype(np.uint8)[:256, :256]
    )
    assert (north_west("snwprb") == 255).all()


@pytest.mark.parametrize("baseline", ["02.09", "05.11"])
def test_masks_come_out_of_a_zip_in_place(campaign, written, truth, tmp_path, baseline):
    archive = zipped(written(baseline=baseline), tmp_path / "p.zip")

    (report,) = bring(archive, campaign).values()

    assert report.state == "ok"
    expected = np.where(truth == 3, 0, truth)
    np.testing.assert_array_equal(north_west("l1c_qi"), expected[:256, :256])
