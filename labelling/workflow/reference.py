"""The reference lane: a probability sample of the validation and test places, labelled twice.

The sample is drawn by lasting numbers: each place has a number between 0 and 1 that only the seed
and its name decide, and the smallest are drawn. So a larger sample holds the smaller one, and what
was drawn before counts. Of a drawn place one acquisition is drawn the same way.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from labelling.errors import BadInput, Conflict
from labelling.models import Annotation, Campaign, Event, Place, Task, Tile, record
from labelling.workflow.pool import servable_tiles

COPIES = 2
"""Blind labels of each acquisition."""
SPLITS = (Place.Split.VALIDATION, Place.Split.TEST)
MOST_PLACES = 10_000
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Sample:
    """What a draw decided."""

    drawn: Mapping[int, float]
    """{tile id: probability that its acquisition was drawn}, of all that belong to the sample."""
    places: Mapping[str, int]
    """{split: places that could be drawn}."""
    new: int
    """Tiles that weren't in the sample before."""

    def facts(self) -> dict[str, Any]:
        return {"sample": len(self.drawn), "new": self.new, "places": dict(self.places)}


def draw_reference(
    *,
    campaign: Campaign,
    places: int,
    seed: int,
    who: User | None,
    now: datetime,
    dry_run: bool = False,
) -> Sample:
    """Have `places` places in the reference sample, each with two blind tasks without a pre-label.

    Each split gets the share of the places that it has of the ground, at least one. Drawing again
    with the same seed and more places adds to the sample; it never takes a place out of it.

    Raises BadInput (places, seed) and Conflict: another seed has been used, or a drawn tile has its
    task since.
    """
    _check(places, seed)
    _refuse_other_seed(campaign, seed)
    frame = frame_of(campaign)
    chosen = chosen_of(frame, places, seed)
    before = set(
        Task.objects.of(campaign).filter(lane=Task.Lane.REFERENCE).values_list("tile", flat=True)
    )
    fresh = [tile for tile in chosen if tile not in before]
    sizes = {split: len(of_split) for split, of_split in frame.items()}
    sample = Sample(chosen, sizes, len(fresh))
    if not dry_run and fresh:
        _open(campaign, sample, fresh, who=who, now=now, seed=seed)
    return sample


def inclusion_probabilities(campaign: Campaign) -> dict[int, float]:
    """{acquisition id: probability} of the reference sample, by the newest draw. Two queries."""
    draw = _draws(campaign).order_by("-pk").first()
    if draw is None:
        return {}
    told = {int(tile): chance for tile, chance in draw.detail["probabilities"].items()}
    found = Task.objects.of(campaign).filter(lane=Task.Lane.REFERENCE, copy=0, tile__in=told)
    return {moment: told[tile] for moment, tile in found.values_list("acquisition", "tile")}


def reference_scenes(campaign: Campaign, *, splits: Collection[str] = SPLITS) -> dict[str, int]:
    """{class code: scenes of the reference sample in which a usable label has the class}.

    What the campaign's minimum for a promotion counts, in the validation places. Causes one query.
    """
    labels = Annotation.objects.usable(campaign.schema_id).filter(
        task__lane=Task.Lane.REFERENCE,
        acquisition__place__split__in=splits,
    )
    scenes: dict[str, set[int]] = defaultdict(set)
    for scene, pixels in labels.values_list("task__tile__scene", "pixels"):
        for code, count in pixels.items():
            if count:
                scenes[code].add(scene)
    return {code: len(found) for code, found in scenes.items()}


def _check(places: int, seed: int) -> None:
    if not 1 <= places <= MOST_PLACES:
        raise BadInput(f"A sample has 1 to {MOST_PLACES} places, not {places}.", field="places")
    if not 0 <= seed <= LARGEST_SEED:
        raise BadInput(f"A seed is from 0 to {LARGEST_SEED}, not {seed}.", field="seed")


def _draws(campaign: Campaign) -> Any:
    return Event.objects.about(campaign).filter(
        verb=Event.Verb.CREATED, detail__lane=Task.Lane.REFERENCE, detail__has_key="probabilities"
    )


def _refuse_other_seed(campaign: Campaign, seed: int) -> None:
    earlier = _draws(campaign).order_by("-pk").first()
    if earlier and earlier.detail["seed"] != seed:
        used = earlier.detail["seed"]
        raise Conflict(
            f"The reference sample was drawn with seed {used}.",
            field="seed",
            help=f"Use seed {used} to add to it: with another one its probabilities were unknown.",
        )


Frame = dict[str, dict[str, list[Tile]]]
"""{split: {place: its servable tiles, one an acquisition}}."""


def frame_of(campaign: Campaign) -> Frame:
    frame: Frame = {split.value: defaultdict(list) for split in SPLITS}
    tiles = servable_tiles(campaign).filter(acquisition__place__split__in=SPLITS)
    for tile in tiles.select_related("acquisition__place").order_by("pk"):
        place = tile.acquisition.place
        frame[place.split][place.key].append(tile)
    if not any(frame.values()):
        raise BadInput(
            "No validation or test place has a tile that may be served.",
            field="places",
            help="Bring in products of such places; `split show` counts them.",
        )
    return frame


def chosen_of(frame: Frame, places: int, seed: int) -> dict[int, float]:
    """{tile id: probability}, place by place."""
    chosen = {}
    for split, many in _allotted(frame, places).items():
        ground = frame[split]
        for key in sorted(ground, key=lambda place: _lasting(seed, place))[:many]:
            tile = min(ground[key], key=lambda each: _lasting(seed, each.acquisition.key))
            chosen[tile.pk] = many / len(ground) / len(ground[key])
    return chosen


def _allotted(frame: Frame, places: int) -> dict[str, int]:
    """{split: places to draw there}, never fewer for a larger sample."""
    ground = {split: len(found) for split, found in frame.items() if found}
    total = sum(ground.values())
    # Rounded up, so that a split never loses a place when the sample grows.
    return {
        split: min(count, max(1, -(-places * count // total))) for split, count in ground.items()
    }


def _lasting(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()


@transaction.atomic
def _open(
    campaign: Campaign,
    sample: Sample,
    fresh: Iterable[int],
    *,
    who: User | None,
    now: datetime,
    seed: int,
) -> None:
    tiles = Tile.objects.in_bulk(list(fresh))
    tasks = [
        Task(
            campaign=campaign,
            acquisition_id=tile.acquisition_id,
            tile=tile,
            lane=Task.Lane.REFERENCE,
            copy=copy,
            cause=f"drawn with probability {sample.drawn[tile.pk]:.4g}",
            created=now,
        )
        for tile in tiles.values()
        for copy in range(COPIES)
    ]
    try:
        with transaction.atomic():
            Task.objects.bulk_create(tasks)
    except IntegrityError:
        raise Conflict(
            "A drawn tile has its reference task since.", field="places", help="Draw again."
        ) from None
    record(
        Event.Verb.CREATED,
        campaign,
        campaign=campaign,
        who=who,
        now=now,
        lane=Task.Lane.REFERENCE.value,
        seed=seed,
        places=dict(sample.places),
        probabilities={str(tile): chance for tile, chance in sample.drawn.items()},
    )
