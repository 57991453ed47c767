from __future__ import annotations

import uuid

import pytest

from labelling.models import Annotation
from tests.factories import TileFactory, person
from tests.labelling.labels import labelled, submitted


@pytest.fixture
def tile(campaign):
    return TileFactory(campaign=campaign)


@pytest.fixture
def label(campaign, tile, ana, ben) -> Annotation:
    """Ana's, which a lead took up; Ben has a blind copy."""
    label = submitted(tile, campaign, person("ana"), 0, 1)
    labelled(label.task, person("lea", campaign=campaign, role="lead"), 2, parent=label)
    submitted(tile, campaign, person("ben"), 3, copy=1)
    return label


def test_versions_are_shown_to_whom_they_concern(ana, ben, rita, lea, max, tile, label):
    path = f"/api/v1/tiles/{tile.uuid}/labels"

    told = [[each["author"] for each in client.get(path).json()["results"]]
            for client in (ana, ben, rita, lea)]  # fmt: skip

    assert told == [["ana"], ["ben"], ["ben", "lea", "ana"], ["ben", "lea", "ana"]]
    assert max.get(path).status_code == 404


def test_versions_are_filtered_and_paged(lea, tile, label):
    path = f"/api/v1/tiles/{tile.uuid}/labels"

    page = lea.get(f"{path}?limit=2&campaign=north&source=campaign").json()
    rest = lea.get(f"{path}?limit=2&cursor={page['cursor']}").json()

    assert [each["n"] for each in page["results"] + rest["results"]] == [3, 2, 1]
    assert page["results"][1]["parent"] == str(label.uuid)
    assert lea.get(f"{path}?campaign=south").json()["results"] == []
    assert lea.get(f"{path}?limit=0").status_code == 422


def test_an_annotator_never_learns_whose_label_his_own_follows(campaign, ana, tile):
    bens = submitted(tile, campaign, person("ben", campaign=campaign), 0)
    mine = submitted(tile, campaign, person("ana"), 1, copy=1, parent=bens)
    again = labelled(mine.task, person("ana"), 2, parent=mine)

    told = ana.get(f"/api/v1/tiles/{tile.uuid}/labels").json()["results"]

    assert [each["parent"] for each in told] == [str(mine.uuid), None]
    assert not {"lane", "trust", "shown", "kept", "checks"} & set(told[0])
    assert again.parent == mine


def test_how_pixels_came_about_is_told_by_class(ana, ben, label):
    told = ana.get(f"/api/v1/annotations/{label.uuid}/provenance").json()

    half = 256**2 // 2
    assert told["pixels"] == {"painted": 2 * half}
    assert told["classes"]["1"] == {"painted": half}
    assert ben.get(f"/api/v1/annotations/{label.uuid}/provenance").status_code == 404


def test_a_revert_is_done_once_for_a_key(lea, tile, label):
    path, key = f"/api/v1/annotations/{label.uuid}/revert", {"Idempotency-Key": str(uuid.uuid4())}

    first, again = (lea.post(path, headers=key) for _ in range(2))

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.json()["tool"] == "revert"
    assert Annotation.objects.filter(tool="revert").count() == 1
    assert lea.post(f"/api/v1/annotations/{first.json()['id']}/revert").status_code == 409


def test_only_those_who_may_go_back(ana, ben, rita, max, label):
    path = f"/api/v1/annotations/{label.uuid}/revert"

    assert [client.post(path).status_code for client in (ben, rita, max)] == [404, 403, 404]
    answer = ana.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")  # hers is the newest
