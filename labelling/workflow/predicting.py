"""The cloud mask of a whole product by one of our models, made in a child process.

It is no job of the database: product, model and mask are files, and the mask's own folder knows how
far it is.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound
from labelling.insights.comparison import CHAMPION, NONE, SHORTEST, model_named
from labelling.models import Campaign, Model
from labelling.models.campaign import DEFAULT_CLASSES
from labelling.workflow.children import run_child
from labelling.workflow.fetching import MODEL_FILES, model_here

WINDOW, OVERLAP = 1024, 128
Tick = Callable[[dict[str, Any] | None], None]
QUIET = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait for others of the network must not keep those that read from their core."""


@dataclass(frozen=True)
class Wanted:
    """The mask that is asked for."""

    product: Path
    target: Path
    window: int = WINDOW
    """Side of what the network sees at once, in pixels."""
    overlap: int = OVERLAP
    """Pixels that two windows share, at least."""
    bands: Sequence[str] | None = None
    """Names for the layers of a stack that doesn't name them."""
    without: Sequence[str] = ()
    """Bands and planes that the model sees and is to do without."""
    replace: bool = False
    """Whether another file at the target may go."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """By class, #rrggbb."""


def chosen_model(
    *, weights: Path | None, name: str, campaign: Campaign | None, blobs: Blobs
) -> Path:
    """The folder of a model, by itself or by its name in the registry.

    `name`: a hash's first letters, `newest` or `champion` of the campaign, which is what it is if
    left empty. Raises BadInput, NotFound.
    """
    if weights is not None:
        return _folder(weights)
    if campaign is None and not name:
        raise BadInput(
            "No model is named.",
            field="model",
            help="Say --campaign SLUG for its champion, --model HASH, or --weights FOLDER.",
        )
    if name == NONE:
        raise BadInput("A mask needs a model.", field="model")
    model = _anywhere(name) if campaign is None else model_named(campaign, name or CHAMPION)
    assert model is not None
    return model_here(model.folder, blobs=blobs)


def colours_of(campaign: Campaign | None) -> dict[str, str]:
    """{class: #rrggbb} of the campaign's classes, or of those that campaigns begin with."""
    schema = campaign.schema if campaign else None
    classes = schema.classes if schema else DEFAULT_CLASSES
    return {each["name"]: each["colour"] for each in classes}


def predict(
    wanted: Wanted, model: Path, *, dry: bool = False, tick: Tick = lambda said: None
) -> dict[str, Any]:
    """Make the mask in a child process; with `dry` only see that it can be made.

    Returns what the child says: planes, windows, how many of them were there before. `tick` gets
    its progress lines. Raises JobFailed when it refuses or dies, StorageAway where the disk is
    full; what was finished by then is gone on with the next time.
    """
    rooms = Path(settings.WORKBENCH_VAR) / "predictions"
    rooms.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="predict-", dir=rooms) as room:
        asked = Path(room) / "request.json"
        asked.write_text(json.dumps(_request(wanted, model, dry=dry)))
        return run_child(
            "labelling.compute", "predict", asked, Path(room) / "out",
            log=Path(room) / "predict.log", tick=tick, settings_of_its_own=QUIET,
        )  # fmt: skip


def _request(wanted: Wanted, model: Path, *, dry: bool) -> dict[str, Any]:
    return {
        "product": str(wanted.product.absolute()),
        "model": str(model),
        "target": str(wanted.target.absolute()),
        "window": wanted.window,
        "overlap": wanted.overlap,
        "bands": list(wanted.bands) if wanted.bands else None,
        "without": list(wanted.without),
        "colours": dict(wanted.colours),
        "replace": wanted.replace,
        "dry": dry,
    }


def _folder(weights: Path) -> Path:
    lacking = [name for name in MODEL_FILES if not (weights / name).is_file()]
    if lacking:
        raise NotFound(
            f"{weights} has no {' and no '.join(lacking)}.",
            field="weights",
            help="Name the folder that holds both files of a model.",
        )
    return weights.absolute()


def _anywhere(name: str) -> Model:
    """A model of any campaign by its hash's first letters."""
    if len(name) < SHORTEST:
        raise BadInput(
            f"{name!r} is too short for a model's hash.",
            field="model",
            help="champion and newest need --campaign.",
        )
    found = list(Model.objects.filter(hash__startswith=name)[:2])
    if len(found) != 1:
        told = f"Two models begin with {name!r}" if found else f"There is no model {name!r}"
        raise NotFound(f"{told}.", field="model")
    return found[0]
