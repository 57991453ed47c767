"""CVAT's own XML, there and back without a server."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.imagery.drawings.xml_writing import Sheet, Word, write_xml
from labelling.imagery.labelsets.cvat_xml import items
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation, CampaignTile, Task
from tests.factories import CampaignFactory, TaskFactory, person
from tests.labelling.frozen import frozen
from tests.labelling.labels import labelled
from tests.worlds import painted_tile, world

WORDS = (
    Word(0, "clear", "#00ff00"),
    Word(1, "cloud & <fog>", "#ffffff"),
    Word(3, "shadow", "#000"),
)


def speckled(seed: int, side: int = 40) -> np.ndarray:
    """A label in which no two neighbours need be alike, with every code there is."""
    return (
        np.random.default_rng(seed).choice([0, 1, 3, 254, 255], size=(side, side)).astype("uint8")
    )


@pytest.mark.parametrize("ending", [".xml", ".zip"])
def test_labels_come_back_pixel_by_pixel(tmp_path, ending):
    labels = [speckled(0), speckled(1), np.full((40, 40), 255, np.uint8)]
    sheets = [
        Sheet(f"tile {n} <&>.png", each, (each != 255) * np.uint8(1 + n % 4))
        for n, each in enumerate(labels)
    ]
    folder = tmp_path / "out"
    out = folder / f"labels{ending}"

    count = write_xml(out, sheets, title='"quoted" & <odd>', words=WORDS)

    read = items(
        out,
        Choices(
            background="unlabelled",
            campaign={w.name: w.code for w in WORDS},
            classes={"unsure": 254},
        ),
    )
    assert count == len(read) == 3
    assert [each.name.partition(": ")[2] for each in read] == [sheet.name for sheet in sheets]
    for item, label in zip(read, labels):
        assert np.array_equal(item.read().label, label)
    assert list(folder.iterdir()) == [out]


def test_a_file_that_cant_be_written_leaves_nothing(tmp_path):
    odd = np.full((4, 4), 77, np.uint8)

    for name in ("labels.txt", "labels.zip"):
        with pytest.raises(BadInput):
            write_xml(tmp_path / "out" / name, [Sheet("a.png", odd, odd)], title="", words=WORDS)

    assert not list(tmp_path.glob("out/*"))


def test_an_archive_without_annotations_is_refused_by_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as packed:
        packed.writestr("tile.png", b"")

    with pytest.raises(BadInput, match=r"images\.zip"):
        items(tmp_path / "images.zip", Choices())[0].read()


def cvat(*arguments) -> tuple[dict, int]:
    out = io.StringIO()
    try:
        call_command("cvat", *map(str, arguments), "--json", stdout=out, stderr=io.StringIO())
    except CommandError as refused:
        return json.loads(out.getvalue().splitlines()[-1]), refused.returncode
    except SystemExit as ended:
        return json.loads(out.getvalue().splitlines()[-1]), ended.code
    return json.loads(out.getvalue().splitlines()[-1]), 0


@pytest.mark.django_db
def test_a_snapshot_goes_by_hand_into_another_campaign_and_is_the_same_there(tmp_path):
    here = world(pool=2, validation=1, labelled=2, slug="here", tile_size=256)
    there = CampaignFactory(slug="there", tile_size=256, bands=here.bands)
    for enrolled in CampaignTile.objects.filter(campaign=here):
        CampaignTile.objects.create(campaign=there, tile=enrolled.tile)
    out = tmp_path / "labels.zip"

    told, status = cvat("export", out, "--snapshot", frozen(here).hash[:12])
    tried, _ = cvat("import", out, "--campaign", "there", "--dry-run")
    brought, done = cvat("import", out, "--campaign", "there")
    again, _ = cvat("import", out, "--campaign", "there")

    assert (told["images"], status, done) == (3, 0, 0)
    assert [report["labels"] for report in (tried, brought, again)] == [3, 3, 0]
    assert Annotation.objects.filter(schema=there.schema).count() == 3
    for label in Annotation.objects.filter(schema=there.schema):
        source = Annotation.objects.get(schema=here.schema, acquisition=label.acquisition)
        ours, theirs = (read_label(store().raster(each.raster))[0] for each in (label, source))
        assert np.array_equal(ours, theirs)


@pytest.mark.django_db
def test_tasks_are_exported_with_what_is_drawn_of_them(campaign, tmp_path):
    ana = person("ana", campaign=campaign)
    drawn, bare = (TaskFactory(campaign=campaign, tile=painted_tile(campaign, n)) for n in (1, 2))
    labelled(drawn, ana, 0, 1, 255)
    Task.objects.filter(pk=drawn.pk).update(state="submitted")
    out = tmp_path / "tasks.xml"

    told, _ = cvat("export", out, "--campaign", "north", "--tasks", "open,submitted")

    read = items(out, Choices(background="unlabelled", campaign={"clear": 0, "cloud": 1}))
    assert told["images"] == 2
    assert np.unique(read[0].read().label).tolist() == [0, 1, 255]
    assert np.unique(read[1].read().label).tolist() == [255]
    assert bare.tile.key in read[1].name


@pytest.mark.django_db
def test_a_state_that_there_isnt_is_refused(campaign, tmp_path):
    told, status = cvat("export", tmp_path / "x.xml", "--campaign", "north", "--tasks", "done")

    assert (told["error"]["field"], status) == ("tasks", 1)
