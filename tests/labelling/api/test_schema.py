from __future__ import annotations

import io
from pathlib import Path

import yaml
from django.core.management import call_command

COMMITTED = Path(__file__).resolve().parents[3] / "frontend" / "openapi.yaml"


def test_the_committed_schema_is_the_one_the_server_has():
    """`make schema` writes it anew."""
    fresh = io.StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=fresh)

    assert fresh.getvalue().strip() == COMMITTED.read_text().strip()


def test_the_schema_is_served(client):
    served = yaml.safe_load(client.get("/api/v1/schema").content)

    assert served["paths"].keys() == yaml.safe_load(COMMITTED.read_text())["paths"].keys()


def test_arrays_are_documented_as_octets():
    paths = yaml.safe_load(COMMITTED.read_text())["paths"]

    body = paths["/api/v1/tasks/{id}/submit"]["post"]["requestBody"]["content"]
    bands = paths["/api/v1/tiles/{id}/bands"]["get"]["responses"]["200"]["content"]
    assert list(body) == list(bands) == ["application/octet-stream"]


def test_every_write_documents_the_key_and_its_refusals():
    paths = yaml.safe_load(COMMITTED.read_text())["paths"]
    writes = {name: told["post"] for name, told in paths.items() if "post" in told}

    # What a CVAT server calls is documented by its own words: there is nothing to do twice.
    del writes["/api/v1/cvat/webhook"]
    assert writes
    for write in writes.values():
        names = [parameter["name"] for parameter in write["parameters"]]
        assert "Idempotency-Key" in names
        assert {"401", "404", "409"} <= write["responses"].keys()
