"""Freeze a training set: a folder named by its content, whose chips are shared by all snapshots."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelling.adapters.blobs import Blobs
from labelling.errors import NothingToLearn
from labelling.models import Campaign, ClassSchema, Event, Place, Snapshot, record
from labelling.workflow.aux_chips import beside_tiles, wanted_by

from .chips import entry
from .choosing import Sample, chosen, schema_of
from .datasheet import datasheet
from .rule import DEFAULT, Rule

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORMAT = "cloudmask-snapshot/1"
NO_LABELS = "No tile of the pool is labelled yet."
SPEAKS = "own before imported, then the more trusted, then the newer"
"""How one label is chosen where the rule lets in several of an acquisition."""


def freeze(
    campaign: Campaign,
    *,
    blobs: Blobs,
    now: datetime,
    rule: Rule = DEFAULT,
    who: User | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Snapshot:
    """The labels the rule lets in, frozen; the same rule over the same data gives the same hash.

    Whatever is labelled, reviewed or reverted later, this snapshot stays as it is.
    What its training settings ask for beside the bands is kept too. `progress(done, total)` is
    called after each sample.
    Raises NothingToLearn when no tile is labelled that could teach by this rule.
    """
    schema = schema_of(campaign, rule)
    samples = chosen(campaign, schema, rule)
    check_teaches(samples, rule)
    planes = wanted_by(campaign.training)
    there = beside_tiles([each.tile.pk for each in samples], planes, campaign=campaign)
    entries = []
    for done, sample in enumerate(samples, start=1):
        entries.append(entry(sample, campaign, blobs, there.get(sample.tile.pk)))
        progress(done, len(samples))
    manifest = describe(campaign, schema, samples, entries, rule)
    return keep(campaign, manifest, samples, blobs=blobs, who=who, now=now)


def check_teaches(samples: list[Sample], rule: Rule) -> None:
    """Raises NothingToLearn. A rule that asks for other splits alone needs no tile of the pool."""
    pool = Place.Split.POOL.value
    if rule.splits and pool not in rule.splits:
        if samples:
            return
    elif any(each.tile.acquisition.place.split == pool for each in samples):
        return
    if rule == DEFAULT:
        raise NothingToLearn(
            NO_LABELS,
            field="labels",
            help="Ingest labelled tiles, or run a round with strategy random: it needs no model.",
        )
    raise NothingToLearn(
        "No labelled tile of the pool fits the rule."
        if samples
        else "No labelled tile fits the rule.",
        field="rule",
        help="Ask for less; `snapshot create --dry-run` counts what a rule takes.",
    )


def describe(
    campaign: Campaign,
    schema: ClassSchema,
    samples: list[Sample],
    entries: list[dict[str, Any]],
    rule: Rule,
) -> dict[str, Any]:
    sources = {
        (each.annotation.source, each.annotation.licence, each.annotation.trust) for each in samples
    }
    return {
        "format": FORMAT,
        "campaign": campaign.slug,
        "tile_size": campaign.tile_size,
        "bands": campaign.bands,
        "classes": [{"code": each["code"], "name": each["name"]} for each in schema.classes],
        "chips": "../../chips",
        "synthetic": any(each.tile.scene.synthetic for each in samples),
        "rule": {**rule.as_json(), "schema": schema.version, "labels": SPEAKS},
        "sources": [
            {"name": name, "licence": licence, "trust": trust}
            for name, licence, trust in sorted(sources)
        ],
        "datasheet": datasheet(campaign, schema, samples),
        "samples": entries,
    }


def keep(
    campaign: Campaign,
    manifest: dict[str, Any],
    samples: list[Sample],
    *,
    blobs: Blobs,
    who: User | None,
    now: datetime,
) -> Snapshot:
    """Write the folder and its row, unless this very snapshot exists."""
    content = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode()
    digest = hashlib.sha256(content).hexdigest()
    folder = f"snapshots/{digest}"
    if not blobs.exists(f"{folder}/manifest.json"):
        blobs.write(f"{folder}/manifest.json", content)
    snapshot, new = Snapshot.objects.get_or_create(
        hash=digest,
        defaults={
            "campaign": campaign,
            "rule": manifest["rule"],
            "folder": folder,
            "counts": counted(samples),
            "datasheet": manifest["datasheet"],
            "created": now,
        },
    )
    if new:
        record(Event.Verb.FROZE, snapshot, campaign=campaign, who=who, now=now, after=digest)
    return snapshot


def counted(samples: list[Sample]) -> dict[str, Any]:
    splits = Counter(each.tile.acquisition.place.split for each in samples)
    pixels: Counter[str] = Counter()
    for each in samples:
        pixels.update(each.annotation.pixels)
    return {
        "samples": len(samples),
        "pool": splits[Place.Split.POOL],
        "validation": splits[Place.Split.VALIDATION],
        "test": splits[Place.Split.TEST],
        "pixels": dict(pixels),
    }
