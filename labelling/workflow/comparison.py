"""Set the model beside every mask of the catalogue, on the labels of one split.

The work is done in a child process; what it said is kept for good. The frozen test is opened only
with a reason, and every opening is kept, whatever becomes of it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound
from labelling.insights.comparison import (
    Catalogued,
    masks_of,
    opened_before,
    training_seconds,
)
from labelling.models import Campaign, Evaluation, Event, Model, Place, Snapshot, record
from labelling.workflow.children import run_child
from labelling.workflow.fetching import model_here, snapshot_here

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REPORT = "comparison.json"
LONGEST_REASON = 200
Tick = Callable[[dict[str, Any] | None], None]


@dataclass(frozen=True)
class Choices:
    """What a lead may choose of a comparison."""

    split: str = Place.Split.VALIDATION.value
    sources: Sequence[str] = ()
    """Names of masks; none: every mask in the catalogue."""
    why: str = ""
    """What the frozen test is opened for."""
    geometry: bool = True
    """Whether boundaries, buffers, objects and shadows are looked at, or pixels alone."""


@dataclass(frozen=True)
class Comparison:
    """What is to be compared."""

    campaign: Campaign
    snapshot: Snapshot
    model: Model | None
    """None: the masks alone."""
    choices: Choices
    masks: Sequence[Catalogued]
    tiles: int
    """Labelled tiles of the split."""

    @property
    def split(self) -> str:
        return self.choices.split


def plan(
    *,
    campaign: Campaign,
    snapshot: Snapshot,
    model: Model | None,
    choices: Choices | None = None,
    blobs: Blobs,
) -> Comparison:
    """Look what there is to compare; changes nothing.

    Raises BadInput for a test that nobody gave a reason to open, NotFound for a mask that none of
    the tiles has, or an empty split.
    """
    choices = choices or Choices()
    check_opening(choices.split, choices.why)
    if snapshot.campaign_id != campaign.pk:
        raise BadInput(
            f"Snapshot {snapshot} is of another campaign than {campaign.slug}.", field="snapshot"
        )
    manifest = json.loads(blobs.read(f"{snapshot.folder}/manifest.json"))
    entries = [each for each in manifest["samples"] if each["split"] == choices.split]
    if not entries:
        raise NotFound(
            f"Snapshot {snapshot} holds no labelled tile of split {choices.split}.",
            field="split",
            help="Label tiles of that split, and freeze another snapshot.",
        )
    masks = wanted(masks_of(campaign, entries), choices.sources)
    return Comparison(campaign, snapshot, model, choices, masks, len(entries))


def check_opening(split: str, why: str) -> None:
    if split not in Place.Split.values:
        raise BadInput(f"There is no split {split!r}.", field="split")
    if split == Place.Split.TEST and not why.strip():
        raise BadInput(
            "The frozen test is opened for a reason only: every look at it spoils it a little.",
            field="open_test",
            help='Compare on validation, or say --open-test "what for".',
        )
    if split != Place.Split.TEST and why:
        raise BadInput(
            f"Split {split} needs no reason to be opened.",
            field="open_test",
            help="Leave --open-test out, or say --split test.",
        )
    if len(why) > LONGEST_REASON:
        raise BadInput(
            f"A reason has at most {LONGEST_REASON} letters, not {len(why)}.", field="open_test"
        )


def wanted(masks: Sequence[Catalogued], sources: Sequence[str]) -> list[Catalogued]:
    """Those of the named sources. Raises NotFound for a name that none has."""
    there = {each.source for each in masks}
    if missing := [name for name in sources if name not in there]:
        raise NotFound(
            f"None of the split's tiles has a mask {', '.join(missing)}.",
            field="masks",
            help=f"There is: {', '.join(sorted(there)) or 'none'}. See `manage.py masks`.",
        )
    return [each for each in masks if not sources or each.source in sources]


def compare(
    comparison: Comparison,
    *,
    who: User | None,
    blobs: Blobs,
    clock: Callable[[], datetime],
    tick: Tick = lambda progress: None,
) -> Evaluation:
    """Judge model and masks in a child process and keep its report.

    An opening of the test is kept before anything is looked at. Raises JobFailed when the child
    refuses or dies; then no report is kept.
    """
    if comparison.model is None and not comparison.masks:
        raise NotFound(
            "There is nothing to compare: no model, and no mask of the split's tiles.",
            field="masks",
            help="Bring masks in with `manage.py masks`, or train a model.",
        )
    if comparison.split == Place.Split.TEST:
        open_test(comparison, who=who, now=clock())
    rooms = settings.WORKBENCH_VAR / "comparisons"
    rooms.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="compare-", dir=rooms) as room:
        report = done_in_child(comparison, Path(room), blobs=blobs, tick=tick)
    return keep(comparison, report, who=who, now=clock())


@transaction.atomic
def open_test(comparison: Comparison, *, who: User | None, now: datetime) -> Evaluation:
    """Note that the frozen test is looked at: when, by whom, and what for."""
    # The row is locked so that two openings at once don't get the same number.
    campaign = Campaign.objects.select_for_update().get(pk=comparison.campaign.pk)
    number = opened_before(campaign) + 1
    opening = Evaluation.objects.create(
        campaign=campaign,
        kind=Evaluation.Kind.TEST,
        snapshot=comparison.snapshot,
        model=comparison.model,
        split=comparison.split,
        why=comparison.choices.why,
        who=who,
        report={"opening": number, "masks": [each.name for each in comparison.masks]},
        created=now,
    )
    record(
        Event.Verb.OPENED_TEST, opening, campaign=campaign, who=who, now=now,
        why=comparison.choices.why, opening=number,
    )  # fmt: skip
    return opening


def done_in_child(
    comparison: Comparison, room: Path, *, blobs: Blobs, tick: Tick
) -> dict[str, Any]:
    asked = room / "request.json"
    asked.write_text(json.dumps(request_of(comparison, blobs=blobs)))
    run_child(
        "labelling.compute", "compare", asked, room / "out", log=room / "compare.log", tick=tick
    )
    report: dict[str, Any] = json.loads((room / "out" / REPORT).read_bytes())
    return report


def request_of(comparison: Comparison, *, blobs: Blobs) -> dict[str, Any]:
    """What the child is asked; brings what it reads onto this machine."""
    model, split = comparison.model, comparison.split
    return {
        "snapshot": str(snapshot_here(comparison.snapshot.folder, blobs=blobs, split=split)),
        "split": split,
        "geometry": comparison.choices.geometry,
        "model": str(model_here(model.folder, blobs=blobs)) if model else None,
        "learnt": learnt_here(model, blobs=blobs),
        "training_seconds": training_seconds(model) if model else None,
        "masks": [
            {
                **asdict(mask),
                "layers": {key: blobs.raster(raster) for key, raster in mask.layers.items()},
            }
            for mask in comparison.masks
        ],
    }


def learnt_here(model: Model | None, *, blobs: Blobs) -> str | None:
    """Folder with the manifest of what the model was trained on; its chips may be elsewhere."""
    if model is None or model.snapshot is None:
        return None
    return str(blobs.local(f"{model.snapshot.folder}/manifest.json").parent)


@transaction.atomic
def keep(
    comparison: Comparison, report: dict[str, Any], *, who: User | None, now: datetime
) -> Evaluation:
    model = comparison.model
    named = {
        **report,
        "snapshot": comparison.snapshot.hash,
        "model": {**report["model"], "hash": model.hash, "state": model.state} if model else None,
        "test_openings": opened_before(comparison.campaign),
    }
    evaluation = Evaluation.objects.create(
        campaign=comparison.campaign,
        kind=Evaluation.Kind.COMPARISON,
        snapshot=comparison.snapshot,
        model=model,
        split=comparison.split,
        why=comparison.choices.why,
        who=who,
        report=named,
        created=now,
    )
    record(
        Event.Verb.FINISHED, evaluation, campaign=comparison.campaign, who=who, now=now,
        split=comparison.split, masks=[each.name for each in comparison.masks],
        model=model.hash if model else "",
    )  # fmt: skip
    return evaluation
