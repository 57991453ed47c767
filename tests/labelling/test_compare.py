"""The model beside other people's masks, judged in this process. All painted: synthetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sklearn.metrics import jaccard_score

from labelling.adapters.blobs import store
from labelling.compute.compare import Request, compare, report_of, scenes_seen, seen_before
from labelling.compute.comparing.lineage import LINEAGE
from labelling.imagery.masks.sources import ALL
from labelling.imagery.tilefile import read_tile
from labelling.insights.comparison import masks_of, measured
from labelling.management.compare_tables import scene_lines
from labelling.models import Event, Layer, record
from tests.factories import NOON, TileFactory
from tests.labelling.compared import (
    frozen,
    labelled_world,
    mask_of,
    request,
    tiles_of,
    trained,
    with_masks,
)
from tests.training.snapshots import SnapshotFolder, paint
from tests.worlds import painted_tile, truth
from training.errors import BadSnapshot, EmptySnapshot
from training.predict import load, predict_codes
from training.snapshot import open_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("model"))


@pytest.fixture
def campaign():
    made = labelled_world()
    with_masks(made)
    return made


def report(campaign, model=None, **choices):
    content = request(campaign, frozen(campaign), model, **choices)
    return report_of(Request.read(json.loads(json.dumps(content))))


def rows(told):
    return {row["source"]: row for row in told["masks"]}


def pooled(campaign, source):
    """(truth, mask) of every validation pixel, in codes; 255 where a tile has no such mask."""
    pairs = []
    for tile in tiles_of(campaign, "validation"):
        label = truth(campaign, tile)
        layer = tile.layers.filter(source=source).first()
        said = read_tile_codes(layer) if layer else np.full_like(label, 255)
        pairs.append((label, said))
    return [np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1)]


def read_tile_codes(layer):
    from labelling.imagery.masks.tileread import codes_at

    return codes_at(store().raster(layer.raster))


def test_a_mask_is_judged_on_the_pixels_that_it_answers(campaign):
    told = rows(report(campaign))["scl"]

    label, said = pooled(campaign, "scl")
    heard = said != 255
    assert told["answered"] == pytest.approx(heard.mean(), abs=1e-6)
    expected = jaccard_score(label[heard], said[heard], labels=[0, 1, 2, 3], average=None)
    for name, iou in zip(told["classes"], expected):
        found = told["answered_pixels"]["mask"]["iou"][name]
        assert found is None or found["value"] == pytest.approx(iou, abs=1e-6)


def test_where_a_mask_cannot_say_it_is_wrong(campaign):
    told = rows(report(campaign))["csmask"]["all_pixels"]

    label, said = pooled(campaign, "csmask")
    merged = np.where(label == 2, 1, label)
    expected = jaccard_score(merged, said, labels=[0, 1, 3], average=None)
    for name, iou in zip(("clear", "cloud", "shadow"), expected):
        found = told["mask"]["iou"][name]
        assert found is None or found["value"] == pytest.approx(iou, abs=1e-6)


def test_the_model_stands_beside_on_the_same_pixels_and_classes(campaign, model):
    told = rows(report(campaign, model))["s2cloudless"]["answered_pixels"]

    label, _ = pooled(campaign, "s2cloudless")
    ensemble = load(model)
    said = np.concatenate(
        [
            predict_codes(ensemble, read_tile(store().raster(tile.raster))).ravel()
            for tile in tiles_of(campaign, "validation")
        ]
    )
    to_two = np.array([0, 1, 1, 0])
    expected = jaccard_score(to_two[label], to_two[said], labels=[0, 1], average=None)
    found = [told["model"]["iou"][name]["value"] for name in ("clear", "cloud")]
    assert found == pytest.approx(expected, abs=1e-6)
    mean = told["model"]["class_mean_iou"]["value"] - told["mask"]["class_mean_iou"]["value"]
    assert told["lead"]["value"] == pytest.approx(mean, abs=2e-6)


def test_what_a_mask_lacks_is_not_provided_and_counted_as_its_nearest(campaign):
    told = rows(report(campaign))

    assert told["csmask"]["not_provided"] == ["semi-transparent"]
    assert told["csmask"]["counted_as"] == {"semi-transparent": "cloud"}
    assert told["s2cloudless"]["not_provided"] == ["semi-transparent", "shadow"]
    assert told["scl"]["not_provided"] == []


def test_a_class_in_too_few_scenes_is_not_shown(campaign):
    told = report(campaign)

    few = [name for name, n in told["scenes_per_class"].items() if n < told["fewest_scenes"]]
    shown = rows(told)["scl"]["answered_pixels"]["mask"]["iou"]
    assert few
    assert all((shown[name] is None) == (name in few) for name in shown)


def test_looking_at_many_masks_raises_every_p(campaign, model):
    told = rows(report(campaign, model))

    leads = [row["answered_pixels"]["lead"] for row in told.values()]
    assert all(lead["p_holm"] >= lead["p"] for lead in leads)
    assert max(lead["p_holm"] - lead["p"] for lead in leads) > 0


def told_of_source(content, source, folder):
    """The request, where all labels come from `source`."""
    snapshot = Path(content["snapshot"])
    manifest = json.loads((snapshot / "manifest.json").read_bytes())
    manifest["chips"] = str((snapshot / manifest["chips"]).resolve())
    for entry in manifest["samples"]:
        entry["source"] = source
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return {**content, "snapshot": str(folder)}


def test_a_mask_trained_on_these_labels_is_marked(campaign, tmp_path):
    for tile in tiles_of(campaign, "validation"):
        mask_of(tile, truth(campaign, tile), source="homemade")
    content = request(campaign, frozen(campaign))

    told = rows(report_of(Request.read(told_of_source(content, "cloudsen12", tmp_path))))

    assert told["csmask"]["trained_on_these_data"] is True
    assert told["scl"]["trained_on_these_data"] is False
    assert told["homemade"]["trained_on_these_data"] is None
    assert told["csmask"]["said_by"]


def test_every_mask_that_can_be_imported_has_a_declared_origin():
    assert {source.layer for source in ALL} <= set(LINEAGE)


def test_a_model_that_learnt_here_is_marked(campaign, model):
    snapshot = frozen(campaign)
    content = request(campaign, snapshot, model, split="pool")

    told = report_of(Request.read({**content, "learnt": content["snapshot"]}))["model"]

    assert (told["trained_on_these_data"], told["trained_on_tiles"]) == (True, 2)


def test_other_ground_of_a_scene_that_taught_the_model_is_counted_and_told(tmp_path):
    """A product lies on several squares of ground, and each has a split of its own."""
    painted = SnapshotFolder(tmp_path)
    for seed, (split, scene) in enumerate(
        [("pool", "A"), ("pool", "B"), ("validation", "A"), ("validation", "C")]
    ):
        painted.add(*paint(seed), split=split, group=scene)
    folder = painted.write()
    samples = open_snapshot(folder).of_split("validation")

    assert seen_before(folder, folder, samples) == 0
    assert scenes_seen(folder, samples) == 1
    assert scenes_seen(None, samples) is None
    assert "1 of these 2 scenes" in "".join(scene_lines(1, of=2))
    assert not list(scene_lines(0, of=2))


def test_a_model_and_a_mask_have_their_whole_suite(campaign, model):
    told = report(campaign, model, geometry=True, sources=["csmask"])

    parts = {"per_class", "buffer", "small_clouds", "shadow_check", "slices"}
    assert parts <= set(told["model"]["suite"])
    assert parts <= set(rows(told)["csmask"]["suite"])
    assert told["model"]["cost"]["seconds_per_mpix"] > 0
    assert told["model"]["cost"]["peak_mib"] > 0


def test_pixels_alone_leave_the_geometry_out(campaign):
    assert "buffer" not in rows(report(campaign))["scl"]["suite"]


def test_a_mask_that_answers_nowhere_has_no_first_table(campaign):
    for tile in tiles_of(campaign, "validation"):
        mask_of(tile, np.full((256, 256), 255, np.uint8), source="silent", provides=(0, 1))

    told = rows(report(campaign))["silent"]

    assert (told["answered"], told["answered_pixels"], told["suite"]) == (0, None, None)
    assert told["all_pixels"]["mask"]["class_mean_iou"]["value"] == 0


def test_the_same_question_has_the_same_answer(campaign):
    assert report(campaign) == report(campaign)


def test_a_mask_of_another_size_is_refused_by_name_and_nothing_is_written(campaign, tmp_path):
    tile = tiles_of(campaign, "validation")[0]
    mask_of(tile, np.zeros((64, 64), np.uint8), source="small")

    with pytest.raises(BadSnapshot, match=r"small 1 of .* is \(64, 64\)"):
        compare(request(campaign, frozen(campaign)), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_mask_without_a_class_of_ours_is_refused(campaign):
    mask_of(
        tiles_of(campaign, "validation")[0], np.zeros((256, 256), np.uint8), source="crops",
        provides=(9,),
    )  # fmt: skip

    with pytest.raises(BadSnapshot, match="crops 1 tells none of the classes"):
        report(campaign)


def test_a_split_without_a_labelled_pixel_is_refused(campaign):
    content = request(campaign, frozen(campaign))
    snapshot = Path(content["snapshot"])
    for entry in json.loads((snapshot / "manifest.json").read_bytes())["samples"]:
        chip = snapshot / "../../chips" / f"{entry['label']}.npy"
        np.save(chip, np.full((256, 256), 255, np.uint8))

    with pytest.raises(EmptySnapshot, match="No pixel"):
        report_of(Request.read(content))


def entries(campaign, split="validation"):
    return [
        {"key": tile.key, "place": tile.acquisition.place.key} for tile in tiles_of(campaign, split)
    ]


def test_a_mask_of_another_level_of_the_acquisition_counts_after_the_tiles_own(campaign):
    first, second, *_ = tiles_of(campaign, "validation")
    samples = entries(campaign)
    for tile in (first, second):
        sister = TileFactory(
            acquisition=tile.acquisition, level="L2A", campaign=campaign, height=256, width=256
        )
        mask_of(sister, np.zeros((256, 256), np.uint8), source="maja")
    own = mask_of(second, np.zeros((256, 256), np.uint8), source="maja")

    (maja,) = [mask for mask in masks_of(campaign, samples) if mask.source == "maja"]

    assert set(maja.layers) == {first.key, second.key}
    assert "L2A" in maja.layers[first.key]
    assert maja.layers[second.key] == own.raster


def test_our_own_prelabels_and_bare_probabilities_are_no_rivals(campaign):
    tile = tiles_of(campaign, "validation")[0]
    mask_of(tile, np.zeros((256, 256), np.uint8), source="model", version="0a1b2c3d")
    mask_of(tile, np.zeros((256, 256), np.uint8), source="s2cloudless_probability", provides=())

    found = [mask.source for mask in masks_of(campaign, entries(campaign))]

    assert found == ["csmask", "s2cloudless", "scl"]


def test_more_tiles_are_no_more_queries(campaign):
    with CaptureQueriesContext(connection) as few:
        masks_of(campaign, entries(campaign)[:1])
    for number in range(40, 48):
        mask_of(
            painted_tile(campaign, number, "validation"), np.zeros((256, 256), np.uint8),
            source="scl",
        )  # fmt: skip
    listed = entries(campaign)

    with CaptureQueriesContext(connection) as many:
        masks_of(campaign, listed)

    # The first tile has no csmask, whose cost is asked for once.
    assert len(many) <= len(few) + 1


def test_a_cost_that_was_written_down_is_shown_and_others_are_not_made_up(campaign):
    for seconds, versions in ((9.0, ["1.0.0-6b-1"]), (4.0, ["2.0"])):
        record(
            Event.Verb.FINISHED, campaign, campaign=campaign, who=None, now=NOON,
            masker="csmask", versions=versions, seconds=seconds, pixels=3_000_000, peak_mib=700.0,
        )  # fmt: skip
    masks = {mask.source: mask for mask in masks_of(campaign, entries(campaign))}

    assert masks["csmask"].cost == {
        "seconds_per_mpix": 3.0, "peak_mib": 700.0, "measured": "when it was run, on 2026-06-01",
    }  # fmt: skip
    assert measured(campaign, masks["scl"]) is None
    assert Layer.objects.filter(source="scl").exists()
