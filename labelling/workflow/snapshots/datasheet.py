"""What is known of a training set, counted from its rows: the same rows give the same datasheet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from labelling.imagery.labelsets.sets import is_restricted
from labelling.models import UNLABELLED, UNSURE, Campaign, ClassSchema, Place

from . import attribution
from .choosing import Sample

FORMAT = "cloudmask-datasheet/1"
FEW_SCENES = 3
"""Figures for a class that fewer scenes of a split show tell of these scenes, not of the class."""


def datasheet(campaign: Campaign, schema: ClassSchema, samples: Sequence[Sample]) -> dict[str, Any]:
    """Composition, collection, preprocessing, sources and known limits. People are only counted."""
    names = {str(each["code"]): each["name"] for each in schema.classes}
    names |= {str(UNSURE): "unsure", str(UNLABELLED): "not labelled"}
    composed = composition(samples, names)
    return {
        "format": FORMAT,
        "composition": composed,
        "collection": collection(samples),
        "preprocessing": preprocessing(campaign, samples),
        "sources": sources(samples),
        "imagery": imagery(samples),
        "limits": limits(composed, samples, [each["name"] for each in schema.classes]),
    }


def composition(samples: Sequence[Sample], names: dict[str, str]) -> dict[str, Any]:
    by_split = defaultdict(list)
    for each in samples:
        by_split[each.tile.acquisition.place.split].append(each)
    return {
        **size_of(samples),
        "splits": {
            split: {**size_of(by_split[split]), **classes_of(by_split[split], names)}
            for split in Place.Split.values
        },
        "months": counted(samples, month_of),
        "satellites": counted(samples, lambda each: each.tile.scene.satellite),
        "levels": counted(samples, lambda each: each.tile.level),
        "baselines": counted(samples, lambda each: each.tile.baseline),
        "label_kinds": counted(samples, lambda each: each.annotation.kind),
        "tools": counted(samples, lambda each: each.annotation.tool),
        "synthetic": sum(each.tile.scene.synthetic for each in samples),
        "authors": authors_of(samples),
    }


def size_of(samples: Sequence[Sample]) -> dict[str, int]:
    return {
        "tiles": len(samples),
        "scenes": len({each.tile.scene_id for each in samples}),
        "places": len({each.tile.acquisition.place_id for each in samples}),
    }


def classes_of(samples: Sequence[Sample], names: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Pixels of each class, and how many scenes show it."""
    pixels: Counter[str] = Counter()
    scenes = defaultdict(set)
    for each in samples:
        pixels.update(each.annotation.pixels)
        for code, count in each.annotation.pixels.items():
            if count:
                scenes[code].add(each.tile.scene_id)
    return {
        "classes": [
            {"name": name, "pixels": pixels[code], "scenes": len(scenes[code])}
            for code, name in names.items()
        ]
    }


def counted(samples: Iterable[Sample], of: Callable[[Sample], str]) -> dict[str, int]:
    """{value: tiles}, by value; what isn't known is `unknown`."""
    return dict(sorted(Counter(of(each) or "unknown" for each in samples).items()))


def month_of(sample: Sample) -> str:
    taken = sample.tile.acquisition.taken
    return f"{taken:%Y-%m}" if taken else ""


def authors_of(samples: Sequence[Sample]) -> dict[str, int]:
    """How many people, never who: own accounts, names that a source gave, tiles without either."""
    labels = [each.annotation for each in samples]
    return {
        "own": len({label.author_id for label in labels if label.author_id}),
        "named_by_source": len(
            {label.author_name for label in labels if label.author_name and not label.author_id}
        ),
        "tiles_of_unknown": sum(not label.author_id and not label.author_name for label in labels),
    }


def collection(samples: Sequence[Sample]) -> dict[str, Any]:
    days = sorted(each.annotation.created.date().isoformat() for each in samples)
    own = sum(each.annotation.task_id is not None for each in samples)
    return {
        "first_label": days[0] if days else None,
        "last_label": days[-1] if days else None,
        "labelled_by_the_team": own,
        "imported": len(samples) - own,
        "unit": "One label for each acquisition, the one that had the say when it was frozen.",
        "split": "By ground square of 100 km, fixed when a place is first seen; never moved.",
        "unsure_and_unlabelled": f"{UNSURE} looked at and not decided, {UNLABELLED} not looked at: "
        "neither is trained on nor counted in figures.",
    }


def preprocessing(campaign: Campaign, samples: Sequence[Sample]) -> dict[str, Any]:
    return {
        "tile_pixels": campaign.tile_size,
        "bands": campaign.bands,
        "scale": "Reflectance × 10 000 in uint16; 0 is no data, 65535 saturated; negative "
        "reflectance is stored as 1.",
        "offset_rules": counted(samples, lambda each: str(each.tile.scene.offset_rule)),
        "resampling": "Bands to the finest grid bilinearly, masks by the nearest pixel.",
    }


def sources(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Where the labels come from, each with its terms; by name, licence and form."""
    groups = defaultdict(list)
    for each in samples:
        label = each.annotation
        key = (label.source, label.licence, str(label.origin.get("format", "")))
        groups[key].append(label.trust)
    return [
        {
            "name": source,
            "licence": licence,
            "restricted": is_restricted(licence),
            "attribution": attribution.of_labels(source=source, format=format),
            "tiles": len(trust),
            "trust": [min(trust), max(trust)],
        }
        for (source, licence, format), trust in sorted(groups.items())
    ]


def imagery(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Where the pixels come from; by satellite."""
    groups = defaultdict(list)
    for each in samples:
        scene = each.tile.scene
        groups[scene.satellite, scene.synthetic].append(each.tile.acquisition.taken)
    return [
        {
            "satellite": satellite or "unknown",
            "synthetic": synthetic,
            "tiles": len(taken),
            "attribution": attribution.of_imagery(
                satellite=satellite, synthetic=synthetic, taken=taken
            ),
        }
        for (satellite, synthetic), taken in sorted(groups.items())
    ]


def limits(composed: dict[str, Any], samples: Sequence[Sample], classes: list[str]) -> list[str]:
    """What a user should know before he trusts a figure; each follows from a count."""
    found = []
    if composed["synthetic"]:
        found.append(f"{composed['synthetic']} of {composed['tiles']} tiles are synthetic.")
    for split, told in composed["splits"].items():
        if not told["tiles"]:
            found.append(f"The {split} split has no tile.")
            continue
        few = [
            each["name"]
            for each in told["classes"]
            if each["name"] in classes and each["scenes"] < FEW_SCENES
        ]
        if few:
            found.append(f"In {split}, fewer than {FEW_SCENES} scenes show {', '.join(few)}.")
    return found + limits_of_labels(composed, samples)


def limits_of_labels(composed: dict[str, Any], samples: Sequence[Sample]) -> list[str]:
    found = []
    if weak := sum(each.annotation.trust < 1 for each in samples):
        found.append(f"{weak} labels count less than fully in training (trust below 1).")
    if restricted := sum(is_restricted(each.annotation.licence) for each in samples):
        found.append(f"{restricted} labels may not be used commercially, or not be changed.")
    if unstated := sum(is_unstated(each) for each in samples):
        found.append(f"The licence of {unstated} labels isn't stated.")
    if undated := composed["months"].get("unknown"):
        found.append(f"The date of {undated} tiles isn't known.")
    if composed["authors"]["own"] == 1:
        found.append("One person drew all of the team's own labels.")
    return found


def is_unstated(sample: Sample) -> bool:
    label = sample.annotation
    named = attribution.licence_of(source=label.source, licence=label.licence)
    return named == attribution.UNSTATED
