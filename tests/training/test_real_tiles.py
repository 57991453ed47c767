"""A short fit on real Landsat 8 tiles with human labels (eight bands, one of them thermal)."""

import pytest
import rasterio

from tests.training.snapshots import SnapshotFolder
from training.config import FitConfig
from training.fit import fit
from training.predict import load

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
def test_a_short_fit_on_real_tiles_tells_clouds_from_clear_ground(landsat, tmp_path):
    config = FitConfig(width=8, crop=128, steps=30, evaluate_every=30, warm_up=5, threads=1)

    card = fit(config, landsat, tmp_path / "model")

    found = card.content["metrics"]
    assert found["pixels"] == 256 * 256
    assert found["iou"]["cloud"] > 0.3
    assert found["iou"]["clear"] > 0.3
    assert load(tmp_path / "model").embedding_size == 2 * 8 * 2**4
