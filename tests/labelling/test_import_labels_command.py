import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from labelling.models import Annotation, Tile
from tests.factories import CampaignFactory
from tests.labelling.imagery.labelsets.writers import (
    box,
    cvat_xml,
    image,
    write_biome,
    write_patch,
    write_subtile,
    write_table,
)
from tests.rasters import write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture
def biome(tmp_path):
    CampaignFactory(slug="north")
    codes = np.full((64, 64), 128, np.uint8)
    codes[:16] = 255
    write_biome(tmp_path / "biome", codes=codes)
    return tmp_path / "biome"


def import_labels(*arguments):
    """(printed, exit status, message) of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_labels", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), error.returncode, str(error)
    except SystemExit as ended:
        return out.getvalue(), ended.code, err.getvalue()
    return out.getvalue(), 0, ""


def test_it_prints_what_came_in_by_class_and_on_what_terms(biome):
    printed, status, _ = import_labels(biome, "--format", "l8biome", "--campaign", "north")

    assert status == 0
    assert printed.splitlines()[-5:] == [
        "Campaign north, source l8biome: 1 new, 0 changed, 0 known, 0 refused; 1 labels, 1 tiles, "
        "0 layers stored.",
        "Trust 0.6. Licence public domain.",
        "  clear: 3072 pixels, 75.0%",
        "  cloud: 1024 pixels, 25.0%",
        "  not labelled: 61440 pixels",
    ]


def test_json_ends_with_one_document(biome):
    printed, _, _ = import_labels(biome, "--format", "l8biome", "--campaign", "north", "--json")

    *progress, last = map(json.loads, printed.splitlines())
    assert all("progress" in line for line in progress)
    assert (last["labels"], last["tiles"], last["restricted"]) == (1, 1, False)
    assert last["pixels"] == {"clear": 3072, "cloud": 1024, "not labelled": 61440}


def test_a_dry_run_writes_nothing(biome):
    printed, status, _ = import_labels(
        biome, "--format", "l8biome", "--campaign", "north", "--dry-run"
    )

    assert status == 0
    assert "would be stored" in printed
    assert not Tile.objects.exists()


def test_partly_done_is_status_3_and_nothing_done_is_status_1(biome):
    (biome / "bad_label.tif").write_text("not a raster")
    write_stack(biome / "bad.tif")
    arguments = ("--format", "l8biome", "--campaign", "north")

    some, status, message = import_labels(biome, *arguments)
    _, none, _ = import_labels(biome / "bad_label.tif", *arguments)

    assert (status, none) == (3, 1)
    assert message == "Refused: bad_label.tif"
    assert "bad_label.tif: refused: damaged" in some


def test_restricted_and_unstated_licences_are_said(biome, tmp_path):
    write_patch(tmp_path / "patch", label=np.zeros((60, 60), np.uint8))
    write_subtile(tmp_path / "kz")

    restricted, _, _ = import_labels(
        tmp_path / "patch", "--format", "cloudsen12", "--campaign", "north"
    )
    unstated, _, _ = import_labels(
        tmp_path / "kz", "--format", "kappaset", "--campaign", "north", "--licence", "unstated"
    )

    assert "CC-BY-NC-4.0: restricted, not for commercial use" in restricted
    assert "Nobody has said what these labels may be used for" in unstated


def test_a_drawing_needs_a_word_on_its_background(biome, tmp_path):
    file = tmp_path / "annotations.xml"
    file.write_text(cvat_xml(image("l8biome_Forest_00.png", box("CLOUD", 0, 0, 9, 9), side=256)))
    import_labels(biome, "--format", "l8biome", "--campaign", "north")
    arguments = (file, "--format", "cvat-xml", "--campaign", "north")

    _, refused, message = import_labels(*arguments)
    _, done, _ = import_labels(*arguments, "--background", "unlabelled", "--order", "campaign")

    assert (refused, done) == (1, 0)
    assert "--background clear" in message
    assert Annotation.objects.get(source="cvat-xml").origin["background"] == "unlabelled"


def test_tables_name_tiles_and_authors_and_options_change_classes(biome, tmp_path):
    import_labels(biome, "--format", "l8biome", "--campaign", "north")
    file = tmp_path / "annotations.xml"
    file.write_text(cvat_xml(image("x.png", box("CIRRUS", 0, 0, 9, 9), side=256), meta=""))
    match = write_table(tmp_path / "m.csv", [{"image": "x.png", "tile": "l8biome_Forest_00"}])
    authors = write_table(tmp_path / "a.csv", [{"file": "annotations.xml", "author": "Olga"}])

    _, status, message = import_labels(
        file, "--format", "cvat-xml", "--campaign", "north", "--background", "unlabelled",
        "--match", match, "--authors", authors, "--class", "CIRRUS=2",
    )  # fmt: skip

    annotation = Annotation.objects.get(source="cvat-xml")
    assert (status, message) == (0, "")
    assert annotation.author_name == "Olga"
    assert annotation.pixels["2"] == 81


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--class", "CIRRUS"), "SOURCE=CODE"),
        (("--class", "CIRRUS=999"), "SOURCE=CODE"),
        (("--trust", "2"), "not from 0 to 1"),
        (("--source", "campaign"), "can't have the source"),
        (("--match", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_options_that_cannot_be_are_refused_with_what_to_do(biome, options, told):
    _, status, message = import_labels(
        biome, "--format", "l8biome", "--campaign", "north", *options
    )

    assert status == 1
    assert told in message
