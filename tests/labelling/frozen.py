"""Snapshots of small painted worlds, for tests. All pixels are synthetic."""

from __future__ import annotations

import json

from labelling.adapters.blobs import store
from labelling.models import Annotation, Snapshot, Tile
from labelling.workflow.snapshots.choosing import chosen
from labelling.workflow.snapshots.freezing import freeze
from labelling.workflow.snapshots.rule import read_rule
from tests.factories import NOON


def frozen(campaign, **rule) -> Snapshot:
    return freeze(campaign, blobs=store(), now=NOON, rule=read_rule(rule))


def manifest(snapshot: Snapshot) -> dict:
    return json.loads(store().read(f"{snapshot.folder}/manifest.json"))


def unlabelled() -> list[Tile]:
    return list(Tile.objects.filter(acquisition__annotations=None).order_by("pk"))


def taken(campaign, **rule) -> set[Annotation]:
    samples = chosen(campaign, campaign.schema, read_rule(rule))
    return {each.annotation for each in samples}
