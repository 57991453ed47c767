"""What a label teaches beside its pixels: the foresight and the cost. Synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.insights.monitor import control
from labelling.models import (
    Annotation,
    Foresight,
    LabelCost,
    Reservation,
    Round,
    Task,
)
from labelling.workflow.claims import claim_next
from labelling.workflow.comparing import compare_label
from labelling.workflow.costing import edges, pieces
from labelling.workflow.figures import keep_figures
from labelling.workflow.foreseeing import FORESEEN, MASKS, kappa, trained_before
from labelling.workflow.submission import submit
from tests.factories import NOON, person
from tests.labelling.monitored import picked, ranked_round
from tests.worlds import painted_tile, truth, world

pytestmark = pytest.mark.django_db


def foreseen(task: Task, round: Round, mask: np.ndarray) -> Task:
    """What the round's model had said of the task's tile is kept from sight."""
    folder = store().workplace(f"made/{task.pk}/{FORESEEN}")
    folder.mkdir(parents=True)
    np.savez_compressed(folder / MASKS, **{str(task.tile.uuid): mask})
    store().adopt(folder, f"rounds/{round.campaign.slug}/{round.n}/{FORESEEN}")
    return task


def handed_in(task: Task, who, label: np.ndarray, *, minutes: int = 4) -> Annotation:
    assert claim_next(campaign=task.campaign, person=who, now=NOON).task == task
    Reservation.objects.filter(task=task).update(active_seconds=60 * minutes)
    made = submit(
        task=task, person=who, label=label, provenance=np.ones_like(label), schema_version=1,
        tool="test", now=NOON, overrule=(), note="",
    )  # fmt: skip
    compare_label(annotation_id=made.pk, now=NOON)
    return made


@pytest.fixture
def north():
    return world(pool=1, validation=0, slug="north")


def test_a_control_label_is_held_against_what_the_model_had_said_unseen(north):
    round, ana = ranked_round(north), person("ana", campaign=north)
    label = truth(north, painted_tile(north, 7))
    said = label.copy()
    said[: len(label) // 4] = (label[: len(label) // 4] + 1) % 4  # a quarter is wrong
    task = foreseen(picked(round, 8), round, said)
    keep_figures({task.tile_id: np.arange(23, dtype="<f4").tobytes()}, north.bands)

    made = handed_in(task, ana, label)

    held = Foresight.objects.get()
    assert (held.annotation, held.slice, held.probability) == (made, "control", 0.1)
    assert np.trace(np.array(held.confusion)) == label.size * 3 // 4
    told = control(north)
    assert told.now.accuracy.value == pytest.approx(0.75, abs=1e-4)
    assert (told.now.tiles, told.rounds[0].labelled, told.waiting) == (1, 3, 0)
    paid = LabelCost.objects.get()
    assert (paid.seconds, paid.figures["predicted 1"]) == (240, 0.3)
    assert paid.figures["haze"] == pytest.approx(2 / 10_000)  # the third figure of the first band
    assert paid.figures["edges"] > 0
    compare_label(annotation_id=made.pk, now=NOON)  # done before: nothing is written twice
    assert (Foresight.objects.count(), LabelCost.objects.count()) == (1, 1)


def test_a_newer_label_of_the_tile_replaces_what_the_model_is_held_against(north):
    round, ana = ranked_round(north), person("ana", campaign=north)
    label = truth(north, painted_tile(north, 7))
    task = foreseen(picked(round, 8), round, label)
    first = handed_in(task, ana, label)
    other = Annotation.objects.create(
        acquisition=first.acquisition, schema=first.schema, n=2, task=task, author=ana,
        tool="review", source="campaign", parent=first, raster=first.raster, sha256="0" * 64,
        pixels={}, labelled_share=1, created=NOON,
    )  # fmt: skip

    compare_label(annotation_id=other.pk, now=NOON)

    assert Foresight.objects.get().annotation == other
    assert LabelCost.objects.get().annotation == first  # a correction isn't what the tile takes


def test_successive_models_are_compared_on_tiles_that_both_saw(north):
    plane = np.arange(64, dtype=np.uint8).reshape(8, 8) % 4
    nothing = np.full((8, 8), 255, np.uint8)

    assert kappa({"a": plane}, {"a": plane, "b": nothing}, classes=4) == 1
    assert kappa({"a": plane}, {"a": (plane + 1) % 4}, classes=4) < 0
    assert kappa({"a": plane}, {"b": plane}, classes=4) is None
    assert kappa({"a": plane}, {"a": nothing}, classes=4) is None
    assert kappa({"a": plane}, {"a": plane[:4]}, classes=4) is None
    first, second = ranked_round(north, "ab"), ranked_round(north, "cd")
    assert (trained_before(second), trained_before(first)) == (first, None)


def test_edges_and_pieces_of_a_label():
    plane = np.zeros((10, 10), np.uint8)
    plane[2:4, 2:4] = plane[6:8, 6:8] = 1
    plane[0] = 255

    assert pieces(plane) == 3
    assert 0.3 < edges(plane) < 0.6
    assert edges(np.full((4, 4), 255, np.uint8)) == 0
