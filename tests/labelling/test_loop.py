"""The whole loop once with people in it: random start, labels, a model, its batch first in line.

Painted (synthetic) tiles and a tiny network.
"""

from __future__ import annotations

import numpy as np
import pytest

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import QueueEmpty
from labelling.models import Annotation, Campaign, Score, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.rounds import plan_round, run_round
from labelling.workflow.submission import submit
from tests.factories import NOON, person
from tests.worlds import truth, world

pytestmark = pytest.mark.django_db

CROPS = [
    {
        "code": code if code < 14 else code + 100,  # codes need not be neighbours
        "name": f"crop {code}",
        "colour": f"#{code * 9:02x}80{255 - code * 9:02x}",
        "hotkey": "",
        "priority": code,
    }
    for code in range(28)
]


def turn(campaign: Campaign, strategy: str, *, batch: int) -> None:
    round = plan_round(
        campaign=campaign, strategy=strategy, batch=batch, seed=3, asked_by=None, now=NOON
    )
    job = round.jobs.get()
    assert job.take(now=clock.now())
    run_round(job, blobs=store(), clock=clock.now)
    round.refresh_from_db()
    assert (round.state, round.error) == ("done", "")
    campaign.refresh_from_db()


def label_everything(campaign: Campaign, by) -> list[Task]:
    """Claim and draw until the queue is empty; the tasks in the order they were served."""
    served = []
    while True:
        try:
            task = claim_next(campaign=campaign, person=by, now=clock.now()).task
        except QueueEmpty:
            return served
        label = truth(campaign, task.tile)
        submit(
            task=task,
            person=by,
            label=label,
            provenance=np.ones_like(label),
            schema_version=1,
            tool="test",
            now=clock.now(),
        )
        served.append(task)


@pytest.mark.parametrize("classes", [None, CROPS], ids=["4 classes", "28 classes"])
def test_the_loop_closes(classes):
    campaign = world(pool=7, validation=1, labelled=0, classes=classes, bands=["B02", "B08"])
    ana = person("ana", campaign=campaign)

    turn(campaign, "random", batch=3)
    first = label_everything(campaign, ana)
    turn(campaign, "auto", batch=2)
    second = label_everything(campaign, ana)

    assert (len(first), len(second)) == (3, 2)
    picked = Score.objects.filter(round__n=2, picked__isnull=False).order_by("picked")
    assert [task.tile_id for task in second] == [score.tile_id for score in picked]
    assert not {task.tile_id for task in first} & {task.tile_id for task in second}
    assert Annotation.objects.filter(author=ana).count() == 5
    if classes:
        assert max(int(code) for code in Annotation.objects.filter(author=ana)[0].pixels) <= 127
        assert set(Score.objects.filter(round__n=2)[0].fractions) == {
            str(each["code"]) for each in CROPS
        }
