"""The cloud mask of a whole product. All painted: synthetic."""

from __future__ import annotations

import fcntl
import json
import resource
from contextlib import contextmanager
from io import StringIO

import numpy as np
import pytest
import rasterio
from django.core.management import call_command

from labelling.compute.predicting import work
from labelling.compute.predicting.work import predict
from labelling.errors import BadInput, Conflict, StorageAway
from labelling.imagery.painter.products import paint_products
from labelling.imagery.painter.safe import write_painted
from labelling.workflow import predicting
from labelling.workflow.predicting import colours_of
from tests.labelling.predicted import (
    HEIGHT,
    OVERLAP,
    TIGHT,
    WIDTH,
    WINDOW,
    here,
    killed_in_its_second_band,
    left_in,
    read,
    request,
    scene,
    small_model,
    stack,
)
from training.errors import BadModel
from training.predict import load, predict_codes


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"), members=2)


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return stack(tmp_path_factory.mktemp("products"))


@pytest.fixture(scope="module")
def whole(product, model, tmp_path_factory):
    """The mask with one window over all, in STEPS steps: what windows should come to."""
    out = tmp_path_factory.mktemp("whole") / "mask.tif"
    predict(request(product, model, out, window=512))
    return read(out).astype(int)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "masks").mkdir()
    return tmp_path / "masks" / "mask.tif"


@pytest.mark.parametrize("window", [160, 200])
def test_windows_leave_no_seam(product, model, whole, out, window):
    predict(request(product, model, out, window=window))

    found = read(out).astype(int)
    assert np.abs(found[1:] - whole[1:]).max() <= 1
    assert (found[0] != whole[0]).mean() < 1e-3


def test_windows_that_share_too_little_would_be_seen(product, model, whole, out):
    predict(request(product, model, out, window=TIGHT, overlap=4))

    assert np.abs(read(out).astype(int)[1:] - whole[1:]).max() > 1


def test_a_mask_holds_class_probabilities_and_uncertainty_of_the_ensemble(model, product, out):
    predict(request(product, model, out, window=512, colours={"cloud": "#f2c14e"}))

    pixels, ensemble = scene(), load(model)
    (chances, _), *_ = ensemble.stream([pixels])
    mean = chances.mean(dim=0).double().numpy()
    entropy = -(mean * np.log(np.maximum(mean, 1e-30))).sum(axis=0) / np.log(len(mean))
    seen, found = pixels.any(axis=0), read(out)
    assert len(ensemble.networks) == 2
    assert (found[:, ~seen] == 255).all()
    np.testing.assert_array_equal(found[0], predict_codes(ensemble, pixels))
    # Rounding makes ties at most: no class is said beside a larger probability of another.
    says = np.take_along_axis(found[1:-1], np.minimum(found[:1], 3), axis=0)[0]
    assert (says == found[1:-1].max(axis=0))[seen].all()
    np.testing.assert_allclose(found[1:-1, seen] / 200, mean[:, seen], atol=0.0026)
    np.testing.assert_allclose(found[-1, seen] / 200, entropy[seen], atol=0.0026)


def test_a_mask_is_a_cog_that_says_what_it_is(model, product, out):
    predict(request(product, model, out, colours={"cloud": "#f2c14e"}))

    with rasterio.open(out) as mask, rasterio.open(product) as source:
        assert mask.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (mask.crs, mask.transform, mask.shape) == (
            source.crs, source.transform, (HEIGHT, WIDTH)
        )  # fmt: skip
        names = ("clear", "cloud", "semi-transparent", "shadow")
        told = ("class", *(f"probability {name}" for name in names), "uncertainty")
        assert mask.descriptions == told
        assert set(mask.nodatavals) == {255.0}
        assert mask.scales == (1.0, *[1 / 200] * 5)
        assert mask.tags(1)["CLASS_1"] == "cloud"
        assert mask.tags(1)["COLOUR_1"] == "#f2c14e"
        about = mask.tags()
    assert (about["PRODUCT_ID"], about["SYNTHETIC"], about["LEVEL"]) == ("scene", "true", "L1C")
    assert about["MODEL"] == load(model).card.hash
    assert left_in(out.parent) == ["mask.tif"]


def test_a_safe_product_is_read_in_the_models_bands(model, out, tmp_path):
    (painted,) = paint_products(products=1, places=1, size=256, seed=3)
    safe = write_painted(tmp_path / "safe", painted, level="L1C", baseline="05.11")

    told = predict(request(safe, model, out))

    assert (told["height"], told["synthetic"]) == (252, True)
    pixels = painted.bands[[1, 2, 3, 7], :252, :252]
    same = read(out)[0] == predict_codes(load(model), pixels)
    assert same.mean() > 0.999


def test_a_killed_command_goes_on_to_the_same_bytes(
    model, product, out, tmp_path, scratch, monkeypatch
):
    words = [str(product), str(out), "--weights", str(model), "--window", str(WINDOW)]
    words += ["--overlap", str(OVERLAP), "--json"]
    monkeypatch.setattr(predicting, "run_child", killed_in_its_second_band)
    refused = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("predict", *words, stdout=refused, stderr=refused)
    assert "killed by signal 9" in refused.getvalue()
    assert left_in(out.parent) == [".mask.tif.work"]

    monkeypatch.setattr(predicting, "run_child", here)
    said = StringIO()
    call_command("predict", *words, stdout=said)
    told = json.loads(said.getvalue().splitlines()[-1])
    assert (told["windows"], told["there"], told["planes"][0]) == (12, False, "class")
    assert left_in(scratch / "predictions") == []

    predict(request(product, model, tmp_path / "again.tif", colours=colours_of(None)))
    assert told["resumed"] == 2 * 3
    assert out.read_bytes() == (tmp_path / "again.tif").read_bytes()
    assert left_in(out.parent) == ["mask.tif"]


def test_what_was_done_with_another_model_is_not_gone_on_with(model, product, out, tmp_path):
    room = out.with_name(".mask.tif.work")
    room.mkdir()
    (room / "plan.json").write_text(json.dumps({"model": "another"}))
    (room / "rows-00000.tif").write_bytes(b"of another model")

    assert predict(request(product, model, out))["resumed"] == 0


def test_a_mask_that_is_there_is_not_made_again_and_nothing_else_is_overwritten(
    model, product, out
):
    predict(request(product, model, out))
    before = out.stat().st_mtime_ns

    assert predict(request(product, model, out))["there"] is True
    assert out.stat().st_mtime_ns == before
    with pytest.raises(Conflict, match="there already"):
        predict(request(product, model, out, overlap=32))
    assert predict(request(product, model, out, overlap=32, replace=True))["there"] is False


def test_other_names_for_the_layers_make_another_mask(model, out, tmp_path):
    """The file is the same to the byte."""
    nameless = stack(tmp_path / "nameless", scene(96, 96), bands=None)
    predict(request(nameless, model, out, bands=["B02", "B03", "B04", "B08"]))

    with pytest.raises(Conflict, match="isn't this product's mask"):
        predict(request(nameless, model, out, bands=["B08", "B04", "B03", "B02"]))


def test_a_dry_run_refuses_what_the_run_would(model, product, out):
    out.write_bytes(b"something else")

    with pytest.raises(Conflict, match="there already"):
        predict(request(product, model, out, dry=True))
    assert predict(request(product, model, out, dry=True, replace=True))["there"] is False
    assert left_in(out.parent) == ["mask.tif"]


def test_a_product_is_never_overwritten_by_its_mask(model, product):
    before = product.read_bytes()

    with pytest.raises(Conflict, match="the product itself"):
        predict(request(product, model, product, replace=True))
    assert product.read_bytes() == before


def test_two_processes_do_not_write_one_mask(model, product, out):
    room = out.with_name(".mask.tif.work")
    room.mkdir()
    with (room / work.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="Another process"):
            predict(request(product, model, out))


def test_nobody_begins_in_a_room_that_is_about_to_go(model, out, tmp_path, monkeypatch):
    asked = request(stack(tmp_path / "small", scene(96, 96)), model, out)
    tidied = []

    def late(room, **how):
        with pytest.raises(Conflict, match="Another process"), work.alone(room):
            pass
        tidied.append(room)
        rmtree(room, **how)

    rmtree = work.shutil.rmtree
    monkeypatch.setattr(work.shutil, "rmtree", late)
    predict(asked)

    assert tidied == [out.with_name(".mask.tif.work")]
    assert left_in(out.parent) == ["mask.tif"]


def test_a_mask_that_another_process_made_meanwhile_stays(model, out, tmp_path, monkeypatch):
    small = stack(tmp_path / "small", scene(96, 96))
    alone = work.alone

    @contextmanager
    def waited(room):
        with monkeypatch.context() as inner:
            inner.setattr(work, "alone", alone)
            predict(request(small, model, out, without=["B08"]))
        with alone(room):
            yield

    monkeypatch.setattr(work, "alone", waited)

    with pytest.raises(Conflict, match="there already"):
        predict(request(small, model, out))


@pytest.mark.parametrize("octets", [60_000, 200_000], ids=["among the rows", "in the mask"])
def test_a_disk_that_is_full_leaves_no_mask_and_work_goes_on_later(model, product, out, octets):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        with pytest.raises(StorageAway, match="can't be written"):
            predict(request(product, model, out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert not out.exists()
    told = predict(request(product, model, out))
    assert (told["resumed"] == told["windows"]) == (octets == 200_000)
    assert out.exists()


def test_a_band_that_the_product_lacks_is_named_and_can_be_done_without(model, out, tmp_path):
    three = stack(tmp_path / "three", scene(96, 96)[:3], bands=("B02", "B03", "B04"))

    with pytest.raises(BadInput, match="lacks B08") as refused:
        predict(request(three, model, out))
    assert refused.value.field == "B08"
    assert left_in(out.parent) == []

    predict(request(three, model, out, without=["B08"]))
    pixels = np.concatenate([scene(96, 96)[:3], np.zeros((1, 96, 96), np.uint16)])
    np.testing.assert_array_equal(read(out)[0], predict_codes(load(model), pixels))


def test_a_model_that_sees_what_the_product_does_not_hold_is_refused_by_name(
    product, out, tmp_path
):
    sunny = small_model(tmp_path / "sunny", features="sqrt+sun")
    with pytest.raises(BadInput, match=r"sqrt\+sun.*doesn't hold sun") as refused:
        predict(request(product, sunny, out))
    assert refused.value.field == "sun"
    tags = {"SUN_ZENITH": "40", "SUN_AZIMUTH": "150"}

    predict(request(stack(tmp_path / "lit", tags=tags), sunny, out))
    predict(request(product, sunny, tmp_path / "dark.tif", without=["sun"]))

    assert (read(out) != read(tmp_path / "dark.tif")).any()


def test_what_the_model_does_not_see_cannot_be_left_out(model, product, out):
    with pytest.raises(BadInput, match="doesn't see clear"):
        predict(request(product, model, out, without=["clear"]))


def test_damaged_weights_are_refused(model, product, out, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "card.json").write_bytes((model / "card.json").read_bytes())
    weights = bytearray((model / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (broken / "weights.safetensors").write_bytes(weights)

    with pytest.raises(BadModel, match="damaged"):
        predict(request(product, broken, out))
