"""How far a job's shards are, and who does them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from labelling.models import Job, Shard

MOST_NAMED = 32
"""Workers that a progress line names."""


@dataclass(frozen=True)
class Tally:
    done: int
    """Units."""
    total: int
    shards_done: int
    shards: int
    workers: tuple[str, ...]
    """That have done or hold a shard: machine and process, by name, up to MOST_NAMED."""

    @classmethod
    def of(cls, job: Job) -> Tally:
        """Two queries."""
        rows = Shard.objects.of(job)
        counted = rows.aggregate(
            done=Sum("progress", default=0),
            total=Sum("units", default=0),
            shards_done=Count("pk", filter=Q(state=Shard.State.DONE)),
            shards=Count("pk"),
        )
        named = rows.exclude(worker="").order_by("worker").values_list("worker", flat=True)
        return cls(**counted, workers=tuple(named.distinct()[:MOST_NAMED]))

    def told(self, *, before: int, seconds: float) -> dict[str, Any]:
        """A progress line without its stage; `before` units were done `seconds` ago, so that rate
        (units a second, of all workers) and time left can be told."""
        rate = (self.done - before) / max(seconds, 1e-9)
        return {
            "done": self.done,
            "total": self.total,
            "rate": round(max(rate, 0.0), 3),
            "eta_seconds": round((self.total - self.done) / rate, 1) if rate > 0 else None,
            "shards": {"done": self.shards_done, "total": self.shards},
            "workers": list(self.workers),
        }
