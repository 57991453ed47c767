"""A restore takes nothing for whole that isn't, and puts it only where nothing is."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.core.management import call_command

from labelling.adapters.blobs import store
from labelling.models import Annotation, Campaign, Draft
from labelling.workflow.backup.papers import Manifest
from tests.factories import CampaignFactory
from tests.labelling.test_commands import said

pytestmark = pytest.mark.django_db(transaction=True)


def flip(path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])


@dataclass
class Backed:
    """A backup of an installation that is no more."""

    place: Path
    name: str
    label: str
    """Key of a label that it holds."""
    sha256: str

    @property
    def folder(self) -> Path:
        return self.place / "backups" / self.name

    @property
    def at(self) -> Path:
        """Where it holds the label."""
        return self.place / "blobs" / self.sha256[:2] / self.sha256

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    def rewrite(self, **changes) -> Manifest:
        """Another manifest in its place, as if it had been written so; the one that was."""
        was = Manifest.load(self.manifest.read_bytes(), "manifest")
        self.manifest.write_bytes(replace(was, **changes).dump())
        return was

    def copied_to(self, place: Path) -> Backed:
        shutil.copytree(self.place, place)
        return replace(self, place=place)


@pytest.fixture
def backed(site) -> Backed:
    label = Annotation.objects.latest("pk").raster
    name, sha256 = site.back_up()["name"], store().checksum(label)
    site.destroy()
    return Backed(site.place, name, label, sha256)


def edited(path, **changes) -> None:
    """A manifest that somebody changed by hand, its hash as it was."""
    told = json.loads(path.read_bytes()) | changes
    path.write_bytes(json.dumps(told, indent=1, ensure_ascii=False).encode())


PLANTED = {
    "a flipped bit": (lambda site: flip(site.at), "another hash"),
    "a blob that is gone": (lambda site: site.at.unlink(), "it is missing"),
    "rows cut short": (
        lambda site: (path := site.folder / "rows/labelling.tile.jsonl.gz").write_bytes(
            path.read_bytes()[:-20]
        ),
        "labelling.tile.jsonl.gz",
    ),
    "rows with a flipped bit": (
        lambda site: flip(site.folder / "rows/labelling.task.jsonl.gz"),
        "labelling.task.jsonl.gz",
    ),
    "a list that is gone": (
        lambda site: (site.folder / "lists/000001.jsonl.gz").unlink(),
        "lists/000001.jsonl.gz",
    ),
    "an edited manifest": (
        lambda site: edited(site.manifest, blobs=7),
        "another hash than the one it states",
    ),
    "a newer format": (
        lambda site: edited(site.manifest, format="cloudmask-backup/2"),
        "cloudmask-backup/2",
    ),
}


def test_damage_is_named_and_no_row_is_written(backed, tmp_path):
    for plant, (damage, named) in PLANTED.items():
        hurt = backed.copied_to(tmp_path / plant)
        damage(hurt)

        dry = said("restore", str(hurt.place), "--dry-run")
        status, out, err = said("restore", str(hurt.place))

        assert status == 1, (plant, out)
        assert named in err, plant
        assert dry[0] in (1, 3), plant
        assert named in dry[1] + dry[2], plant
        assert not Campaign.objects.exists()


def test_what_is_whole_comes_back_despite_damage(backed):
    flip(backed.at)

    status, out, _ = said("restore", str(backed.place), "--despite-damage", "--json")

    told = [json.loads(line) for line in out.splitlines()]
    assert status == 3
    assert [each["damaged"]["key"] for each in told[:-1] if "damaged" in each] == [backed.label]
    assert told[-1]["damaged"] == 1
    assert Annotation.objects.filter(raster=backed.label).exists()
    assert f"missing  {backed.label}" in said("verify")[1]


def test_only_an_empty_place_is_filled(backed):
    CampaignFactory(slug="here-already")
    status, _, err = said("restore", str(backed.place))
    assert status == 1
    assert "rows of labelling.campaign" in err
    call_command("flush", interactive=False)
    store().write("tiles/mine.tif", b"mine")

    status, _, err = said("restore", str(backed.place))

    assert status == 1
    assert "tiles/mine.tif" in err
    assert dict(store().sizes()) == {"tiles/mine.tif": 4}
    assert not Campaign.objects.exists()


def test_an_interrupted_restore_goes_on(backed, monkeypatch):
    class Killed(BaseException):
        pass

    def dies(*args, **options):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("labelling.workflow.backup.restoring.loading.load", dies)
        with pytest.raises(Killed):
            said("restore", str(backed.place))
    there = dict(store().sizes())
    content = store().read(backed.label)
    store().write(backed.label, bytes([content[0] ^ 1]) + content[1:])
    status, _, err = said("restore", str(backed.place))
    assert status == 1
    assert f"{backed.label}, with other bytes" in err
    store().delete(backed.label)

    status, out, err = said("restore", str(backed.place), "--json")

    assert status == 0, err
    told = json.loads(out.splitlines()[-1])
    assert told["kept"] == told["blobs"] - 1 == len(there) - 1
    assert said("verify")[0] == 0


def test_rows_come_all_or_not_at_all(backed):
    """The last table comes twice, which breaks a rule: nothing of the others stays."""
    tables = backed.rewrite().tables
    last = next(each for each in reversed(tables) if each.rows.count)
    backed.rewrite(tables=(*tables, last))

    status, _, err = said("restore", str(backed.place))

    assert status == 1
    assert last.model in err
    assert not Campaign.objects.exists()


def test_backups_of_other_versions_are_refused_with_what_to_do(backed):
    of = backed.rewrite().migrations
    for app in ("labelling", "unheard_of"):
        backed.rewrite(migrations={**of, app: [*of.get(app, []), "9999_tomorrow"]})
        status, _, err = said("restore", str(backed.place))
        assert status == 1
        assert f"{app}.9999_tomorrow" in err
    backed.rewrite(migrations={**of, "labelling": of["labelling"][:-1]})

    status, _, err = said("restore", str(backed.place))

    assert status == 1
    assert "without any tables" in err
    assert not Campaign.objects.exists()


def test_a_draft_that_was_replaced_while_it_was_copied_is_left_out(site):
    store().delete(Draft.objects.get().label)
    site.back_up()
    site.destroy()

    assert said("restore", str(site.place))[0] == 0

    assert not Draft.objects.exists()
    assert Campaign.objects.exists()


def test_which_backups_there_are_and_which_is_asked_for(site):
    first = site.back_up()["name"]
    site.hand_in("ana", rows=9)
    second = site.back_up()["name"]

    listed = said("restore", str(site.place), "--list")[1]
    status, _, err = said("restore", str(site.place), "--backup", "last-week")

    assert listed.index(first) < listed.index(second)
    assert status == 1
    assert first in err
    labels = Annotation.objects.count()
    site.destroy()
    assert said("restore", str(site.place), "--backup", first)[0] == 0
    assert Annotation.objects.count() == labels - 1
