"""How long backups are kept: the newest stay, with every blob that one of them needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labelling.adapters.blobs import Blobs
from labelling.workflow.backup.known import Known
from labelling.workflow.backup.papers import BACKUPS, manifest_key, names, read_manifest


@dataclass(frozen=True)
class Removed:
    """What retention took away."""

    backups: int = 0
    blobs: int = 0


def keep_newest(place: Blobs, keep: int, step: Callable[[], object] = lambda: None) -> Removed:
    """Remove all but the newest `keep` backups, unfinished ones, and blobs that none needs.

    To be called by whoever holds the destination. Raises BadInput where a backup that stays can't
    be read, and then removes nothing: nobody knows what it needs.
    """
    whole, begun = names(place)
    kept, gone = whole[-keep:], whole[:-keep]
    with Known() as known:
        for name in kept:
            known.need(place, read_manifest(place, name))
            step()
        # Manifests go first: a backup that has one has all that it needs.
        for name in gone:
            place.delete(manifest_key(name))
        for name in [*gone, *begun]:
            for stored in list(place.listing(f"{BACKUPS}{name}/")):
                place.delete(stored.key)
        known.look_at_pool(place)
        unneeded = known.unneeded()
        for key in unneeded:
            place.delete(key)
            step()
    return Removed(len(gone), len(unneeded))
