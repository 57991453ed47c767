"""Beginning a campaign from the command line."""

from __future__ import annotations

import json

import pytest

from labelling.models import Campaign, Event, Membership
from tests.factories import person
from tests.labelling.test_commands import said

pytestmark = pytest.mark.django_db


def test_a_campaign_begins_with_sentinel_2s_bands_and_the_four_classes():
    status, out, _ = said("campaign", "create", "north", "--name", "Northern Europe", "--json")

    told = json.loads(out)
    assert (status, told["slug"], len(told["bands"])) == (0, "north", 13)
    assert [each["code"] for each in told["classes"]] == [0, 1, 2, 3]
    assert Event.objects.about(Campaign.objects.get()).filter(verb="created").exists()


def test_a_campaign_may_have_bands_and_classes_of_its_own(tmp_path):
    classes = [{"code": code, "name": f"crop {code}"} for code in range(28)]
    (tmp_path / "crops.json").write_text(json.dumps(classes))

    said(
        "campaign", "create", "crops", "--bands", "B02, B08", "--tile-size", "256",
        "--classes", str(tmp_path / "crops.json"),
    )  # fmt: skip

    crops = Campaign.objects.get()
    assert (crops.bands, crops.tile_size) == (["B02", "B08"], 256)
    assert len({each["colour"] for each in crops.schema.classes}) == 28
    assert [each["hotkey"] for each in crops.schema.classes][8:10] == ["9", ""]


@pytest.mark.parametrize(
    ("classes", "named"),
    [
        ([{"code": 0, "name": "clear"}], "at least two"),
        ([{"code": 0, "name": "clear"}, {"code": 0, "name": "cloud"}], "code 0"),
        ([{"code": 0, "name": "clear"}, {"code": 1, "name": "clear"}], "'clear'"),
        ([{"code": 0, "name": "clear"}, {"code": 254, "name": "cloud"}], "254"),
        ([{"code": 0, "name": "clear"}, {"code": 1}], "Class 2"),
    ],
)
def test_classes_that_make_no_sense_are_named(tmp_path, classes, named):
    (tmp_path / "classes.json").write_text(json.dumps(classes))

    status, _, err = said(
        "campaign", "create", "north", "--classes", str(tmp_path / "classes.json")
    )

    assert status == 1
    assert named in err
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["Nörth"], "Nörth"),
        (["north", "--tile-size", "300"], "300"),
        (["north", "--bands", "B02,B02"], "B02"),
        (["north", "--classes", "nowhere.json"], "nowhere.json"),
        (["north", "--strategy", "magic"], "magic"),
        (["north", "--batch-size", "0"], "0"),
    ],
)
def test_what_cannot_be_is_refused(words, named):
    status, _, err = said("campaign", "create", *words)

    assert status == 1
    assert named in err
    assert not Campaign.objects.exists()


def test_a_taken_name_is_refused():
    said("campaign", "create", "north")

    status, _, err = said("campaign", "create", "north")

    assert (status, Campaign.objects.count()) == (1, 1)
    assert "already" in err


def test_somebody_is_given_a_role_and_another_later():
    said("campaign", "create", "north")
    ana = person("ana")

    said("campaign", "admit", "north", "ana")
    said("campaign", "admit", "north", "ana", "--role", "reviewer")

    assert Membership.objects.get(user=ana).role == "reviewer"


def test_a_dry_run_begins_nothing():
    status, out, _ = said("campaign", "create", "north", "--dry-run")

    assert (status, Campaign.objects.count()) == (0, 0)
    assert "Would begin north" in out
