"""What a lead changes while a round judges: models, classes and rules. All painted: synthetic."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_label
from labelling.models import Campaign, Evaluation, Layer, Model, Round
from labelling.workflow import judging
from labelling.workflow.judging import case_of
from labelling.workflow.promotion import locked, promote, rollback
from labelling.workflow.rounds import run_round
from labelling.workflow.tasks_of_round import stored_layer
from tests.factories import NOON, CampaignFactory, TileFactory
from tests.labelling.judged import at_the_judge, judging_world, listed, rename_class, stored

pytestmark = pytest.mark.django_db


def test_a_lead_who_changes_the_champion_meanwhile_has_the_last_word():
    campaign = judging_world()
    champion, candidate = listed(campaign, "aa", state="champion"), listed(campaign, "ca")
    attempt = at_the_judge(campaign, candidate)
    decision = {"promote": True, "champion": champion.hash, "reasons": ["It is better."]}
    Model.objects.filter(pk=champion.pk).update(state="retired")
    other = listed(campaign, "bb", state="champion")

    with attempt.fenced() as now:
        judging.keep_decision(attempt, {"decision": decision, "report": {}}, now)

    candidate.refresh_from_db(), other.refresh_from_db()
    assert (candidate.state, other.state) == ("candidate", "champion")
    assert attempt.round.ranked_by == other
    assert candidate.decision["reasons"] == [
        "The champion was changed from aaaaaaaaaaaa to bbbbbbbbbbbb while this was judged: it "
        "stays so.",
        "It is better.",
    ]
    assert Evaluation.objects.get().report["decision"]["promote"] is False


def decided_while(attempt, meanwhile) -> Model:
    """The candidate, when a lead does `meanwhile` while a child finds that it is better."""
    candidate, beside = attempt.round.model, Model.objects.filter(state="champion").first()
    meanwhile(Model.objects.get(pk=candidate.pk))
    decision = {
        "promote": True, "champion": beside and beside.hash, "reasons": ["It is better."],
    }  # fmt: skip
    with attempt.fenced() as now:
        judging.keep_decision(attempt, {"decision": decision, "report": {}}, now)
    return Model.objects.get(pk=candidate.pk)


def by_hand(model: Model) -> None:
    promote(model, why="the shadows", who=None, blobs=store(), now=NOON)


def there_and_back(model: Model) -> None:
    by_hand(model)
    rollback(model.campaign, why="", who=None, blobs=store(), now=NOON)


def test_why_a_lead_promoted_it_meanwhile_is_kept_beside_what_was_found():
    campaign = judging_world()
    stored(campaign, "aa", state="champion")

    candidate = decided_while(at_the_judge(campaign, stored(campaign, "ca")), by_hand)

    assert candidate.state == "champion"
    assert candidate.decision["by_hand"]["why"] == "the shadows"
    assert candidate.decision["reasons"][-1] == "It is better."


def test_what_a_lead_promoted_and_took_back_meanwhile_is_not_promoted_again():
    campaign = judging_world()
    champion = stored(campaign, "aa", state="champion")

    candidate = decided_while(at_the_judge(campaign, stored(campaign, "ca")), there_and_back)

    champion.refresh_from_db()
    assert (candidate.state, champion.state) == ("retired", "champion")
    assert "took that back" in candidate.decision["reasons"][0]


def test_a_model_of_classes_that_changed_while_it_was_judged_is_not_promoted():
    campaign = judging_world()
    attempt = at_the_judge(campaign, listed(campaign, "ca"))

    candidate = decided_while(attempt, lambda _: rename_class(campaign, "shadow", "dark"))

    assert (candidate.state, candidate.decision["promote"]) == ("candidate", False)
    assert "semi-transparent, dark" in candidate.decision["reasons"][0]
    assert attempt.round.ranked_by == candidate


def test_classes_and_rules_are_those_of_the_hour_of_judging():
    campaign = judging_world()
    attempt = at_the_judge(campaign, listed(campaign, "ca"))
    now_asked = {**campaign.promotion, "reference_scenes": 3}
    Campaign.objects.filter(pk=campaign.pk).update(promotion=now_asked)
    assert set(case_of(attempt).lacking.values()) == {3}

    rename_class(campaign, "shadow", "dark")

    assert "changed since this model learnt" in case_of(attempt).beyond
    assert not case_of(attempt).open


def test_a_margin_of_a_class_that_is_no_more_holds_back_until_somebody_says_what_holds():
    campaign = judging_world(margins={"gloom": 0.001})

    case = case_of(at_the_judge(campaign, listed(campaign, "ca")))

    assert "a margin for 'gloom', which is no class any more" in case.beyond
    assert not case.open


def test_rules_that_cannot_be_used_fail_the_round_by_their_name():
    campaign = judging_world(level=7)
    attempt = at_the_judge(campaign, listed(campaign, "ca"))

    run_round(attempt.job, blobs=attempt.blobs, clock=attempt.clock)

    assert "promotion.level must be" in Round.objects.get().error


def test_a_champion_that_ranks_again_leaves_the_masks_it_drew_before(tmp_path):
    campaign, tile = CampaignFactory(), TileFactory()
    champion = listed(campaign, "aa", state="champion")
    attempt = SimpleNamespace(round=Round(ranked_by=champion), blobs=store())

    def drawn(code: int):
        path = tmp_path / f"{code}.tif"
        write_label(path, np.full((8, 8), code, np.uint8), np.zeros((8, 8), np.uint8))
        return stored_layer(attempt, tile, path)

    first = drawn(1)
    Layer.objects.create(
        tile=tile, source="model", version=champion.hash[:8], raster=first.raster,
        sha256=first.sha256, created=NOON,
    )  # fmt: skip
    bytes_before = store().read(first.raster)

    assert drawn(2) == first
    assert store().read(first.raster) == bytes_before


def test_the_lock_is_of_the_campaigns_row_alone():
    # A joined row is left out by PostgreSQL where the locked one was changed during the wait.
    campaign = CampaignFactory()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        row = locked(campaign)

    assert row.schema == campaign.schema
    assert [each["sql"].count("JOIN") for each in queries] == [0]
