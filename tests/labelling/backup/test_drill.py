"""Work, back up, work, back up again, lose everything, restore: people go on where they were."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from labelling.adapters import blobs as adapter
from labelling.adapters.blobs import store
from labelling.models import Campaign, Event, Reservation, record
from labelling.workflow.backup.rows import highest, kept_models
from labelling.workflow.snapshots.freezing import freeze
from tests.factories import NOON, person
from tests.labelling.test_commands import said
from tests.objectstore import KEYS

pytestmark = pytest.mark.django_db(transaction=True)


def all_rows() -> dict[str, list]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in kept_models()
    }


def changed(site) -> Event:
    return record(Event.Verb.CHANGED, site.campaign, campaign=site.campaign, who=None, now=NOON)


def test_after_a_restore_people_go_on_where_they_were(site):
    first = site.back_up()
    site.hand_in("ana", rows=9)
    changed(site)
    person("gone").delete()  # his number is never given again
    ever = highest(User)
    second = site.back_up()
    rows, blobs = all_rows(), dict(store().sizes())
    next_tile = site.next_for("cid").uuid
    frozen = freeze(site.campaign, blobs=store(), now=NOON).hash

    site.destroy()
    status, out, err = said("restore", str(site.place), "--json")

    assert status == 0, out + err
    assert json.loads(out.splitlines()[-1])["rows"] == second["rows"]
    assert all_rows() == rows
    assert dict(store().sizes()) == blobs
    assert said("verify", "--older-than", "0")[0] == 0
    assert Reservation.objects.get(ended=None).person.username == "ben"
    site.campaign = Campaign.objects.get(slug="north")
    assert person("newcomer").pk > ever
    assert site.next_for("cid").uuid == next_tile
    assert freeze(site.campaign, blobs=store(), now=NOON).hash == frozen
    # One new label, beside the draft that is the only blob that may have been read again.
    assert first["copied"] == first["blobs"] > 5
    assert second["copied"] == 1


MANUAL = Path(__file__).resolve().parents[3] / "docs" / "operating.md"


def documented() -> list[list[str]]:
    """The words of the commands in the manual's part on backups."""
    part = MANUAL.read_text().partition("## Back up and restore")[2].partition("\n## ")[0]
    return [
        shlex.split(line, comments=True)
        for line in re.findall(r"^\.venv/bin/python manage\.py (.*)$", part, re.MULTILINE)
    ]


def test_the_commands_of_the_manual_do_what_it_says(site):
    """In the order in which they stand there; all is lost before the one that brings it back."""
    ran = []
    for words in documented():
        words = [word.replace("/mnt/backups/north", str(site.place)) for word in words]
        back = words[0] == "restore" and len(words) == 2
        if back:
            site.destroy()
        status, out, err = said(*words)
        assert status == 0, (words, out, err)
        ran.append(words[0])

    assert ran == ["backup", "backup", "restore", "restore", "restore", "verify"]
    assert Reservation.objects.get(ended=None).person.username == "ben"


def test_a_backup_goes_to_a_bucket_and_comes_back_from_it(site, server, settings, monkeypatch):
    bucket = f"backups-{uuid.uuid4().hex[:12]}"
    server.client.create_bucket(Bucket=bucket)
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
        setattr(settings, name, value)
    adapter._objects.cache_clear()
    site.place = f"s3://{bucket}/north"
    first = site.back_up()
    again = site.back_up("--keep", "1")
    blobs = dict(store().sizes())
    site.destroy()

    status, _, err = said("restore", site.place)

    assert status == 0, err
    assert dict(store().sizes()) == blobs
    assert (first["copied"], again["copied"]) == (first["blobs"], 0)
    assert again["removed"] == {"backups": 1, "blobs": 0}
    adapter._objects.cache_clear()
