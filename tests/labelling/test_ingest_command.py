import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from labelling.models import Annotation, Layer, Tile
from tests.factories import CampaignFactory
from tests.labelling.products import campaign, painted, write
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
    first, progress, last = printed.splitlines()
    assert first == "[1/1] a.tif: 1 new tiles, 0 known; 1 new labels, 0 known"
    assert progress.startswith("1 of 1 tiles, ")
    assert last == (
        "Campaign north: 1 tiles new, 0 known; 1 labels new, 0 known; "
        "0 files with a refusal, 0 passed over."
    )


def test_json_is_lines_of_progress_and_then_one_document(scenes):
    printed, _, _ = ingest(scenes, "--campaign", "north", "--json")

    *progress, report = map(json.loads, printed.splitlines())
    assert [each["progress"]["done"] for each in progress] == [1]
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


def test_a_folder_of_products_comes_in_with_their_masks(tmp_path):
    campaign()
    product = write(tmp_path / "products", painted(), size=258, level="L2A")
    (tmp_path / "products" / "notes.txt").write_text("nothing for us")

    printed, status, _ = ingest(product.parent, "--campaign", "north", "--with-masks", "--json")

    (report,) = json.loads(printed.splitlines()[-1])["files"]
    assert (status, report["state"], report["tiles_new"]) == (0, "ok", 4)
    assert {"source": "scl", "new": 4} in [
        {"source": mask["source"], "new": mask["tiles_new"]} for mask in report["masks"]
    ]
    assert Layer.objects.filter(source="scl").count() == 4


def test_masks_under_other_names_come_in_with_the_products(tmp_path):
    CampaignFactory(slug="north")
    write_stack(tmp_path / "a.tif")
    write_codes(tmp_path / "a_SCL_CLP_CLD.tif", np.full((3, 64, 64), 8, np.uint8))

    printed, status, _ = ingest(
        tmp_path, "--campaign", "north", "--with-masks", "--mask", "scl:1={stem}_SCL_CLP_CLD.tif"
    )

    assert status == 0
    assert "a_SCL_CLP_CLD.tif: skipped: 8-bit codes" in printed
    assert Layer.objects.get(source="scl").classes == {"1": 1.0}


def test_a_number_of_jobs_below_one_is_refused(scenes):
    _, status, message = ingest(scenes, "--campaign", "north", "--jobs", "0")

    assert status == 1
    assert "--jobs 0" in message


def test_a_path_that_is_not_there_is_named_and_the_rest_goes_on(scenes, tmp_path):
    (tmp_path / "empty").mkdir()

    printed, status, message = ingest(
        tmp_path / "nowhere", tmp_path / "empty", scenes, "--campaign", "north"
    )

    assert (status, message) == (3, "Refused: nowhere, empty")
    assert "nowhere: refused: no such file or folder" in printed
    assert "empty: refused: no product" in printed
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
