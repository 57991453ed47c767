from __future__ import annotations

from django.db import models

from .campaign import Campaign
from .task import Task


class Ranking(models.Model):
    """An order of tasks, inserted whole; the campaign points at the one in force."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rankings")
    n = models.PositiveIntegerField()
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "n"], name="ranking_numbered")]

    def __str__(self) -> str:
        return f"ranking {self.n} of campaign {self.campaign_id}"


class TaskRank(models.Model):
    """A task's place in a ranking: 1 is served first. Never updated."""

    ranking = models.ForeignKey(Ranking, models.CASCADE, related_name="ranks")
    task = models.ForeignKey(Task, models.CASCADE, related_name="ranks")
    rank = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ranking", "rank"], name="rank_taken_once"),
            models.UniqueConstraint(fields=["ranking", "task"], name="task_ranked_once"),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} is {self.rank} of ranking {self.ranking_id}"
