import errno
import hashlib

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound, StorageAway
from labelling.imagery.masks.sidefiles import pattern_named
from labelling.imagery.masks.sources import SOURCES
from labelling.imagery.products.stack import inspect_stack
from labelling.models import Event, Layer, Tile
from labelling.workflow.masking.products import Bringing, Wanted, bring_masks
from tests.factories import NOON, CampaignFactory, SceneFactory
from tests.labelling.imagery.masks.files import coarser, write_planes
from tests.labelling.masked import Interrupted, codes_of, layer_blobs, store_tiles, stored_product
from tests.rasters import IN_35VLF, cut_short, pixels, write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "scenes"


@pytest.fixture
def product(campaign, folder):
    """300 by 300 pixels in four tiles of 256, the last corner without data."""
    values = pixels(height=300, width=300)
    values[:, 280:, 280:] = 0
    return stored_product(folder / "a.tif", values, campaign)


def codes(side: int = 300, *, top: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, top, (side, side)).astype(np.uint8)


def bring(product, campaign, **choices):
    dry_run = choices.pop("dry_run", False)
    if "patterns" in choices:
        choices["patterns"] = tuple(pattern_named(text) for text in choices["patterns"])
    how = Bringing(blobs=store(), now=NOON, wanted=Wanted(**choices), dry_run=dry_run)
    return bring_masks(product, campaign, how)


def by_tile(source):
    return {
        layer.tile.acquisition.place.key: layer for layer in Layer.objects.filter(source=source)
    }


def test_a_mask_becomes_a_layer_of_every_stored_tile(campaign, product, folder):
    plane = codes()
    write_planes(folder / "a_SCL.tif", plane)

    (report,) = bring(product, campaign)

    assert (report.state, report.source, report.version) == ("ok", "scl", "1")
    assert (report.tiles_new, report.tiles_known) == (4, 0)
    whole = SOURCES["scl"].table().translate(plane, name="")
    whole[280:, 280:] = 255
    layers = by_tile("scl")
    assert set(layers) == {f"a/256/{row}/{column}" for row in (0, 1) for column in (0, 1)}
    corner = codes_of(layers["a/256/1/1"])
    np.testing.assert_array_equal(codes_of(layers["a/256/0/0"]), whole[:256, :256])
    np.testing.assert_array_equal(corner[:44, :44], whole[256:, 256:])
    assert (corner[44:] == 255).all()
    assert (corner[:, 44:] == 255).all()


def test_a_layer_tells_its_key_classes_and_hash(campaign, product, folder):
    plane = np.full((300, 300), 8, np.uint8)
    plane[256:270, 256:] = 7
    write_planes(folder / "a_SCL.tif", plane)

    bring(product, campaign)

    layer = by_tile("scl")["a/256/1/1"]
    assert layer.raster == "layers/a/256/1/1/undated-L1C-none/scl-1.tif"
    assert layer.provides == [0, 1, 2, 3]
    with_data = 44 * 44 - 20 * 20
    assert layer.classes == pytest.approx(
        {"1": 1 - 14 * 44 / with_data, "255": 14 * 44 / with_data}
    )
    assert layer.sha256 == hashlib.sha256(codes_of(layer).tobytes()).hexdigest()
    assert layer.created == NOON


def test_the_same_masks_again_change_nothing(campaign, product, folder):
    write_planes(folder / "a_SCL.tif", codes())
    bring(product, campaign)
    rows, blobs = list(Layer.objects.values()), layer_blobs()

    (report,) = bring(product, campaign)

    assert (report.state, report.tiles_new, report.tiles_known) == ("known", 0, 4)
    assert (list(Layer.objects.values()), layer_blobs()) == (rows, blobs)
    assert Event.objects.filter(verb="imported").count() == 1


def test_a_mask_of_20_m_lands_on_the_10_m_grid(campaign, product, folder):
    plane = codes(150)
    write_planes(folder / "a_SCL.tif", plane, place=coarser(IN_35VLF, 2))

    bring(product, campaign)

    expected = SOURCES["scl"].table().translate(np.kron(plane, np.ones((2, 2), np.uint8)), name="")
    np.testing.assert_array_equal(codes_of(by_tile("scl")["a/256/0/0"]), expected[:256, :256])


def test_a_new_table_adds_a_layer_beside_the_old(campaign, product, folder, monkeypatch):
    write_planes(folder / "a_SCL.tif", codes())
    bring(product, campaign)
    newer = type(SOURCES["scl"])(**{**vars(SOURCES["scl"]), "version": "2"})
    monkeypatch.setitem(SOURCES, "scl", newer)

    (report,) = bring(product, campaign, patterns=["scl=a_SCL.tif"])

    assert (report.version, report.tiles_new) == ("2", 4)
    assert Layer.objects.filter(source="scl").count() == 8
    assert len(layer_blobs()) == 8


def test_another_threshold_or_masker_is_another_layer(campaign, product, folder):
    write_planes(folder / "a_s2cloudless.tif", codes(top=256))

    bring(product, campaign)
    bring(product, campaign, thresholds={"s2cloudless": 0.6})
    bring(product, campaign, tool="1.7.3")

    versions = set(Layer.objects.values_list("version", flat=True))
    assert versions == {"t0.4-1", "t0.6-1", "1.7.3-t0.4-1"}


@pytest.mark.parametrize(("top", "rival"), [(101, "s2cloudless_percent"), (2, "s2cloudless_mask")])
def test_a_probability_of_another_scale_is_never_taken_for_clear(
    campaign, product, folder, top, rival
):
    write_planes(folder / "a_s2cloudless.tif", codes(top=top))

    (report,) = bring(product, campaign)

    assert (report.state, report.field) == ("refused", "codes")
    assert f"{rival}=pattern" in report.help
    (told,) = bring(product, campaign, patterns=[f"{rival}={{stem}}_s2cloudless.tif"])
    assert told.tiles_new == 4
    assert all("1" in layer.classes for layer in Layer.objects.all())


def test_a_cloudless_probability_means_the_same_at_every_scale(campaign, product, folder):
    write_planes(folder / "a_s2cloudless.tif", codes(top=40) // 2 * 2)

    (report,) = bring(product, campaign)

    assert (report.state, report.tiles_new) == ("ok", 4)


def test_bands_of_one_file_are_several_masks(campaign, product, folder):
    planes = np.stack([codes(), codes(top=256), codes(top=101)])
    write_planes(folder / "a_SCL_CLP_CLD.tif", planes)
    stack = "{stem}_SCL_CLP_CLD.tif"

    reports = bring(
        product, campaign,
        patterns=[f"scl:1={stack}", f"s2cloudless:2={stack}", f"cldprb:3={stack}"],
    )  # fmt: skip

    assert [each.state for each in reports] == ["ok"] * 3
    assert {each.source: each.version for each in reports} == {
        "scl": "1", "s2cloudless": "t0.4-1", "cldprb": "t0.5-1",
    }  # fmt: skip


def test_a_refused_mask_leaves_nothing_behind_and_keeps_no_other_out(campaign, product, folder):
    late = codes()
    late[299, 0] = 99  # in the last row of tiles: others were stored before
    write_planes(folder / "a_SCL.tif", late)
    write_planes(folder / "a_Fmask4.tif", codes(top=5))
    write_planes(folder / "a_kappamask.tif", codes(290, top=5), place=None)
    cut_short(write_planes(folder / "a_csmask.tif", codes(top=3)), share=0.5)

    reports = {each.file: each for each in bring(product, campaign)}

    assert {name: each.state for name, each in reports.items()} == {
        "a_SCL.tif": "refused", "a_Fmask4.tif": "ok", "a_kappamask.tif": "refused",
        "a_csmask.tif": "refused",
    }  # fmt: skip
    assert reports["a_SCL.tif"].reason.startswith("code 99 is none of those")
    assert reports["a_kappamask.tif"].field == "size"
    assert reports["a_SCL.tif"].tiles_new == 0
    assert {layer.source for layer in Layer.objects.all()} == {"fmask"}
    assert len(layer_blobs()) == 4


def test_other_codes_under_a_known_version_are_refused(campaign, product, folder):
    write_planes(folder / "a_Fmask4.tif", codes(top=2))
    bring(product, campaign)
    write_planes(folder / "a_Fmask4.tif", codes(top=5))

    (report,) = bring(product, campaign)

    assert (report.state, report.field) == ("refused", "version")
    assert "fmask 1 is stored already" in report.reason
    (newer,) = bring(product, campaign, tool="4.7")
    assert (newer.version, newer.tiles_new) == ("4.7-1", 4)


def test_two_imports_at_once_leave_one_set_of_layers(campaign, product, folder):
    write_planes(folder / "a_SCL.tif", codes())
    slower = Interrupted(2, lambda: bring(product, campaign))

    (report,) = bring_masks(product, campaign, Bringing(blobs=slower, now=NOON))

    assert (report.state, "another import" in report.reason) == ("refused", True)
    assert Layer.objects.count() == 4
    assert len(layer_blobs()) == 4
    assert bring(product, campaign)[0].state == "known"


def test_a_store_that_fails_midway_takes_back_what_it_wrote(campaign, product, folder):
    write_planes(folder / "a_SCL.tif", codes())

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageAway, match="No space left on device"):
        bring_masks(product, campaign, Bringing(blobs=Interrupted(3, full), now=NOON))

    assert (Layer.objects.count(), layer_blobs()) == (0, [])


def test_a_dry_run_tells_the_same_and_writes_nothing(campaign, product, folder):
    write_planes(folder / "a_SCL.tif", codes())

    planned = bring(product, campaign, dry_run=True)

    assert (Layer.objects.count(), layer_blobs(), Event.objects.count()) == (0, [], 0)
    assert [vars(each) for each in planned] == [vars(each) for each in bring(product, campaign)]


def test_a_product_that_is_not_stored_is_refused_by_name(campaign, product, folder):
    other = CampaignFactory(slug="wide", tile_size=512)

    with pytest.raises(NotFound, match=r"a\.tif: no tile of a with 512 pixels") as refusal:
        bring(product, other)
    assert refusal.value.help == "Ingest the product first."


@pytest.mark.parametrize(("state", "taken"), [("ready", 1), ("failed", 0)])
def test_tiles_that_came_with_another_file_count_once_this_one_is_through(
    campaign, folder, state, taken
):
    tags = {"MGRS": "35VLF", "DATETIME": "2024-05-01T10:00:00Z"}
    first, second = (
        inspect_stack(write_stack(folder / name, place=IN_35VLF, tags=tags))
        for name in ("first.tif", "second.tif")
    )
    store_tiles(first, pixels(), campaign)
    SceneFactory(product_id="second", state=state)
    write_planes(folder / "second_SCL.tif", codes(64))

    if taken:
        assert [each.tiles_new for each in bring(second, campaign)] == [1]
    else:
        with pytest.raises(NotFound):
            bring(second, campaign)


def test_tiles_that_are_not_stored_are_passed_over(campaign, product, folder):
    gone = Tile.objects.get(acquisition__place__key="a/256/0/1")
    gone.enrolments.all().delete()
    gone.delete()
    write_planes(folder / "a_SCL.tif", codes())

    (report,) = bring(product, campaign)

    assert report.tiles_new == 3


def test_what_came_in_is_in_the_history(campaign, product, folder):
    write_planes(folder / "a_SCL.tif", codes())

    bring(product, campaign)

    event = Event.objects.get(verb="imported")
    assert (event.kind, event.campaign, event.detail) == ("scene", campaign, {"masks": ["scl 1"]})


def test_a_version_that_cannot_be_part_of_a_key_is_refused():
    with pytest.raises(BadInput, match="'4/6'"):
        Wanted(tool="4/6")
