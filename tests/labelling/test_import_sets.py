"""Labelled sets of every shape, terms and classes, and a full disk."""

from __future__ import annotations

import errno
from dataclasses import replace

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.adapters.folder import FolderBlobs
from labelling.errors import BadInput
from labelling.models import Annotation, Layer, Tile
from labelling.workflow.importing.labels import import_all
from labelling.workflow.ingest.products import ingest_stack
from tests.factories import NOON, CampaignFactory
from tests.labelling.imagery.labelsets.writers import (
    PRODUCT,
    one_hot,
    write_map,
    write_patch,
    write_subscene,
)
from tests.labelling.imports import SIDE, job, plane, planes_of, subtile
from tests.rasters import FOUR, IN_35VLF, pixels, write_stack

pytestmark = pytest.mark.django_db


def test_a_classification_map_labels_every_tile_of_its_acquisition(campaign, tmp_path):
    tags = {"MGRS": "35VLF", "DATETIME": "2020-05-29T09:40:41Z", "LEVEL": "L2A"}
    numbers = pixels(height=300, width=512)
    stack = write_stack(tmp_path / "a.tif", numbers, place=IN_35VLF, tags=tags)
    ingest_stack(stack, campaign=campaign, now=NOON, blobs=store())
    coarse = replace(IN_35VLF, transform=(60.0, 0.0, 300_000.0, 0.0, -60.0, 6_600_000.0))
    codes = np.full((60, 70), 5, np.uint8)
    codes[:, 30:] = 2
    write_map(tmp_path / "alcd", codes, place=coarse)

    report = import_all([tmp_path / "alcd"], job(campaign, "baetens-hagolle"))

    assert report.exit_status == 0
    labels = {each.acquisition.place.key: each for each in Annotation.objects.all()}
    assert len(labels) == 4
    label, _ = planes_of(labels["35VLF/256/0/0"])
    assert (label[0, 179], label[0, 180]) == (0, 1)
    padded, provenance = planes_of(labels["35VLF/256/1/0"])
    assert (padded[43, 0], padded[44, 0], provenance[44, 0]) == (0, 255, 0)
    assert labels["35VLF/256/0/0"].trust == 0.7


def test_a_map_of_a_product_that_is_not_here_is_refused(campaign, tmp_path):
    write_map(tmp_path, plane(5, side=64), place=IN_35VLF)

    report = import_all([tmp_path], job(campaign, "baetens-hagolle"))

    assert report.items[0].field == "image"
    assert PRODUCT in report.items[0].reason


def test_larger_scenes_are_cut_and_smaller_ones_padded(campaign, tmp_path):
    write_subscene(tmp_path / "large", flags=one_hot(plane(0, 1, side=300)))
    write_patch(tmp_path / "small", label=plane(0, 1, side=60))

    import_all([tmp_path / "large"], job(campaign, "francis"))
    import_all([tmp_path / "small"], job(campaign, "cloudsen12"))

    assert Annotation.objects.filter(source="francis").count() == 4
    label, provenance = planes_of(Annotation.objects.get(source="cloudsen12"))
    assert label.shape == (SIDE, SIDE)
    assert (label[60:] == 255).all()
    assert (provenance[:60, :60] == 4).all()


def test_terms_that_restrict_are_flagged(campaign, tmp_path):
    write_patch(tmp_path, label=plane(0, 1, side=60))

    report = import_all([tmp_path], job(campaign, "cloudsen12"))

    assert report.restricted
    assert Annotation.objects.get().origin["restricted"] is True


def test_a_lead_can_say_source_licence_and_trust(campaign, tmp_path):
    subtile(tmp_path)

    import_all(
        [tmp_path],
        job(campaign, "kappaset", source="kz-2020", licence="CC-BY-NC-4.0", trust=0.5),
    )

    annotation = Annotation.objects.get()
    assert (annotation.source, annotation.trust) == ("kz-2020", 0.5)
    assert annotation.origin["restricted"] is True


@pytest.mark.parametrize("wrong", [{"source": "campaign"}, {"trust": 1.5}, {"trust": -1}])
def test_the_teams_own_source_and_trust_out_of_range_are_refused(campaign, wrong):
    with pytest.raises(BadInput):
        job(campaign, "kappaset", **wrong)


def test_a_campaign_that_means_other_things_by_the_codes_is_refused(tmp_path):
    crops = [
        {"code": code, "name": name} for code, name in enumerate(("rye", "oats", "pea", "ley"))
    ]
    subtile(tmp_path)

    report = import_all([tmp_path], job(CampaignFactory(classes=crops), "kappaset"))

    assert report.items[0].field == "campaign"
    assert not Tile.objects.exists()


def test_a_campaign_without_shadow_refuses_shadow(tmp_path):
    two = [{"code": 0, "name": "clear"}, {"code": 1, "name": "cloud"}]
    subtile(tmp_path, codes=(1, 2))

    report = import_all([tmp_path], job(CampaignFactory(classes=two), "kappaset"))

    assert "code 3" in report.items[0].reason


class Full(FolderBlobs):
    """A disk that fills up when labels are written."""

    def write_with(self, key, writer):
        if key.startswith("labels/"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write_with(key, writer)


def test_a_full_disk_leaves_no_half_label_and_a_retry_goes_on(campaign, tmp_path):
    subtile(tmp_path, layers={"SCL": plane(1)})
    full = Full(store().root)

    report = import_all([tmp_path], job(campaign, "kappaset", blobs=full))
    half = [key for key, _ in store().sizes() if key.startswith(("labels/", "layers/"))]
    again = import_all([tmp_path], job(campaign, "kappaset"))

    assert "No space left" in report.items[0].reason
    assert half == []
    assert again.exit_status == 0
    assert (Annotation.objects.count(), Layer.objects.count(), Tile.objects.count()) == (1, 1, 1)


def test_the_real_landsat_chips_come_in(campaign, samples):
    chips = sorted((samples / "l8_biome").glob("Forest*_label.tif"))

    report = import_all(chips, job(campaign, "l8biome"))

    assert report.exit_status == 0
    assert Annotation.objects.filter(source="l8biome").count() == len(chips) == 6
    assert set(FOUR) <= set(Tile.objects.first().bands)
