"""Sessions in the database, as Django keeps them, found by a query that is compiled once.

Every request of everybody asks for its session and its person.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from labelling.models.prepared import prepared


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        row: Session | None = _session.one(key=self.session_key, now=timezone.now())
        if row is None:
            self._session_key = None
        return row


@prepared
def _session(key: str, now: datetime):
    return Session.objects.filter(session_key=key, expire_date__gt=now)
