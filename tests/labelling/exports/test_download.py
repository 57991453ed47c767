"""A finished export leaves as one ZIP file: whole, the same each time, for leads. Synthetic."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client

from labelling import tasks
from labelling.adapters.blobs import store
from labelling.workflow.export.jobs import start_export
from labelling.workflow.export.order import Order
from tests.factories import NOON, person
from tests.labelling.exports.world import frozen

pytestmark = pytest.mark.django_db


def test_a_finished_export_is_downloaded_as_one_file():
    snapshot = frozen(slug="north")
    lea, ben = Client(), Client()
    lea.force_login(person("lea", campaign=snapshot.campaign, role="lead"))
    ben.force_login(person("ben", campaign=snapshot.campaign))
    order = Order.of(snapshot, form="png", with_bands=False)
    job = start_export(order=order, by=None, blobs=store(), now=NOON)
    path = f"/api/v1/exports/{job.uuid}/files"
    early = lea.get(path)
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    tasks.export(job_id=job.pk)

    answer = lea.get(path)

    whole = b"".join(answer.streaming_content)
    job.refresh_from_db()
    key = job.result["folder"]
    files = store().index(key).files
    top = f"{snapshot.hash[:12]}-png"
    assert answer["Content-Disposition"] == f'attachment; filename="{top}.zip"'
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.namelist() == [f"{top}/{name}" for name in files]
        for name in files:
            assert archive.read(f"{top}/{name}") == (store().folder(key) / name).read_bytes()
    assert b"".join(lea.get(path).streaming_content) == whole
    assert ben.get(path).status_code == 403
