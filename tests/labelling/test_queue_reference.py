"""The reference sample: drawn with known probabilities, labelled twice, blind and unaided."""

from __future__ import annotations

from collections import Counter

import pytest

from labelling.errors import BadInput, Conflict
from labelling.models import Annotation, Event, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.reference import (
    chosen_of,
    draw_reference,
    frame_of,
    inclusion_probabilities,
    reference_scenes,
)
from tests.factories import NOON, AcquisitionFactory, PlaceFactory, TileFactory

pytestmark = pytest.mark.django_db


def ground(campaign, *, validation=0, test=0, pool=0, dates=1):
    """Places with a tile for each of some dates."""
    for split, many in (("validation", validation), ("test", test), ("pool", pool)):
        for _ in range(many):
            place = PlaceFactory(split=split)
            for day in range(dates):
                moment = AcquisitionFactory(place=place, taken=NOON.replace(day=1 + day))
                TileFactory(acquisition=moment, campaign=campaign)


def draw(campaign, places, *, seed=1, **how):
    return draw_reference(campaign=campaign, places=places, seed=seed, who=None, now=NOON, **how)


def test_each_split_gets_its_part_of_the_sample_and_the_pool_none(campaign):
    ground(campaign, validation=4, test=8, pool=5)

    sample = draw(campaign, 6)

    splits = Counter(Task.objects.values_list("acquisition__place__split", flat=True))
    assert splits == {"validation": 4, "test": 8}  # two and four places, two copies each
    assert sample.places == {"validation": 4, "test": 8}
    assert set(Task.objects.values_list("lane", "prelabel", "round_no")) == {("reference", None, 0)}


def test_the_probability_of_each_acquisition_is_kept(campaign):
    ground(campaign, validation=4, dates=2)

    draw(campaign, 2)

    chances = inclusion_probabilities(campaign)
    assert len(chances) == 2
    assert set(chances.values()) == {2 / 4 / 2}
    assert set(Task.objects.values_list("cause", flat=True)) == {"drawn with probability 0.25"}


def test_a_larger_sample_with_the_same_seed_holds_the_smaller_one(campaign):
    ground(campaign, validation=6, test=6)
    draw(campaign, 4)
    before = set(Task.objects.values_list("pk", flat=True))

    sample = draw(campaign, 8)

    assert (len(sample.drawn), sample.new) == (8, 4)
    assert before < set(Task.objects.values_list("pk", flat=True))
    assert set(inclusion_probabilities(campaign).values()) == {8 / 12}


def test_the_same_draw_again_changes_nothing(campaign):
    ground(campaign, validation=4)
    draw(campaign, 2)

    assert draw(campaign, 2).new == 0
    assert Task.objects.count() == 4
    assert Event.objects.about(campaign).filter(verb="created").count() == 1


def test_another_seed_is_refused_because_the_probabilities_would_be_unknown(campaign):
    ground(campaign, validation=4)
    draw(campaign, 2)

    with pytest.raises(Conflict, match="was drawn with seed 1") as refusal:
        draw(campaign, 3, seed=2)

    assert refusal.value.field == "seed"


def test_every_place_is_drawn_as_often_as_its_probability_says(campaign):
    ground(campaign, validation=5)
    frame, drawn = frame_of(campaign), Counter()

    for seed in range(300):
        drawn.update(list(chosen_of(frame, 2, seed)))

    # Binomial(300, 0.4) has mean 120 and standard deviation 8.5; five of them are asked.
    assert all(120 - 45 < times < 120 + 45 for times in drawn.values())
    assert len(drawn) == 5


def test_a_campaign_without_such_places_is_told(campaign):
    ground(campaign, pool=2)

    with pytest.raises(BadInput, match="No validation or test place"):
        draw(campaign, 2)


@pytest.mark.parametrize(("places", "seed", "field"), [(0, 1, "places"), (1, -1, "seed")])
def test_numbers_that_make_no_sense_are_refused(campaign, places, seed, field):
    with pytest.raises(BadInput) as refusal:
        draw(campaign, places, seed=seed)

    assert refusal.value.field == field


def test_the_two_copies_go_to_two_people(campaign, ana, ben):
    ground(campaign, test=1)
    draw(campaign, 1)

    first = claim_next(campaign=campaign, person=ana, now=NOON).task
    second = claim_next(campaign=campaign, person=ben, now=NOON).task

    assert first.acquisition == second.acquisition
    assert {first.copy, second.copy} == {0, 1}


def test_scenes_of_the_sample_are_counted_by_class(campaign, ana):
    ground(campaign, test=2)
    draw(campaign, 2)
    for task in Task.objects.filter(copy=0):
        Annotation.objects.create(
            acquisition=task.acquisition, schema=campaign.schema, n=1, task=task, author=ana,
            tool="t", source="campaign", raster="r", sha256="h", labelled_share=1, created=NOON,
            pixels={"0": 5, "1": 3 if task.pk == Task.objects.first().pk else 0},
        )  # fmt: skip
    Task.objects.update(state="accepted")

    assert reference_scenes(campaign) == {"0": 2, "1": 1}
