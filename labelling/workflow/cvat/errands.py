"""What a worker does for a link: leases, drift, batches to keep there, and the outbox."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings

from labelling import enqueue
from labelling.adapters.cvat.door import open_door
from labelling.errors import CvatAway, WorkbenchError
from labelling.models import CvatLink
from labelling.workflow.cvat.batches import push_to_keep
from labelling.workflow.cvat.outbox import Send, Sending, send_all
from labelling.workflow.cvat.pushing import send_push
from labelling.workflow.cvat.refusals import ERRANDS, refusals_noted
from labelling.workflow.cvat.serving import look_after_leases, take_up_begun
from labelling.workflow.cvat.steps import bring_into_step, say_why, send_out_of_step
from labelling.workflow.outbox import ISSUE, JOB, PUSH

SENDS: dict[str, Send] = {PUSH: send_push, JOB: bring_into_step, ISSUE: say_why}
"""What sends a row of the outbox, by its verb."""
logger = logging.getLogger(__name__)


def ask_for_errands() -> int:
    """Send a worker for each campaign that is linked; how many. None where no CVAT is set up."""
    links = list(CvatLink.objects.values_list("pk", flat=True)) if settings.CVAT_URL else []
    for link in links:
        enqueue.enqueue(enqueue.Job.CVAT_SEND, link_id=link)
    return len(links)


def run_errands(
    link: CvatLink,
    *,
    clock: Callable[[], datetime],
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Do all that is to be done for a link: {begun, stepped, planned, sent, failed, leases}.

    Raises CvatAway, CvatForbidden, CvatProtocol where the server doesn't let us in at all, and
    BadInput or Conflict for settings that don't fit; the outbox keeps what isn't sent.
    """
    begun = take_up_begun(link, now=clock())
    stepped = send_out_of_step(link, now=clock())
    planned = push_to_keep(link, now=clock())
    cvat = open_door(link, clock=clock)
    leases = look_after_leases(link, cvat, clock=clock)
    sent = send_all(Sending(cvat, link, clock, pause), SENDS)
    return {
        "begun": begun,
        "stepped": stepped,
        "planned": planned,
        **sent,
        "leases": leases.as_json(),
    }


def errands_of(link_id: int, *, clock: Callable[[], datetime]) -> str:
    """The same for a worker, in words: a refusal is logged, and tried again by the next sweep."""
    link = CvatLink.objects.select_related("campaign__schema").filter(pk=link_id).first()
    if link is None:
        return f"link {link_id} is gone"
    try:
        with refusals_noted(link, ERRANDS, clock=clock):
            return f"{link}: {run_errands(link, clock=clock)}"
    except CvatAway as away:
        logger.warning("%s: %s", link, away)
    except WorkbenchError as refused:
        logger.exception("%s: %s %s", link, refused, refused.help)
    return f"{link}: nothing was sent"
