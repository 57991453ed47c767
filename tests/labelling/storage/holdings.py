"""A small installation that has one of everything `verify` looks at. All of it is synthetic."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from labelling.adapters.blobs import Blobs, store
from labelling.enqueue import Job as Jobs
from labelling.imagery.tilefile import content_hash, read_tile, write_mask
from labelling.models import Annotation, Campaign, Job, Layer, Model, Round, Tile
from labelling.workflow.foreseeing import FORESEEN
from labelling.workflow.snapshots.freezing import freeze
from labelling.workflow.verify.expected import hash_of_card
from tests.factories import NOON
from tests.worlds import world

KINDS = (
    "raster", "thumbnail", "label", "layer", "manifest", "chip", "weights", "card", "index", "file",
    "pool", "report",
)  # fmt: skip


@dataclass(frozen=True)
class Holdings:
    """One key of each kind of blob, and every key there is."""

    blobs: Blobs
    keys: dict[str, str]

    def damage(self, kind: str, content: bytes) -> None:
        self.blobs.write(self.keys[kind], content)


def holdings(tmp_path: Path) -> Holdings:
    campaign, blobs = world(slug="north", pool=2, validation=0, labelled=2), store()
    tile, _ = [told_truly(each, blobs) for each in Tile.objects.order_by("pk")]
    label = Annotation.objects.earliest("pk")
    snapshot = freeze(campaign, blobs=blobs, now=NOON)
    manifest = f"{snapshot.folder}/manifest.json"
    model = stored_model(campaign, blobs)
    return Holdings(
        blobs,
        {
            "raster": tile.raster,
            "thumbnail": tile.thumbnail,
            "label": label.raster,
            "layer": stored_layer(tile, blobs).raster,
            "manifest": manifest,
            "chip": f"chips/{json.loads(blobs.read(manifest))['samples'][0]['bands']}.npy",
            "weights": f"{model.folder}/weights.safetensors",
            "card": f"{model.folder}/card.json",
            **stored_round(campaign, blobs, tmp_path),
            "report": stored_mining(campaign, blobs),
        },
    )


def told_truly(tile: Tile, blobs: Blobs) -> Tile:
    """The tile with the hash of its pixels, and a thumbnail."""
    tile.sha256 = content_hash(read_tile(blobs.raster(tile.raster)), tile.bands)
    tile.thumbnail = f"thumbs/{tile.key}.png"
    png = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)
    Image.fromarray(noise).save(png, "PNG")
    blobs.write(tile.thumbnail, png.getvalue())
    tile.save()
    return tile


def stored_layer(tile: Tile, blobs: Blobs) -> Layer:
    codes = np.random.default_rng(1).integers(0, 4, (256, 256), np.uint8)
    key = f"layers/{tile.key}/scl-1.tif"
    blobs.write_with(key, lambda path: write_mask(path, codes, name="scl"))
    return Layer.objects.create(
        tile=tile,
        source="scl",
        version="1",
        raster=key,
        sha256=hashlib.sha256(codes.tobytes()).hexdigest(),
        created=NOON,
    )


def stored_model(campaign: Campaign, blobs: Blobs) -> Model:
    octets = b"weights" * 500
    weights = {
        "file": "weights.safetensors",
        "sha256": hashlib.sha256(octets).hexdigest(),
        "bytes": len(octets),
    }
    card = {"format": "cloudmask-model/1", "weights": weights, "temperatures": [1.25, 1e-05]}
    digest = hash_of_card(card)
    card["card_sha256"] = digest
    folder = f"models/{digest}"
    blobs.write(f"{folder}/weights.safetensors", octets)
    blobs.write(f"{folder}/card.json", json.dumps(card, indent=1).encode())
    return Model.objects.create(
        hash=digest, campaign=campaign, folder=folder, card=card, created=NOON
    )


def stored_mining(campaign: Campaign, blobs: Blobs) -> str:
    job = Job(kind=Jobs.MINE.value, campaign=campaign, state="done", created=NOON, finished=NOON)
    job.result = {"report": f"minings/{job.uuid}/report.json"}
    job.save()
    blobs.write(job.result["report"], b'{"rows": []}')
    return str(job.result["report"])


def stored_round(campaign: Campaign, blobs: Blobs, tmp_path: Path) -> dict[str, str]:
    """A round that has scored, and whose picking is not finished."""
    note = {"finished": NOON.isoformat()}
    Round.objects.create(
        campaign=campaign,
        n=1,
        state="failed",
        step="pick",
        steps={"fit": {**note, "skipped": "no labels yet"}, "score": {**note, "tiles": 2}},
        strategy="random",
        batch=1,
        seed=1,
        created=NOON,
    )
    made = tmp_path / "score"
    made.mkdir()
    (made / "pool.npz").write_bytes(b"scores" * 300)
    foreseen = tmp_path / "foreseen"
    foreseen.mkdir()
    (foreseen / "masks.npz").write_bytes(b"masks" * 30)
    blobs.adopt(foreseen, f"rounds/north/1/{FORESEEN}")
    index = blobs.adopt(made, "rounds/north/1/score")
    blobs.write("rounds/north/1/pool.json", b'{"tiles": [], "known": []}')
    blobs.write("rounds/north/1/1/score.log", b"what the attempt said")
    return {
        "index": "rounds/north/1/score/index.json",
        "file": index.blob("rounds/north/1/score", "pool.npz"),
        "pool": "rounds/north/1/pool.json",
    }
