"""However slow storage is, nobody waits for it but who hands a label in: no row is locked."""

from __future__ import annotations

import pytest
from django.db import connection

from labelling.adapters.folder import FolderBlobs
from labelling.models import Annotation
from tests.labelling.api.conftest import octets, submit

KEY = {"Idempotency-Key": "6f1c1c1e-0000-4000-8000-000000000003"}


@pytest.fixture
def depths(monkeypatch) -> list[int]:
    """Of transactions within the test's own, at each writing of a label's pixels."""
    found: list[int] = []
    write_with = FolderBlobs.write_with

    def noted(blobs, key, writer):
        if key.startswith("labels/"):
            found.append(len(connection.savepoint_ids))
        return write_with(blobs, key, writer)

    monkeypatch.setattr(FolderBlobs, "write_with", noted)
    return found


def fix(client, task, body: bytes, **more):
    path = f"/api/v1/tasks/{task.uuid}/review/fix?schema_version=1"
    return client.post(path, body, content_type="application/octet-stream", **more)


@pytest.mark.parametrize("headers", [{}, KEY])
def test_a_label_lies_in_storage_before_the_transaction_begins(ana, in_hand, depths, headers):
    outside = len(connection.savepoint_ids)

    assert submit(ana, in_hand, octets(), headers=headers).status_code == 201

    assert depths == [outside]


def test_a_reviewers_fix_does_as_well(ana, rita, in_hand, depths):
    submit(ana, in_hand, octets())
    rita.post("/api/v1/campaigns/north/reviews/next")
    outside = len(connection.savepoint_ids)

    assert fix(rita, in_hand, octets(1), headers=KEY).status_code == 201

    assert depths[1:] == [outside]


def test_a_label_sent_again_after_it_was_taken_back_is_told_its_first_answer(ana, in_hand, depths):
    first = submit(ana, in_hand, octets(), headers=KEY)
    ana.post(f"/api/v1/tasks/{in_hand.uuid}/withdraw")

    again = submit(ana, in_hand, octets(), headers=KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert (Annotation.objects.count(), len(depths)) == (1, 1)


def test_nor_does_a_refusal_stand_in_its_way_once_the_tile_is_somebody_elses(
    ana, ben, in_hand, depths
):
    first = submit(ana, in_hand, octets(), headers=KEY)
    ana.post(f"/api/v1/tasks/{in_hand.uuid}/withdraw")
    ana.post(f"/api/v1/tasks/{in_hand.uuid}/release")
    ben.post("/api/v1/campaigns/north/queue/next")

    assert submit(ana, in_hand, octets(), headers=KEY).json() == first.json()
