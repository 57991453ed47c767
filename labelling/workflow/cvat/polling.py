"""Pulls that nobody waits for: asked for by the clock and by webhooks, done by a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from labelling import enqueue
from labelling.adapters.cvat.door import open_door
from labelling.errors import CvatAway, JobFailed, WorkbenchError
from labelling.models import CvatLink
from labelling.workflow.cvat.pulling import pull
from labelling.workflow.cvat.reconciling import mend
from labelling.workflow.cvat.refusals import PULLS, refusals_noted

logger = logging.getLogger(__name__)


def ask_for_pulls() -> int:
    """Send a pull for each campaign that is linked; how many. None where no CVAT is set up."""
    links = list(CvatLink.objects.values_list("pk", flat=True)) if settings.CVAT_URL else []
    for link in links:
        enqueue.enqueue(enqueue.Job.CVAT_PULL, link_id=link)
    return len(links)


def reconcile_all(*, clock: Callable[[], datetime]) -> list[str]:
    """Compare both sides of each campaign that is linked, and put right what can be; in words.

    A server that is away is left to the next night. Raises JobFailed, when all campaigns were
    looked at, where something is left for a person.
    """
    told, left = [], []
    links = CvatLink.objects.select_related("campaign__schema") if settings.CVAT_URL else []
    for link in links:
        try:
            findings = mend(link, open_door(link, clock=clock), clock=clock)
        except CvatAway as away:
            logger.warning("%s: %s", link, away)
        except WorkbenchError as refused:
            logger.exception("%s can't be compared", link)
            left.append(f"{link.campaign.slug}: {refused}")
        else:
            told.append(f"{link}: {findings.total} differences left")
            if findings.total:
                left.append(f"{link.campaign.slug}: {findings.total} differences")
    if left:
        raise JobFailed(
            f"The two sides differ. {'; '.join(left)}.", help="`cvat reconcile` names them."
        )
    return told


def pull_link(link_id: int, *, clock: Callable[[], datetime]) -> str:
    """Pull one campaign, in words; a server that is away is logged, and asked again next time."""
    link = CvatLink.objects.select_related("campaign__schema").filter(pk=link_id).first()
    if link is None:
        return f"link {link_id} is gone"
    try:
        with refusals_noted(link, PULLS, clock=clock):
            pulled = pull(link, open_door(link, clock=clock), clock=clock)
    except CvatAway as away:
        logger.warning("%s: %s", link, away)
        return f"{link}: away"
    except WorkbenchError as refused:
        logger.exception("%s can't be pulled", link)
        return f"{link}: {refused}"
    return f"{link}: {pulled.imported} imported, {pulled.held} held, {pulled.gone} gone"
