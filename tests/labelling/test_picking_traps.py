"""What a round must never choose, or choose from. All painted: synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.errors import BadInput, QueueEmpty
from labelling.models import (
    CampaignTile,
    Flag,
    Task,
)
from labelling.workflow.flags import resolve
from labelling.workflow.picking import choose
from labelling.workflow.picking_rules import change_rules
from labelling.workflow.pool import eligible_tiles, kept_back
from labelling.workflow.review import reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.rounds import run_round
from labelling.workflow.submission import submit
from tests.factories import NOON, TaskFactory, person
from tests.labelling.handing_in import claimed, drawn
from tests.labelling.judged import kept, trained
from tests.labelling.one_round import planned, work
from tests.labelling.scored import scored
from tests.worlds import world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of one model, for all tests."""
    return trained(tmp_path_factory.mktemp("model"), seed=1)


def test_tiles_put_away_too_often_out_of_scope_or_fenced_are_never_chosen():
    campaign = world(pool=5, validation=0, picking={"skip_cap": 2})
    tiles = list(eligible_tiles(campaign).order_by("pk"))
    ana, ben = (person(name, campaign=campaign) for name in ("ana", "ben"))
    for tile, people in ((tiles[0], (ana, ben)), (tiles[1], (ana,))):
        task = TaskFactory(campaign=campaign, tile=tile, state="superseded", round_no=0)
        for who in people:
            Flag.objects.create(
                task=task, person=who, skipped=True, reason="cannot_decide", created=NOON
            )
    CampaignTile.objects.filter(tile=tiles[2]).update(scope="out")
    CampaignTile.objects.filter(tile=tiles[3]).update(fence="near_duplicate")

    done = work(planned(campaign, strategy="random", batch=5))

    assert {task.tile for task in Task.objects.filter(state="open")} == {tiles[1], tiles[4]}
    assert "5 tiles were asked for; the pool holds 2" in done.steps["pick"]["notes"][0]
    assert kept_back(campaign)["put away by people again and again"] == 1
    campaign.picking = {"skip_cap": 1}
    assert list(eligible_tiles(campaign)) == [tiles[4]]


def rewritten(attempt, **arrays) -> None:
    """The stored pool with other arrays, whatever they hold."""
    path = attempt.adopted("score") / "pool.npz"
    with np.load(path) as stored:
        content = {name: stored[name] for name in stored.files}
    np.savez(path, **{**content, **arrays})


def bare(n: int) -> np.ndarray:
    return np.zeros(n, np.float32)


BAD = {
    "NaN scores": ("entropy", {"means": np.array([0.1, np.nan] + [0.2] * 4)}, "means holds NaN"),
    "a member missing": ("bald", {"disagreement": bare(6), "members": np.array(1)}, "a member is"),
    "another model's embeddings": ("auto", {"known_from": np.array("abc")}, "embed both with one"),
    "no class means": ("clasp", {"class_means": np.zeros((6, 4))}, "needs class_means"),
    "a damaged file": ("auto", {"format": np.array("other/9")}, "not cloudmask-pool"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_pool_that_cannot_be_chosen_from_ends_the_round_by_name(what, folder):
    strategy, arrays, message = BAD[what]
    campaign = world(pool=7, labelled=1)
    attempt = scored(campaign, kept(folder, campaign), strategy=strategy)
    rewritten(attempt, **arrays)

    run_round(attempt.job, blobs=attempt.blobs, clock=attempt.clock)

    attempt.round.refresh_from_db()
    assert attempt.round.state == "failed"
    assert message in attempt.round.error
    assert not Task.objects.exists()


def test_equal_scores_and_a_class_nobody_predicts_are_said_not_hidden(folder):
    campaign = world(pool=7, labelled=1)
    attempt = scored(campaign, kept(folder, campaign), batch=20)
    attempt.round.training = {"pretrain_steps": 5}
    classes = np.full((6, 4), 0.5) * np.array([1, 1, 0, 1])
    shares = np.full((6, 4), 0.5) * np.array([1, 1, 0, 0])
    rewritten(attempt, scores=bare(6) + 0.5, class_scores=classes, class_fractions=shares)

    notes = " ".join(choose(attempt).notes)

    assert "20 tiles were asked for; the pool holds 6, all chosen." in notes
    assert "All 6 tiles have the same score" in notes
    assert "Class 2 has no quota" in notes
    assert "Class 3 is predicted nowhere" in notes


@pytest.mark.parametrize(
    ("picking", "field"),
    [
        ({"ramp": 1}, "picking.ramp"),
        ({"skip_cap": 0}, "picking.skip_cap"),
        ({"control_share": "much"}, "picking.control_share"),
        ({"class_floors": {"9": 0.1}}, "picking.class_floors.9"),
        ({"class_floors": {"1": 0.7, "2": 0.7}}, "picking.class_floors"),
        ({"class_floors": [0.1]}, "picking.class_floors"),
        ({"mask": 3}, "picking.mask"),
        ({"worth_minutes": 0}, "picking.worth_minutes"),
    ],
)
def test_a_setting_that_cannot_be_used_names_itself_and_changes_nothing(campaign, picking, field):
    with pytest.raises(BadInput) as refused:
        change_rules(campaign, picking=picking, who=None, now=NOON)

    campaign.refresh_from_db()
    assert refused.value.field == field
    assert campaign.picking == {}


def test_a_label_rejected_again_and_again_goes_before_a_lead_and_not_back_into_the_lane(campaign):
    campaign.picking = {"dispute_cap": 2}
    campaign.save()
    ana, rita = (person("ana", campaign=campaign), person("rita", campaign=campaign, role="lead"))
    task = TaskFactory(campaign=campaign)
    for rows in (6, 7):
        mine = claimed(campaign, ana)
        assert mine == task
        submit(task=mine, person=ana, now=NOON, **drawn(rows))
        mine = claim_review(campaign=campaign, reviewer=rita, now=NOON).task
        reject(task=mine, reviewer=rita, reason="borders", now=NOON)
        task = Task.objects.get(parent=task)

    assert task.state == "skipped"
    with pytest.raises(QueueEmpty):
        claimed(campaign, ana)
    flag = Flag.objects.get(task=task)
    resolve(flag=flag, outcome="reopened", by=rita, now=NOON)
    assert claimed(campaign, ana) == task
