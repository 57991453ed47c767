"""Images that somebody deleted in CVAT: the job stays, nobody can draw in it, no webhook tells."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from labelling.adapters.cvat.client import Cvat
from labelling.errors import CvatAway, CvatGone, CvatProtocol, CvatRefused
from labelling.insights.cvat import live_jobs
from labelling.models import CvatBatch, CvatJob, CvatLink

FRAME_DELETED = "frame_deleted"
"""Code of a job that is held for it."""
WORDS = (
    "Its image was deleted in CVAT, so what is drawn on it isn't taken in. Restore the image "
    "there; or, if the tile isn't to be labelled, put its task away here."
)
logger = logging.getLogger(__name__)


def deleted_in(cvat: Cvat, batches: Iterable[CvatBatch]) -> dict[int, set[int]]:
    """{batch: numbers of its deleted images}; a request each. A batch whose task is gone or can't
    be read isn't in it.

    Raises CvatAway, CvatForbidden.
    """
    found = {}
    for batch in batches:
        try:
            frames = cvat.frames(int(batch.remote or 0))
        except CvatGone:
            continue
        except (CvatAway, CvatProtocol, CvatRefused) as odd:
            if isinstance(odd, CvatAway) and odd.unwell:
                raise
            logger.warning("images of %s: %s", batch, odd)
            continue
        found[batch.pk] = {frame.number for frame in frames if frame.deleted}
    return found


def hold_deleted(link: CvatLink, cvat: Cvat) -> int:
    """Hold jobs whose image was deleted, and have those fetched whose image is back; how many are
    newly held. Raises CvatAway, CvatForbidden."""
    ready = CvatBatch.objects.filter(link=link, state=CvatBatch.State.READY)
    deleted = deleted_in(cvat, ready)
    rows = list(live_jobs(link).filter(batch__in=deleted))
    lost = [row.pk for row in without_image(rows, deleted)]
    known = CvatJob.objects.filter(pk__in=[row.pk for row in rows], held_code=FRAME_DELETED)
    known.exclude(pk__in=lost).update(held_code="", held_text="", fetched=None)
    news = CvatJob.objects.filter(pk__in=lost).exclude(held_code=FRAME_DELETED)
    return news.update(held_code=FRAME_DELETED, held_text=WORDS)


def without_image(rows: Iterable[CvatJob], deleted: Mapping[int, set[int]]) -> list[CvatJob]:
    return [row for row in rows if row.frame in deleted.get(row.batch_id, ())]
