from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, RasterRejected, StorageAway
from labelling.imagery.files import Georeference
from labelling.imagery.painter import write_products
from labelling.imagery.split import split_of
from labelling.imagery.tilefile import read_label, read_tile
from labelling.models import (
    SENTINEL2_BANDS,
    Acquisition,
    Annotation,
    CampaignTile,
    Event,
    Installation,
    Place,
    Scene,
    Tile,
)
from labelling.workflow.ingest.products import Intake, ingest_all, ingest_folder, ingest_stack
from labelling.workflow.ingest.sources import Source, find_sources
from labelling.workflow.orphans import unreferenced
from tests.factories import CampaignFactory
from tests.rasters import FOUR, IN_35VLF, cut_short, pixels, write_codes, write_stack

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TWENTY_EIGHT = [
    {"code": code, "name": f"crop {code}", "colour": "#888888", "hotkey": "", "priority": 0}
    for code in range(28)
]
pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory(slug="north")


@pytest.fixture
def scenes(tmp_path):
    folder = tmp_path / "scenes"
    folder.mkdir()
    return folder


def bring_in(path, campaign, **options):
    return ingest_stack(path, campaign=campaign, now=NOON, blobs=store(), **options)


def bring_all(folder, campaign, **options):
    return ingest_folder(folder, campaign=campaign, now=NOON, blobs=store(), **options)


def rows():
    kinds = (Scene, Place, Acquisition, Tile, CampaignTile, Annotation, Event)
    return {kind.__name__: kind.objects.count() for kind in kinds}


def blob_files():
    root = store().root
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_scene_becomes_a_tile_of_the_campaign(north, scenes):
    values = pixels()
    tags = {"DATETIME": "2026-05-29T09:50:31Z", "LEVEL": "L1C", "BASELINE": "05.11"}

    report = bring_in(write_stack(scenes / "a.tif", values, tags=tags), north)

    tile = Tile.objects.get()
    assert (report.state, report.tiles_new, tile.missing) == ("ok", 1, [])
    assert tile.key == "a/20260529T095031-L1C-05.11"
    assert tile.raster == f"tiles/{tile.key}-{tile.sha256[:8]}.tif"
    assert tile.valid_share == 64**2 / 256**2
    stored = read_tile(store().path(tile.raster))
    assert stored.shape == (4, 256, 256)
    np.testing.assert_array_equal(stored[:, :64, :64], values)
    enrolment = CampaignTile.objects.get()
    assert (enrolment.campaign, enrolment.scope, enrolment.fence) == (north, "in", "")
    assert set(tile.scene.stretch) == set(FOUR)
    assert store().read(tile.thumbnail).startswith(b"\x89PNG")


def test_the_same_folder_twice_adds_nothing(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", 1)
    write_stack(scenes / "b.tif", pixels(height=300, width=300))
    bring_all(scenes, north)
    before = rows(), blob_files()

    again = bring_all(scenes, north)

    assert (rows(), blob_files()) == before
    assert [each.state for each in again.files] == ["known", "known"]
    assert (again.total("tiles_known"), again.total("labels_known")) == (5, 1)
    assert again.exit_status == 0


def test_any_band_subset_is_taken_and_what_is_missing_is_listed(north, scenes):
    path = write_stack(scenes / "a.tif", pixels(bands=3), bands=("B08", "B12", "B02"))

    report = bring_in(path, north)

    tile = Tile.objects.get()
    assert (report.missing, report.ignored) == (["B03", "B04"], ["B12"])
    assert (tile.bands, tile.missing) == (list(FOUR), ["B03", "B04"])
    stored = read_tile(store().path(tile.raster))
    assert not stored[1:3].any()
    np.testing.assert_array_equal(stored[3, :64, :64], pixels(bands=3)[0])


def test_a_large_scene_is_cut_and_tiles_without_data_are_left_out(north, scenes):
    values = pixels(height=600, width=300)
    values[:, :256] = 0

    report = bring_in(write_stack(scenes / "a.tif", values), north)

    assert (report.tiles_new, report.tiles_empty) == (4, 2)
    keys = sorted(Place.objects.values_list("key", flat=True))
    assert keys == ["a/256/1/0", "a/256/1/1", "a/256/2/0", "a/256/2/1"]
    assert len(set(Place.objects.values_list("split", flat=True))) == 1


def test_a_scene_without_any_data_is_refused(north, scenes):
    path = write_stack(scenes / "dark.tif", np.zeros((4, 64, 64), dtype=np.uint16))

    with pytest.raises(RasterRejected, match=r"dark\.tif: no pixel"):
        bring_in(path, north)
    scene = Scene.objects.get()
    assert (scene.state, scene.reason) == ("failed", "dark.tif: no pixel of it holds data.")
    assert sum(rows().values()) == 1


def test_two_dates_of_one_ground_share_a_place_and_its_split(north, scenes):
    for day in ("2026-05-29", "2026-06-08"):
        tags = {"MGRS": "35VLF", "DATETIME": f"{day}T09:50:31Z"}
        bring_in(write_stack(scenes / f"{day}.tif", place=IN_35VLF, tags=tags), north)

    place = Place.objects.get()
    assert (place.key, place.square) == ("35VLF/256/0/0", "6933/22/63")
    assert place.acquisitions.count() == 2


def test_the_split_is_frozen_by_the_first_ingest(north, scenes):
    shares = {"pool": 0.0, "validation": 0.0, "test": 1.0}
    Installation.objects.create(pk=1, split_shares=shares, frozen=NOON)

    bring_in(write_stack(scenes / "a.tif"), north)

    assert Place.objects.get().split == "test"
    assert Installation.objects.count() == 1


def test_a_tile_across_a_split_border_is_kept_and_fenced(north, scenes):
    shares = {"pool": 0.5, "validation": 0.0, "test": 0.5}
    seed = next(
        seed for seed in range(99)
        if split_of("6933/23/62", shares, seed=seed) != split_of("6933/24/62", shares, seed=seed)
    )  # fmt: skip
    Installation.objects.create(pk=1, split_shares=shares, split_seed=seed, frozen=NOON)
    border = Georeference("EPSG:6933", (1.0, 0.0, 2.4e6, 0.0, -1.0, 6.25e6))
    ((x, y),) = border.project("EPSG:32635", [(0, 0)])
    for name, west in (("across", x - 1000), ("beside", x + 5000)):
        place = Georeference("EPSG:32635", (10.0, 0.0, west, 0.0, -10.0, y))
        bring_in(write_stack(scenes / f"{name}.tif", place=place), north)

    enrolments = CampaignTile.objects.order_by("tile__scene__product_id")
    assert [each.fence for each in enrolments] == ["split border", ""]


def test_a_label_becomes_an_imported_annotation(north, scenes):
    codes = np.full((64, 64), 255, dtype=np.uint8)
    codes[:32] = 1
    codes[32:40] = 254
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", codes)

    report = bring_all(scenes, north)

    annotation = Annotation.objects.get()
    assert report.total("labels_new") == 1
    assert (annotation.author, annotation.task, annotation.n) == (None, None, 1)
    assert (annotation.source, annotation.tool) == ("scenes", "ingest")
    assert annotation.pixels == {"1": 2048, "254": 512, "255": 256**2 - 2560}
    assert annotation.labelled_share == 2048 / 256**2
    label, provenance = read_label(store().path(annotation.raster))
    np.testing.assert_array_equal(label[:64, :64], codes)
    np.testing.assert_array_equal(provenance, np.where(label == 255, 0, 4))


def test_not_labelled_never_turns_to_clear(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", 255)

    bring_all(scenes, north)

    assert Tile.objects.count() == 1
    assert not Annotation.objects.exists()


def test_a_corrected_label_is_the_next_version(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", 1)
    bring_all(scenes, north)

    write_codes(scenes / "a_label.tif", 2)
    report = bring_all(scenes, north)

    assert report.files[0].state == "ok"
    versions = Annotation.objects.order_by("n")
    assert [(each.n, sorted(each.pixels)) for each in versions] == [
        (1, ["1", "255"]),
        (2, ["2", "255"]),
    ]


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (np.full((64, 64), 9, dtype=np.uint8), "code 9 "),
        (np.zeros((32, 32), dtype=np.uint8), "32 by 32"),
        (np.zeros((64, 64), dtype=np.uint16), "uint16"),
    ],
)
def test_a_label_that_does_not_fit_is_refused_by_name_and_its_tile_kept(
    north, scenes, codes, reason
):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", codes)

    report = bring_all(scenes, north)

    assert "a_label.tif" in report.files[0].label_refused
    assert reason in report.files[0].label_refused
    assert (Tile.objects.count(), Annotation.objects.count()) == (1, 0)
    assert not [key for key in blob_files() if key.startswith("labels/")]
    assert report.exit_status == 3


def test_a_broken_label_is_refused_by_name_and_its_tile_kept(north, scenes):
    write_stack(scenes / "a.tif")
    cut_short(write_codes(scenes / "a_label.tif"), share=0.6)

    report = bring_all(scenes, north)

    assert "a_label.tif" in report.files[0].label_refused
    assert (Tile.objects.count(), Annotation.objects.count()) == (1, 0)


def test_a_campaign_of_28_crops_takes_its_own_codes(scenes):
    crops = CampaignFactory(slug="crops", classes=TWENTY_EIGHT)
    write_stack(scenes / "field.tif")
    write_codes(scenes / "field_label.tif", 27)

    bring_all(scenes, crops)

    assert Annotation.objects.get().pixels["27"] == 4096


def test_a_broken_file_is_told_by_name_and_the_rest_goes_on(north, scenes):
    write_stack(scenes / "a.tif")
    cut_short(write_stack(scenes / "b.tif", pixels(height=700)), share=0.8)
    (scenes / "c.tif").write_text("not a raster")
    write_stack(scenes / "d.tif", pixels().astype(np.float32))
    write_stack(scenes / "e.tif", bands=("VV", "VH", "DEM", "INC"))
    write_stack(scenes / "f.tif", pixels(seed=2))

    report = bring_all(scenes, north)

    assert [each.state for each in report.files] == ["ok", *["refused"] * 4, "ok"]
    assert [each.field for each in report.files[1:5]] == ["file", "file", "dtype", "bands"]
    assert all(each.reason for each in report.files[1:5])
    states = dict(Scene.objects.values_list("product_id", "state"))
    assert states == {"a": "ready", "f": "ready"}
    assert {key.split("/")[1] for key in blob_files()} == {"a", "f"}
    assert report.exit_status == 3


def test_a_file_that_cannot_even_be_opened_leaves_nothing_behind(north, scenes):
    path = cut_short(write_stack(scenes / "b.tif", pixels(height=900)), share=0.9)

    with pytest.raises(RasterRejected, match=r"b\.tif"):
        bring_in(path, north)

    assert blob_files() == []
    assert not any(rows().values())


def test_a_store_that_fails_midway_takes_back_what_it_wrote(north, scenes):
    (store().root).mkdir()
    (store().root / "thumbs").write_text("a file where a folder should be")

    with pytest.raises(StorageAway, match=r"a\.tif: storage can't be written.*thumbs"):
        bring_in(write_stack(scenes / "a.tif"), north)

    assert blob_files() == ["thumbs"]
    assert (Scene.objects.get().state, Tile.objects.count()) == ("failed", 0)


def test_blobs_that_rows_refer_to_are_never_taken_back(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", 1)
    bring_all(scenes, north)
    tile, annotation = Tile.objects.get(), Annotation.objects.get()

    kept = unreferenced([tile.raster, tile.thumbnail, annotation.raster, "tiles/orphan.tif"])

    assert kept == ["tiles/orphan.tif"]


def test_other_pixels_under_a_known_name_are_refused(north, scenes):
    bring_in(write_stack(scenes / "a.tif"), north)

    with pytest.raises(Conflict, match=r"a\.tif.*stored already") as refusal:
        bring_in(write_stack(scenes / "a.tif", pixels(seed=9)), north)
    assert refusal.value.field == "PRODUCT_ID"


def test_a_second_campaign_shares_the_tile(north, scenes):
    south = CampaignFactory(slug="south", bands=["B04", "B02"])
    path = write_stack(scenes / "a.tif")
    bring_in(path, north)
    before = blob_files()

    report = bring_in(path, south)

    assert (report.state, report.tiles_known) == ("ok", 1)
    assert Tile.objects.get().enrolments.count() == 2
    assert blob_files() == before


def test_a_second_campaign_that_needs_other_bands_is_refused(scenes):
    narrow, wide = CampaignFactory(bands=["B02"]), CampaignFactory(bands=list(FOUR))
    path = write_stack(scenes / "a.tif")
    bring_in(path, narrow)

    with pytest.raises(Conflict, match="bands"):
        bring_in(path, wide)
    assert CampaignTile.objects.filter(campaign=wide).count() == 0


def test_a_label_never_goes_over_the_work_of_people(north, scenes):
    from tests.factories import TaskFactory

    path = write_stack(scenes / "a.tif")
    bring_in(path, north)
    acquisition = Acquisition.objects.get()
    task = TaskFactory(campaign=north, acquisition=acquisition)
    Annotation.objects.create(
        acquisition=acquisition, schema=north.schema, n=1, task=task, tool="workbench-editor",
        source="campaign", raster="labels/x", sha256="0" * 64, pixels={}, labelled_share=1,
        created=NOON,
    )  # fmt: skip

    report = bring_in(path, north, label=write_codes(scenes / "a_label.tif", 1))

    assert "labelled in the campaign" in report.label_refused
    assert Annotation.objects.count() == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif", 1)
    (scenes / "b.tif").write_text("not a raster")
    sources = find_sources([scenes])

    planned = ingest_all(sources, Intake(north, store(), NOON, dry_run=True))

    assert not any(rows().values())
    assert blob_files() == []
    done = ingest_all(sources, Intake(north, store(), NOON))
    assert [vars(each) for each in planned.files] == [vars(each) for each in done.files]


def test_masks_of_a_folder_are_passed_over_and_its_labels_are_not_scenes(north, scenes):
    write_stack(scenes / "a.tif")
    write_codes(scenes / "a_label.tif")
    write_codes(scenes / "a_s2cloudless.tif", 30)
    write_codes(scenes / "alone_label.tif")

    report = bring_all(scenes, north)

    assert [(each.file, each.state) for each in report.files] == [
        ("a.tif", "ok"), ("a_s2cloudless.tif", "skipped"), ("alone_label.tif", "skipped"),
    ]  # fmt: skip
    assert report.exit_status == 0


def test_labels_may_lie_in_a_folder_of_their_own(scenes, tmp_path):
    stack = write_stack(scenes / "a.tif")
    elsewhere = write_codes(tmp_path / "labels" / "a.tif")

    assert find_sources([scenes], labels=tmp_path / "labels") == [Source(stack, elsewhere)]
    with pytest.raises(BadInput, match="nowhere"):
        find_sources([scenes], labels=tmp_path / "nowhere")


def test_painted_products_come_in_as_synthetic(scenes):
    campaign = CampaignFactory(slug="painted", bands=SENTINEL2_BANDS)
    list(write_products(scenes, products=2, places=1, size=256, seed=3))

    report = bring_all(scenes, campaign)

    assert (report.total("tiles_new"), report.total("labels_new")) == (2, 2)
    assert all(Scene.objects.values_list("synthetic", flat=True))
    assert Place.objects.get().key.startswith("35VLF/256/")
    first, second = Tile.objects.order_by("acquisition__taken")
    assert second.acquisition.taken - first.acquisition.taken > timedelta(days=30)
    assert set(Annotation.objects.values_list("source", flat=True)) == {"synthetic"}


def test_real_landsat_tiles_come_in_with_their_labels(samples):
    bands = [
        "B2_blue", "B3_green", "B4_red", "B5_nir", "B6_swir1", "B7_swir2", "B9_cirrus",
        "B10_tirK_x100",
    ]  # fmt: skip
    biome = CampaignFactory(slug="biome", bands=bands)
    names = ["Forest_00_1008", "Urban_00_0515", "Water_11_0728"]
    folder = samples / "l8_biome"
    sources = find_sources([folder / f"{name}.tif" for name in names])

    report = ingest_all(sources, Intake(biome, store(), NOON))

    assert report.exit_status == 0
    assert (report.total("tiles_new"), report.total("labels_new")) == (3, 3)
    assert sorted(Place.objects.values_list("key", flat=True)) == names
    assert Annotation.objects.filter(pixels__has_key="3").exists()


def test_a_real_sentinel_scene_is_cut_into_tiles_of_512(samples):
    campaign = CampaignFactory(slug="s2", bands=SENTINEL2_BANDS, tile_size=512)

    report = bring_in(samples / "fort_mcmurray_l2a" / "S2L2A.tif", campaign)

    assert (report.tiles_new, len(report.missing)) == (12, 8)
    assert Tile.objects.filter(valid_share=1).count() == 6
    assert Place.objects.filter(latitude__range=(56.5, 57.2)).count() == 12
