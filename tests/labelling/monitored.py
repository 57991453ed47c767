"""Rounds that a model ranked, as rows alone. Synthetic."""

from __future__ import annotations

from labelling.models import Round, Score, Snapshot, Task
from tests.factories import NOON, TaskFactory
from tests.labelling.judged import listed
from tests.labelling.one_round import planned
from tests.worlds import painted_tile


def ranked_round(campaign, name="ab", *, n_labelled=3, **model) -> Round:
    """A finished round that a model ranked and that had so many labels."""
    made = planned(campaign, strategy="auto", batch=3)
    snapshot = Snapshot.objects.create(
        campaign=campaign,
        hash=f"{made.n:064d}",
        rule={},
        folder=f"snapshots/{made.n}",
        counts={"pool": n_labelled, "samples": n_labelled},
        created=NOON,
    )
    found = listed(campaign, name, **model)
    Round.objects.filter(pk=made.pk).update(
        state="done", ranked_by=found, model=found, snapshot=snapshot
    )
    made.refresh_from_db()
    return made


def picked(round: Round, number: int, *, slice: str = "control") -> Task:
    """A tile that the round picked."""
    campaign = round.campaign
    tile = painted_tile(campaign, number)
    chance = 0.1 if slice == "control" else None
    Score.objects.create(
        round=round, tile=tile, score=0.5, fractions={"0": 0.7, "1": 0.3}, picked=number,
        slice=slice, drawn={"probability": chance},
    )  # fmt: skip
    lane = "control" if slice == "control" else "active"
    return TaskFactory(campaign=campaign, tile=tile, lane=lane, round_no=round.n)
