"""The split before and after it is frozen: preview what given scenes would come to, freeze, show.

What a scene's tiles get is decided by imagery/split.py. Here nothing is cut and no pixel of a scene
is read: only headers, and the label files that lie beside the scenes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from labelling.errors import BadInput, Conflict, WorkbenchError
from labelling.imagery.labelfile import UNSURE, reading_label
from labelling.imagery.layout import lay_out
from labelling.imagery.products.find import inspect
from labelling.imagery.products.product import Product
from labelling.imagery.split import SPLITS, check_shares, split_of
from labelling.models import Acquisition, CampaignTile, Installation, Place, record
from labelling.workflow.ingest.fences import SPLIT_BORDER
from labelling.workflow.ingest.sources import Source, find_sources

FEWEST = 3
"""Scenes of a class that a split should have: figures from fewer say little about the class."""

Shares = Mapping[str, float]


@dataclass
class ClassCount:
    """Where a class is found."""

    scenes: int = 0
    tiles: int = 0
    pixels: int = 0


@dataclass
class SplitCounts:
    """What a split would get."""

    scenes: int = 0
    """Acquisitions with at least one tile that isn't fenced."""
    tiles: int = 0
    classes: dict[str, ClassCount] = field(default_factory=dict)
    """{class name: …}, from the label files, without fenced tiles."""


@dataclass
class SplitPlan:
    """What some scenes would come to under a split."""

    shares: dict[str, float]
    seed: int
    frozen: bool
    """Whether these are the installation's own and can't be changed any more."""
    splits: dict[str, SplitCounts]
    fenced: int = 0
    """Tiles that show ground of two splits: kept, never served."""
    labelled: int = 0
    """Scenes with a label file."""
    refused: dict[str, str] = field(default_factory=dict)
    """{file: why it can't be read}."""

    @property
    def warnings(self) -> list[str]:
        """A sentence for each split with too few scenes, or too few of a class."""
        found = []
        for split, counts in self.splits.items():
            if self.shares[split] and counts.scenes < FEWEST:
                found.append(f"{split} has {_scenes(counts.scenes)}, fewer than {FEWEST}.")
            elif self.shares[split] and self.labelled:
                found += [
                    f"{split} has {_scenes(count.scenes)} of {name}, fewer than {FEWEST}."
                    for name, count in counts.classes.items()
                    if count.scenes < FEWEST
                ]
        return found

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"warnings": self.warnings}


def plan_split(
    paths: Sequence[Path],
    *,
    size: int,
    classes: Sequence[Mapping[str, Any]],
    split: tuple[Shares, int],
    labels: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SplitPlan:
    """What the scenes of `paths` (files or folders), cut in `size` pixels, come to under `split`.

    `split` is (shares, seed); those of a frozen installation go before. `classes` are a campaign's
    [{code, name, …}], `labels` a folder of label files. `progress` is called with scenes done and
    in all. What can't be read is told in the plan. Raises BadInput for unfair shares. Writes
    nothing.
    """
    frozen = the_frozen_split()
    shares, seed = frozen or split
    check_shares(shares)
    names = {each["code"]: each["name"] for each in classes}
    empty = {
        s: SplitCounts(classes={name: ClassCount() for name in names.values()}) for s in SPLITS
    }
    plan = SplitPlan(dict(shares), seed, bool(frozen), empty)
    seen: dict[str, set[object]] = defaultdict(set)
    sources = [source for source in find_sources(paths, labels=labels) if not source.skip]
    for done, source in enumerate(sources, start=1):
        try:
            _add(plan, seen, source, size=size, names=names)
        except WorkbenchError as error:
            plan.refused[source.path.name] = str(error)
        progress(done, len(sources))
    return plan


@transaction.atomic
def freeze_split(*, shares: Shares, seed: int, who: User | None, now: datetime) -> Installation:
    """Freeze the installation's split, for ever. Raises Conflict when it is frozen already."""
    check_shares(shares)
    try:
        with transaction.atomic():
            made = Installation.objects.create(
                pk=1, split_shares=dict(shares), split_seed=seed, frozen=now
            )
    except IntegrityError:
        there = Installation.objects.get(pk=1)
        raise Conflict(
            f"The split was frozen on {there.frozen:%Y-%m-%d}: {dict(there.split_shares)}, seed "
            f"{there.split_seed}.",
            field="split",
            help="It can't be changed: test places would enter the pool. See `split show`.",
        ) from None
    record("froze", made, campaign=None, who=who, now=now, shares=dict(shares), seed=seed)
    return made


def the_frozen_split() -> tuple[Shares, int] | None:
    """(shares, seed) of the installation; None while nothing has frozen them. One query."""
    found = Installation.objects.filter(pk=1).first()
    return (found.split_shares, found.split_seed) if found else None


def split_counts() -> dict[str, dict[str, int]]:
    """{split: {squares, places, acquisitions, tiles, fenced}} of all that is stored. Three queries.

    `fenced` are enrolments kept back because they cross a split border.
    """
    told = {split: dict.fromkeys(("squares", "places", "acquisitions", "tiles", "fenced"), 0)
            for split in SPLITS}  # fmt: skip
    places = Place.objects.order_by("split").values("split").annotate(
        squares=Count("square", distinct=True), places=Count("pk")
    )  # fmt: skip
    moments = (
        Acquisition.objects.order_by("place__split")
        .values("place__split")
        .annotate(acquisitions=Count("pk", distinct=True), tiles=Count("tiles"))
    )
    at_border = Count("pk", filter=Q(fence=SPLIT_BORDER))
    fences = CampaignTile.objects.order_by("tile__acquisition__place__split").values_list(
        "tile__acquisition__place__split"
    )
    for row in places:
        told[row.pop("split")] |= row
    for row in moments:
        told[row.pop("place__split")] |= row
    for split, fenced in fences.annotate(n=at_border):
        told[split]["fenced"] = fenced
    return told


def _add(
    plan: SplitPlan,
    seen: dict[str, set[object]],
    source: Source,
    *,
    size: int,
    names: Mapping[int, str],
) -> None:
    """Count one scene into the plan; `seen` are the acquisitions counted, by split and class."""
    if source.refusal:
        raise BadInput(f"{source.path.name}: {source.refusal}.", field="path")
    product = inspect(source.path)
    moment = (product.mgrs or product.product_id, product.taken)
    labels = _labels(source, product, size)
    plan.labelled += bool(labels)
    for spot in lay_out(product, size=size):
        split, *others = {_split(plan, ground): None for ground in (spot.ground, *spot.touched)}
        if others:
            plan.fenced += 1
            continue
        counts = plan.splits[split]
        counts.tiles += 1
        seen[split].add(moment)
        counts.scenes = len(seen[split])
        for code, pixels in labels.get(spot.place, Counter()).items():
            if code in names:
                _count_class(counts.classes[names[code]], pixels, seen[f"{split}/{code}"], moment)


def _split(plan: SplitPlan, ground: str) -> str:
    return split_of(ground, plan.shares, seed=plan.seed)


def _count_class(count: ClassCount, pixels: int, seen: set[object], moment: object) -> None:
    seen.add(moment)
    count.scenes = len(seen)
    count.tiles += 1
    count.pixels += pixels


def _labels(source: Source, product: Product, size: int) -> dict[str, Counter[int]]:
    """{place: {code: pixels}} of the label file beside a scene; empty without one."""
    if source.label is None:
        return {}
    shape = {"height": product.height, "width": product.width}
    with reading_label(source.label, **shape, codes=range(UNSURE)) as reader:
        return {
            spot.place: _codes(reader.tile(spot.window)) for spot in lay_out(product, size=size)
        }


def _codes(label: np.ndarray) -> Counter[int]:
    """{class code: pixels}, without 254 and 255."""
    counted = np.bincount(label.ravel(), minlength=256)[:UNSURE]
    return Counter({int(code): int(counted[code]) for code in np.flatnonzero(counted)})


def _scenes(count: int) -> str:
    return f"{count} {'scene' if count == 1 else 'scenes'}"
