import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.imagery.files import opened
from labelling.imagery.masks.maskers import CSMASK, MASKERS, S2CLOUDLESS, Shot
from labelling.imagery.masks.sources import SOURCES

WEB = """
import django, json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "labelling.config.settings"
django.setup()
import labelling.config.urls, labelling.management.commands.masks, labelling.workflow.masking.run
heavy = {"s2cloudless", "ukis_csmask", "onnxruntime", "lightgbm", "cv2"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
S2CLOUDLESS_WANTS = ["B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12"]


def real(path, names):
    """(bands, height, width) of the named bands of a real tile."""
    with opened(path) as file:
        return file.read([file.descriptions.index(name) + 1 for name in names])


def shot(masker, held, pixels, level="L1C"):
    return Shot(pixels, tuple(masker.bands_of(held)), level)


@pytest.mark.parametrize(
    ("held", "roles"),
    [
        (["B02", "B03", "B04", "B08", "B11", "B12"], 6),
        (["blue", "green", "red", "nir", "swir16", "swir22"], 6),
        (["B12", "B08", "B04", "B03", "B02"], 4),
        (["B02", "B03", "B04"], 0),
        (["B2", "B3", "B4", "B5", "B6", "B7"], 0),
    ],
)
def test_csmask_takes_six_bands_or_the_first_four(held, roles):
    chosen = CSMASK.bands_of(held)

    assert len(chosen or ()) == roles
    assert list(chosen or ())[:4] == ["blue", "green", "red", "nir"][:roles]
    assert set((chosen or {}).values()) <= set(held)


def test_s2cloudless_wants_its_ten_bands_in_their_order():
    held = [*reversed(S2CLOUDLESS_WANTS), "B03"]

    assert list(S2CLOUDLESS.bands_of(held).values()) == S2CLOUDLESS_WANTS
    assert S2CLOUDLESS.bands_of(held[1:]) is None


def test_a_version_says_which_model_ran_where_there_is_a_choice():
    assert CSMASK.tool("1.0.0", bands=6) == "1.0.0-6b"
    assert S2CLOUDLESS.tool("1.7.3", bands=10) == "1.7.3"


def test_a_maskers_answer_has_a_table_of_the_same_layer():
    assert {name: each.source.layer for name, each in MASKERS.items()} == {
        "s2cloudless": "s2cloudless", "csmask": "csmask",
    }  # fmt: skip
    assert all(each.source.name in SOURCES for each in MASKERS.values())


def test_a_package_that_is_not_there_is_named():
    absent = replace(CSMASK, module="json", package="no-such-masker")

    with pytest.raises(BadInput, match="csmask can't run here"):
        absent.release()


def test_the_web_process_loads_no_masker():
    done = subprocess.run([sys.executable, "-c", WEB], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []


def test_s2cloudless_gives_the_probability_of_its_own_package(maskers, samples):
    path = samples / "s2_l1c13_pairs" / "ROIs1868_summer_100_p840_cloudy.tif"
    pixels = real(path, S2CLOUDLESS_WANTS)[:, :64, :64]

    codes = S2CLOUDLESS.run(shot(S2CLOUDLESS, S2CLOUDLESS_WANTS, pixels), 1)

    from s2cloudless import S2PixelCloudDetector

    image = np.moveaxis(pixels, 0, -1)[None].astype(np.float32) / 10_000
    (expected,) = S2PixelCloudDetector().get_cloud_probability_maps(image)
    assert (codes.dtype, codes.shape) == (np.uint8, (64, 64))
    np.testing.assert_allclose(codes / 200, expected, atol=0.0026)


@pytest.mark.parametrize("count", [6, 4])
def test_csmask_finds_most_of_the_cloud_that_people_marked(maskers, samples, count):
    folder = samples / "csmask_chips"
    names = ["blue", "green", "red", "nir", "swir16", "swir22"][:count]
    pixels = real(folder / "sentinel2.tif", names)[:, :256, :256]
    (truth,) = real(folder / "sentinel2_label.tif", ["label"])[:, :256, :256]

    codes = CSMASK.run(shot(CSMASK, names, pixels), 1)

    classes = CSMASK.source.table().translate(codes, name="csmask")
    assert set(np.unique(classes).tolist()) <= {0, 1, 3}
    assert np.mean(classes[truth == 1] == 1) > 0.7
    assert np.mean(classes[truth == 0] == 1) < 0.1


@pytest.mark.parametrize("name", MASKERS)
def test_an_installed_masker_tells_its_release(maskers, name):
    assert MASKERS[name].release()[0].isdigit()
