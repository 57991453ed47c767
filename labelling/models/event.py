from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from .told import ToldText, kept

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from .campaign import Campaign


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **values: Any) -> int:
        raise TypeError("Events are append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only.")

    def about(self, row: models.Model) -> EventQuerySet:
        return self.filter(kind=row._meta.model_name, object_id=row.pk)


class Event(models.Model):
    """Who did what to what, and when. Append-only, and the database sees to it (migration 0005)."""

    class Verb(models.TextChoices):
        CREATED = "created"
        INGESTED = "ingested"
        IMPORTED = "imported"
        CLAIMED = "claimed"
        RELEASED = "released"
        EXPIRED = "expired"
        SUBMITTED = "submitted"
        SKIPPED = "skipped"
        REVIEWED = "reviewed"
        REOPENED = "reopened"
        SUPERSEDED = "superseded"
        PLANNED = "planned"
        STARTED = "started"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"
        FROZE = "froze"
        PROMOTED = "promoted"
        ROLLED_BACK = "rolled_back"
        OVERRODE = "overrode"
        EXPORTED = "exported"
        CHANGED = "changed"
        GRANTED = "granted"
        FLAGGED = "flagged"
        RESOLVED = "resolved"
        WITHDREW = "withdrew"
        REVERTED = "reverted"
        MIGRATED = "migrated"
        EXTENDED = "extended"
        QUALIFIED = "qualified"
        OPENED_TEST = "opened_test"

    campaign = models.ForeignKey("Campaign", models.PROTECT, null=True, related_name="events")
    when = models.DateTimeField()
    who = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events"
    )
    """null: the workbench itself."""
    verb = models.CharField(max_length=12, choices=Verb.choices)
    kind = models.CharField(max_length=20)
    """The row's model, in lower case."""
    object_id = models.BigIntegerField()
    before = models.CharField(max_length=64, blank=True)
    after = models.CharField(max_length=64, blank=True)
    """Content hashes, where the thing has one."""
    detail = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["kind", "object_id", "id"], name="event_of_object"),
            models.Index(fields=["campaign", "id"], name="event_of_campaign"),
            # The audit is read newest first, alone or of one verb or person.
            models.Index(fields=["campaign", "when", "id"], name="event_by_time"),
            models.Index(fields=["campaign", "verb", "when", "id"], name="event_by_verb"),
            models.Index(fields=["campaign", "who", "when", "id"], name="event_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("Events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only.")


def record(
    verb: str,
    row: models.Model,
    *,
    campaign: Campaign | None,
    who: User | None,
    now: datetime,
    **detail: Any,
) -> Event:
    """Write down that `who` did `verb` to `row`; `before` and `after` are content hashes.

    Raises ValueError for a verb that isn't one of Event.Verb.
    """
    return Event.objects.create(
        campaign=campaign,
        when=now,
        who=who,
        verb=Event.Verb(verb).value,
        kind=row._meta.model_name,
        object_id=row.pk,
        before=detail.pop("before", ""),
        after=detail.pop("after", ""),
        detail={name: kept(it) if isinstance(it, str) else it for name, it in detail.items()},
    )


class Outbox(models.Model):
    """What is still to be sent to CVAT."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey("Campaign", models.CASCADE, related_name="outbox")
    verb = models.CharField(max_length=20)
    payload = models.JSONField()
    attempts = models.PositiveIntegerField(default=0)
    error = ToldText(blank=True)
    created = models.DateTimeField()
    due = models.DateTimeField(null=True)
    """Nobody tries it before: it waits for its next attempt, or a worker has it in hand."""
    sent = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["campaign", "id"], condition=Q(sent__isnull=True), name="outbox_unsent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.uuid}"


class IdempotencyKey(models.Model):
    """A write already answered: the same key gets the same answer, and nothing is done twice."""

    key = models.CharField(max_length=80)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    request = models.CharField(max_length=64)
    """Hash of method, path and body: the key can't be used for another request."""
    status = models.PositiveSmallIntegerField(null=True)
    """null: being answered, in a transaction that nobody else sees yet."""
    answer = models.JSONField(default=dict)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="key_used_once")]
        # The sweep forgets old ones.
        indexes = [models.Index(fields=["created"], name="key_by_age")]

    def __str__(self) -> str:
        return self.key
