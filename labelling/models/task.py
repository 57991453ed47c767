from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from .campaign import Campaign
from .scene import Acquisition
from .tile import Tile

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LEASE = timedelta(minutes=30)
"""How long a task stays reserved without a heartbeat, where the campaign says nothing else."""
IN_HAND = ("reserved", "in_review")
"""States of a task that somebody holds."""


class TaskQuerySet(models.QuerySet["Task"]):
    def of(self, campaign: Campaign) -> TaskQuerySet:
        return self.filter(campaign=campaign)

    def claimable(
        self, *, by: User | int, now: datetime | None = None, level: int | None = None
    ) -> TaskQuerySet:
        """Open tasks that `by` may take: no second blind copy of an acquisition, nothing that he
        has skipped, nothing kept for somebody else, and with `level` nothing that takes a higher
        one.

        A copy that a round superseded before anyone labelled it doesn't count. Without `now`
        what is kept for somebody else is kept for ever.
        """
        waiting = self.filter(state=Task.State.OPEN).meant_for(by, now=now).of_other_copies(by=by)
        skipped = Task.objects.filter(flags__person=by, flags__skipped=True)
        waiting = waiting.exclude(pk__in=skipped.values("pk"))
        return waiting if level is None else waiting.filter(level__lte=level)

    def meant_for(self, person: User | int, *, now: datetime | None) -> TaskQuerySet:
        """Tasks for whoever is next, for `person`, or kept for another until a time gone by."""
        free = Q(meant_for=None) | Q(meant_for=person)
        return self.filter(free if now is None else free | Q(meant_until__lte=now))

    def of_other_copies(self, *, by: User | int) -> TaskQuerySet:
        """Tasks of acquisitions that `by` has had no other blind copy of."""
        other_copy = (
            Assignment.objects.filter(
                campaign=OuterRef("campaign"), acquisition=OuterRef("acquisition"), person=by
            )
            .exclude(root=OuterRef("chain"))
            .exclude(root__state=Task.State.SUPERSEDED)
        )
        return self.annotate(chain=Coalesce("root_id", "pk")).exclude(Exists(other_copy))

    def by_rank(self, ranking: int | None) -> TaskQuerySet:
        """In the order of the ranking with this id; unranked tasks come last, oldest first."""
        place = models.FilteredRelation("ranks", condition=Q(ranks__ranking=ranking))
        return self.annotate(place=place).order_by(F("place__rank").asc(nulls_last=True), "pk")

    def expired(self, *, now: datetime) -> TaskQuerySet:
        """Tasks in somebody's hands, to label or to review, whose lease has run out."""
        return self.filter(state__in=IN_HAND, lease_ends__lt=now)


class Task(models.Model):
    """One piece of work on one acquisition. Never deleted, only closed."""

    class State(models.TextChoices):
        OPEN = "open"
        RESERVED = "reserved"
        SUBMITTED = "submitted"
        IN_REVIEW = "in_review"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        SKIPPED = "skipped"
        CLOSED = "closed"
        SUPERSEDED = "superseded"

    class Lane(models.TextChoices):
        ACTIVE = "active"
        CONTROL = "control"
        REFERENCE = "reference"
        GOLD = "gold"
        SECOND = "second"
        REWORK = "rework"
        REREVIEW = "rereview"
        PICK = "pick"

    class Arm(models.TextChoices):
        HINTED = "hinted"
        PLAIN = "plain"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="tasks")
    acquisition = models.ForeignKey(Acquisition, models.PROTECT, related_name="tasks")
    tile = models.ForeignKey(Tile, models.PROTECT, related_name="tasks")
    """The raster that is shown."""
    lane = models.CharField(max_length=10, choices=Lane.choices)
    round_no = models.PositiveIntegerField(default=0)
    """The round that opened it; 0: none did."""
    copy = models.PositiveSmallIntegerField(default=0)
    """Blind labels of one acquisition are copies 0, 1, …"""
    root = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    """The copy that this task reworks, over any number of rejections; null: it is that copy."""
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    """The rejected task that this one reworks."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="held_tasks"
    )
    lease_ends = models.DateTimeField(null=True)
    prelabel = models.ForeignKey("Layer", models.PROTECT, null=True, related_name="+")
    """The mask to start from; none on control, gold and reference tiles."""
    meant_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    """The only person who may take it; null: whoever is next."""
    meant_until = models.DateTimeField(null=True)
    """From then on others may take it, too; null: never."""
    level = models.PositiveSmallIntegerField(default=0)
    """The least level of an annotator who may take it."""
    cause = models.CharField(max_length=80, blank=True)
    """Why it is in its lane, for leads: the reason of a rejection, a label's doubtfulness …"""
    arm = models.CharField(max_length=10, choices=Arm.choices, blank=True)
    """Of the comparison of labels with and without a pre-label; empty: not part of it."""
    doubts = models.ForeignKey("Annotation", models.PROTECT, null=True, related_name="rereviews")
    """The label that mining took for wrong and that is drawn anew here; null: another cause."""
    created = models.DateTimeField()

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "acquisition", "lane", "round_no", "copy"],
                name="task_once_per_lane_round_and_copy",
            ),
            models.UniqueConstraint(fields=["doubts"], name="a_label_is_doubted_once"),
            models.CheckConstraint(
                name="claimed_task_has_annotator_and_lease",
                condition=Q(
                    state__in=["reserved", "in_review"],
                    holder__isnull=False,
                    lease_ends__isnull=False,
                )
                | (
                    ~Q(state__in=["reserved", "in_review"])
                    & Q(holder__isnull=True, lease_ends__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="task_state_is_known",
                condition=Q(
                    state__in=[
                        "open", "reserved", "submitted", "in_review", "accepted", "rejected",
                        "skipped", "closed", "superseded",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="task_lane_is_known",
                condition=Q(
                    lane__in=[
                        "active", "control", "reference", "gold", "second", "rework", "rereview",
                        "pick",
                    ]
                ),
            ),
        ]  # fmt: skip
        indexes = [
            # A lane without ranks is walked from its oldest task on.
            models.Index(
                fields=["campaign", "lane", "id"], condition=Q(state="open"), name="task_open"
            ),
            models.Index(
                fields=["lease_ends"],
                condition=Q(state__in=["reserved", "in_review"]),
                name="task_reserved",
            ),
            models.Index(fields=["campaign", "state"], name="task_by_state"),
        ]

    def __str__(self) -> str:
        return f"task {self.pk} ({self.lane}, {self.state})"

    def reserve(self, *, by: User, now: datetime, lease: timedelta = LEASE) -> bool:
        """Give this open task to `by`; False if someone else got there first."""
        changed = Task.objects.filter(pk=self.pk, state=Task.State.OPEN).update(
            state=Task.State.RESERVED, holder=by, lease_ends=now + lease
        )
        return changed == 1

    def renew(self, *, by: User, now: datetime, lease: timedelta = LEASE) -> bool:
        """Lengthen the lease of a task being labelled or reviewed; False if `by` doesn't hold it
        (any more)."""
        changed = Task.objects.filter(
            pk=self.pk, state__in=IN_HAND, holder=by, lease_ends__gte=now
        ).update(lease_ends=now + lease)
        return changed == 1

    def leave(self, *, by: User | int, to: str, out_of: str = "reserved") -> bool:
        """End the reservation, with the task in state `to`; False if `by` doesn't hold it.

        `out_of` is "reserved" for a task being labelled, "in_review" for one being reviewed.
        """
        changed = Task.objects.filter(pk=self.pk, state=out_of, holder=by).update(
            state=to, holder=None, lease_ends=None
        )
        return changed == 1


class Assignment(models.Model):
    """Which blind copy of an acquisition a person works on: for each there is one, for ever."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+")
    acquisition = models.ForeignKey(Acquisition, models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    root = models.ForeignKey(Task, models.CASCADE, related_name="assignments")
    """The copy: the first task of a chain of reworks."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "acquisition", "person"],
                name="nobody_gets_two_copies_of_one_acquisition",
            )
        ]

    def __str__(self) -> str:
        return f"person {self.person_id} works on task {self.root_id}"
