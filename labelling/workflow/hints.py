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

from labelling.insights.hints import EVENED
from labelling.models import Layer, Membership, Place, Task
from labelling.workflow.quality_rules import QualityRules

Lane = Task.Lane
UNAIDED = frozenset({Lane.CONTROL, Lane.GOLD, Lane.REFERENCE, Lane.SECOND})
"""Lanes that measure people or the model: a mask to start from would pull the label towards it."""
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
    transaction, in which the person is locked. One query where a pre-label is shown, else three.
    """
    membership = (
        Membership.objects.select_for_update()
        .filter(campaign=task.campaign_id, user=person)
        .first()
    )
    if membership is None:
        return
    had = {"plain": 0, "unaided": 0, **membership.qualification.get("hints", {})}
    counts_as = _counts_as(task, had)
    if not counts_as or task.reservations.filter(person=person).count() > 1:
        return
    had[counts_as] += 1
    membership.qualification = {**membership.qualification, "hints": had}
    membership.save(update_fields=["qualification"])


def wanted_plain(unaided: int) -> int:
    """Active tiles without pre-label that hide so many unaided ones; none where there are none."""
    return unaided + AHEAD if unaided else 0


def _counts_as(task: Task, had: dict[str, int]) -> str:
    """Of which kind this tile without a pre-label is; empty for one with, or of another lane."""
    if task.lane in UNAIDED:
        return "unaided"
    if task.lane != Lane.ACTIVE:
        return ""
    if shown_layer(task) is not None:
        if had["plain"] >= wanted_plain(had["unaided"]):
            return ""
        task.arm, task.cause = Task.Arm.PLAIN, EVENED
        Task.objects.filter(pk=task.pk).update(arm=task.arm, cause=task.cause)
    return "plain"
