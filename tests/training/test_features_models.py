"""Models that see more than bands: what they keep, and what they refuse to be mixed up with."""

import json

import numpy as np
import pytest

from tests.training.beside import BANDS, EVERYTHING, SIZE, beside, rich_snapshot
from tests.training.snapshots import SnapshotFolder, paint
from training.__main__ import DONE, REFUSED, main
from training.checkpoint import CARD, WEIGHTS, read_card, read_weights
from training.config import FitConfig
from training.device import code_hash
from training.errors import BadCheckpoint, BadModel, BadSnapshot, BadTile
from training.evaluate import agreement, check_same_kind
from training.files import canonical, sha256
from training.fit import fit
from training.planes import Tile
from training.predict import load, predict_codes
from training.snapshot import open_snapshot

SMALL = {"width": 4, "depth": 2, "crop": 32, "batch": 2, "steps": 4, "device": "cpu"}


def small(features=EVERYTHING, **more):
    return FitConfig(features=features, precision="fp32", threads=1, **{**SMALL, **more})


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return rich_snapshot(tmp_path_factory.mktemp("rich"))


@pytest.fixture(scope="module")
def model(rich, tmp_path_factory):
    out = tmp_path_factory.mktemp("model")
    fit(small(), rich, out)
    return out


def tile(seed=0):
    bands, label = paint(seed, bands=len(BANDS), size=SIZE)
    return bands, {**beside(seed, label), "sun": np.array([40.0, 160.0], np.float32)}


def test_a_card_tells_the_set_its_channels_formulas_and_normalisation(model):
    card = read_card(model)

    told = card.content["features"]

    assert told["set"] == EVERYTHING
    assert len(told["channels"]) == card.network.bands == 45
    assert len(told["mean"]) == len(told["deviation"]) == 45 - len(BANDS)
    assert told["extra"] == {"s1": 2}
    assert set(told["formulas"]) == {"ndvi", "hot", "cirrus", "psri", "tcb", "tcw-l2a"}
    assert told["formulas"]["ndvi"]["version"] == 1
    assert "Rouse" in told["formulas"]["ndvi"]["source"]


def test_the_same_fit_gives_the_same_weights_with_planes_too(model, rich, tmp_path):
    fit(small(), rich, tmp_path)

    assert (tmp_path / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()


def test_a_model_read_again_predicts_with_its_planes(model):
    bands, planes = tile()

    codes = predict_codes(load(model, device="cpu"), Tile(bands, planes))

    assert codes.shape == (SIZE, SIZE)
    assert set(np.unique(codes)) <= {0, 1, 2, 3}


def test_passes_turn_planes_and_sun_with_the_tile(model):
    ensemble, (bands, planes) = load(model, device="cpu"), tile()

    ((probabilities, embedding),) = ensemble.stream([Tile(bands, planes)], passes=8)

    assert probabilities.shape == (8, 4, SIZE, SIZE)
    assert np.isfinite(embedding).all()


def test_a_model_without_members_of_its_set_says_which_it_lacks(model):
    ensemble, (bands, planes) = load(model, device="cpu"), tile()
    del planes["mask:scl"]

    with pytest.raises(BadTile, match="give sun beside the bands of tile 0"):
        predict_codes(ensemble, bands)
    with pytest.raises(BadTile, match=r"give mask:scl") as refusal:
        predict_codes(ensemble, Tile(bands, planes))

    assert EVERYTHING in refusal.value.message
    assert refusal.value.field == "mask:scl"


def test_a_tile_may_lack_every_plane_if_that_is_said(model):
    bands, planes = tile()

    codes = predict_codes(load(model, device="cpu"), Tile(bands, dict.fromkeys(planes)))

    assert (codes <= 3).all()


@pytest.mark.parametrize(
    ("name", "plane", "named"),
    [
        ("sun", np.array([40.0, 400.0], np.float32), "azimuth 0 … 360"),
        ("mask:scl", np.full((SIZE, SIZE), 9, np.uint8), "code 9"),
        ("extra:s1", np.zeros((1, SIZE, SIZE), np.float32), r"\(2, 32, 32\)"),
        ("clear", np.zeros((8, SIZE, SIZE), np.float32), "uint16"),
    ],
)
def test_a_plane_that_cannot_be_used_is_refused_by_name(model, name, plane, named):
    bands, planes = tile()

    with pytest.raises(BadTile, match=named) as refusal:
        predict_codes(load(model, device="cpu"), Tile(bands, {**planes, name: plane}))

    assert refusal.value.field == name


def test_predict_reads_planes_from_a_file(model, tmp_path, capsys):
    bands, planes = tile()
    np.save(tmp_path / "in.npy", bands)
    np.savez(tmp_path / "planes.npz", **{**planes, "clear": np.zeros(0, np.uint16)})
    words = ["predict", str(model), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]

    without = main(words)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    given = main([*words, "--planes", str(tmp_path / "planes.npz")])

    assert (without, told["code"], told["field"]) == (REFUSED, "bad_tile", "sun")
    assert given == DONE
    expected = predict_codes(load(model), Tile(bands, {**planes, "clear": None}))
    assert (np.load(tmp_path / "out.npy") == expected).all()


def test_a_file_of_planes_that_is_none_is_refused_by_its_name(model, tmp_path, capsys):
    np.save(tmp_path / "in.npy", tile()[0])
    (tmp_path / "planes.npz").write_bytes(b"PK\x03\x04 no archive")
    words = ["predict", str(model), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]

    status = main([*words, "--planes", str(tmp_path / "planes.npz")])

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (status, told["code"]) == (REFUSED, "bad_tile")
    assert told["field"].endswith("planes.npz")
    assert not (tmp_path / "out.npy").exists()


def test_first_weights_of_another_set_are_refused_by_both_names(model, rich, tmp_path):
    # As many channels, so that the tensors' shapes would fit.
    other = small(EVERYTHING.replace("ndvi", "ndwi"))

    with pytest.raises(BadModel) as refusal:
        fit(other, rich, tmp_path / "out", init=model / WEIGHTS)

    assert EVERYTHING in refusal.value.message
    assert other.features in refusal.value.message
    assert not (tmp_path / "out").exists()


def test_first_weights_of_the_same_set_are_taken(model, rich, tmp_path):
    card = fit(small(), rich, tmp_path, init=model / WEIGHTS)

    assert card.content["run"]["init"] is not None
    assert read_weights(model / WEIGHTS, features=EVERYTHING)


def test_a_run_with_another_set_is_not_resumed(model, rich):
    with pytest.raises(BadCheckpoint, match=r"config\.features was 'sqrt\+bands"):
        fit(small("sqrt"), rich, model, resume=model)


def test_another_spelling_of_the_set_is_the_same_run(rich, tmp_path):
    first = fit(small("sqrt+sun+masks:scl,csmask"), rich, tmp_path)
    again = fit(small("masks:csmask,scl+sqrt+sun"), rich, tmp_path, resume=tmp_path)

    assert again.hash == first.hash


def test_a_snapshot_without_the_models_planes_is_no_test_for_it(model, rich, tmp_path):
    folder = SnapshotFolder(tmp_path, band_names=BANDS, tile_size=SIZE)
    folder.add(*paint(0, bands=len(BANDS), size=SIZE), split="test")
    ensemble = load(model, device="cpu")

    with pytest.raises(BadSnapshot, match="no sample of the snapshot has sun"):
        check_same_kind(ensemble, open_snapshot(folder.write()))

    snapshot = open_snapshot(rich)
    check_same_kind(ensemble, snapshot)
    found = agreement(ensemble, snapshot, snapshot.of_split("validation"), report=print)
    assert found.as_json(snapshot.class_names)


def test_a_card_that_tells_of_other_channels_than_its_network_is_refused(model, tmp_path):
    content = json.loads((model / CARD).read_text())
    del content["card_sha256"]
    del content["features"]
    content["card_sha256"] = sha256(canonical(content))
    (tmp_path / CARD).write_text(json.dumps(content))

    with pytest.raises(BadModel, match="8 channels, its network takes 45"):
        read_card(tmp_path)


def test_the_hash_of_the_code_covers_the_formulas(tmp_path, monkeypatch):
    from training import device

    for name in ("device.py", "features/indices.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a formula")
    monkeypatch.setattr(device, "__file__", str(tmp_path / "device.py"))
    before = code_hash()

    (tmp_path / "features/indices.py").write_text("another formula")

    assert code_hash() != before
