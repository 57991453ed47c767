"""What comes in: too much, malformed, or reaching for what it shouldn't; never a server error."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from urllib.parse import quote

import pytest
from django.test import RequestFactory

from labelling.adapters.blobs import store
from labelling.models import Annotation
from tests.labelling.api.conftest import octets, signed_in
from tests.labelling.security.who_may import ANA, LEAD
from tests.labelling.security.world import World, world

pytestmark = pytest.mark.django_db
OCTETS = "application/octet-stream"
TAKES_OCTETS = (
    "/api/v1/tasks/{id}/draft?version=0&schema_version=1",
    "/api/v1/tasks/{id}/submit?schema_version=1",
)
MALFORMED = (b"{", b"[" * 200_000, b"\xff\xfe", b'{"rule": NaN}', b"[]", b'"x"', b'{"rule": 1}')
ADDRESSES = (
    "campaigns/north/releases/1.0/files/{}",
    "campaigns/north/releases/{}",
    "campaigns/north/models/{}",
    "snapshots/{}",
    "snapshots/{}/exports",
    "tiles/{tile}/masks/{}",
)
OUTSIDE = ("../secret-key", "..%2fsecret-key", "%2e%2e/secret-key", "/etc/passwd", "a\\b", "\x00")


@pytest.fixture
def here() -> World:
    return world()


def test_a_label_that_is_none_is_refused_whatever_its_size(here):
    """Beyond all measure it isn't even read; compressed it is what it is."""
    ana = signed_in(here.people[ANA])
    for path in TAKES_OCTETS:
        address = here.address(path)

        huge = ana.generic("POST", address, b"x" * (10 * 2**20 + 1), OCTETS)
        short = [ana.generic("POST", address, body, OCTETS) for body in (b"", packed())]

        assert (huge.status_code, huge.json()["code"]) == (413, "too_large")
        assert [(told.status_code, told.json()["field"]) for told in short] == 2 * [(422, "label")]
        assert not Annotation.objects.filter(task__uuid=address.split("/")[4]).exists()


def packed() -> bytes:
    return gzip.compress(octets())


def test_json_that_is_none_is_a_clear_refusal(here):
    lead = signed_in(here.people[LEAD])
    for path in ("/tokens", "/quality/rules", "/snapshots", "/releases", "/picks"):
        for body in MALFORMED:
            told = lead.generic("POST", f"/api/v1/campaigns/north{path}", body, "application/json")

            assert told.status_code in (400, 422), (path, body[:20], told.content)
            assert told.json()["message"]


@pytest.mark.parametrize("length", ["abc", "-1", "1e3", "9" * 30])
def test_a_length_that_is_no_number_is_refused_by_that_name(client, ana, length):
    client.force_login(ana)
    for path in ("/api/v1/cvat/webhook", "/api/v1/campaigns/north/queue/next"):
        environ = RequestFactory().post(path, b"{}", OCTETS).environ
        told = client.request(**{**environ, "CONTENT_LENGTH": length})

        assert (told.status_code, told.json()["field"]) == (422, "Content-Length"), path


def test_a_signed_webhook_that_is_none_is_refused_too(client, settings):
    settings.CVAT_WEBHOOK_SECRET = "a secret for webhooks"
    for body in (b"", b"[]", b"null", b"[" * 100_000, b'{"event": 1, "project": {"id": "x"}}'):
        signature = hmac.new(
            settings.CVAT_WEBHOOK_SECRET.encode(), body, hashlib.sha256
        ).hexdigest()
        told = client.generic(
            "POST", "/api/v1/cvat/webhook", body, "application/json",
            HTTP_X_SIGNATURE_256=f"sha256={signature}",
        )  # fmt: skip

        assert told.status_code == 422, body[:20]


def test_nothing_that_somebody_writes_into_an_address_reaches_for_a_file(here):
    store().write("secret-key", b"hidden")
    lead = signed_in(here.people[LEAD])
    tile = here.values["/api/v1/tiles"]["id"]
    for path in ADDRESSES:
        for name in OUTSIDE:
            told = lead.get("/api/v1/" + path.format(quote(name), tile=tile))

            assert told.status_code in (404, 422), (path, name, told)
            assert b"hidden" not in told.content
    nul = lead.get("/api/v1/campaigns/north/catalogue?text=%00")
    assert (nul.status_code, nul.json()["field"]) == (404, "address")


def test_names_in_a_body_become_no_paths_either(here):
    lead = signed_in(here.people[LEAD])
    order = {"version": "../../1.0", "snapshot": "ab" * 32, "model": "../cd"}

    told = lead.post("/api/v1/campaigns/north/releases", order)
    form = lead.post(f"/api/v1/snapshots/{'ab' * 32}/exports", {"format": "../geotiff"})

    assert told.status_code in (404, 422)
    assert (form.status_code, "format" in form.json()["message"].lower()) == (422, True)


def test_a_file_of_a_release_is_saved_and_not_shown(here):
    name = here.address("/api/v1/campaigns/{slug}/releases/{version}/files/{name}")

    told = signed_in(here.people[LEAD]).get(name)

    assert json.loads(told.getvalue()) == {"files": {}}
    assert told["Content-Disposition"].startswith("attachment")
    assert told["X-Content-Type-Options"] == "nosniff"


def test_the_report_may_run_nothing(here):
    span = "first=2026-06-01&last=2026-06-30"
    told = signed_in(here.people[LEAD]).get(f"/api/v1/campaigns/north/report.html?{span}")

    policy = told["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
