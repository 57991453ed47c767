"""A datasheet as a page of Markdown for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labelling.models import Place

from .attribution import licence_of

WORDS = {
    "tiles": "Tiles",
    "scenes": "Scenes",
    "places": "Places",
    "months": "Months",
    "satellites": "Satellites",
    "levels": "Levels",
    "baselines": "Processing baselines",
    "label_kinds": "Kinds of label",
    "tools": "Tools",
    "synthetic": "Synthetic tiles",
    "authors": "Authors",
}


def datasheet_page(hash: str, sheet: Mapping[str, Any]) -> str:
    """The datasheet of the snapshot with this hash; the same one gives the same text."""
    lines = [f"# Datasheet of snapshot {hash[:12]}", "", f"Content hash (sha256): `{hash}`", ""]
    lines += composed(sheet["composition"])
    lines += ["", "## Collection", "", *listed(sheet["collection"])]
    lines += ["", "## Preprocessing", "", *listed(sheet["preprocessing"])]
    lines += ["", "## Sources of labels", "", *(source(each) for each in sheet["sources"])]
    lines += ["", "## Imagery", ""]
    lines += [
        f"- {each['satellite']}, {each['tiles']} tiles. {each['attribution']}"
        for each in sheet["imagery"]
    ]
    lines += ["", "## Known limits", ""]
    lines += [f"- {each}" for each in sheet["limits"]] or ["None follows from the counts."]
    return "\n".join(lines) + "\n"


def composed(told: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Composition", "")
    for name, word in WORDS.items():
        yield f"- {word}: {flat(told[name])}"
    for split in Place.Split.values:
        counts = told["splits"][split]
        yield from ("", f"### {split}: {counts['tiles']} tiles of {counts['scenes']} scenes", "")
        yield from ("| class | pixels | scenes showing it |", "|---|---:|---:|")
        for each in counts["classes"]:
            yield f"| {each['name']} | {each['pixels']} | {each['scenes']} |"


def listed(told: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(told.items()):  # a database may keep another order than ours
        yield f"- {name.replace('_', ' ').capitalize()}: {flat(value)}"


def source(each: Mapping[str, Any]) -> str:
    low, high = each["trust"]
    trust = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    limit = " No commercial use, or no changed copies." if each["restricted"] else ""
    return (
        f"- {each['name']}: {each['tiles']} tiles, trust {trust}. Licence: "
        f"{licence_of(source=each['name'], licence=each['licence'])}.{limit} "
        f"{each['attribution']}"
    )


def flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {flat(each)}" for name, each in sorted(value.items())) or "none"
    if isinstance(value, list):
        return ", ".join(flat(each) for each in value) or "none"
    return "not known" if value is None else str(value)
