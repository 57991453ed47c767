"""A circuit breaker whose state is in the link's row, so that all processes share it.

After a few failures one after the other nobody calls the server for a while; then one process makes
a trial call, and the others wait for how it ends. Each trial that fails doubles the while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from labelling.adapters.cvat.faults import told
from labelling.errors import CvatAway, CvatForbidden, CvatGone, CvatRefused
from labelling.models import CvatLink

FAILURES = 3
"""Calls in a row that fail before the rest is spared."""
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(minutes=5)
"""How long no call is made, after the third failure and after many."""
TRIAL = timedelta(seconds=90)
"""How long the process that makes the trial call may take, before another one does."""
NOTED_EVERY = timedelta(minutes=1)
"""How often a server that is well is noted to be."""


class Breaker:
    """Of one link. `clock` tells the time."""

    def __init__(self, link: CvatLink, *, clock: Callable[[], datetime]) -> None:
        self._link = link.pk
        self._clock = clock

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Around a call. Raises CvatAway without calling while the server is left alone."""
        health = self._health()
        self._ask(health)
        try:
            yield
        except CvatAway as away:
            if away.unwell:
                self._failed(away)
            raise
        except (CvatForbidden, CvatGone, CvatRefused):
            # It says no, but it answers: a trial call that ends so has found it well.
            self._succeeded(health)
            raise
        self._succeeded(health)

    def _health(self) -> dict[str, Any]:
        return CvatLink.objects.values_list("health", flat=True).get(pk=self._link)

    def _ask(self, health: dict[str, Any]) -> None:
        """Pass while it is closed; become the one that tries when it is time."""
        if not (until := health.get("retry_at")):
            return
        now = self._clock()
        if now < datetime.fromisoformat(until):
            raise _left_alone(health)
        mine = health | {"retry_at": (now + TRIAL).isoformat()}
        waiting = CvatLink.objects.filter(pk=self._link, health__retry_at=until)
        if not waiting.update(health=mine):
            raise _left_alone(self._health())

    def _failed(self, away: CvatAway) -> None:
        # Two failures at one moment may count as one: a later one then counts.
        health, now = self._health(), self._clock()
        failures = int(health.get("failures", 0)) + 1
        news = {
            "failures": failures,
            "since": health.get("since") or now.isoformat(),
            "last_error": told(str(away)),
            "retry_at": None,
        }
        if failures >= FAILURES or away.retry_after:
            pause = min(SHORTEST * 2 ** min(max(failures - FAILURES, 0), 10), LONGEST)
            pause = max(pause, timedelta(seconds=away.retry_after))
            news["retry_at"] = (now + pause).isoformat()
        CvatLink.objects.filter(pk=self._link).update(health=health | news)

    def _succeeded(self, before: dict[str, Any]) -> None:
        now = self._clock()
        last = before.get("last_ok")
        well = not before.get("failures") and not before.get("retry_at")
        if well and last and now - datetime.fromisoformat(last) < NOTED_EVERY:
            return
        health = {"failures": 0, "since": None, "retry_at": None, "last_ok": now.isoformat()}
        if refused := before.get("refused"):  # of workflow/cvat/refusals.py
            health["refused"] = refused
        CvatLink.objects.filter(pk=self._link).update(health=health)


def _left_alone(health: dict[str, Any]) -> CvatAway:
    return CvatAway(
        f"CVAT hasn't answered since {health.get('since')}: {health.get('last_error')} "
        f"It is asked again at {health.get('retry_at')}.",
        field="CVAT_URL",
        help="What waits is sent when it is back.",
    )
