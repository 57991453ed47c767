"""What a server that answers refuses: told on the lead's page until the same work goes well again.

A token that ended, a page where an API should be, a version that is too old: the circuit breaker
finds such a server well, and nothing would say that no label comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from labelling.adapters.cvat.faults import told
from labelling.errors import CvatAway, WorkbenchError
from labelling.models import CvatLink

PULLS, ERRANDS = "pulls", "errands"
"""Kinds of work."""
REFUSED = "refused"
"""In a link's health: {kind of work: {since, error, help}}."""


@contextmanager
def refusals_noted(link: CvatLink, work: str, *, clock: Callable[[], datetime]) -> Iterator[None]:
    """Around all that a worker does of one kind; what is raised goes on."""
    try:
        yield
    except CvatAway:
        raise
    except WorkbenchError as refused:
        _note(link, work, {"error": told(str(refused)), "help": refused.help}, now=clock())
        raise
    _note(link, work, None, now=clock())


def _note(link: CvatLink, work: str, refused: dict[str, str] | None, *, now: datetime) -> None:
    with transaction.atomic():
        row = CvatLink.objects.select_for_update().get(pk=link.pk)
        before = row.health.get(REFUSED, {})
        if refused is None and work not in before:
            return
        others = {kind: each for kind, each in before.items() if kind != work}
        since = before.get(work, {}).get("since") or now.isoformat()
        noted = others if refused is None else {**others, work: {"since": since, **refused}}
        CvatLink.objects.filter(pk=link.pk).update(health={**row.health, REFUSED: noted})
