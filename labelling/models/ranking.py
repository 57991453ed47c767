from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, When

from .campaign import Campaign
from .task import Task


class Ranking(models.Model):
    """An order of tasks, whole before it counts: the campaign points at the one in force."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rankings")
    n = models.PositiveIntegerField()
    created = models.DateTimeField()
    in_force = models.DateTimeField(null=True)
    """Since when it was served from; null: it is being inserted, or was given up."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "n"], name="ranking_numbered")]

    def __str__(self) -> str:
        return f"ranking {self.n} of campaign {self.campaign_id}"


class TaskRank(models.Model):
    """A task's place in a ranking: 1 is served first. The place is never updated.

    `lane` and `waiting` repeat what the task says, so that an index holds a lane's open tasks in
    rank order; a trigger of the database keeps them (migration 0004). Where `waiting` is false the
    task isn't open; where it is true the task may have been taken while the ranking was inserted,
    so whoever reads it asks the task too.
    """

    ranking = models.ForeignKey(Ranking, models.CASCADE, related_name="ranks", db_index=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="ranks", db_index=False)
    rank = models.PositiveIntegerField()
    lane = models.CharField(max_length=10, choices=Task.Lane.choices)
    waiting = models.BooleanField(default=True)
    waits_at = models.GeneratedField(
        expression=Case(When(waiting=True, then=F("rank"))),
        output_field=models.IntegerField(null=True),
        db_persist=True,
    )
    """The rank of a task that waits, else NULL: a column of its own, because the planner would walk
    the ranks that wait no more by the index of `rank`."""

    class Meta:
        # Each constraint's index serves a foreign key too: a million ranks are inserted at once.
        constraints = [
            models.UniqueConstraint(fields=["ranking", "rank"], name="rank_taken_once"),
            models.UniqueConstraint(fields=["task", "ranking"], name="task_ranked_once"),
        ]
        indexes = [
            models.Index(
                fields=["ranking", "lane", "waits_at"],
                condition=Q(waits_at__isnull=False),
                name="rank_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} is {self.rank} of ranking {self.ranking_id}"
