"""`--mask`, `--threshold` and `--tool-version`: which masks a command takes, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from labelling.errors import BadInput
from labelling.imagery.masks.sidefiles import pattern_named
from labelling.imagery.masks.sources import source_named
from labelling.workflow.masking.products import Wanted


def add_mask_arguments(parser: CommandParser) -> None:
    """What says which masks are taken, and how."""
    parser.add_argument(
        "--mask", action="append", default=[], metavar="SOURCE[:BAND]=PATTERN",
        help="where a source's files lie, from the product's folder, such as "
        "scl:1='{stem}_SCL_CLP_CLD.tif'; blanks: {name} {stem} {root} {date} {mgrs}",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="SOURCE=0…1",
        help="where a probability is cut, such as s2cloudless=0.6",
    )  # fmt: skip
    parser.add_argument(
        "--tool-version", default="", metavar="TEXT", help="of the masker that made the files"
    )


def wanted_masks(options: dict[str, Any]) -> Wanted:
    """What `add_mask_arguments` gave. Raises BadInput."""
    return Wanted(
        patterns=tuple(pattern_named(text) for text in options["mask"]),
        thresholds=dict(_thresholds(options["threshold"])),
        tool=options["tool_version"],
    )


def _thresholds(words: list[str]) -> Iterator[tuple[str, float]]:
    for word in words:
        name, _, value = word.partition("=")
        try:
            number = float(value)
        except ValueError:
            raise BadInput(
                f"--threshold wants source=0…1, not {word!r}.", field="threshold"
            ) from None
        source_named(name).threshold(number)
        yield name, number
