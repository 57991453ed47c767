"""The model beside other people's masks: what there is to compare, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from labelling.errors import BadInput, NotFound
from labelling.insights import paging
from labelling.insights.snapshots import snapshot_named
from labelling.models import Campaign, Evaluation, Event, Layer, Model, Round, Snapshot, Tile

AT_ONCE = 500
"""Tiles looked up by one query."""
OWN = "model"
"""`Layer.source` of our own models' pre-labels: no rivals of the model."""
SHORTEST = 6
"""Letters of a hash that name something."""
NEWEST, CHAMPION, NONE = "newest", "champion", "none"


@dataclass
class Catalogued:
    """A mask of the catalogue: one source in one version, on the tiles that have it."""

    source: str
    version: str
    provides: list[int]
    layers: dict[str, str] = field(default_factory=dict)
    """{key of a sample: blob key of the layer}."""
    cost: dict[str, Any] | None = None
    """{seconds_per_mpix, peak_mib, measured}, where it was measured when the mask was made."""

    @property
    def name(self) -> str:
        return f"{self.source} {self.version}"


def masks_of(campaign: Campaign, samples: Sequence[Mapping[str, Any]]) -> list[Catalogued]:
    """Every mask that a tile of these samples has, by source and version.

    `samples`: a manifest's entries, with key and place. A mask of another level of the same
    acquisition (Sen2Cor's is of L2A) lies on the same ground and counts; the sample's own tile
    goes before it. Three queries for each AT_ONCE samples, and one for each mask.
    """
    found: dict[tuple[str, str], Catalogued] = {}
    for some in _batches(samples):
        for key, layer in _layers_of({each["key"]: each["place"] for each in some}):
            known = found.setdefault(
                (layer.source, layer.version),
                Catalogued(layer.source, layer.version, list(layer.provides)),
            )
            known.layers[key] = layer.raster
    for mask in found.values():
        mask.cost = measured(campaign, mask)
    return [mask for _, mask in sorted(found.items())]


def _layers_of(places: Mapping[str, str]) -> Iterable[tuple[str, Layer]]:
    """(key of a sample, a mask of it), those of the sample's own tile last."""
    tiles = Tile.objects.filter(acquisition__place__key__in=set(places.values()))
    # A place may have hundreds of dates; only those of the samples are kept.
    dates = tiles.select_related("acquisition__place").iterator(AT_ONCE)
    sampled = {tile.key: tile for tile in dates if tile.key in places}
    of_acquisition: dict[int, list[str]] = {}
    for key, tile in sampled.items():
        of_acquisition.setdefault(tile.acquisition_id, []).append(key)
    layers = Layer.objects.filter(tile__acquisition__in=of_acquisition).exclude(source=OWN)
    pairs = [
        (key, layer)
        for layer in layers.exclude(provides=[]).select_related("tile").order_by("pk")
        for key in of_acquisition[layer.tile.acquisition_id]
        if _same_pixels(layer.tile, sampled[key])
    ]
    return sorted(pairs, key=lambda pair: pair[1].tile_id == sampled[pair[0]].pk)


def _same_pixels(one: Tile, other: Tile) -> bool:
    return (one.height, one.width) == (other.height, other.width)


def _batches(samples: Sequence[Mapping[str, Any]]) -> Iterable[list[Mapping[str, Any]]]:
    rest = iter(samples)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def measured(campaign: Campaign, mask: Catalogued) -> dict[str, Any] | None:
    """What the newest run that made this mask wrote down of its cost; None where it didn't."""
    runs = Event.objects.filter(
        campaign=campaign, verb=Event.Verb.FINISHED, detail__masker=mask.source
    )
    for run in runs.order_by("-pk")[:AT_ONCE]:
        told = run.detail
        if mask.version in told.get("versions", []) and told.get("pixels"):
            return {
                "seconds_per_mpix": round(1e6 * told["seconds"] / told["pixels"], 4),
                "peak_mib": told.get("peak_mib"),
                "measured": f"when it was run, on {run.when:%Y-%m-%d}",
            }
    return None


def training_seconds(model: Model) -> float | None:
    """How long the fit took, from its round's first attempt to its end; None: not known."""
    trained = Round.objects.filter(model=model).order_by("n").first()
    step = trained.steps.get("fit", {}) if trained else {}
    if not {"started", "finished"} <= set(step):
        return None
    began, ended = (datetime.fromisoformat(step[each]) for each in ("started", "finished"))
    return round((ended - began).total_seconds(), 1)


def snapshot_of(campaign: Campaign, name: str) -> Snapshot:
    """`newest` of the campaign, or any by its hash's first letters. Raises NotFound, BadInput."""
    if name != NEWEST:
        return snapshot_named(name)
    rows = Snapshot.objects.filter(campaign=campaign).order_by("-created", "-pk")
    return _some(rows.first(), f"{campaign.slug} has no snapshot yet", "snapshot")


def model_named(campaign: Campaign, name: str) -> Model | None:
    """`champion`, `newest`, `none`, or a hash's first letters. Raises NotFound, BadInput."""
    rows = Model.objects.filter(campaign=campaign).select_related("snapshot")
    rows = rows.order_by("-created", "-pk")
    if name == NONE:
        return None
    if name == CHAMPION:
        champion = rows.filter(state=Model.State.CHAMPION).first()
        return _some(
            champion, f"{campaign.slug} has no champion", "model",
            help="Name another: --model newest, or none to compare the masks alone.",
        )  # fmt: skip
    if name == NEWEST:
        return _some(rows.first(), f"{campaign.slug} has no model yet", "model")
    if len(name) < SHORTEST:
        raise BadInput(f"{name!r} is too short for a model's hash.", field="model")
    found = list(rows.filter(hash__startswith=name)[:2])
    if len(found) > 1:
        raise BadInput(f"Two models begin with {name!r}: write more of it.", field="model")
    return _some(found[0] if found else None, f"{campaign.slug} has no model {name!r}", "model")


def _some(row: Any, message: str, what: str, help: str = "") -> Any:
    if row is None:
        raise NotFound(f"{message}.", field=what, help=help or "Run a round first.")
    return row


def newest(campaign: Campaign) -> Evaluation | None:
    """The newest comparison; one query."""
    kept = Evaluation.objects.filter(campaign=campaign, kind=Evaluation.Kind.COMPARISON)
    return kept.select_related("model", "snapshot", "who").order_by("-pk").first()


def opened_before(campaign: Campaign) -> int:
    """How often the frozen test was opened."""
    return Evaluation.objects.filter(campaign=campaign, kind=Evaluation.Kind.TEST).count()


def openings(
    campaign: Campaign, *, cursor: str | None, limit: int
) -> tuple[list[Evaluation], str | None]:
    """Every opening of the frozen test, the newest first, a page at a time; one query."""
    kept = Evaluation.objects.filter(campaign=campaign, kind=Evaluation.Kind.TEST)
    order = paging.Order("openings", None, descending=True)
    return paging.page(
        kept.select_related("model", "snapshot", "who"), order, cursor=cursor, limit=limit
    )
