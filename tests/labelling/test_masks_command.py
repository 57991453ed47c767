import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from labelling.imagery.masks.sources import ALL
from labelling.models import Layer
from tests.factories import CampaignFactory
from tests.labelling.imagery.masks.files import write_planes
from tests.labelling.masked import codes_of, stored_product
from tests.rasters import IN_35VLF, pixels, write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenes(campaign, tmp_path):
    folder = tmp_path / "scenes"
    stored_product(folder / "a.tif", pixels(height=256, width=256), campaign)
    write_planes(folder / "a_SCL.tif", np.full((256, 256), 9, np.uint8))
    return folder


def masks(*arguments):
    """(printed, exit status, message) of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("masks", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), error.returncode, str(error)
    except SystemExit as ended:
        return out.getvalue(), ended.code, err.getvalue()
    return out.getvalue(), 0, ""


def test_import_prints_a_line_a_mask_and_one_for_all(scenes):
    printed, status, _ = masks("import", scenes / "a.tif", "--campaign", "north")

    assert status == 0
    assert "a_SCL.tif: scl 1: 1 new layers, 0 known" in printed.splitlines()
    assert "Campaign north: 1 masks, 1 layers new, 0 refused." in printed.splitlines()


def test_import_looks_through_folders_and_passes_masks_over(scenes):
    _, status, _ = masks("import", scenes, "--campaign", "north")

    assert status == 0
    assert Layer.objects.get().source == "scl"


def test_import_in_json_is_a_line_a_mask_and_a_summary(scenes):
    printed, _, _ = masks("import", scenes, "--campaign", "north", "--json")

    lines = [json.loads(line) for line in printed.splitlines()]
    (mask,) = [line["mask"] for line in lines if "mask" in line]
    assert (mask["source"], mask["version"], mask["tiles_new"]) == ("scl", "1", 1)
    assert (lines[-1]["layers_new"], lines[-1]["refused"]) == (1, [])


def test_patterns_thresholds_and_versions_can_be_told(scenes):
    planes = np.stack([np.full((256, 256), code, np.uint8) for code in (0, 3, 140)])
    write_planes(scenes / "odd_name.tif", planes)

    masks(
        "import", scenes / "a.tif", "--campaign", "north", "--mask", "scl:2=odd_name.tif",
        "--mask", "s2cloudless:3=odd*.tif", "--threshold", "s2cloudless=0.6",
        "--tool-version", "9",
    )  # fmt: skip

    versions = dict(Layer.objects.values_list("source", "version"))
    assert versions == {"scl": "9-1", "s2cloudless": "9-t0.6-1"}
    assert (codes_of(Layer.objects.get(source="scl")) == 3).all()
    assert (codes_of(Layer.objects.get(source="s2cloudless")) == 0).all()


def test_a_dry_run_imports_nothing(scenes):
    printed, status, _ = masks("import", scenes / "a.tif", "--campaign", "north", "--dry-run")

    assert status == 0
    assert "1 layers would be new" in printed
    assert not Layer.objects.exists()


def test_a_product_without_masks_says_so(scenes):
    (scenes / "a_SCL.tif").unlink()

    printed, status, _ = masks("import", scenes / "a.tif", "--campaign", "north")

    assert status == 0
    assert "a.tif: no mask inside or beside it" in printed


def test_a_refused_mask_is_named_and_the_status_is_3(scenes):
    write_planes(scenes / "a_csmask.tif", np.full((256, 256), 9, np.uint8))

    printed, status, message = masks("import", scenes / "a.tif", "--campaign", "north")

    assert (status, message) == (3, "Refused: a_csmask.tif")
    assert "a_csmask.tif: refused: code 9 is none of those" in printed


def test_products_that_are_not_ingested_or_not_there_are_status_1(scenes, tmp_path):
    stranger = write_stack(tmp_path / "b.tif", place=IN_35VLF)

    printed, status, message = masks(
        "import", stranger, tmp_path / "nowhere.tif", "--campaign", "north"
    )

    assert (status, message) == (1, "Refused: b.tif, nowhere.tif")
    assert "b.tif: refused: no tile of b with 256 pixels is stored. Ingest" in printed
    assert "nowhere.tif: refused: no such file or folder" in printed


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--mask", "scl"], "source=pattern"),
        (["--mask", "fog=a.tif"], "no mask source 'fog'"),
        (["--threshold", "s2cloudless=high"], "source=0…1"),
        (["--threshold", "s2cloudless=40"], "threshold is 40"),
        (["--threshold", "scl=0.4"], "scl has no probability"),
        (["--tool-version", "a/b"], "'a/b'"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_read(scenes, words, reason):
    _, status, message = masks("import", scenes, "--campaign", "north", *words)

    assert status == 1
    assert reason in message
    assert not Layer.objects.exists()


def test_list_tells_sources_their_classes_and_who_has_them(scenes):
    CampaignFactory(slug="south")
    masks("import", scenes, "--campaign", "north")

    printed, _, _ = masks("list")
    told = json.loads(masks("list", "--campaign", "north", "--json")[0])

    assert "north: scl 1: 1 of 1 tiles (clear, cloud, semi-transparent, shadow)" in printed
    assert "csmask" in printed
    assert [row["name"] for row in told["sources"]] == [each.name for each in ALL]
    assert told["coverage"] == [
        {"campaign": "north", "source": "scl", "version": "1", "provides": [0, 1, 2, 3],
         "tiles": 1, "of": 1},
    ]  # fmt: skip


def test_tables_tell_every_code_or_those_of_one_source(db):
    printed, _, _ = masks("tables")
    (scl,) = json.loads(masks("tables", "scl", "--json")[0])["tables"]

    assert all(f"{each.name}, table {each.version}" in printed for each in ALL)
    assert scl["rows"][3] == {"codes": "3", "meaning": "cloud shadow", "becomes": 3}
    assert masks("tables", "fog")[1] == 1


def test_run_names_the_tiles_that_lack_bands(scenes, maskers):
    printed, status, message = masks("run", "s2cloudless", "--campaign", "north")
    last = masks("run", "s2cloudless", "--campaign", "north", "--json")[0].splitlines()[-1]

    assert (status, message) == (1, "Left out: 1 tiles")
    assert "cannot run: bands: 1 tiles: a/undated-L1C-none" in printed
    assert json.loads(last)["cannot_run"] == {"bands": ["a/undated-L1C-none"]}


def test_run_gives_each_tile_its_mask_and_again_nothing(scenes, maskers):
    printed, status, _ = masks("run", "csmask", "--campaign", "north", "--threads", 1)
    again, _, _ = masks("run", "csmask", "--campaign", "north")

    assert status == 0
    assert "1 tiles new, 0 known." in printed
    assert "0 tiles new, 1 known." in again
    layer = Layer.objects.get()
    assert (layer.source, layer.provides) == ("csmask", [0, 1, 3])
    assert layer.version.endswith("-4b-1")


def test_run_refuses_a_limit_of_nothing(scenes):
    assert masks("run", "csmask", "--campaign", "north", "--limit", 0)[1] == 1
