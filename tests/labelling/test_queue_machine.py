"""Whatever people do, in whatever order: what must hold of the queue holds after every step.

Hypothesis draws the steps; tiles are painted (synthetic). Each run is rolled back.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from labelling.errors import WorkbenchError
from labelling.imagery.label_checks import OVERRULABLE
from labelling.models import Annotation, Flag, Reservation, Task, TaskRank
from labelling.workflow.claims import claim_next, extend, heartbeat, release
from labelling.workflow.flags import resolve, skip
from labelling.workflow.qualification import level_of
from labelling.workflow.rankings import put_in_force
from labelling.workflow.review import accept, reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.submission import submit
from labelling.workflow.sweep import sweep
from tests.factories import NOON, TaskFactory, person, rank
from tests.worlds import world

SIZE = 256
LABELLERS = st.sampled_from(["ana", "ben"])
MINUTES = st.sampled_from([1, 10, 31])
EDGES = st.sampled_from([64, 128, 192])


class QueueMachine(RuleBasedStateMachine):
    """Ana and Ben label, Rita reviews; the clock and the sweep go on beside them."""

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now = NOON
        # Shares by which a few claims come through every lane, a second copy's among them.
        self.campaign = world(
            pool=4, validation=0, slug="north", lanes={"second": 0.5, "control": 0.4}
        )
        self.people = {name: person(name, campaign=self.campaign) for name in ("ana", "ben")}
        self.people["rita"] = person("rita", campaign=self.campaign, role="reviewer")
        tiles = [enrolment.tile for enrolment in self.campaign.enrolments.order_by("pk")]
        lanes = ["active", "active", "control", "active"]
        first = [
            TaskFactory(campaign=self.campaign, tile=tile, lane=lane)
            for tile, lane in zip(tiles, lanes)
        ]
        # Of the tile that is served first: whoever has that isn't given this one.
        TaskFactory(campaign=self.campaign, tile=tiles[-1], lane="second", copy=1)
        rank(self.campaign, *reversed(first))
        self.tasks: set[int] = set()
        self.sent: dict[tuple[int, str], int] = {}

    def teardown(self) -> None:
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def tried(self, step, **what):
        """What the step gave, or None where it was refused; a refusal changes no row."""
        before = self.rows()
        try:
            return step(now=self.now, **what)
        except WorkbenchError:
            assert self.rows() == before
            return None

    def rows(self) -> list:
        kept = (Task.objects.order_by("pk"), Reservation.objects.order_by("pk"))
        return [list(rows.values()) for rows in kept] + [Annotation.objects.count()]

    def in_hand(self, name: str, *kinds: str) -> Task | None:
        live = Reservation.objects.filter(
            person=self.people[name], ended=None, kind__in=kinds or ["active"]
        )
        spell = live.select_related("task").first()
        return Task.objects.get(pk=spell.task_id) if spell else None

    @rule(minutes=MINUTES)
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(name=LABELLERS, hold=st.sampled_from(["active", "held"]))
    def claim(self, name: str, hold: str) -> None:
        who = self.people[name]
        best = self.best_of_each_lane(who)
        known = set(Reservation.objects.values_list("pk", flat=True))

        got = self.tried(claim_next, campaign=self.campaign, person=who, hold=hold)

        if got is not None and got.pk not in known:
            assert best[got.task.lane] == got.task_id
        if got is None and hold == "active":
            assert not best

    def best_of_each_lane(self, who) -> dict[str, int]:
        """By a plain sort of all open tasks."""
        self.campaign.refresh_from_db()
        open_to = Task.objects.of(self.campaign).claimable(
            by=who, now=self.now, level=level_of(who, self.campaign)
        )
        best: dict[str, int] = {}
        for task in open_to.by_rank(self.campaign.ranking_id):
            best.setdefault(task.lane, task.pk)
        return best

    @rule(name=LABELLERS, keep=st.sampled_from([heartbeat, extend]))
    def keep(self, name: str, keep) -> None:
        if task := self.in_hand(name):
            self.tried(keep, task=task, person=self.people[name])

    @rule(name=LABELLERS)
    def give_back(self, name: str) -> None:
        if task := self.in_hand(name):
            self.tried(release, task=task, person=self.people[name])

    @rule()
    def expire(self) -> None:
        sweep(now=self.now)
        assert not Task.objects.expired(now=self.now).exists()

    @rule(name=LABELLERS, edge=EDGES)
    def hand_in(self, name: str, edge: int) -> None:
        if task := self.in_hand(name):
            self.send(name, task, edge)

    @rule(name=LABELLERS, edge=EDGES)
    def hand_in_too_late(self, name: str, edge: int) -> None:
        spells = Reservation.objects.filter(person=self.people[name], how="expired")
        if spell := spells.order_by("-pk").first():
            self.send(name, Task.objects.get(pk=spell.task_id), edge)

    @rule(name=LABELLERS)
    def retry(self, name: str) -> None:
        """The same label sent again is the same annotation."""
        mine = Annotation.objects.filter(author=self.people[name])
        last = mine.order_by("-pk").first()
        if last and (self.in_hand(name) is None or self.in_hand(name).pk != last.task_id):
            before = Annotation.objects.count()
            edge = self.sent[(last.task_id, name)]
            assert self.send(name, last.task, edge) in (None, last)
            assert Annotation.objects.count() == before

    def send(self, name: str, task: Task, edge: int) -> Annotation | None:
        label = np.zeros((SIZE, SIZE), np.uint8)
        label[:, :edge] = 1
        annotation = self.tried(
            submit,
            task=task,
            person=self.people[name],
            label=label,
            provenance=np.ones_like(label),
            schema_version=1,
            tool="machine",
            overrule=OVERRULABLE,
            note="drawn by Hypothesis",
        )
        if annotation is not None:
            self.sent[(task.pk, name)] = edge
        return annotation

    @rule(name=LABELLERS)
    def put_away(self, name: str) -> None:
        if task := self.in_hand(name):
            self.tried(skip, task=task, person=self.people[name], reason="bad_imagery")

    @rule(outcome=st.sampled_from(["closed", "reopened"]))
    def decide_on_a_flag(self, outcome: str) -> None:
        if flag := Flag.objects.filter(outcome="").order_by("pk").first():
            self.tried(resolve, flag=flag, outcome=outcome, by=self.people["rita"])

    @rule(verdict=st.sampled_from(["accept", "reject"]))
    def review(self, verdict: str) -> None:
        rita = self.people["rita"]
        if self.tried(claim_review, campaign=self.campaign, reviewer=rita) is None:
            return
        task = self.in_hand("rita", "review")
        if verdict == "accept":
            self.tried(accept, task=task, reviewer=rita)
        else:
            self.tried(reject, task=task, reviewer=rita, reason="borders")

    @rule()
    def rank_anew(self) -> None:
        tasks = Task.objects.of(self.campaign).filter(lane__in=["active", "control"])
        order = list(tasks.filter(state__in=["open", "reserved"]).order_by("pk"))
        put_in_force(self.campaign, [(task.pk, task.lane) for task in order], now=self.now)

    @invariant()
    def a_task_is_held_exactly_while_one_live_reservation_says_so(self) -> None:
        live = Reservation.objects.filter(ended=None).values_list("task", "person")
        held = Task.objects.filter(state__in=["reserved", "in_review"])
        assert sorted(live) == sorted(held.values_list("pk", "holder"))

    @invariant()
    def nobody_has_two_tiles_of_a_kind_in_hand(self) -> None:
        live = list(Reservation.objects.filter(ended=None).values_list("person", "kind"))
        assert len(live) == len(set(live))

    @invariant()
    def nobody_labels_two_copies_of_an_acquisition(self) -> None:
        spells = Reservation.objects.exclude(kind="review")
        chains = spells.values_list("person", "task__acquisition", "task__root", "task")
        copies = {(who, moment, root or task) for who, moment, root, task in chains}
        assert len(copies) == len({(who, moment) for who, moment, _ in copies})

    @invariant()
    def nothing_handed_in_is_ever_lost(self) -> None:
        if hasattr(self, "sent"):
            kept = set(Annotation.objects.values_list("task", "author__username"))
            assert set(self.sent) <= kept

    @invariant()
    def a_label_is_behind_every_task_that_says_so(self) -> None:
        said = Task.objects.filter(state__in=["submitted", "in_review", "accepted", "rejected"])
        assert not said.filter(annotations=None).exists()

    @invariant()
    def nobody_reviews_his_own_label(self) -> None:
        own = Annotation.objects.filter(reviews__reviewer=F("author"))
        assert not own.exists()

    @invariant()
    def a_rank_in_force_never_hides_an_open_task(self) -> None:
        hidden = TaskRank.objects.filter(
            ranking=F("ranking__campaign__ranking"), waiting=False, task__state="open"
        )
        assert not hidden.exists()

    @invariant()
    def tasks_are_never_deleted(self) -> None:
        if hasattr(self, "tasks"):
            now = set(Task.objects.values_list("pk", flat=True))
            assert self.tasks <= now
            self.tasks = now


@pytest.mark.django_db
def test_the_queue_keeps_its_promises_whatever_people_do():
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
