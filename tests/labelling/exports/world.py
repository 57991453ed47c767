"""A small frozen snapshot whose labels hold every code. All of it is synthetic."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from labelling.adapters.blobs import store
from labelling.models import Campaign, Snapshot
from labelling.workflow.export.order import Order
from labelling.workflow.snapshots.freezing import freeze
from tests.factories import NOON
from tests.worlds import drawn, import_label, painted_tile, world

TILES = 3


def labelled_world(**campaign) -> Campaign:
    """Two tiles of the pool and one to validate with, all labelled and on the grid."""
    made = world(pool=0, validation=0, **campaign)
    for number in range(TILES):
        tile = painted_tile(made, number, "pool" if number < TILES - 1 else "validation")
        _, label = drawn(made, number)
        label = label.copy()
        label[:9, :30], label[40:50, 3:7] = 254, 255
        import_label(made, tile, label)
    return made


def frozen(**campaign) -> Snapshot:
    return freeze(labelled_world(**campaign), blobs=store(), now=NOON)


def ordered(snapshot: Snapshot, form: str, *, with_bands: bool = True) -> Order:
    return Order.of(snapshot, form=form, with_bands=with_bands)


def chips_of(snapshot: Snapshot) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{tile key: (label, bands)} as the snapshot holds them."""
    blobs = store()
    manifest = json.loads(blobs.read(f"{snapshot.folder}/manifest.json"))
    return {
        each["key"]: tuple(
            np.load(blobs.local(f"chips/{each[plane]}.npy")) for plane in ("label", "bands")
        )
        for each in manifest["samples"]
    }


def table(out: Path) -> list[dict[str, str]]:
    with (out / "tiles.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))
