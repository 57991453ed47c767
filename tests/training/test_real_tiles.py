"""A short fit on real Landsat 8 tiles with human labels (eight bands, one of them thermal)."""

import pytest
import rasterio

from tests.training.snapshots import SnapshotFolder
from training.config import FitConfig
from training.evaluate import agreement
from training.fit import fit
from training.predict import load
from training.snapshot import open_snapshot

BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B9", "B10")
SCENES = {
    "pool": ("Forest_05_0415", "GrassCrops_02_0608", "Shrubland_00_0614"),
    "validation": ("GrassCrops_01_0413",),
}


@pytest.fixture
def landsat(samples, tmp_path):
    folder = SnapshotFolder(tmp_path, BANDS, tile_size=256, synthetic=False)
    for split, scenes in SCENES.items():
        for scene in scenes:
            stem = samples / "l8_biome" / scene
            with rasterio.open(f"{stem}.tif") as bands, rasterio.open(f"{stem}_label.tif") as label:
                folder.add(bands.read(), label.read(1), split=split, group=scene)
    return folder.write()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_short_fit_learns_to_tell_clouds_from_clear_ground_on_real_tiles(landsat, tmp_path):
    config = FitConfig(width=8, crop=128, steps=30, evaluate_every=30, warm_up=5, threads=1)

    card = fit(config, landsat, tmp_path / "model")

    # Judged where it learned: how three scenes carry over to a fourth is a matter of luck.
    model, snapshot = load(tmp_path / "model"), open_snapshot(landsat)
    seen = agreement(model, snapshot, snapshot.of_split("pool"), report=lambda done: None)
    iou = seen.as_json(snapshot.class_names)["iou"]
    assert iou["cloud"] > 0.5
    assert iou["clear"] > 0.5
    assert card.content["metrics"]["pixels"] == 256 * 256
    assert model.embedding_size == 2 * 8 * 2**4
