"""Whether a model's probabilities are what they say, as its card has them from held-out scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelling.models import Campaign, Model, Round


@dataclass(frozen=True)
class Bin:
    """Pixels of about the same probability of a class."""

    said: float
    """0…1: their mean probability."""
    seen: float
    """0…1: how many of them have the class."""
    pixels: int


@dataclass(frozen=True)
class ClassCalibration:
    name: str
    colour: str
    before: float | None
    """0…1: mean |probability - frequency|, without the temperature."""
    after: float | None
    bins_before: list[Bin]
    """Bins of equal mass, ascending; empty on cards of earlier versions."""
    bins_after: list[Bin]


@dataclass(frozen=True)
class Calibration:
    model: str
    """Hash."""
    state: str
    round: int | None
    scenes: int
    pixels: int
    held_out: bool
    """Whether each scene was judged with a temperature fitted on others."""
    temperatures: list[float]
    """One a member of the ensemble."""
    classes: list[ClassCalibration]


def calibration(campaign: Campaign) -> Calibration | None:
    """Of the champion, of the newest model while there is none; None: no model was ever measured.

    At most three queries.
    """
    models = Model.objects.filter(campaign=campaign).order_by("-created", "-pk")
    model = models.filter(state=Model.State.CHAMPION).first() or models.first()
    card: Mapping[str, Any] = model.card if model else {}
    found = card.get("calibration")
    if model is None or not found:
        return None
    trained = Round.objects.filter(campaign=campaign, model=model).order_by("n")
    return Calibration(
        model=model.hash,
        state=model.state,
        round=trained.values_list("n", flat=True).first(),
        scenes=found["scenes"],
        pixels=found["pixels"],
        held_out=found["held_out"],
        temperatures=card.get("temperatures", []),
        classes=[_class(each["name"], found, campaign) for each in card.get("classes", [])],
    )


def _class(name: str, found: Mapping[str, Any], campaign: Campaign) -> ClassCalibration:
    schema = campaign.schema.classes if campaign.schema else []
    colours = {each["name"]: each["colour"] for each in schema}
    return ClassCalibration(
        name=name,
        colour=colours.get(name, ""),
        before=found["ece_before"].get(name),
        after=found["ece_after"].get(name),
        bins_before=_bins(found.get("bins_before", {}).get(name, [])),
        bins_after=_bins(found.get("bins_after", {}).get(name, [])),
    )


def _bins(rows: Sequence[Sequence[float]]) -> list[Bin]:
    return [Bin(said, seen, int(pixels)) for said, seen, pixels in rows]
