"""A small installation at work, its backup, and its end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from labelling.adapters.blobs import store
from labelling.models import Campaign, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.drafts import Drawn, save_draft
from labelling.workflow.submission import submit
from tests.factories import NOON, TaskFactory, person, rank
from tests.labelling.handing_in import drawn, planes
from tests.labelling.storage.holdings import told_truly
from tests.labelling.test_commands import said
from tests.objectstore import ObjectStore
from tests.worlds import world


@dataclass
class Site:
    """A campaign in which Ana hands in labels while Ben has a tile, and a draft of it, in hand."""

    campaign: Campaign
    place: Path

    def hand_in(self, name: str, rows: int = 6) -> Task:
        task = self.next_for(name)
        submit(task=task, person=person(name), now=NOON, **drawn(rows))
        return task

    def next_for(self, name: str) -> Task:
        return claim_next(campaign=self.campaign, person=person(name), now=NOON).task

    def draft(self, name: str, version: int) -> None:
        made = Drawn(planes(10 + version), schema_version=1)
        save_draft(
            task=self.next_for(name), person=person(name), drawn=made, base=version - 1, now=NOON
        )

    def back_up(self, *words: str) -> dict:
        status, out, err = said("backup", str(self.place), "--json", *words)
        assert status == 0, out + err
        return json.loads(out.splitlines()[-1])

    def destroy(self) -> None:
        """All rows and all blobs, as on a new machine."""
        call_command("flush", interactive=False)
        shutil.rmtree(settings.WORKBENCH_VAR / "blobs", ignore_errors=True)

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.place).as_posix(): path.read_bytes()
            for path in self.place.rglob("*")
            if path.is_file()
        }

    def blob_of(self, key: str) -> Path:
        """Where the backup holds a blob of storage."""
        sha256 = store().checksum(key)
        return self.place / "blobs" / sha256[:2] / sha256


@pytest.fixture
def server() -> Iterator[ObjectStore]:
    running = ObjectStore()
    yield running
    running.stop()


@pytest.fixture
def site(transactional_db, tmp_path) -> Site:
    campaign = world(slug="north", pool=5, validation=1, labelled=0)
    for name in ("ana", "ben", "cid"):
        person(name, campaign=campaign)
    tiles = [
        told_truly(each.tile, store()) for each in campaign.enrolments.order_by("tile__raster")
    ][:5]
    tasks = [TaskFactory(campaign=campaign, tile=tile) for tile in tiles]
    rank(campaign, *tasks)
    made = Site(campaign, tmp_path / "backups")
    made.hand_in("ana")
    made.draft("ben", 1)
    return made
