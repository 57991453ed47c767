import io
import json

import pytest
from django.core.management import CommandError, call_command

from labelling.models import Annotation, Tile
from tests.factories import CampaignFactory
from tests.rasters import write_codes, write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenes(tmp_path):
    CampaignFactory(slug="north")
    write_stack(tmp_path / "scenes" / "a.tif")
    write_codes(tmp_path / "scenes" / "a_label.tif", 1)
    return tmp_path / "scenes"


def ingest(*arguments):
    """(printed, exit status, message) of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("ingest", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), error.returncode, str(error)
    except SystemExit as ended:
        return out.getvalue(), ended.code, err.getvalue()
    return out.getvalue(), 0, ""


def test_it_prints_a_line_a_file_and_one_for_all(scenes):
    printed, status, _ = ingest(scenes, "--campaign", "north")

    assert status == 0
    assert printed.splitlines() == [
        "[1/1] a.tif: 1 new tiles, 0 known; 1 new labels, 0 known",
        "Campaign north: 1 tiles new, 0 known; 1 labels new, 0 known; "
        "0 files with a refusal, 0 passed over.",
    ]


def test_json_is_one_document(scenes):
    printed, _, _ = ingest(scenes, "--campaign", "north", "--json")

    report = json.loads(printed)
    assert (report["tiles_new"], report["labels_new"], report["refused"]) == (1, 1, 0)
    assert report["files"][0]["file"] == "a.tif"


def test_partly_done_is_status_3_and_names_the_file(scenes):
    (scenes / "broken.tif").write_text("not a raster")

    printed, status, message = ingest(scenes, "--campaign", "north")

    assert (status, message) == (3, "Refused: broken.tif")
    assert "broken.tif: refused: damaged" in printed
    assert Tile.objects.count() == 1


def test_nothing_taken_is_status_1(scenes, tmp_path):
    (tmp_path / "broken.tif").write_text("not a raster")

    _, status, message = ingest(tmp_path / "broken.tif", "--campaign", "north")

    assert (status, message) == (1, "Refused: broken.tif")


def test_a_path_that_is_not_there_is_named_and_the_rest_goes_on(scenes, tmp_path):
    (tmp_path / "empty").mkdir()

    printed, status, message = ingest(
        tmp_path / "nowhere", tmp_path / "empty", scenes, "--campaign", "north"
    )

    assert (status, message) == (3, "Refused: nowhere, empty")
    assert "nowhere: refused: no such file or folder" in printed
    assert "empty: refused: no GeoTIFF" in printed
    assert Tile.objects.count() == 1


def test_an_unknown_campaign_is_refused_with_those_there_are(scenes):
    _, status, message = ingest(scenes, "--campaign", "nroth")

    assert status == 1
    assert "'nroth'" in message
    assert "north" in message


def test_layers_can_be_named(tmp_path):
    CampaignFactory(slug="north")
    path = write_stack(tmp_path / "bare.tif", bands=None)

    refused = ingest(path, "--campaign", "north")
    taken = ingest(path, "--campaign", "north", "--bands", "B02, B03,B04,B08")

    assert refused[1:] == (1, "Refused: bare.tif")
    assert taken[1] == 0
    assert Tile.objects.get().missing == []


def test_a_dry_run_writes_nothing(scenes):
    printed, status, _ = ingest(scenes, "--campaign", "north", "--dry-run")

    assert status == 0
    assert "1 tiles would be new" in printed
    assert not Tile.objects.exists()


def test_labels_can_be_left_out_or_found_elsewhere(scenes, tmp_path):
    ingest(scenes, "--campaign", "north", "--no-labels")
    assert not Annotation.objects.exists()

    write_codes(tmp_path / "labels" / "a.tif", 2)
    ingest(scenes, "--campaign", "north", "--labels", tmp_path / "labels")
    assert Annotation.objects.get().pixels["2"] == 4096
