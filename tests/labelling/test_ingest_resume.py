"""An ingest that is killed, fails or meets another one ends as if nothing had happened.

Real processes, really killed; painted (synthetic) products.
"""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from labelling.adapters.blobs import store
from labelling.errors import Conflict, LostLease, RasterRejected, StorageAway
from labelling.imagery.content import content_of
from labelling.imagery.products.find import inspect
from labelling.models import Campaign, CampaignTile, Event, Scene, Tile
from labelling.workflow.ingest.hold import LEASE, take_up
from labelling.workflow.ingest.work import Intake
from tests.installations import ROOT
from tests.labelling.products import NOON, bring_in, campaign, left_behind, painted, write


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return write(tmp_path_factory.mktemp("product"), painted())


def driver(folder, *words):
    environment = {
        **os.environ,
        "WORKBENCH_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/workbench.sqlite3",
        "STORAGE_URL": f"file://{folder}/blobs",
        "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
    }
    command = [sys.executable, "-m", "tests.drivers.dying_ingest", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, product):
    done = driver(tmp_path_factory.mktemp("undisturbed"), product, 0)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (len(report["tiles"]), report["scenes"][0][1]) == (9, "ready")
    return report


def test_a_product_killed_again_and_again_ends_identically(tmp_path, product, undisturbed):
    for hour, death in enumerate(["tile:2", "row:2", "end"]):
        ended = driver(tmp_path, product, hour, death)
        assert ended.returncode == -signal.SIGKILL, f"{death}: {ended.stderr}"

    last = driver(tmp_path, product, 9)

    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout) == undisturbed


def intake(campaign, now=NOON):
    return Intake(campaign, store(), now, jobs=2)


def claim(product, north, *, now=NOON):
    found = inspect(product)
    return take_up(found, content=content_of(found), job=intake(north, now))


@pytest.mark.django_db
def test_what_is_stored_already_is_not_decoded_again(product, monkeypatch):
    north = campaign()
    bring_in(product, north)
    before = left_behind(), Event.objects.count()
    decoded = []
    monkeypatch.setattr(
        "labelling.imagery.reading.Layers.numbers", lambda *given: decoded.append(given)
    )

    report = bring_in(product, north)

    assert (report.state, report.tiles_known, decoded) == ("known", 9, [])
    assert (left_behind(), Event.objects.count()) == before


@pytest.mark.django_db
def test_a_product_at_work_elsewhere_is_refused_until_its_lease_ends(product):
    north = campaign()
    claim(product, north)

    with pytest.raises(Conflict, match=r"\.SAFE: another worker is ingesting it.*12:01:00 UTC"):
        bring_in(product, north)
    assert Scene.objects.get().state == "ingesting"
    assert not Tile.objects.exists()

    report = bring_in(product, north, now=NOON + LEASE + timedelta(seconds=1))
    assert (report.tiles_new, Scene.objects.get().state) == (9, "ready")


@pytest.mark.django_db
def test_who_lost_the_lease_writes_nothing_any_more(product):
    north = campaign()
    slow = claim(product, north)
    fast = claim(product, north, now=NOON + LEASE + timedelta(seconds=1))

    with pytest.raises(LostLease), slow.fenced(stretch={"B02": [1, 2]}):
        pass
    with pytest.raises(LostLease):
        slow.finish()
    store().write("tiles/x.tif", b"x")
    slow.give_up("too slow", written=["tiles/x.tif"], blobs=store())

    scene = Scene.objects.get()
    assert (scene.state, scene.token, scene.reason) == ("ingesting", 2, "")
    assert store().exists("tiles/x.tif")
    fast.finish()
    assert Scene.objects.get().state == "ready"


class FullAfter:
    """Storage whose disk is full after some blobs."""

    def __init__(self, blobs, room):
        self.blobs, self.room = blobs, room

    def __getattr__(self, name):
        return getattr(self.blobs, name)

    def write(self, key, content):
        self.room -= 1
        if self.room < 0:
            raise OSError(28, "No space left on device", key)
        return self.blobs.write(key, content)


@pytest.mark.django_db
def test_a_full_disk_keeps_the_rows_of_tiles_before_it_and_a_retry_goes_on(product, undisturbed):
    north = campaign()

    with pytest.raises(StorageAway, match=r"\.SAFE: storage can't be written.*No space left"):
        bring_in(product, north, blobs=FullAfter(store(), 9))

    scene = Scene.objects.get()
    assert (scene.state, scene.lease_ends) == ("failed", None)
    assert "No space left" in scene.reason
    assert Tile.objects.count() == 3
    assert sum(1 for _ in store().sizes()) == 6

    report = bring_in(product, north)
    assert (report.tiles_new, report.tiles_known) == (6, 3)
    assert left_behind() == undisturbed


@pytest.mark.django_db
def test_an_image_that_ends_too_soon_keeps_the_rows_before_it(product, tmp_path, undisturbed):
    north = campaign()
    bring_in(product, north)
    scene = Scene.objects.get()
    last_row = Tile.objects.filter(acquisition__place__key__startswith="35VLF/256/2/")
    CampaignTile.objects.filter(tile__in=last_row).delete()
    last_row.delete()
    Scene.objects.update(state="failed", reason="cut short")

    report = bring_in(product, north)

    assert (report.tiles_new, report.tiles_known) == (3, 6)
    again = Scene.objects.get()
    assert (again.pk, again.state, again.reason) == (scene.pk, "ready", "")
    assert left_behind() == undisturbed


@pytest.mark.django_db
def test_a_ready_scene_stays_ready_while_another_campaign_fails_on_it(product, monkeypatch):
    bring_in(product, campaign())
    wide = campaign(slug="wide", tile_size=512)

    with pytest.raises(StorageAway):
        bring_in(product, wide, blobs=FullAfter(store(), 1))

    scene = Scene.objects.get()
    assert (scene.state, scene.reason, scene.lease_ends) == ("ready", "", None)
    assert bring_in(product, wide).tiles_new == 4
    assert Campaign.objects.get(slug="wide").enrolments.count() == 4


@pytest.mark.django_db
def test_a_safe_product_that_cannot_be_read_is_marked_as_failed(product, tmp_path):
    broken = tmp_path / product.name
    (broken / "GRANULE").mkdir(parents=True)
    (broken / "MTD_MSIL1C.xml").write_text("<not-closed>")

    with pytest.raises(RasterRejected, match="MTD_MSIL1C"):
        bring_in(broken, campaign())

    scene = Scene.objects.get()
    assert (scene.product_id, scene.state) == (product.stem, "failed")
    assert "MTD_MSIL1C.xml" in scene.reason
    assert bring_in(product, Campaign.objects.get()).tiles_new == 9
    assert Scene.objects.get().state == "ready"
