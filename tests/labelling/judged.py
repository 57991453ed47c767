"""A round whose fit is done, with models to judge. All painted: synthetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labelling.adapters.blobs import store
from labelling.compute.judge import judge
from labelling.errors import JobFailed
from labelling.models import Campaign, ClassSchema, Model, Round, Snapshot
from labelling.workflow.attempt import Attempt
from tests.factories import NOON
from tests.labelling.compared import BANDS, MODEL_FILES, frozen
from tests.labelling.one_round import planned, taken
from tests.labelling.scored import score_here
from tests.training.snapshots import SnapshotFolder, paint
from tests.worlds import TINY, world
from training.config import FitConfig
from training.errors import Refusal
from training.fit import fit

EASY = {"reference_scenes": 0, "least_scenes": 1, "margin": 1, "ece_limit": 1, "ece_tolerance": 1}
"""Rules by which any class that validation holds in three scenes passes."""
CLASSES = [
    {"code": code, "name": name}
    for code, name in enumerate(("clear", "cloud", "semi-transparent", "shadow"))
]


def trained(room: Path, *, seed: int) -> Path:
    """The folder of a model fitted for two steps: it knows nothing."""
    painted = SnapshotFolder(room, band_names=BANDS)
    for number in range(3):
        painted.add(*paint(number, bands=len(BANDS)))
    out = room / f"model-{seed}"
    fit(FitConfig(**{**TINY, "steps": 2, "seed": seed}), painted.write(), out)
    return out


def kept(folder: Path, campaign: Campaign, *, state: str = "candidate", **values: Any) -> Model:
    """Rows and blobs of the model in `folder`."""
    card = json.loads((folder / "card.json").read_text())
    key = f"models/{card['card_sha256']}"
    for name in MODEL_FILES:
        store().write(f"{key}/{name}", (folder / name).read_bytes())
    return Model.objects.create(
        hash=card["card_sha256"], campaign=campaign, folder=key, card=card, state=state,
        created=NOON, **values,
    )  # fmt: skip


def listed(campaign: Campaign, name: str, **values: Any) -> Model:
    """A model of the campaign's kind without files."""
    row = {"card": {"bands": campaign.bands, "classes": CLASSES}, "folder": f"models/{name}"}
    return Model.objects.create(
        **{"hash": name * 32, "campaign": campaign, "created": NOON, **row, **values}
    )


def stored(campaign: Campaign, name: str, **values: Any) -> Model:
    """A model of the campaign's kind whose files are there, though they hold nothing."""
    model = listed(campaign, name, **values)
    for file in MODEL_FILES:
        store().write(f"{model.folder}/{file}", b"painted")
    return model


def judging_world(*, validation: int = 2, **promotion: Any) -> Campaign:
    """Scenes of validation, one of test, one of the pool, all labelled."""
    return world(
        pool=1,
        labelled=1,
        validation=validation,
        test=1,
        slug="north",
        promotion={**EASY, **promotion},
    )


def judging_here(module: str, work: str, request: Path, out: Path, **_: Any) -> None:
    """What the judging child does, in this process: it takes seconds to start one."""
    assert (module, work) == ("labelling.compute", "judge")
    try:
        judge(json.loads(request.read_text()), out)
    except Refusal as refused:
        raise JobFailed(str(refused)) from None


def rename_class(campaign: Campaign, name: str, to: str) -> None:
    """The campaign has a new version of its classes."""
    classes = [{**each, "name": to if each["name"] == name else each["name"]}
               for each in campaign.schema.classes]  # fmt: skip
    newer = ClassSchema.objects.create(campaign=campaign, version=2, classes=classes)
    Campaign.objects.filter(pk=campaign.pk).update(schema=newer)


def scored_in_process(campaign: Campaign, model: Model, *, strategy: str) -> Attempt:
    """What a worker works with that has just scored the pool with this model; without a child."""
    round = planned(campaign, strategy=strategy, batch=3)
    Round.objects.filter(pk=round.pk).update(step="pick", model=model, ranked_by=model)
    attempt = taken(round)
    score_here(attempt)
    attempt.adopt("score")
    return attempt


def at_the_judge(campaign: Campaign, candidate: Model | None) -> Attempt:
    """What a worker works with whose round has frozen its labels and trained `candidate`."""
    round = planned(campaign, strategy="entropy", batch=1)
    snapshot: Snapshot = frozen(campaign)
    fitted = {"step": "judge", "snapshot": snapshot, "model": candidate}
    Round.objects.filter(pk=round.pk).update(**fitted)
    return taken(round)
