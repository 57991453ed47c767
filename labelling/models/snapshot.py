from __future__ import annotations

from django.db import models

from .campaign import Campaign


class Snapshot(models.Model):
    """A frozen training set: a content-hashed folder. Immutable: the database refuses a change
    (migration 0005)."""

    hash = models.CharField(max_length=64, unique=True)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="snapshots")
    rule = models.JSONField()
    """What it was asked for, as workflow/snapshots/rule.py writes it."""
    folder = models.CharField(max_length=400)
    """Blob key of the folder with manifest.json."""
    counts = models.JSONField()
    """{samples, pool, validation, test, pixels: {code: n}}."""
    datasheet = models.JSONField(default=dict)
    """As in the manifest; empty: made before there were datasheets."""
    created = models.DateTimeField()

    def __str__(self) -> str:
        return self.hash[:12]
