"""What lies beside a tile reaches the trainer, the scores and the pre-labels alike.

Painted (synthetic) tiles and a tiny network.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta

import numpy as np
import pytest

from labelling import clock
from labelling.adapters.blobs import store
from labelling.compute.inputs import read_input
from labelling.errors import RasterRejected
from labelling.imagery.extras import read_extra, write_extra
from labelling.imagery.tilefile import write_mask, write_tile
from labelling.models import Layer, Round, Task, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.aux_chips import beside_tiles, planes_of, seen_by, wanted_by
from labelling.workflow.fetching import snapshot_here
from labelling.workflow.pool_listing import listed, with_rasters
from labelling.workflow.snapshots.freezing import freeze
from labelling.workflow.steps import freeze_labels
from labelling.workflow.tasks_of_round import prelabel_request
from labelling.workflow.verify.expected import chips
from tests.factories import NOON, AcquisitionFactory, SceneFactory, TileFactory
from tests.labelling.one_round import planned, work
from tests.training.beside import EVERYTHING
from tests.worlds import drawn, truth, world
from training.features.sets import parse
from training.planes import Tile as Input
from training.predict import load, predict_codes
from training.snapshot import open_snapshot

pytestmark = pytest.mark.django_db

FEATURES = "sqrt+indices:ndvi+sun+clear+masks:scl+extra:s1"
WANTED = ("sun", "clear", "mask:scl", "extra:s1")


def keep_layer(tile, source, version, writer, provides=()):
    key = f"layers/{tile.pk}/{source}-{version}.tif"
    store().write_with(key, writer)
    return Layer.objects.create(
        tile=tile, source=source, version=version, raster=key, provides=list(provides), created=NOON
    )


def scl(tile, version="1", fill=None):
    codes = truth(tile.enrolments.get().campaign, tile)
    codes = codes if fill is None else np.full_like(codes, fill)
    return keep_layer(
        tile, "scl", version, lambda path: write_mask(path, codes, name="scl"), (0, 1, 2, 3)
    )


def radar(tile, size=256):
    planes = np.random.default_rng(tile.pk).normal(-12, 3, (2, size, size)).astype(np.float32)
    planes[:, :, -3:] = np.nan
    names = ["VV", "VH"]
    return keep_layer(tile, "s1", "1", lambda path: write_extra(path, planes, names=names))


def clear_date(campaign, tile):
    """A tile of the same place five days later, without a cloud."""
    other = TileFactory(
        acquisition=AcquisitionFactory(
            place=tile.acquisition.place, taken=tile.acquisition.taken + timedelta(days=5)
        ),
        scene=SceneFactory(cloud_cover=0),
        bands=campaign.bands,
        raster=f"tiles/clear-{tile.pk}.tif",
        campaign=campaign,
    )
    pixels = drawn(campaign, 1000 + tile.pk)[0]
    store().write_with(other.raster, lambda path: write_tile(path, pixels, bands=campaign.bands))
    return other


@pytest.fixture
def rich():
    """A campaign whose tiles have everything beside them but the last, which has nothing."""
    campaign = world(pool=5, validation=1, labelled=3)
    campaign.training = {**campaign.training, "features": FEATURES, "steps": 2}
    campaign.save()
    tiles = list(Tile.objects.order_by("pk"))
    for tile in [*tiles[:4], tiles[5]]:
        Tile.objects.filter(pk=tile.pk).update(sun_zenith=45.0, sun_azimuth=160.0)
        scl(tile)
        radar(tile)
        clear_date(campaign, tile)
    return campaign


def manifest_of(snapshot):
    return json.loads(store().read(f"{snapshot.folder}/manifest.json"))


@pytest.mark.parametrize(
    "features", ["sqrt", EVERYTHING, FEATURES, "bands+masks: b,a", "sun + extra:x", "clear"]
)
def test_planes_are_asked_for_by_the_trainers_names(features):
    assert sorted(planes_of(features)) == sorted(parse(features).planes)


def test_a_campaign_and_a_model_without_features_want_nothing_beside(db):
    campaign = world(pool=1)

    assert wanted_by(campaign.training) == ()
    assert seen_by(None) == ()
    assert beside_tiles([Tile.objects.all()[0].pk], (), campaign=campaign) == {}


def test_what_is_there_is_found_by_tile(rich):
    tiles = list(Tile.objects.order_by("pk")[:6])

    found = beside_tiles([tile.pk for tile in tiles], wanted_by(rich.training), campaign=rich)

    first, poor = found[tiles[0].pk], found[tiles[4].pk]
    assert set(first.rasters) == {"clear", "mask:scl", "extra:s1"}
    assert first.clear.acquisition.taken == NOON + timedelta(days=5)
    assert first.told()["sun"] == [45.0, 160.0]
    assert poor.told() == {"planes": {}, "sun": None}


def test_the_layer_brought_in_last_counts_and_one_that_is_no_mask_is_none(rich):
    tile = Tile.objects.order_by("pk")[0]
    newer = scl(tile, version="2", fill=0)
    blank = np.zeros((256, 256), np.uint8)
    keep_layer(tile, "fmask", "1", lambda path: write_mask(path, blank, name="fmask"))

    found = beside_tiles([tile.pk], planes_of("masks:scl,fmask,s1+extra:scl"), campaign=rich)

    assert found[tile.pk].layers == {"mask:scl": newer}


def test_many_tiles_take_as_many_queries_as_one(rich, django_assert_num_queries):
    tiles = [tile.pk for tile in Tile.objects.order_by("pk")]

    for some in (tiles[:1], tiles):
        with django_assert_num_queries(7):
            found = beside_tiles(some, WANTED, campaign=rich)
            assert [each.sources for each in found.values()]


def test_a_snapshot_holds_the_planes_that_the_campaign_asks_for(rich):
    snapshot = freeze(rich, blobs=store(), now=NOON)

    opened = open_snapshot(snapshot_here(snapshot.folder, blobs=store()))
    tile = Tile.objects.order_by("pk")[0]
    (sample,) = [each for each in opened.samples if each.key == tile.key]
    planes = opened.read_planes(sample, WANTED)
    assert planes["sun"].tolist() == [45, 160]
    assert (planes["mask:scl"] == truth(rich, tile)).all()
    assert (planes["clear"] == drawn(rich, 1000 + tile.pk)[0]).all()
    assert planes["extra:s1"].shape == (2, 256, 256)
    assert np.isnan(planes["extra:s1"][:, :, -3:]).all()
    (told,) = [each for each in manifest_of(snapshot)["samples"] if each["key"] == tile.key]
    assert told["planes_from"]["mask:scl"] == "1"
    assert tile.acquisition.place.key in told["planes_from"]["clear"]


def test_the_same_planes_give_the_same_snapshot_and_a_newer_mask_another(rich):
    first, again = (freeze(rich, blobs=store(), now=NOON) for _ in range(2))
    scl(Tile.objects.order_by("pk")[0], version="2", fill=0)
    newer = freeze(rich, blobs=store(), now=NOON)

    assert first == again
    assert newer != first


def test_a_campaign_that_asks_for_nothing_has_manifests_as_before(rich):
    rich.training = {}

    manifest = manifest_of(freeze(rich, blobs=store(), now=NOON))

    assert not any({"planes", "planes_from"} & set(each) for each in manifest["samples"])


def test_planes_are_among_the_chips_that_are_looked_after(rich):
    snapshot = freeze(rich, blobs=store(), now=NOON)
    manifest = manifest_of(snapshot)

    looked_after = {each.key for each in chips(manifest["samples"], "it")}

    planes = [digest for each in manifest["samples"] for digest in each["planes"].values()]
    assert len(planes) == 4 * 3
    assert {f"chips/{digest}.npy" for digest in planes} <= looked_after


def test_a_layer_off_the_tiles_grid_is_refused_by_its_name(rich):
    tile = Tile.objects.order_by("pk")[0]
    Layer.objects.filter(tile=tile, source="s1").delete()
    radar(tile, size=64)

    with pytest.raises(RasterRejected, match="64 by 64 pixels, its tile 256 by 256") as refusal:
        freeze(rich, blobs=store(), now=NOON)

    assert refusal.value.field == "extra:s1"


def test_a_maskers_probability_is_an_extra_that_is_missing_where_it_is_255(tmp_path):
    shares = np.array([[0, 80], [200, 255]], np.uint8)
    write_mask(tmp_path / "share.tif", shares, name="s2cloudless_probability")

    found = read_extra(tmp_path / "share.tif")

    assert np.array_equal(found, [[[0, 80], [200, np.nan]]], equal_nan=True)


def test_a_raster_with_infinite_values_is_refused_by_its_file(tmp_path):
    planes = np.zeros((1, 4, 4), np.float32)
    planes[0, 1, 1] = np.inf
    write_extra(tmp_path / "s1.tif", planes, names=["VV"])

    with pytest.raises(RasterRejected, match=r"s1\.tif: holds infinite values"):
        read_extra(tmp_path / "s1.tif")


def test_scoring_and_prelabels_give_the_model_what_the_snapshot_gave_it(rich):
    round = work(planned(rich, strategy="entropy", batch=2))
    snapshot = open_snapshot(snapshot_here(round.snapshot.folder, blobs=store()))
    tile = Tile.objects.order_by("pk")[0]
    (sample,) = [each for each in snapshot.samples if each.key == tile.key]
    attempt = looking_back_at(round)
    (scored,) = with_rasters(listed(Tile.objects.filter(pk=tile.pk), attempt), attempt.blobs)
    (drawn_for,) = json.loads(prelabel_request(attempt, [tile]).read_text())["tiles"]
    ensemble = load(attempt.adopted("fit"), device="cpu", precision="fp32")
    taught = snapshot.read_planes(sample, ensemble.layout.features.planes)

    given = [read_input(each, rich.bands, ensemble.layout) for each in (scored, drawn_for)]

    assert (round.state, round.error) == ("done", "")
    assert round.model.card["features"]["set"] == FEATURES
    expected = predict_codes(ensemble, Input(snapshot.read_bands(sample), taught))
    for each in given:
        assert set(each.planes) == set(taught) == set(WANTED)
        for name, plane in each.planes.items():
            assert np.array_equal(plane, taught[name], equal_nan=plane.dtype == np.float32), name
        assert (predict_codes(ensemble, each) == expected).all()
    assert Task.objects.filter(prelabel__source="model").count() == 2


def test_a_round_freezes_what_it_was_planned_with_though_the_campaign_changed(rich):
    round = planned(rich, strategy="entropy", batch=2)
    rich.training = {**rich.training, "features": "sqrt"}
    rich.save()
    round.campaign.refresh_from_db()

    snapshot = freeze_labels(looking_back_at(round))

    assert snapshot is not None
    assert any(each.get("planes") for each in manifest_of(snapshot)["samples"])


def looking_back_at(round: Round) -> Attempt:
    """An attempt at a round that is done, which renews no lease."""
    return Attempt(
        job=round.jobs.get(), round=round, blobs=store(), clock=clock.now, tried=math.inf
    )
