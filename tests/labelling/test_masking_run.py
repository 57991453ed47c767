import errno
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, StorageAway
from labelling.imagery.masks.maskers import CSMASK, S2CLOUDLESS
from labelling.models import Event, Layer, Tile
from labelling.workflow.masking.coverage import coverage
from labelling.workflow.masking.run import Order, run_masker
from tests.factories import NOON, CampaignFactory
from tests.labelling.masked import Interrupted, codes_of, layer_blobs, stored_product
from tests.rasters import pixels

pytestmark = pytest.mark.django_db

THIRTEEN = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip


class Killed(BaseException):
    """What a signal would do in the middle of a tile."""


class Painter:
    """A masker's program that stands in for the real ones: brightness in the first band, halved."""

    def __init__(self, *, dies_at: int | None = None):
        self.shots, self.dies_at = [], dies_at

    def __call__(self, shot, threads):
        self.shots.append(shot)
        if len(self.shots) == self.dies_at:
            raise Killed
        return np.minimum(shot.pixels[0] // 50, 200).astype(np.uint8)


def probable(painter):
    """s2cloudless with another program; its package is this very project's Django."""
    return replace(S2CLOUDLESS, run=painter, package="django", module="django")


@pytest.fixture
def cloudy():
    """A campaign with six tiles of L1C, one of them half empty."""
    campaign = CampaignFactory(slug="cloudy", bands=list(THIRTEEN))

    def scene(folder):
        values = pixels(bands=13, height=512, width=768)
        values[:, 100:, 600:] = 0
        stored_product(folder / "a.tif", values, campaign, bands=THIRTEEN)
        return campaign

    return scene


def order(campaign, painter, **choices):
    return Order(probable(painter), campaign, store(), threads=1, **choices)


def version():
    return metadata.version("django")


def test_what_a_run_cost_is_written_down(cloudy, tmp_path):
    campaign = cloudy(tmp_path)

    report = run_masker(order(campaign, Painter()), now=NOON)

    told = Event.objects.get(campaign=campaign, verb="finished").detail
    assert told["pixels"] == report.pixels == sum(t.height * t.width for t in Tile.objects.all())
    assert told["seconds"] == round(report.seconds, 3)
    assert told["peak_mib"] > 0


def test_each_tile_gets_a_mask_and_keeps_the_probability(cloudy, tmp_path):
    campaign, painter = cloudy(tmp_path), Painter()

    report = run_masker(order(campaign, painter), now=NOON)

    assert (report.tiles_new, report.tiles_known, report.left_out) == (6, 0, 0)
    assert report.versions == [f"{version()}-t0.4-1"]
    tile = Tile.objects.get(acquisition__place__key="a/256/1/2")
    mask, share = tile.layers.get(source="s2cloudless"), tile.layers.get(version=version())
    assert (share.source, share.provides) == ("s2cloudless_probability", [])
    shares, classes = codes_of(share), codes_of(mask)
    np.testing.assert_array_equal(classes[shares <= 200], shares[shares <= 200] > 80)
    np.testing.assert_array_equal(classes == 255, shares == 255)
    assert (shares[:, 88:] == 255).all()
    assert set(mask.classes) == {"0", "1"}
    assert sum(mask.classes.values()) == pytest.approx(1)


def test_the_masker_sees_its_own_bands_in_its_own_order(cloudy, tmp_path):
    campaign, painter = cloudy(tmp_path), Painter()

    run_masker(order(campaign, painter, limit=1), now=NOON)

    (shot,) = painter.shots
    assert shot.roles == ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
    assert (shot.pixels.shape, shot.level) == ((10, 256, 256), "L1C")
    np.testing.assert_array_equal(
        shot.pixels[2], pixels(bands=13, height=512, width=768)[3, :256, :256]
    )


def test_a_run_again_does_nothing(cloudy, tmp_path):
    campaign = cloudy(tmp_path)
    run_masker(order(campaign, Painter()), now=NOON)
    rows, again = list(Layer.objects.values()), Painter()

    report = run_masker(order(campaign, again), now=NOON)

    assert (report.tiles_new, report.tiles_known, again.shots) == (0, 6, [])
    assert list(Layer.objects.values()) == rows


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(cloudy, tmp_path):
    campaign = cloudy(tmp_path)
    with pytest.raises(Killed):
        run_masker(order(campaign, Painter(dies_at=4)), now=NOON)
    assert Layer.objects.filter(source="s2cloudless").count() == 3

    report = run_masker(order(campaign, painter := Painter()), now=NOON)

    assert (report.tiles_new, report.tiles_known, len(painter.shots)) == (3, 3, 3)
    interrupted = set(Layer.objects.values_list("raster", "sha256"))
    Layer.objects.all().delete()
    run_masker(order(campaign, Painter()), now=NOON)
    assert set(Layer.objects.values_list("raster", "sha256")) == interrupted
    assert sorted(layer_blobs()) == sorted(raster for raster, _ in interrupted)


def test_another_threshold_is_cut_from_the_probability_without_running(cloudy, tmp_path):
    campaign = cloudy(tmp_path)
    run_masker(order(campaign, Painter()), now=NOON)

    report = run_masker(order(campaign, painter := Painter(), threshold=0.2), now=NOON)

    assert (report.tiles_new, report.tiles_cut, painter.shots) == (6, 6, [])
    assert Layer.objects.filter(source="s2cloudless_probability").count() == 6
    low = Layer.objects.filter(version=f"{version()}-t0.2-1").first()
    shares = codes_of(low.tile.layers.get(source="s2cloudless_probability"))
    expected = np.where(shares == 255, 255, shares > 40)
    np.testing.assert_array_equal(codes_of(low), expected)


def test_a_limit_counts_the_tiles_that_were_run(cloudy, tmp_path):
    campaign = cloudy(tmp_path)

    counts = [run_masker(order(campaign, Painter(), limit=4), now=NOON).tiles_new for _ in "ab"]

    assert counts == [4, 2]


def test_tiles_without_the_bands_or_the_level_are_named(campaign, tmp_path):
    stored_product(tmp_path / "four.tif", pixels(height=256, width=256), campaign)
    values = pixels(bands=13, height=256, width=256)
    stored_product(tmp_path / "l2a.tif", values, campaign, bands=THIRTEEN, level="L2A")
    stored_product(tmp_path / "lacks.tif", values, campaign, bands=THIRTEEN)
    stored_product(tmp_path / "silent.tif", values, campaign, bands=THIRTEEN, level="")
    Tile.objects.filter(scene__product_id="lacks").update(missing=["B10"])

    report = run_masker(order(campaign, Painter()), now=NOON)
    told = run_masker(order(campaign, Painter(), level="L1C"), now=NOON)

    assert report.cannot_run == {
        "bands": ["four/undated-L1C-none", "lacks/undated-L1C-none"],
        "level": ["l2a/undated-L2A-none", "silent/undated-none-none"],
    }
    assert (report.tiles_new, report.left_out) == (0, 4)
    assert (told.tiles_new, told.left_out) == (1, 3)


def test_a_tile_whose_raster_is_gone_is_named_and_the_rest_goes_on(cloudy, tmp_path):
    campaign = cloudy(tmp_path)
    broken = Tile.objects.order_by("pk")[2]
    store().delete(broken.raster)

    report = run_masker(order(campaign, Painter()), now=NOON)

    assert report.tiles_new == 5
    assert list(report.refused) == [broken.key]
    assert "no such file" in report.refused[broken.key]


def test_a_full_disk_ends_the_run_and_leaves_whole_layers_only(cloudy, tmp_path):
    campaign = cloudy(tmp_path)

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = Interrupted(4, full)  # the second tile's probability

    with pytest.raises(StorageAway, match="No space left"):
        run_masker(replace(order(campaign, Painter()), blobs=blobs), now=NOON)

    assert Layer.objects.count() == len(layer_blobs()) == 2
    assert run_masker(order(campaign, Painter()), now=NOON).tiles_new == 5


def test_a_dry_run_counts_and_writes_nothing(cloudy, tmp_path):
    campaign, painter = cloudy(tmp_path), Painter()

    report = run_masker(order(campaign, painter, dry_run=True), now=NOON)

    assert (report.tiles_new, painter.shots) == (6, [])
    assert (Layer.objects.count(), layer_blobs(), Event.objects.count()) == (0, [], 0)


def test_two_runs_at_once_share_the_tiles(cloudy, tmp_path):
    campaign = cloudy(tmp_path)

    class Slow(Painter):
        def __call__(self, shot, threads):
            if not self.shots:
                run_masker(order(campaign, Painter()), now=NOON)
            return super().__call__(shot, threads)

    report = run_masker(order(campaign, Slow()), now=NOON)

    assert Layer.objects.filter(source="s2cloudless").count() == 6
    assert Layer.objects.filter(source="s2cloudless_probability").count() == 6
    assert report.refused == {}
    assert len(layer_blobs()) == 12


def test_a_masker_that_is_not_installed_is_refused_with_what_to_install(campaign):
    missing = replace(S2CLOUDLESS, module="not_installed_anywhere")

    with pytest.raises(BadInput, match="s2cloudless can't run here") as refusal:
        run_masker(Order(missing, campaign, store(), threads=1), now=NOON)
    assert "cloudmask-workbench[maskers]" in refusal.value.help


def test_a_masker_without_probability_takes_no_threshold(campaign):
    with pytest.raises(BadInput, match="no probability"):
        run_masker(
            Order(replace(CSMASK, module="django"), campaign, store(), threads=1, threshold=0.4),
            now=NOON,
        )


def test_coverage_counts_the_tiles_that_have_each_layer(cloudy, tmp_path):
    campaign = cloudy(tmp_path)
    other = CampaignFactory()
    run_masker(order(campaign, Painter(), limit=4), now=NOON)

    rows = coverage(campaign)

    assert [(row.source, row.tiles, row.of, row.provides) for row in rows] == [
        ("s2cloudless", 4, 6, [0, 1]), ("s2cloudless_probability", 4, 6, []),
    ]  # fmt: skip
    assert coverage(other) == []
