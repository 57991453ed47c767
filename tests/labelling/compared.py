"""A campaign with labels, masks of others, and a model. All painted: synthetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_mask
from labelling.models import Campaign, Layer, Model, Round, Snapshot, Tile
from labelling.workflow.comparison import Choices, plan, request_of
from labelling.workflow.snapshots.freezing import freeze
from tests.factories import NOON
from tests.labelling.insights.rows import RoundFactory
from tests.training.snapshots import SnapshotFolder, paint
from tests.worlds import TINY, truth, world
from training.config import FitConfig
from training.fit import fit

BANDS = ("B02", "B03", "B04", "B08")
MODEL_FILES = ("weights.safetensors", "card.json")


def labelled_world(**campaign) -> Campaign:
    """Four scenes of validation, one of test, and two that the model learns from."""
    return world(pool=2, labelled=2, validation=4, test=1, slug="north", **campaign)


def frozen(campaign: Campaign) -> Snapshot:
    return freeze(campaign, blobs=store(), now=NOON)


def tiles_of(campaign: Campaign, split: str) -> list[Tile]:
    tiles = Tile.objects.filter(
        enrolments__campaign=campaign, acquisition__place__split=split
    ).select_related("acquisition__place")
    return list(tiles.order_by("pk"))


def trained(room: Path) -> Path:
    """The folder of a model fitted for two steps: it knows nothing."""
    painted = SnapshotFolder(room, band_names=BANDS)
    for seed in range(3):
        painted.add(*paint(seed, bands=len(BANDS)))
    fit(FitConfig(**{**TINY, "steps": 2}), painted.write(), room / "model")
    return room / "model"


def registered(folder: Path, snapshot: Snapshot, *, state: str = "champion") -> Model:
    """The rows and blobs of the model in `folder`, trained in 90 seconds."""
    for name in MODEL_FILES:
        store().write(f"models/one/{name}", (folder / name).read_bytes())
    model = Model.objects.create(
        hash="ab" * 32, campaign=snapshot.campaign, snapshot=snapshot, folder="models/one",
        card={}, state=state, created=NOON,
    )  # fmt: skip
    steps = {
        "fit": {"started": "2026-06-01T12:00:00+00:00", "finished": "2026-06-01T12:01:30+00:00"}
    }
    made: Round = RoundFactory(campaign=snapshot.campaign, n=1)
    Round.objects.filter(pk=made.pk).update(model=model, steps=steps)
    return model


def mask_of(
    tile: Tile, codes: np.ndarray, *, source: str, version: str = "1", provides=(0, 1, 2, 3)
) -> Layer:
    key = f"layers/{tile.key}/{source}-{version}.tif"
    store().write_with(key, lambda path: write_mask(path, codes, name=source, place=None))
    return Layer.objects.create(
        tile=tile, source=source, version=version, raster=key, provides=list(provides), created=NOON
    )


def with_masks(campaign: Campaign, split: str = "validation") -> None:
    """`scl` knows all but a tenth of what it says nothing of; `csmask` calls thin cloud cloud and
    misses the first tile; `s2cloudless` sees nothing."""
    for number, tile in enumerate(tiles_of(campaign, split)):
        label = truth(campaign, tile)
        silent = label.copy()
        silent[: len(label) // 10] = 255
        mask_of(tile, silent, source="scl")
        if number:
            merged = np.where(label == 2, 1, label).astype(np.uint8)
            mask_of(tile, merged, source="csmask", version="1.0.0-6b-1", provides=(0, 1, 3))
        mask_of(tile, np.zeros_like(label), source="s2cloudless", version="t0.4-1", provides=(0, 1))


def request(campaign: Campaign, snapshot: Snapshot, model: Path | None = None, **choices) -> dict:
    """What a comparing child would be asked: pixels alone unless told otherwise, few resamples."""
    planned = plan(
        campaign=campaign, snapshot=snapshot, model=None, blobs=store(),
        choices=Choices(**{"geometry": False, **choices}),
    )  # fmt: skip
    return {
        **request_of(planned, blobs=store()),
        "model": str(model) if model else None,
        "resampling": {"draws": 100},
    }
