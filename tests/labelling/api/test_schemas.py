from __future__ import annotations

import uuid

import pytest

from labelling.models import Annotation, ClassSchema, Job
from labelling.tasks import migrate_labels
from tests.factories import TileFactory, person
from tests.labelling.labels import submitted

PATH = "/api/v1/campaigns/north/schemas"
SNOW = {"code": 4, "name": "snow", "colour": "#ffffff", "hotkey": "5", "priority": 4}


@pytest.fixture
def label(campaign, ana) -> Annotation:
    return submitted(TileFactory(campaign=campaign), campaign, person("ana"), 0, 1)


def wanted(campaign, **more):
    return {"classes": [*campaign.schema.classes, SNOW], **more}


def test_a_lead_changes_the_classes_and_the_labels_come_along(lea, rita, campaign, label):
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first, again = (lea.post(PATH, wanted(campaign), format="json", headers=key) for _ in range(2))
    migrate_labels(job_id=Job.objects.get().pk)

    assert (first.status_code, first.json()) == (202, again.json())
    assert (first.json()["version"], first.json()["left"]) == (2, 1)
    assert first.json()["told"][-1] == "4 snow is new"
    told = rita.get(f"{PATH}/migration").json()
    assert (told["state"], told["left"], told["result"]["labels"]) == ("done", 0, 1)
    versions = rita.get(PATH).json()["results"]
    assert [(each["version"], each["in_force"], each["labels"]) for each in versions] == [
        (2, True, 1), (1, False, 1),
    ]  # fmt: skip
    assert versions[0]["mapping"] == {"0": 0, "1": 1, "2": 2, "3": 3}


def test_a_dry_run_only_says_what_would_change(lea, campaign):
    told = lea.post(PATH, wanted(campaign, dry_run=True), format="json").json()

    assert (told["version"], told["told"][-1]) == (1, "4 snow is new")
    assert ClassSchema.objects.count() == 1


def test_what_is_wrong_with_a_change_is_named(lea, campaign):
    for body, field in (
        (wanted(campaign, reopen="gold"), "reopen"),
        (wanted(campaign, mapping={"9": 1}), "mapping.9"),
        ({"classes": [*campaign.schema.classes, SNOW | {"hotkey": "1"}]}, "classes.hotkey"),
        ({"classes": campaign.schema.classes[1:]}, "mapping.0"),
    ):
        answer = lea.post(PATH, body, format="json")
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert ClassSchema.objects.count() == 1


def test_a_migration_that_stopped_is_gone_on_with(lea, campaign, label):
    lea.post(PATH, wanted(campaign), format="json")
    Job.objects.update(state="failed", lease_ends=None)

    told = lea.post(f"{PATH}/migration", {}, format="json")
    migrate_labels(job_id=Job.objects.latest("pk").pk)

    assert (told.status_code, told.json()["left"]) == (202, 1)
    assert lea.get(f"{PATH}/migration").json()["left"] == 0


def test_only_leads_change_and_only_overseers_look(ana, rita, lea, max, campaign):
    looks = [client.get(PATH).status_code for client in (ana, rita, lea, max)]
    changes = [
        client.post(PATH, wanted(campaign), format="json").status_code
        for client in (ana, rita, max)
    ]

    assert (looks, changes) == ([403, 200, 200, 404], [403, 403, 404])
    assert lea.get(f"{PATH}?limit=1000").status_code == 422


def test_first_classes_have_nothing_to_migrate(lea, campaign):
    assert lea.post(f"{PATH}/migration", {}, format="json").status_code == 409
