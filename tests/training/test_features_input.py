"""What the network gets: the same in fitting and in predicting, and every channel what it says."""

import numpy as np
import pytest
import torch

from tests.training.beside import BANDS, EVERYTHING, SIZE, beside, config, learner_of, rich_snapshot
from tests.training.snapshots import SnapshotFolder, paint
from training.features.assemble import Assembler
from training.features.layout import PLAIN, layout_of
from training.features.sets import parse
from training.planes import input_of
from training.predict import Ensemble, prepared
from training.survey import Normalisation

CPU = torch.device("cpu")


def ensemble_of(learner):
    bench, snapshot = learner.bench, learner.source.snapshot
    return Ensemble(
        [prepared(bench.network, learner.net.state_dict(), CPU, torch.float32)],
        normalisation=bench.normalisation,
        temperatures=[1.0],
        classes=snapshot.classes,
        layout=bench.layout,
    )


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return rich_snapshot(tmp_path_factory.mktemp("rich"))


@pytest.mark.parametrize("features", ["sqrt", "bands", "indices:ndvi,tcg", "sqrt+sun", EVERYTHING])
def test_fitting_and_predicting_see_the_same_in_the_same_pixels(rich, features):
    learner = learner_of(rich, config(features))
    ensemble, snapshot = ensemble_of(learner), learner.source.snapshot
    batch = learner.source.batch(0)

    fitted = learner._input(batch)

    met = set()
    for place, pixels in enumerate(batch.bands):
        (sample,) = [
            each
            for each in snapshot.of_split("pool")
            if (snapshot.read_bands(each) == pixels).all()
        ]
        given = input_of(snapshot, sample, ensemble.layout)
        predicted = ensemble._input(ensemble._checked(given, 0)).x[0]
        assert torch.equal(fitted[place], predicted)
        met.add(sample.key)
    assert len(met) > 1


@pytest.fixture(scope="module")
def seen(rich):
    """{channel: (SIZE, SIZE)} of the first painted tile as a network sees it; and its layout."""
    learner = learner_of(rich, config())
    ensemble, snapshot = ensemble_of(learner), learner.source.snapshot
    given = input_of(snapshot, snapshot.samples[0], ensemble.layout)
    x = ensemble._input(ensemble._checked(given, 0)).x[0].numpy()
    names = ensemble.layout.as_json(BANDS)["channels"]
    return dict(zip(names, x, strict=True)), ensemble.layout


def test_every_channel_is_there_and_is_0_without_data(seen):
    channels, layout = seen

    assert len(channels) == layout.size(len(BANDS)) == 8 + 8 + 6 + 3 + 9 + 8 + 3
    assert all((plane[8:10] == 0).all() for plane in channels.values())
    assert all(np.isfinite(plane).all() for plane in channels.values())
    assert all(plane.any() for name, plane in channels.items() if "semi" not in name)


def test_an_index_is_made_of_the_tiles_reflectance(seen):
    channels, _ = seen
    bands, _ = paint(0, bands=len(BANDS), size=SIZE)
    nir, red = (bands[BANDS.index(name)].astype(float) for name in ("B08", "B04"))

    expected = (nir - red) / (nir + red)

    expected[8:10] = 0
    assert channels["ndvi"] == pytest.approx(expected, abs=1e-4)


def test_reflectance_radar_and_differences_are_standardised_by_the_survey(seen):
    channels, layout = seen
    rest = dict(zip((each.name for each in layout.rest), zip(layout.mean, layout.deviation)))
    bands, label = paint(0, bands=len(BANDS), size=SIZE)
    planes = beside(0, label)
    raw = {
        "reflectance B04": bands[2] / 1e4,
        "extra s1 1": planes["extra:s1"][1],
        "clear difference B04": (bands[2].astype(float) - planes["clear"][2]) / 1e4,
    }

    for name, values in raw.items():
        mean, deviation = rest[name]
        expected = np.nan_to_num((values - mean) / deviation)
        expected[8:10] = 0
        assert channels[name] == pytest.approx(expected, abs=2e-3), name


def test_masks_are_one_hot_and_all_zero_where_they_cannot_say(seen):
    channels, _ = seen
    label = paint(0, bands=len(BANDS), size=SIZE)[1]
    names = ("clear", "cloud", "semi-transparent", "shadow")

    scl = np.stack([channels[f"mask scl {name}"] for name in names])
    csmask = np.stack([channels[f"mask csmask {name}"] for name in names])

    assert (scl[:, :4] == 0).all()
    assert (scl[:, 10:].argmax(axis=0) == label[10:]).all()
    assert (csmask[:, label == 2] == 0).all()
    assert set(np.unique(scl)) == {0, 1}


def test_what_is_known_of_radar_and_of_the_clear_date_has_a_plane(seen):
    channels, _ = seen

    assert (channels["extra s1 known"][10:, :-3] == 1).all()
    assert (channels["extra s1 known"][:, -3:] == 0).all()
    assert (channels["extra s1 0"][:, -3:] == 0).all()
    assert (channels["clear known"][10:] == 1).all()


def test_a_tile_with_nothing_beside_it_has_zeros_there(rich):
    learner = learner_of(rich, config())
    ensemble, snapshot = ensemble_of(learner), learner.source.snapshot
    poor = snapshot.of_split("pool")[3]

    given = input_of(snapshot, poor, ensemble.layout)

    x = ensemble._input(ensemble._checked(given, 0)).x[0].numpy()
    names = ensemble.layout.as_json(BANDS)["channels"]
    lacking = ("sun", "clear", "mask", "extra")
    for name, plane in zip(names, x, strict=True):
        assert plane.any() != name.startswith(lacking), name


def test_the_default_set_costs_nothing():
    roots = torch.rand(2, 3, 8, 8)

    found = Assembler(PLAIN, Normalisation((1.0,) * 3, (1.0,) * 3), CPU)(
        roots, np.ones((2, 3), dtype=np.bool_), {}
    )

    assert found is roots


def assembled(features, roots, *, present=None):
    """Channels besides the roots, for bands of mean 0.5 and deviation 0.2 of the root."""
    layout = layout_of(parse(features), BANDS, [])
    present = np.ones(roots.shape[:2], dtype=np.bool_) if present is None else present
    count = len(BANDS)
    return Assembler(layout, Normalisation((50.0,) * count, (20.0,) * count), CPU)(
        roots, present, {}
    )


def test_indices_follow_the_augmentation():
    stored = torch.full((1, len(BANDS), 4, 4), 2500.0)
    stored[:, BANDS.index("B02")] = 4900.0
    brighter = stored * 1.2

    before, after = (assembled("indices:hot", (x.sqrt() - 50) / 20) for x in (stored, brighter))

    assert before.mean().item() == pytest.approx(0.49 - 0.125 - 0.08, abs=1e-5)
    assert after.mean().item() == pytest.approx(1.2 * (0.49 - 0.125) - 0.08, abs=1e-5)


def test_an_index_of_a_band_that_is_missing_or_blinded_says_nothing():
    roots = torch.randn(2, len(BANDS), 4, 4)
    present = np.ones((2, len(BANDS)), dtype=np.bool_)
    present[1, BANDS.index("B06")] = False

    found = assembled("indices:ndvi,psri", roots, present=present)

    assert (found[:, 0] != 0).any()
    assert (found[0, 1] != 0).any()
    assert (found[1, 1] == 0).all()


def test_noise_below_darkness_is_dark():
    found = assembled("bands+indices:ndvi,cirrus", torch.full((1, len(BANDS), 2, 2), -9.0))

    assert (found == 0).all()


def test_no_speckle_is_further_out_than_ten_deviations(tmp_path):
    folder = SnapshotFolder(tmp_path, band_names=BANDS, tile_size=SIZE)
    bands, label = paint(0, bands=len(BANDS), size=SIZE)
    radar = beside(0, label)["extra:s1"]
    radar[0, 0, 0] = 1e6
    folder.add(bands, label, planes={"extra:s1": radar})
    learner = learner_of(folder.write(), config("sqrt+extra:s1"))

    found = learner._input(learner.source.batch(0))

    assert found.abs().max() <= 10
