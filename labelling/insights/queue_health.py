"""How full the queue is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from labelling.models import Campaign, Task

Counts = dict[str, int]
"""{task state: tasks}, every state named."""


@dataclass(frozen=True)
class QueueHealth:
    states: Counts
    lanes: dict[str, Counts]
    """The same for each lane that has tasks."""


def queue_health(campaign: Campaign) -> QueueHealth:
    """The campaign's tasks by state, and by lane and state. Causes one query."""
    states, lanes = _nothing(), {}
    counted = Task.objects.of(campaign).values_list("lane", "state").annotate(n=Count("pk"))
    for lane, state, n in counted.order_by("lane", "state"):
        states[state] += n
        lanes.setdefault(lane, _nothing())[state] = n
    return QueueHealth(states=states, lanes=lanes)


def _nothing() -> Counts:
    return dict.fromkeys(Task.State.values, 0)
