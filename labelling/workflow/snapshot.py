"""Freeze a training set: a folder named by its content, whose chips are shared by all snapshots."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NothingToLearn
from labelling.imagery.tilefile import read_label, read_tile
from labelling.models import Annotation, Campaign, ClassSchema, Place, Snapshot, Tile, record

FORMAT = "cloudmask-snapshot/1"
NO_LABELS = "No tile of the pool is labelled yet."


@dataclass(frozen=True)
class Sample:
    annotation: Annotation
    tile: Tile


def freeze(
    campaign: Campaign,
    *,
    blobs: Blobs,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Snapshot:
    """The label that speaks for each acquisition; the same labels give the same snapshot.

    `progress(done, total)` is called after each sample.
    Raises NothingToLearn when no tile of the pool is labelled.
    """
    schema = campaign.schema
    if schema is None:
        raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
    samples = chosen(campaign, schema)
    if not any(each.tile.acquisition.place.split == Place.Split.POOL for each in samples):
        raise NothingToLearn(
            NO_LABELS,
            field="labels",
            help="Ingest labelled tiles, or run a round with strategy random: it needs no model.",
        )
    entries = []
    for done, sample in enumerate(samples, start=1):
        entries.append(entry(sample, campaign, blobs))
        progress(done, len(samples))
    manifest = describe(campaign, schema, samples, entries)
    return keep(campaign, manifest, samples, blobs=blobs, now=now)


def chosen(campaign: Campaign, schema: ClassSchema) -> list[Sample]:
    """One label and one raster for each labelled acquisition, by key."""
    newest: dict[int, Annotation] = {}
    labels = Annotation.objects.usable(schema.pk)
    for annotation in labels.by_say():
        newest[annotation.acquisition_id] = annotation  # the last one stays
    tiles: dict[int, Tile] = {}
    for tile in rasters(campaign, labels.values("acquisition")):
        tiles.setdefault(tile.acquisition_id, tile)
    samples = [Sample(newest[key], tile) for key, tile in tiles.items()]
    return sorted(samples, key=lambda each: each.tile.key)


def rasters(campaign: Campaign, acquisitions: QuerySet[Annotation, Any]) -> Iterable[Tile]:
    """The campaign's tiles of these acquisitions; of several levels L1C, of those the newest."""
    return (
        Tile.objects.filter(enrolments__campaign=campaign, enrolments__fence="")
        .filter(acquisition__in=acquisitions)
        .select_related("acquisition__place", "scene")
        .order_by("acquisition", "level", "-baseline", "pk")
    )


def entry(sample: Sample, campaign: Campaign, blobs: Blobs) -> dict[str, Any]:
    """A sample's line in the manifest; its chips are stored on the way."""
    tile, annotation = sample.tile, sample.annotation
    label, _ = read_label(blobs.raster(annotation.raster))
    return {
        "key": tile.key,
        "group": tile.scene.product_id,
        "place": tile.acquisition.place.key,
        "split": tile.acquisition.place.split,
        "bands": band_chip(tile, campaign.bands, blobs),
        "label": keep_chip(label, blobs),
        "source": annotation.source,
        "trust": annotation.trust,
        "valid": tile.valid_share,
        "sun_azimuth": tile.sun_azimuth,
        "sun_zenith": tile.sun_zenith,
    }


def band_chip(tile: Tile, bands: list[str], blobs: Blobs) -> str:
    """Hash of the tile's chip; read from a note beside the chips where it was made before."""
    order = hashlib.sha256(json.dumps(bands).encode()).hexdigest()[:12]
    note = f"chips/made/{tile.sha256}-{order}"
    if blobs.exists(note):
        digest = blobs.read(note).decode()
        if blobs.exists(f"chips/{digest}.npy"):
            return digest
    digest = keep_chip(read_tile(blobs.raster(tile.raster), bands), blobs)
    blobs.write(note, digest.encode())
    return digest


def keep_chip(pixels: NDArray[Any], blobs: Blobs) -> str:
    """Store an array as `chips/<sha256>.npy`, unless it is there."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(pixels), allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    key = f"chips/{digest}.npy"
    if not blobs.exists(key):
        blobs.write(key, content)
    return digest


def describe(
    campaign: Campaign,
    schema: ClassSchema,
    samples: list[Sample],
    entries: list[dict[str, Any]],
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
        "rule": {"schema": schema.version, "labels": "own newest, else the most trusted imported"},
        "sources": [
            {"name": name, "licence": licence, "trust": trust}
            for name, licence, trust in sorted(sources)
        ],
        "samples": entries,
    }


def keep(
    campaign: Campaign,
    manifest: dict[str, Any],
    samples: list[Sample],
    *,
    blobs: Blobs,
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
            "created": now,
        },
    )
    if new:
        record("froze", snapshot, campaign=campaign, who=None, now=now, after=digest)
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
