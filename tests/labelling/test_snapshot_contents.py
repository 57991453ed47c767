"""What a snapshot says of itself, and of another one. All pixels are synthetic."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from labelling.adapters.blobs import store
from labelling.errors import Conflict
from labelling.models import Annotation, Snapshot
from labelling.workflow.snapshots.datasheet_page import datasheet_page
from labelling.workflow.snapshots.diff import diff
from tests.factories import NOON, person
from tests.labelling.frozen import frozen, manifest, unlabelled
from tests.labelling.labels import labelled, submitted
from tests.worlds import import_label, truth, world

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=30)


@pytest.fixture
def north():
    """Two imported labels in the pool and one to validate by; two tiles more are nobody's yet."""
    return world(slug="north", pool=4, validation=1, labelled=2)


@pytest.fixture
def ana(north):
    return person("ana", campaign=north)


@pytest.fixture
def lea(north):
    return person("lea", campaign=north, role="lead")


def test_a_datasheet_counts_what_is_in_the_snapshot(north, ana):
    tile = unlabelled()[0]
    label = submitted(tile, north, ana, 0, 1)

    snapshot = frozen(north)

    sheet = snapshot.datasheet
    assert sheet == manifest(snapshot)["datasheet"]
    composition = sheet["composition"]
    assert (composition["tiles"], composition["places"], composition["synthetic"]) == (4, 4, 4)
    assert composition["months"] == {"2026-06": 4}
    assert composition["authors"] == {"own": 1, "named_by_source": 0, "tiles_of_unknown": 3}
    pool = composition["splits"]["pool"]
    counted = {each["name"]: each["pixels"] for each in pool["classes"]}
    assert sum(counted.values()) == 3 * 256**2
    assert counted["cloud"] >= label.pixels["1"]
    assert [each["name"] for each in sheet["sources"]] == ["campaign", "painted"]
    assert "4 of 4 tiles are synthetic." in sheet["limits"]
    assert "The licence of 3 labels isn't stated." in sheet["limits"]
    assert "The test split has no tile." in sheet["limits"]
    assert "ana" not in json.dumps(manifest(snapshot))
    page = datasheet_page(snapshot.hash, sheet)
    assert page.startswith(f"# Datasheet of snapshot {snapshot.hash[:12]}\n")
    assert page == datasheet_page(snapshot.hash, Snapshot.objects.get().datasheet)


def test_real_sources_are_named_with_licence_and_attribution(north):
    tile = unlabelled()[0]
    label = import_label(north, tile, truth(north, tile))
    facts = {"source": "my import", "licence": "CC-BY-NC-4.0", "origin": {"format": "cloudsen12"}}
    copy = {
        name: getattr(label, name)
        for name in (
            "acquisition",
            "schema",
            "tool",
            "pixels",
            "labelled_share",
            "raster",
            "sha256",
        )
    }
    Annotation.objects.create(**copy, **facts, n=2, created=LATER)
    type(tile.scene).objects.filter(pk=tile.scene_id).update(synthetic=False)

    sheet = frozen(north).datasheet

    (source,) = [each for each in sheet["sources"] if each["name"] == "my import"]
    assert source["restricted"]
    assert "10.1038/s41597-022-01878-2" in source["attribution"]
    told = {each["synthetic"]: each["attribution"] for each in sheet["imagery"]}
    assert told[False] == "Contains modified Copernicus Sentinel data 2026."
    assert "1 labels may not be used commercially, or not be changed." in sheet["limits"]


def test_two_snapshots_differ_by_tiles_pixels_and_authors(north, ana, lea):
    one, other = unlabelled()
    label = submitted(one, north, ana, 0, 1)
    first = frozen(north)
    labelled(label.task, lea, 0, 2)
    submitted(other, north, ana, 3)
    second = frozen(north, splits=["pool"])

    found = diff(first, second, blobs=store())

    assert (found.added.keys, found.relabelled.keys) == ([other.key], [one.key])
    assert (found.removed.count, found.reread.count, found.unchanged) == (1, 0, 2)
    assert found.authors == {
        "(not one of our people)": {"first": 3, "second": 2},
        "ana": {"first": 1, "second": 1},
        "lea": {"first": 0, "second": 1},
    }
    assert found.rule == {"splits": [[], ["pool"]]}
    half = 256**2 // 2
    validation = Annotation.objects.get(acquisition__place__split="validation").pixels
    lost = validation.get("1", 0)
    assert found.pixels["cloud"]["change"] == -half - lost
    assert diff(second, second, blobs=store()).unchanged == 4


def test_a_snapshot_from_before_labels_were_named_cannot_be_compared(north):
    snapshot = frozen(north)
    old = manifest(snapshot)
    for sample in old["samples"]:
        del sample["annotation"]
    store().write(f"{snapshot.folder}/manifest.json", json.dumps(old).encode())

    with pytest.raises(Conflict, match="too old to be compared"):
        diff(snapshot, snapshot, blobs=store())
