"""Nothing that an annotator is told gives away which tiles measure something.

A tile that shows a pre-label is an active one; that is no secret. The tiles without one are, beside
control, gold, reference and second ones, at least as many active ones, and these are what a
classifier tries to tell apart here, on everything that the API says of them. All is synthetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labelling.models import Annotation, Guidance, Membership, Task
from labelling.workflow.comparing import compare_label
from labelling.workflow.gold import add_gold
from labelling.workflow.gold_tasks import top_up
from labelling.workflow.hints import UNAIDED, drawn_plain, plain_share, shown_layer
from labelling.workflow.overlap import drawn_overlap, second_copies
from labelling.workflow.quality_rules import quality_rules
from tests.factories import NOON, PlaceFactory, person, rank
from tests.labelling.api.conftest import signed_in
from tests.labelling.quality.hands import (
    SIZE,
    give_prelabel,
    hand_in,
    small_task,
    striped,
)
from tests.labelling.quality.telling import as_json, features, strongest, telling

pytestmark = pytest.mark.django_db

TILES = 56
"""That Ana labels: no lane runs dry on the way. (What is left when one has is no mix any more.)"""
LEVEL = 0.001
"""Of both statistics: that chance alone makes this test fail happens once in 500 runs."""
PLANES = np.stack([striped(0, 1), np.ones((SIZE, SIZE), np.uint8)]).tobytes()


@pytest.fixture
def stream(campaign) -> tuple[list[dict[str, Any]], list[Task]]:
    """Everything Ana was told of each tile she labelled, and the tiles, in order."""
    campaign.queue = {"gold_first": 0}  # past a newcomer's first tiles, known to be gold
    campaign.quality = {"gold_share": 0.15, "overlap_share": 0.1}
    campaign.save()
    ana, ben = (person(name, campaign=campaign) for name in ("ana", "ben"))
    lea = person("lea", campaign=campaign, role="lead")
    PlaceFactory.reset_sequence(1000)  # so that the names of all places have one length
    make_gold(campaign, lea, tiles=16)
    open_batch(campaign, active=80, control=16, others=ben)
    Membership.objects.filter(user=ana).update(qualification={"qualified": "2026-01-01"})
    return labelled_by(ana, campaign)


def make_gold(campaign, lea, *, tiles: int) -> None:
    for _ in range(tiles):
        task = small_task(campaign, lane="pick", round_no=0)
        label = hand_in(task, lea, striped(0, 1), state="accepted")
        add_gold(campaign=campaign, annotation=label, who=lea, now=NOON)


def open_batch(campaign, *, active: int, control: int, others) -> None:
    """What a round opens; of the tiles that several people label Ben has had one copy."""
    rules = quality_rules(campaign)
    batch = [small_task(campaign) for _ in range(active)]
    names = {task.tile.uuid: task for task in batch}
    several = [names[name] for name in drawn_overlap(names, share=rules.overlap_share, seed=3)]
    seconds = [copy for task in several for copy in second_copies(task, rules, now=NOON)]
    Task.objects.bulk_create(seconds)
    for copy in seconds:
        task = Task.objects.get(acquisition=copy.acquisition_id, lane="active")
        hand_in(task, others, striped(0, 1), state="accepted")
    left = [task for task in batch if task not in several]
    share = plain_share(rules, active=len(left), unaided=control + len(seconds))
    plain = drawn_plain([task.tile.uuid for task in left], share=share, seed=3)
    for task in left:
        give_prelabel(task, striped(0, 1), arm="plain" if task.tile.uuid in plain else "hinted")
        Guidance.objects.create(task=task, heat=bytes(range(64)), heat_rows=8)
    rank(campaign, *left, *(small_task(campaign, lane="control") for _ in range(control)))


def labelled_by(ana, campaign) -> tuple[list[dict[str, Any]], list[Task]]:
    client, told, tiles = signed_in(ana), [], []
    top_up(campaign=campaign, now=NOON)
    for _ in range(TILES):
        claim = client.post(f"/api/v1/campaigns/{campaign.slug}/queue/next")
        task = Task.objects.select_related("prelabel", "tile__acquisition__place").get(
            uuid=claim.json()["id"]
        )
        tiles.append(task)
        told.append(all_told(client, claim, task, campaign))
    return told, tiles


def all_told(client, claim, task: Task, campaign) -> dict[str, Any]:
    """Every answer to Ana about a tile, before and after she hands it in."""
    at = f"/api/v1/tasks/{task.uuid}"
    told = {
        "claim": as_json(claim),
        "prelabel": as_json(client.get(f"/api/v1/tiles/{task.tile.uuid}/prelabel")),
        "guidance": as_json(client.get(f"{at}/guidance")),
        "heat": as_json(client.get(f"{at}/heat")),
        "heartbeat": as_json(client.post(f"{at}/heartbeat")),
        "submit": as_json(
            client.post(
                f"{at}/submit?schema_version=1", PLANES, content_type="application/octet-stream"
            )
        ),
    }
    label = Annotation.objects.get(uuid=told["submit"]["body"]["id"])
    compare_label(annotation_id=label.pk, now=NOON)
    for name, address in {
        "task": at,
        "history": f"{at}/history",
        "feedback": f"{at}/feedback",
        "edits": f"/api/v1/annotations/{label.uuid}/edits",
        "work": f"/api/v1/me/work?campaign={campaign.slug}",
    }.items():
        told[name] = as_json(client.get(address))
    told["late"] = as_json(client.post(f"{at}/heartbeat"))
    return told


def unaided_ones(
    stream: tuple[list[dict[str, Any]], list[Task]],
) -> tuple[list[dict[str, Any]], np.ndarray, list[Task]]:
    """Of the tiles without pre-label what was told, and 1 where they measure something."""
    chosen = [
        (told, task)
        for told, task in zip(*stream)
        if task.lane in UNAIDED or (task.lane == "active" and shown_layer(task) is None)
    ]
    secret = np.array([float(task.lane in UNAIDED) for _, task in chosen])
    return [told for told, _ in chosen], secret, [task for _, task in chosen]


def test_a_classifier_cannot_tell_the_lanes_apart_but_finds_a_planted_leak(stream):
    told, secret, tasks = unaided_ones(stream)
    assert {task.lane for task in tasks} == {"active", "control", "gold", "second"}
    assert secret.sum() >= 18
    assert secret.sum() <= len(secret) / 2  # at least as many active ones

    names, matrix = features(told)
    assert min(telling(matrix, secret).values()) > LEVEL, strongest(names, matrix, secret)

    # As the leak this test has found: a label's number told that others had labelled the tile.
    # Planted on all that measure, so that it doesn't take luck to see it.
    for each, measures in zip(told, secret):
        each["submit"]["body"]["n"] = 2 if measures else 1
    names, matrix = features(told)
    assert telling(matrix, secret)["single"] <= LEVEL
    assert strongest(names, matrix, secret).startswith(".submit.body.n")


def test_the_classifier_sees_what_only_several_features_tell_together():
    dice = np.random.default_rng(1)
    secret = (np.arange(80) % 2).astype(float)
    weak = secret[:, None] * 0.8 + dice.normal(size=(80, 30))

    assert telling(weak, secret)["together"] <= LEVEL
    assert min(telling(dice.normal(size=(80, 30)), secret).values()) > LEVEL
