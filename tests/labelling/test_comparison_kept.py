"""Comparing from the command line: what is kept, what it takes to open the test, what is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, JobFailed, NotFound
from labelling.insights.comparison import model_named, snapshot_of
from labelling.models import Evaluation, Event
from labelling.workflow.comparison import Choices, compare, open_test, plan, request_of
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.compared import (
    frozen,
    labelled_world,
    mask_of,
    registered,
    tiles_of,
    trained,
    with_masks,
)
from tests.labelling.test_commands import said
from tests.worlds import world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("model"))


@pytest.fixture
def campaign():
    made = labelled_world()
    with_masks(made)
    return made


def planned(campaign, snapshot=None, model=None, **choices):
    snapshot = snapshot or frozen(campaign)
    return plan(
        campaign=campaign, snapshot=snapshot, model=model, choices=Choices(**choices), blobs=store()
    )


def test_the_command_compares_keeps_and_shows(campaign, folder, tmp_path):
    model = registered(folder, frozen(campaign))

    status, out, err = said(
        "compare", "--campaign", "north", "--masks", "csmask,scl", "--out", str(tmp_path / "r.json")
    )

    assert (status, err) == (0, "")
    kept = Evaluation.objects.get()
    assert (kept.kind, kept.split, kept.model) == ("comparison", "validation", model)
    assert kept.report["model"]["cost"]["training_seconds"] == 90
    assert kept.report["model"]["trained_on_tiles"] == 0
    assert json.loads((tmp_path / "r.json").read_text()) == kept.report
    event = Event.objects.get(kind="evaluation")
    assert (event.verb, event.detail["masks"]) == ("finished", ["csmask 1.0.0-6b-1", "scl 1"])
    assert "SYNTHETIC" in out
    assert "not provided" in out
    assert "semi-transparent as cloud" in out
    assert "not measured" in out
    assert "s2cloudless" not in out
    assert not list((store_room()).glob("*"))


def store_room():
    from django.conf import settings

    return settings.WORKBENCH_VAR / "comparisons"


def test_a_dry_run_says_what_there_is_and_keeps_nothing(campaign):
    frozen(campaign)

    status, out, _ = said(
        "compare", "--campaign", "north", "--model", "none", "--dry-run", "--json"
    )

    told = json.loads(out)
    assert (status, told["tiles"], told["model"]) == (0, 4, None)
    assert [(mask["name"], mask["tiles"]) for mask in told["masks"]] == [
        ("csmask 1.0.0-6b-1", 3), ("s2cloudless t0.4-1", 4), ("scl 1", 4),
    ]  # fmt: skip
    assert not Evaluation.objects.exists()


def test_an_opening_of_the_test_is_kept_though_the_work_fails(campaign):
    with_masks(campaign, "test")
    (tile,) = tiles_of(campaign, "test")
    mask_of(tile, np.zeros((64, 64), np.uint8), source="small")
    lea = person("lea", campaign=campaign, role="lead")

    with pytest.raises(JobFailed, match="small 1 of"):
        compare(
            planned(campaign, split="test", why="the yearly report"),
            who=lea, blobs=store(), clock=clock.now,
        )  # fmt: skip

    opening = Evaluation.objects.get()
    assert (opening.kind, opening.why, opening.who) == ("test", "the yearly report", lea)
    assert opening.report["opening"] == 1
    assert Event.objects.get(verb="opened_test").detail["why"] == "the yearly report"


def test_openings_are_numbered_and_listed(campaign):
    snapshot = frozen(campaign)
    for why in ("first look", "second look"):
        open_test(planned(campaign, snapshot, split="test", why=why), who=None, now=NOON)

    status, out, _ = said("compare", "--campaign", "north", "--openings")

    assert status == 0
    assert "opened 2 times" in out
    assert out.index("second look") < out.index("first look")
    numbers = Evaluation.objects.order_by("pk").values_list("report__opening", flat=True)
    assert list(numbers) == [1, 2]


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"split": "test"}, "open_test"),
        ({"split": "test", "why": "  "}, "open_test"),
        ({"split": "test", "why": "w" * 201}, "open_test"),
        ({"split": "validation", "why": "curious"}, "open_test"),
        ({"split": "tset"}, "split"),
        ({"sources": ["fmask"]}, "masks"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_opened(campaign, choices, field):
    with pytest.raises((BadInput, NotFound)) as refused:
        planned(campaign, **choices)

    assert refused.value.field == field
    assert not Evaluation.objects.exists()


def test_a_split_that_nobody_labelled_is_refused():
    campaign = world(pool=1, labelled=1, validation=1)

    with pytest.raises(NotFound, match="no labelled tile of split test"):
        planned(campaign, split="test", why="to see")


def test_a_snapshot_of_another_campaign_is_refused(campaign):
    with pytest.raises(BadInput, match="another campaign"):
        plan(
            campaign=CampaignFactory(slug="south"), snapshot=frozen(campaign), model=None,
            blobs=store(),
        )  # fmt: skip


def test_only_the_chips_of_the_split_are_brought_here(campaign):
    snapshot = frozen(campaign)
    chips = {
        each["split"]: each["bands"]
        for each in json.loads(store().read(f"{snapshot.folder}/manifest.json"))["samples"]
    }

    store().delete(f"chips/{chips['pool']}.npy")
    assert request_of(planned(campaign, snapshot), blobs=store())["split"] == "validation"

    store().delete(f"chips/{chips['validation']}.npy")
    with pytest.raises(NotFound):
        request_of(planned(campaign, snapshot), blobs=store())


def test_without_a_mask_or_a_model_there_is_nothing_to_compare():
    campaign = labelled_world()

    with pytest.raises(NotFound, match="nothing to compare"):
        compare(planned(campaign), who=None, blobs=store(), clock=clock.now)


def test_models_and_snapshots_go_by_a_word_or_their_first_letters(campaign, folder):
    snapshot = frozen(campaign)
    model = registered(folder, snapshot)

    assert snapshot_of(campaign, "newest") == snapshot_of(campaign, snapshot.hash[:12]) == snapshot
    names = ("champion", "newest", model.hash[:8])
    assert [model_named(campaign, name) for name in names] == [model] * 3
    assert model_named(campaign, "none") is None


@pytest.mark.parametrize("name", ["champion", "newest", "abc", "0123456789"])
def test_a_model_that_is_not_there_is_refused(campaign, name):
    with pytest.raises((BadInput, NotFound)) as refused:
        model_named(campaign, name)

    assert refused.value.field == "model"


def test_the_command_refuses_with_a_sentence(campaign):
    status, _, err = said("compare", "--campaign", "north", "--split", "test", "--model", "none")

    assert status == 1
    assert "no snapshot yet" in err
