"""One ZIP of a batch: each tile's picture, and beside it what helps to read it.

`<tile>.png` is the first composite. `related_images/<tile>_png/` holds the context images, which
the server shows beside it: the other composites, the clearest other date, where the sun stands.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labelling.adapters.blobs import Blobs
from labelling.imagery.composites import Composite, default_composites
from labelling.imagery.sunarrow import sun_arrow
from labelling.insights.reference import Reference, clear_references
from labelling.insights.shadow import expected_shadow
from labelling.models import Campaign, CvatJob, Tile
from labelling.workflow.pictures import drawn, picture_of

RELATED = "related_images"


def pack(
    jobs: Sequence[CvatJob], path: Path, *, campaign: Campaign, blobs: Blobs, context: bool
) -> None:
    """Write the ZIP of a batch's jobs to `path`. They have their tile's scene, acquisition and
    place loaded. PNGs are stored as they are: packing them again takes long and saves nothing.

    Raises NotFound for a lost raster, RasterRejected for one that can't be read.
    """
    tiles = [job.task.tile for job in jobs]
    clear = clear_references(tiles, campaign=campaign) if context else {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for job in jobs:
            shown, *others = composites_of(job.task.tile, campaign)
            packed.writestr(job.frame_name, _picture(job.task.tile, shown, blobs))
            if context:
                folder = f"{RELATED}/{job.frame_name.replace('.', '_')}"
                for name, png in _context(job.task.tile, others, clear, shown, blobs):
                    packed.writestr(f"{folder}/{name}.png", png)


def composites_of(tile: Tile, campaign: Campaign) -> list[Composite]:
    """The campaign's composites that the tile has the bands for, else those of its bands; the first
    is what is drawn on."""
    chosen = [each for each in campaign.composites if set(each["bands"]) <= set(tile.bands)]
    return chosen or default_composites(tile.bands)


def _context(
    tile: Tile,
    others: Sequence[Composite],
    clear: Mapping[int, Reference],
    shown: Composite,
    blobs: Blobs,
) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of what lies beside the tile, in the order to show it."""
    for number, composite in enumerate(others, 1):
        yield f"{number}_{_word(composite['name'])}", _picture(tile, composite, blobs)
    reference = clear.get(tile.pk)
    if reference is not None and set(shown["bands"]) <= set(reference.tile.bands):
        when = f"{abs(reference.days)}_days_{'later' if reference.days > 0 else 'before'}"
        yield f"8_clear_{when}", _picture(reference.tile, shown, blobs)
    if tile.sun_azimuth is not None and tile.sun_zenith is not None:
        yield (
            "9_sun",
            sun_arrow(
                azimuth=tile.sun_azimuth,
                elevation=90 - tile.sun_zenith,
                shadow=expected_shadow(tile, blobs=blobs).offsets,
                caption="synthetic" if tile.scene.synthetic else "",
            ),
        )


def _picture(tile: Tile, composite: Composite, blobs: Blobs) -> bytes:
    return drawn(picture_of(tile, composite["bands"]), blobs=blobs)


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "composite"
