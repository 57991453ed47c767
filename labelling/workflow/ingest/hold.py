"""Who is at work on a scene: its row, taken up with a lease and a fencing token.

The row comes first, so that a second worker sees the first, and a failure has a place to be told.
A lease that ended is taken over; who held it can't write any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from labelling.adapters.blobs import Blobs
from labelling.clock import of_machines
from labelling.errors import AtWorkElsewhere, BadInput, Conflict, LostLease, StorageAway
from labelling.imagery.layout import footprint
from labelling.imagery.products.names import parse_name
from labelling.imagery.products.product import Product
from labelling.models import Scene
from labelling.workflow.ingest.work import Intake
from labelling.workflow.orphans import unreferenced

LEASE = of_machines(timedelta(seconds=60))
"""An ingest that hasn't renewed its lease for this long is taken for dead."""
RENEW_EVERY = 10.0
"""Seconds between renewals while tiles come in."""
IDENTITY = ("level", "baseline", "taken", "mgrs")
"""What a product id can't say otherwise the second time: tiles are kept under it."""


@dataclass
class Hold:
    """One worker's claim on a scene."""

    scene: Scene
    job: Intake
    renewed: float = field(default_factory=time.monotonic)

    def held(self) -> Any:
        """The scene, as long as nobody took it over."""
        return Scene.objects.filter(pk=self.scene.pk, token=self.scene.token)

    @contextmanager
    def fenced(self, **changes: Any) -> Iterator[None]:
        """A transaction that renews the lease and commits only while the claim holds.

        Raises LostLease: nothing inside is written then.
        """
        with transaction.atomic():
            # The row stays locked to the end, so that nobody takes it over in between.
            self.renew(**changes)
            yield

    def tick(self) -> None:
        """Renew the lease every few seconds. Raises LostLease."""
        if time.monotonic() - self.renewed >= RENEW_EVERY:
            self.renew()

    def renew(self, **changes: Any) -> None:
        """Raises LostLease when another worker took the scene over."""
        if not self.held().update(lease_ends=self.job.moment() + LEASE, **changes):
            raise LostLease(
                f"{self.scene.product_id}: another worker took its ingest over.",
                help="It goes on there; nothing need be done here.",
            )
        self.renewed = time.monotonic()

    def finish(self, **changes: Any) -> None:
        """All tiles are in: they may be served. Raises LostLease."""
        with self.fenced(**changes):
            self.held().update(state=Scene.State.READY, reason="", lease_ends=None)

    def give_up(self, reason: str, *, written: list[str], blobs: Blobs) -> None:
        """Tell why on the scene's row, and take back blobs that no row refers to.

        A scene that was ready stays so: what it has is whole. Whoever took the scene over since
        writes the same blobs under the same keys, so then nothing is touched.
        """
        with transaction.atomic():
            if not self.held().update(lease_ends=None, **self._after(reason)):
                return
            for key in unreferenced(written):
                # Storage that fails may not even take back; `verify` names what is left over.
                with suppress(OSError, StorageAway):
                    blobs.delete(key)

    def _after(self, reason: str) -> dict[str, str]:
        if self.scene.state == Scene.State.READY:
            return {}
        return {"state": Scene.State.FAILED.value, "reason": reason}


def take_up(product: Product, *, content: str, job: Intake) -> Hold:
    """Claim the product's scene. Raises AtWorkElsewhere while another worker is at work on it.

    A scene that is ready stays ready: it is being cut for another campaign.
    """
    now = job.moment()
    begun = {"token": 1, "lease_ends": now + LEASE, "state": Scene.State.INGESTING}
    facts = {**facts_of(product), "content": content}
    scene, made = Scene.objects.get_or_create(
        product_id=product.product_id, defaults={**facts, **begun, "created": now}
    )
    if not made:
        _take_over(scene, product, facts, now)
        scene.refresh_from_db()
    return Hold(scene, job)


def facts_of(product: Product) -> dict[str, Any]:
    """What the scene's row says of a product."""
    sun, view = product.sun, product.view
    return {
        "satellite": product.satellite,
        "level": product.level,
        "baseline": product.baseline,
        "orbit": product.orbit,
        "taken": product.taken,
        "mgrs": product.mgrs,
        "sun_zenith": sun.zenith if sun else None,
        "sun_azimuth": sun.azimuth if sun else None,
        "view_zenith": view.zenith if view else None,
        "view_azimuth": view.azimuth if view else None,
        "cloud_cover": product.cloud_cover,
        "footprint": footprint(product),
        "offset_rule": product.offset_rule,
        "radiometry": {band.name: [band.offset, band.quantification] for band in product.bands},
        "synthetic": product.synthetic,
    }


def note_failure(path: Path, *, reason: str, now: datetime) -> None:
    """Mark a SAFE product as failed that couldn't even be looked into: its name is known all the
    same. One with tiles is left alone.
    """
    try:
        product_id = str(parse_name(path.name.removesuffix(".zip").removesuffix(".SAFE")))
    except BadInput:
        return
    scene, made = Scene.objects.get_or_create(
        product_id=product_id,
        defaults={"state": Scene.State.FAILED, "reason": reason, "created": now},
    )
    if not made:
        Scene.objects.filter(pk=scene.pk, state=Scene.State.FAILED).update(reason=reason)


def _take_over(scene: Scene, product: Product, facts: dict[str, Any], now: datetime) -> None:
    has_tiles = scene.tiles.exists()
    differing = [name for name in IDENTITY if getattr(scene, name) != facts[name]]
    if has_tiles and differing:
        raise Conflict(
            f"{product.name}: {product.product_id} is stored already, with another "
            f"{differing[0]}: {getattr(scene, differing[0])}, not {facts[differing[0]]}.",
            field="PRODUCT_ID",
            help="Rename the file, or give it a PRODUCT_ID of its own.",
        )
    changes: dict[str, Any] = {"token": F("token") + 1, "lease_ends": now + LEASE}
    if scene.state != Scene.State.READY:
        changes |= {**facts, "state": Scene.State.INGESTING, "reason": ""}
    if has_tiles:
        # They are of the content that the row tells of until all of them were compared.
        changes.pop("content", None)
    free = Q(lease_ends__isnull=True) | Q(lease_ends__lt=now)
    same = Scene.objects.filter(free, pk=scene.pk, token=scene.token)
    if not same.update(**changes):
        scene.refresh_from_db()
        until = f"{scene.lease_ends:%H:%M:%S} UTC" if scene.lease_ends else "a moment"
        raise AtWorkElsewhere(
            f"{product.name}: another worker is ingesting it, and holds it until {until}.",
            field="path",
            help="Let it finish; if it died, run this again after that time.",
        )
