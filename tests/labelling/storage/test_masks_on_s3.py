"""Masks as layers of an installation whose blobs are in S3, on loopback."""

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.models import Layer
from labelling.workflow.masking.products import Bringing, bring_masks
from labelling.workflow.masking.run import run_masker
from tests.factories import NOON, CampaignFactory
from tests.labelling.imagery.masks.files import write_planes
from tests.labelling.masked import codes_of, layer_blobs, stored_product
from tests.labelling.test_masking_run import THIRTEEN, Painter, order
from tests.rasters import pixels

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


@pytest.fixture
def campaign():
    return CampaignFactory(slug="cloudy", bands=list(THIRTEEN))


@pytest.fixture
def product(campaign, tmp_path):
    values = pixels(bands=13, height=300, width=256)
    return stored_product(tmp_path / "a.tif", values, campaign, bands=THIRTEEN)


def test_masks_are_brought_to_s3_and_read_from_there(campaign, product, tmp_path):
    write_planes(tmp_path / "a_SCL.tif", np.full((300, 256), 9, np.uint8))

    (report,) = bring_masks(product, campaign, Bringing(blobs=store(), now=NOON))
    again = bring_masks(product, campaign, Bringing(blobs=store(), now=NOON))

    assert (report.state, report.tiles_new, again[0].state) == ("ok", 2, "known")
    planes = [codes_of(layer) for layer in Layer.objects.order_by("raster")]
    assert [np.count_nonzero(plane == 1) for plane in planes] == [256 * 256, 44 * 256]


def test_a_masker_runs_on_tiles_in_s3(campaign, product):
    run_masker(order(campaign, Painter()), now=NOON)

    report = run_masker(order(campaign, Painter(), threshold=0.2), now=NOON)

    assert (report.tiles_new, report.tiles_cut) == (2, 2)
    assert len(layer_blobs()) == 6
