"""Features on real tiles: do they tell apart what they are said to tell apart?"""

import numpy as np
import pytest
import rasterio
import torch

from tests.training.beside import learner_of
from tests.training.snapshots import SnapshotFolder
from training.config import FitConfig
from training.features.indices import INDICES

OLI = ("B02", "B03", "B04", "B08", "B11", "B12", "B10")
"""Landsat 8's reflective bands of the Biome crops, by the names of their nearest of Sentinel-2."""
MSI = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip
CLEAR, CLOUD, THIN, SHADOW = range(4)

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def read(path):
    with rasterio.open(path) as file:
        return file.read()


def test_indices_tell_the_classes_of_human_labels_apart(samples):
    """Medians over the pixels of 31 Landsat 8 scenes labelled by people."""
    found = {name: {code: [] for code in range(4)} for name in ("hot", "tcb", "cirrus", "ndvi")}
    for path in sorted((samples / "l8_biome").glob("*_label.tif")):
        label = read(path)[0]
        bands = read(path.with_name(path.name.replace("_label", ""))).astype(np.float32) / 1e4
        light = {name: torch.from_numpy(band) for name, band in zip(OLI, bands, strict=False)}
        for name, by_class in found.items():
            index = INDICES[name].of(light).numpy()
            for code, values in by_class.items():
                values.append(index[label == code])

    median = {
        name: [np.median(np.concatenate(by_class[code])) for code in range(4)]
        for name, by_class in found.items()
    }
    assert median["hot"][CLEAR] < median["hot"][THIN] < median["hot"][CLOUD]
    assert median["tcb"][SHADOW] < median["tcb"][CLEAR] < median["tcb"][CLOUD]
    assert median["cirrus"][CLEAR] < median["cirrus"][CLOUD]
    assert median["ndvi"][CLOUD] < median["ndvi"][SHADOW]


def test_cloud_is_brighter_than_the_clear_date_and_its_shadow_darker(samples, tmp_path):
    """Pairs of Sentinel-2 L1C dates; labels are rule-made, no human truth."""
    folder = SnapshotFolder(tmp_path, band_names=MSI, tile_size=256, synthetic=False)
    pairs = sorted((samples / "s2_l1c13_pairs").glob("*_cloudy.tif"))
    labels = []
    for path in pairs:
        stem = str(path).removesuffix("_cloudy.tif")
        labels.append(read(f"{stem}_pairlabel.tif")[0])
        folder.add(read(path), labels[-1], planes={"clear": read(f"{stem}_clear.tif")})
    config = FitConfig(
        features="clear", width=4, depth=1, crop=256, augment=False, batch=8, rare_share=0.0
    )
    learner = learner_of(folder.write(), config)
    names = learner.bench.layout.as_json(MSI)["channels"]

    batch = learner.source.batch(0)
    seen = learner._input(batch)

    blue, nir = (
        seen[:, names.index(f"clear difference {band}")].numpy() for band in ("B02", "B08")
    )
    assert np.median(blue[batch.label == CLOUD]) > np.median(blue[batch.label == CLEAR]) + 0.5
    assert np.median(nir[batch.label == SHADOW]) < np.median(nir[batch.label == CLEAR]) - 0.2
    assert (seen[:, names.index("clear known")] == 1).float().mean() > 0.9
