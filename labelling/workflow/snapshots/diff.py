"""What differs between two snapshots: tiles, pixels per class, authors, and the rules."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict
from labelling.models import UNLABELLED, UNSURE, Annotation, Snapshot

AT_ONCE = 500
"""Labels whose authors are asked for in one query."""
SHOWN = 200
"""Keys of tiles that are named of each kind; all are counted."""
OUTSIDE = "(not one of our people)"


@dataclass(frozen=True)
class Tiles:
    """Of one kind: how many, and the keys of the first."""

    count: int
    keys: list[str]


@dataclass(frozen=True)
class Diff:
    """From the first snapshot to the second."""

    first: str
    second: str
    added: Tiles
    removed: Tiles
    relabelled: Tiles
    """In both, with another label."""
    reread: Tiles
    """In both, with other pixels of imagery: another baseline, or other bands."""
    unchanged: int
    pixels: dict[str, dict[str, int]]
    """{class name: {first, second, change}}."""
    authors: dict[str, dict[str, int]]
    """{username: {first, second}}: tiles whose label is theirs."""
    rule: dict[str, list[Any]]
    """{field: [in the first, in the second]}, where they differ."""


def diff(first: Snapshot, second: Snapshot, *, blobs: Blobs) -> Diff:
    """Reads both manifests. Raises NotFound where storage has lost one."""
    one, other = manifest_of(first, blobs), manifest_of(second, blobs)
    here = {each["key"]: each for each in one["samples"]}
    there = {each["key"]: each for each in other["samples"]}
    both = [key for key in here if key in there]
    relabelled = [key for key in both if here[key]["label"] != there[key]["label"]]
    reread = [key for key in both if here[key]["bands"] != there[key]["bands"]]
    return Diff(
        first=first.hash,
        second=second.hash,
        added=tiles(key for key in there if key not in here),
        removed=tiles(key for key in here if key not in there),
        relabelled=tiles(relabelled),
        reread=tiles(reread),
        unchanged=len(set(both) - set(relabelled) - set(reread)),
        pixels=pixels_apart(one, other),
        authors=authors_apart(one, other),
        rule={
            name: [one["rule"].get(name), other["rule"].get(name)]
            for name in sorted({*one["rule"], *other["rule"]})
            if one["rule"].get(name) != other["rule"].get(name)
        },
    )


def manifest_of(snapshot: Snapshot, blobs: Blobs) -> dict[str, Any]:
    """Raises NotFound; Conflict for a snapshot from before manifests named their labels."""
    manifest: dict[str, Any] = json.loads(blobs.read(f"{snapshot.folder}/manifest.json"))
    if any("annotation" not in each for each in manifest["samples"]):
        raise Conflict(
            f"Snapshot {snapshot.hash[:12]} is too old to be compared: it doesn't name its labels.",
            help="Make one by the same rule with `snapshot create`, and compare that.",
        )
    return manifest


def tiles(keys: Any) -> Tiles:
    found = sorted(keys)
    return Tiles(len(found), found[:SHOWN])


def pixels_apart(one: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, int]]:
    """By the classes' names, since a class may have another code in another version."""
    first, second = pixels_of(one), pixels_of(other)
    names = [*first, *(name for name in second if name not in first)]
    return {
        name: {
            "first": first[name],
            "second": second[name],
            "change": second[name] - first[name],
        }
        for name in names
    }


def pixels_of(manifest: dict[str, Any]) -> Counter[str]:
    names = {str(each["code"]): each["name"] for each in manifest["classes"]}
    names |= {str(UNSURE): "unsure", str(UNLABELLED): "not labelled"}
    found: Counter[str] = Counter(dict.fromkeys(names.values(), 0))
    for sample in manifest["samples"]:
        for code, count in sample["pixels"].items():
            found[names.get(code, f"code {code}")] += count
    return found


def authors_apart(one: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, int]]:
    labels = {each["annotation"] for manifest in (one, other) for each in manifest["samples"]}
    names = authors_of(sorted(labels))
    first, second = (
        Counter(names.get(each["annotation"], OUTSIDE) for each in manifest["samples"])
        for manifest in (one, other)
    )
    return {
        name: {"first": first[name], "second": second[name]} for name in sorted({*first, *second})
    }


def authors_of(labels: list[str]) -> dict[str, str]:
    """{annotation: username}, of those that our own people drew."""
    found: dict[str, str] = {}
    for start in range(0, len(labels), AT_ONCE):
        uuids = [UUID(each) for each in labels[start : start + AT_ONCE]]
        rows = Annotation.objects.filter(uuid__in=uuids, author__isnull=False).order_by()
        found |= {str(uuid): name for uuid, name in rows.values_list("uuid", "author__username")}
    return found
