"""What a CVAT server calls out: believed when signed, and never more than a poke."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from django.db import connection
from django.test import Client

from labelling.models import CvatLink
from labelling.workflow.cvat.webhooks import LARGEST
from tests.factories import NOON

pytestmark = pytest.mark.django_db

SECRET = "between the two of us"
EDITED = {"event": "update:job", "job": {"id": 7, "project_id": 3}, "webhook_id": 1}


@pytest.fixture
def link(campaign, settings):
    settings.CVAT_WEBHOOK_SECRET = SECRET
    return CvatLink.objects.create(
        campaign=campaign, url="https://cvat.example.org", project=3, created=NOON
    )


def pokes() -> int:
    """What would be sent after the commit."""
    return len(connection.run_on_commit)


def signed(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def call(told, signature: str | None = None, **headers):
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    client = Client(enforce_csrf_checks=True)
    return client.post(
        "/api/v1/cvat/webhook",
        raw,
        content_type="application/json",
        headers={"X-Signature-256": signed(raw) if signature is None else signature} | headers,
    )


def test_a_signed_webhook_sends_a_pull_however_often_it_comes(
    link, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answers = [call(EDITED) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert answers[0].json() == {"pulls": 1}
    assert sent == [("labelling.cvat_pull", {"link_id": link.pk})] * 3


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=00", signed(b"another body"), "ünsigned", None],
    ids=["none", "empty", "short", "of another body", "odd", "of another secret"],
)
def test_a_forged_webhook_is_refused(link, signature):
    if signature is None:
        signature = signed(json.dumps(EDITED).encode(), "guessed")

    answer = call(EDITED, signature)

    assert (answer.status_code, answer.json()["field"]) == (403, "X-Signature-256")
    assert pokes() == 0


def test_without_a_secret_no_webhook_is_taken(link, settings):
    settings.CVAT_WEBHOOK_SECRET = ""

    answer = call(EDITED, signed(json.dumps(EDITED).encode(), ""))

    assert (answer.status_code, answer.json()["field"]) == (403, "CVAT_WEBHOOK_SECRET")
    assert pokes() == 0


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"nonsense", b'{"event": "update:job", "job": 7}', b"\xff"]
)
def test_what_is_no_webhook_is_refused_though_it_is_signed(link, raw):
    answer = call(raw)

    assert (answer.status_code, answer.json()["field"]) == (422, "body")
    assert pokes() == 0


def test_a_body_that_is_too_long_is_refused_before_it_is_read(link):
    answer = call(b" " * (LARGEST + 1))

    assert answer.status_code == 422
    assert "too long" in answer.json()["message"]


@pytest.mark.parametrize(
    "told",
    [
        {"event": "ping", "project": {"id": 3}},
        {"event": "update:project", "project": {"id": 3}},
        {"event": "update:job", "job": {"id": 1, "project_id": 4}},
        {"event": "update:job", "job": {"id": 1, "project_id": None}},
    ],
    ids=["ping", "echo", "another project", "no project"],
)
def test_what_changes_nothing_of_ours_pokes_nobody(link, told):
    answer = call(told)

    assert (answer.status_code, answer.json()) == (202, {"pulls": 0})
    assert pokes() == 0
