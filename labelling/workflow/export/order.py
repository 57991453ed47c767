"""What an export is of: a snapshot, a format, and which planes. The same order, the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound
from labelling.imagery.exports.forms import form_named
from labelling.imagery.exports.outgoing import ClassMark, Form, Legend
from labelling.models import ClassSchema, Job, Snapshot

FORMAT = "cloudmask-export/1"
SHARD = 256
"""Tiles in a shard."""


@dataclass(frozen=True)
class Order:
    snapshot: Snapshot
    form: Form
    with_bands: bool = False
    with_provenance: bool = False

    @classmethod
    def of(
        cls, snapshot: Snapshot, *, form: str, with_bands: bool, with_provenance: bool = False
    ) -> Order:
        """Raises BadInput for an unknown format, and for planes that it can't hold."""
        order = cls(snapshot, form_named(form), with_bands, with_provenance)
        if with_provenance and not order.form.holds_provenance:
            raise BadInput(
                f"{form} has no place for the provenance of pixels.",
                field="with_provenance",
                help="Choose geotiff, or leave --with-provenance out.",
            )
        return order

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "snapshot": self.snapshot.hash,
            "form": self.form.name,
            "with_bands": self.with_bands,
            "with_provenance": self.with_provenance,
            "shard": SHARD,
        }

    @property
    def digest(self) -> str:
        """Hex; names the order in storage."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def order_of(job: Job) -> Order:
    """What an export's job asks for. Raises BadInput for a format that there is no more."""
    request = job.request
    snapshot = Snapshot.objects.select_related("campaign").get(hash=request["snapshot"])
    return Order.of(
        snapshot,
        form=request["form"],
        with_bands=request["with_bands"],
        with_provenance=request["with_provenance"],
    )


def key_of(order: Order) -> str:
    """Blob key of the finished export: an order has one, whoever asks."""
    return f"exports/{order.snapshot.hash[:16]}/{order.form.name}-{order.digest[:16]}"


@dataclass(frozen=True)
class Contents:
    """A snapshot's manifest, read and found whole."""

    manifest: Mapping[str, Any]
    legend: Legend

    @property
    def samples(self) -> Sequence[Mapping[str, Any]]:
        return self.manifest["samples"]

    @property
    def shards(self) -> int:
        return -(-len(self.samples) // SHARD)


def contents_of(snapshot: Snapshot, *, blobs: Blobs) -> Contents:
    """Raises NotFound where storage has lost the manifest, BadInput where it was changed."""
    key = f"{snapshot.folder}/manifest.json"
    try:
        octets = blobs.read(key)
    except NotFound as lost:
        raise NotFound(
            f"Snapshot {snapshot} has no manifest in storage.",
            field="snapshot",
            help=f"Bring {key} back from a backup; `verify` names all that is missing.",
        ) from lost
    if hashlib.sha256(octets).hexdigest() != snapshot.hash:
        raise BadInput(
            f"The manifest of snapshot {snapshot} isn't the one that was frozen.",
            field="snapshot",
            help=f"Bring {key} back from a backup; `verify` names all that is damaged.",
        )
    manifest = json.loads(octets)
    return Contents(manifest, legend_of(snapshot, manifest))


def legend_of(snapshot: Snapshot, manifest: Mapping[str, Any]) -> Legend:
    """Two queries: the classes' colours are those of the version that the snapshot was made with.

    Raises NotFound where there is no such version.
    """
    version = manifest["rule"].get("schema")
    schema = ClassSchema.objects.filter(campaign=snapshot.campaign_id, version=version).first()
    if schema is None:
        raise NotFound(
            f"Snapshot {snapshot} was made with version {version} of its classes, which isn't "
            "here.",
            field="snapshot",
        )
    colours = {each["code"]: each["colour"] for each in schema.classes}
    marks = [
        ClassMark(each["code"], each["name"], colours[each["code"]]) for each in manifest["classes"]
    ]
    return Legend(
        snapshot=snapshot.hash,
        campaign=manifest["campaign"],
        frozen=snapshot.created,
        classes=tuple(marks),
        bands=tuple(manifest["bands"]),
        synthetic=bool(manifest["synthetic"]),
        licences=tuple(sorted({licence_of(each, manifest) for each in manifest["samples"]})),
    )


def licence_of(sample: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """The licence of a sample's label; of several that its source came under all of them."""
    if "licence" in sample:
        return sample["licence"]
    told = {each["licence"] for each in manifest["sources"] if each["name"] == sample["source"]}
    return ", ".join(sorted(told - {""}))
