"""Gold tiles in each annotator's stream: a task for one person that looks like any other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q

from labelling.models import Assignment, Campaign, Gold, Membership, Reservation, Task
from labelling.workflow.pool import servable_tiles
from labelling.workflow.quality_rules import quality_rules
from labelling.workflow.queue_rules import queue_rules

GOLD_DICE = 0x601D
"""Sets these draws apart from others that start from a person's id."""
WAITING = 2
"""Gold tasks that wait for a qualified person at a time."""
TRIES = 5
"""Others that number a copy of the same tile at the same moment."""


def top_up(*, campaign: Campaign, now: datetime) -> int:
    """Open the gold tasks that are due to the campaign's annotators; how many.

    Tasks that wait for people who don't annotate any more are closed. With nothing due six queries.
    """
    people = annotators(campaign)
    gone = Task.objects.filter(campaign=campaign, lane=Task.Lane.GOLD, state=Task.State.OPEN)
    gone.filter(meant_for__isnull=False).exclude(
        meant_for__in=[each.user_id for each in people]
    ).update(state=Task.State.CLOSED)
    return _top_up(campaign, people, now)


def top_up_for(*, campaign: Campaign, person: User, now: datetime) -> int:
    """Open the gold tasks that are due to one annotator; how many."""
    mine = [each for each in annotators(campaign) if each.user_id == person.pk]
    return _top_up(campaign, mine, now)


def annotators(campaign: Campaign) -> list[Membership]:
    """Members who are measured by gold tiles."""
    return list(
        Membership.objects.filter(
            campaign=campaign, role=Membership.Role.ANNOTATOR, user__is_active=True
        ).order_by("pk")
    )


def due(person: int, labels: int, *, share: float, campaign: int) -> int:
    """Gold tiles among a person's first `labels` + 1 tiles: each is one with chance `share`.

    Drawn from the person's id, the same each time: no rhythm that anybody could count along to.
    """
    dice = np.random.default_rng([GOLD_DICE, campaign, person])
    return int((dice.random(labels + 1) < share).sum())


def _top_up(campaign: Campaign, people: list[Membership], now: datetime) -> int:
    golds = list(
        Gold.objects.filter(campaign=campaign, active=True)
        .select_related("annotation", "acquisition__place")
        .order_by("pk")
    )
    if not golds or not people:
        return 0
    ids = [each.user_id for each in people]
    labels, had, waiting = _labels(campaign, ids), *_gold_tasks(campaign, ids)
    opened = 0
    for member in people:
        key = member.user_id
        wanted = _wanted(campaign, member, labels[key]) - had[key]
        room = _room(campaign, member) - waiting[key]
        if min(wanted, room) > 0:
            opened += _open(campaign, golds, member, count=min(wanted, room), now=now)
    return opened


def _labels(campaign: Campaign, people: Iterable[int]) -> Counter[int]:
    """By person, the labels handed in."""
    sent = Reservation.objects.filter(
        person__in=people, task__campaign=campaign, how=Reservation.How.SUBMITTED
    )
    return Counter(dict(sent.values_list("person").annotate(n=Count("pk")).order_by()))


def _gold_tasks(campaign: Campaign, people: Iterable[int]) -> tuple[Counter[int], Counter[int]]:
    """By person, the gold tasks ever opened, and those that wait."""
    tasks = Task.objects.filter(campaign=campaign, lane=Task.Lane.GOLD, meant_for__in=people)
    still = Q(state=Task.State.OPEN)
    had, waiting = Counter[int](), Counter[int]()
    counted = tasks.exclude(state=Task.State.CLOSED).values_list("meant_for")
    for person, all_of_them, open_ones in counted.annotate(
        n=Count("pk"), waits=Count("pk", filter=still)
    ).order_by():
        had[person], waiting[person] = all_of_them, open_ones
    return had, waiting


def _wanted(campaign: Campaign, member: Membership, labels: int) -> int:
    """Gold tasks that the person should have been given by now."""
    rules, first = quality_rules(campaign), queue_rules(campaign).gold_first
    mixed = due(member.user_id, labels, share=rules.gold_share, campaign=campaign.pk)
    return mixed + first


def _room(campaign: Campaign, member: Membership) -> int:
    """Gold tasks that may wait for the person at a time."""
    qualified = "qualified" in member.qualification
    return WAITING if qualified else max(WAITING, queue_rules(campaign).gold_first)


def _open(
    campaign: Campaign, golds: list[Gold], member: Membership, *, count: int, now: datetime
) -> int:
    """Open up to `count` tasks on gold tiles that the person has never had, in his own order."""
    person = member.user_id
    known = set(
        Assignment.objects.filter(
            campaign=campaign,
            person=person,
            acquisition__in=[each.acquisition_id for each in golds],
        ).values_list("acquisition", flat=True)
    )
    known |= set(
        Task.objects.filter(campaign=campaign, lane=Task.Lane.GOLD, meant_for=person).values_list(
            "acquisition", flat=True
        )
    )
    new = [
        each
        for each in golds
        if each.acquisition_id not in known and each.annotation.author_id != person
    ]
    order = np.random.default_rng([GOLD_DICE, campaign.pk, person, 1]).permutation(len(golds))
    place = dict(zip((each.pk for each in golds), order))
    chosen = sorted(new, key=lambda each: place[each.pk])[:count]
    return sum(_open_one(campaign, each, person, now) for each in chosen)


def _open_one(campaign: Campaign, gold: Gold, person: int, now: datetime) -> bool:
    """False where the tile isn't served (any more), or others number copies all the time."""
    tile = servable_tiles(campaign).filter(acquisition=gold.acquisition_id).first()
    key = {
        "campaign": campaign,
        "acquisition_id": gold.acquisition_id,
        "lane": Task.Lane.GOLD,
        "round_no": 0,
    }
    for _ in range(TRIES if tile else 0):
        last = Task.objects.filter(**key).aggregate(last=Max("copy"))["last"]
        try:
            with transaction.atomic():
                Task.objects.create(
                    **key,
                    copy=0 if last is None else last + 1,
                    tile=tile,
                    meant_for_id=person,
                    created=now,
                )
            return True
        except IntegrityError:
            continue
    return False
