"""Who starts from a pre-label: never whoever measures something, and not everybody else either.

Some active tiles are shown without their pre-label, for two reasons. They are the arm that the
labels with pre-labels are held against (insights/hints.py). And they hide the tiles that never
have one: a missing pre-label must not tell that a tile is gold or control.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

import numpy as np
from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from labelling.insights.hints import EVENED
from labelling.models import Layer, Membership, Place, Task
from labelling.models.prepared import prepared
from labelling.workflow.quality_rules import QualityRules

Lane = Task.Lane
UNAIDED = frozenset({Lane.CONTROL, Lane.GOLD, Lane.REFERENCE, Lane.SECOND, Lane.REREVIEW})
"""Lanes that measure people or the model: a mask to start from would pull the label towards it.
Rereview is one of them: what is drawn there decides between a person's label and a model's doubt,
or between people."""
AHEAD = 2
"""Active tiles without a pre-label that a person has had beyond the tiles that never have one."""
MARGIN = 1.25
"""Drawn plain tiles for each unaided one, so that a person's balance seldom needs evening out."""
MOST = 0.9
"""At least every tenth active tile keeps its pre-label."""
ARMS = 0xA2
"""Sets this draw apart from others that start from a round's seed."""


def shown_layer(task: Task) -> Layer | None:
    """The mask that whoever labels `task` starts from; needs the tile's place loaded."""
    if task.lane in UNAIDED or task.arm == Task.Arm.PLAIN:
        return None
    place = task.tile.acquisition.place
    return task.prelabel if place.split == Place.Split.POOL else None


def plain_share(rules: QualityRules, *, active: int, unaided: int) -> float:
    """0…1 of a round's active tiles that are shown without their pre-label.

    What the lead asked for, or more: enough to hide `unaided` waiting tiles, and the gold tiles
    that will be mixed in, among the `active` ones.
    """
    if not active:
        return rules.plain_share
    gold = (active + unaided) * rules.gold_share / (1 - rules.gold_share)
    hiding = MARGIN * (unaided + gold) / active
    return max(rules.plain_share, min(hiding, MOST))


def drawn_plain(tiles: Collection[uuid.UUID], *, share: float, seed: int) -> set[uuid.UUID]:
    """A random `share` of the tiles, the same for the same seed, in whatever order they come."""
    ordered = sorted(tiles)
    dice = np.random.default_rng([seed, ARMS])
    count = int(np.floor(share * len(ordered) + dice.random()))
    return {ordered[place] for place in dice.permutation(len(ordered))[:count]}


def even_out(*, task: Task, person: User) -> None:
    """Count a task just given to `person`, and withhold its pre-label if the balance asks for it.

    So each person has had at least as many active tiles without a pre-label as tiles of the unaided
    lanes; after a run of unaided ones the next active tiles make up for it. Within the claim's
    transaction, in which the person is locked, and once for a person and a task. At most three
    queries; none for a tile of another lane.
    """
    if task.lane in UNAIDED:
        _count("unaided", task, person)
    elif task.lane == Lane.ACTIVE and (shown_layer(task) is None or _withheld(task, person)):
        _count("plain", task, person)


def _withheld(task: Task, person: User) -> bool:
    """Whether the balance asked for the tile's pre-label, which is then withheld."""
    had = _balance.one(person=person.pk, campaign=task.campaign_id)
    if had is None or had[0] >= wanted_plain(had[1]):
        return False
    task.arm, task.cause = Task.Arm.PLAIN, EVENED
    Task.objects.filter(pk=task.pk).update(arm=task.arm, cause=task.cause)
    return True


@prepared
def _balance(person: int, campaign: int) -> QuerySet[Membership, tuple[int, int]]:
    mine = Membership.objects.filter(user=person, campaign=campaign)
    return mine.values_list("plain", "unaided")


def _count(kind: str, task: Task, person: User) -> None:
    mine = Membership.objects.filter(campaign=task.campaign_id, user=person)
    mine.update(**{kind: F(kind) + 1})


def wanted_plain(unaided: int) -> int:
    """Active tiles without pre-label that hide so many unaided ones; none where there are none."""
    return unaided + AHEAD if unaided else 0
