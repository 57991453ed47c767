"""What a round opens beside its batch, and which tiles are shown without their pre-label."""

import uuid

import pytest

from labelling.errors import BadInput
from labelling.models import Membership, Reservation, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.hints import (
    AHEAD,
    EVENED,
    MARGIN,
    UNAIDED,
    drawn_plain,
    plain_share,
    shown_layer,
)
from labelling.workflow.overlap import drawn_overlap
from labelling.workflow.picking import Picks
from labelling.workflow.quality_rules import QualityRules, rules_from
from labelling.workflow.tasks_of_round import Drawn, Opening, open_tasks
from tests.factories import NOON, rank
from tests.labelling.insights.rows import learnt
from tests.labelling.one_round import planned, taken, work
from tests.labelling.quality.hands import give_prelabel, small_task, small_tile, striped
from tests.worlds import painted_tile, world

pytestmark = pytest.mark.django_db

NAMES = [uuid.UUID(int=n) for n in range(200)]


@pytest.mark.parametrize("draw", [drawn_overlap, drawn_plain])
def test_a_draw_takes_its_share_and_is_the_same_for_the_same_seed(draw):
    drawn = draw(NAMES, share=0.15, seed=5)

    assert len(drawn) in (30, 31)
    assert draw(list(reversed(NAMES)), share=0.15, seed=5) == drawn
    assert draw(NAMES, share=0.15, seed=6) != drawn


def test_small_batches_get_their_share_over_the_rounds():
    counts = [len(drawn_overlap(NAMES[:4], share=0.1, seed=seed)) for seed in range(500)]

    assert set(counts) == {0, 1}
    assert 150 < sum(counts) < 250  # 0.4 of them; by chance rarely 20 off


def test_the_two_draws_of_a_round_do_not_hang_together():
    both = drawn_overlap(NAMES, share=0.5, seed=5) & drawn_plain(NAMES, share=0.5, seed=5)

    assert 30 < len(both) < 70


def test_enough_active_tiles_are_plain_to_hide_the_unaided_ones():
    rules = QualityRules(gold_share=0.1)

    few, many = (plain_share(rules, active=80, unaided=n) for n in (0, 20))

    assert few == rules.plain_share  # MARGIN × 80 / 9 gold tiles are fewer
    assert many == pytest.approx(MARGIN * (20 + 100 / 9) / 80)
    assert plain_share(rules, active=10, unaided=500) == 0.9


def opened(campaign, *, active: int, control: int) -> dict:
    """What the open step says of a batch of such tiles, each with a mask of the round's model."""
    attempt = taken(planned(campaign, strategy="entropy", batch=active + control))
    round = learnt(attempt.round, counts={}, metrics={})
    round.ranked_by = round.model
    round.save()
    slices = ["informative"] * active + ["control"] * control
    picks = [
        {"tile": str(painted_tile(campaign, n).uuid), "slice": each, "score": 0.5}
        for n, each in enumerate(slices)
    ]
    layers = {each["tile"]: Drawn(f"layers/{each['tile']}.tif", "") for each in picks[:active]}
    return open_tasks(attempt, Opening(Picks(picks, [], 0), layers), NOON)


def test_a_round_opens_blind_copies_and_an_arm_without_prelabels():
    campaign = world(
        pool=0, validation=0, quality={"overlap_share": 1.0, "overlap_labels": 3, "gold_share": 0}
    )

    told = opened(campaign, active=6, control=2)

    active = Task.objects.filter(campaign=campaign, lane="active")
    second = Task.objects.filter(campaign=campaign, lane="second")
    assert (told["opened"], told["second"], second.count()) == (8, 12, 12)
    assert sorted(second.values_list("acquisition", "copy")) == sorted(
        (key, copy) for key in active.values_list("acquisition", flat=True) for copy in (1, 2)
    )
    assert not active.filter(prelabel=None).exists()  # kept with the plain ones, too
    # 14 unaided tiles among 6 active ones: as many are plain as may be, 0.9 of them.
    assert told["plain"] == active.filter(arm="plain").count() in (5, 6)
    assert active.exclude(arm="plain").filter(arm="hinted").count() == 6 - told["plain"]
    unaided = Task.objects.filter(campaign=campaign, lane__in=["control", "second"])
    assert not unaided.filter(prelabel__isnull=False).exists()
    assert not unaided.exclude(arm="").exists()


def test_the_next_round_keeps_tiles_that_several_people_label():
    campaign = world(pool=8, quality={"overlap_share": 1.0})
    work(planned(campaign, batch=3))
    first = set(Task.objects.filter(round_no=1).values_list("pk", flat=True))

    work(planned(campaign, batch=3))

    campaign.refresh_from_db()
    assert not Task.objects.filter(pk__in=first, state="superseded").exists()
    served = Task.objects.filter(lane="active", state="open").by_rank(campaign.ranking_id)
    assert [task.round_no for task in served] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("lane", sorted(UNAIDED))
def test_lanes_that_measure_never_show_a_prelabel(campaign, lane):
    task = small_task(campaign, lane=lane)
    give_prelabel(task, striped(0, 1))

    assert shown_layer(task) is None


@pytest.mark.parametrize("split", ["validation", "test"])
def test_places_kept_for_judging_never_show_a_prelabel(campaign, split):
    task = small_task(campaign, small_tile(campaign, split=split))
    give_prelabel(task, striped(0, 1))

    assert shown_layer(task) is None


def test_the_plain_arm_does_not_show_the_prelabel_it_keeps(campaign):
    plain, hinted = small_task(campaign), small_task(campaign)
    give_prelabel(plain, striped(0, 1), arm="plain")
    layer = give_prelabel(hinted, striped(0, 1))

    assert (shown_layer(plain), shown_layer(hinted)) == (None, layer)


def claim_all(campaign, person) -> list[Task]:
    """What the person is served, in order; each tile handed in before the next is claimed."""
    served = []
    while Task.objects.claimable(by=person, now=NOON).exists():
        spell = claim_next(campaign=campaign, person=person, now=NOON)
        task = Task.objects.select_related("prelabel", "tile__acquisition__place").get(
            pk=spell.task_id
        )
        served.append(task)
        Reservation.objects.filter(pk=spell.pk).update(ended=NOON, how="submitted")
        Task.objects.filter(pk=task.pk).update(state="submitted", holder=None, lease_ends=None)
    return served


def balance(who) -> tuple[int, int]:
    """Tiles he was given plain, and unaided."""
    return Membership.objects.values_list("plain", "unaided").get(user=who)


def test_each_person_gets_as_many_active_tiles_without_prelabel_as_unaided_ones(campaign, ana):
    campaign.lanes = {"control": 0.2, "active": 0.6, "second": 0.2}
    campaign.save()
    tasks = [small_task(campaign) for _ in range(18)]
    for task in tasks:
        give_prelabel(task, striped(0, 1))
    others = [small_task(campaign, lane=lane) for lane in ("control", "second") * 4]
    rank(campaign, *tasks, *others)

    served = claim_all(campaign, ana)

    plain = [task for task in served if task.lane == "active" and shown_layer(task) is None]
    assert len(served) == 26
    assert len(plain) == 8 + AHEAD
    assert {task.cause for task in plain} == {EVENED}
    assert balance(ana) == (10, 8)


def test_where_nothing_has_to_be_hidden_every_prelabel_is_shown(campaign, ana):
    tasks = [small_task(campaign) for _ in range(3)]
    for task in tasks:
        give_prelabel(task, striped(0, 1))

    assert all(shown_layer(task) for task in claim_all(campaign, ana))


def test_taking_the_same_tile_again_is_not_counted_twice(campaign, ana):
    task = small_task(campaign, lane="control")
    for _ in range(2):
        spell = claim_next(campaign=campaign, person=ana, now=NOON)
        Reservation.objects.filter(pk=spell.pk).update(ended=NOON, how="released")
        Task.objects.filter(pk=task.pk).update(state="open", holder=None, lease_ends=None)

    assert balance(ana) == (0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gold_share", 0.6), ("overlap_labels", 1), ("plain_share", "much"), ("border", 2.5),
        ("together", [300]), ("together", 1), ("tie_limit", True), ("drift_window", 2),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(name, value):
    with pytest.raises(BadInput) as refused:
        rules_from({name: value})

    assert refused.value.field == f"quality.{name}"


def test_an_unknown_setting_is_named_with_those_there_are():
    with pytest.raises(BadInput, match="gold_rate") as refused:
        rules_from({"gold_rate": 0.1})

    assert "gold_share" in refused.value.help
