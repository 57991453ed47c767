"""What an import of labelled sets reports of each label, and of all of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.labelsets.sets import UNSTATED

DONE, REFUSED, PARTLY = 0, 1, 3
"""Exit statuses of a command."""


@dataclass
class ItemReport:
    """What became of one label of a file."""

    name: str
    state: str = "known"
    """new · changed: a newer version of what was here · known: all of it was here · refused."""
    reason: str = ""
    field: str = ""
    """What a refusal is about."""
    help: str = ""
    labels: int = 0
    """Stored, or with --dry-run to be stored."""
    tiles: int = 0
    layers: int = 0
    pixels: dict[str, int] = dataclasses.field(default_factory=dict)
    """{our code: pixels} of the labels stored."""
    notes: list[str] = dataclasses.field(default_factory=list)

    def line(self) -> str:
        """One line for a person."""
        if self.state == "refused":
            return " ".join(f"{self.name}: refused: {self.reason} {self.help}".split())
        parts = [f"{self.labels} labels, {self.tiles} tiles new"] if self.labels else []
        parts += [f"{self.layers} layers"] if self.layers else []
        return "; ".join([f"{self.name}: {self.state}", *parts, *self.notes])


@dataclass
class ImportReport:
    """What became of one import."""

    campaign: str
    source: str
    licence: str
    restricted: bool
    trust: float
    names: dict[str, str]
    """{our code: name of the class}, unsure and not labelled included."""
    dry_run: bool = False
    items: list[ItemReport] = dataclasses.field(default_factory=list)

    def of_state(self, state: str) -> list[ItemReport]:
        return [each for each in self.items if each.state == state]

    def total(self, count: str) -> int:
        """Sum of a count over the labels, such as `tiles`."""
        return sum(getattr(each, count) for each in self.items)

    @property
    def pixels(self) -> dict[str, int]:
        """{our code: pixels brought in}, in order of the codes."""
        counted: Counter[str] = Counter()
        for each in self.items:
            counted.update(each.pixels)
        return dict(sorted(counted.items(), key=lambda each: int(each[0])))

    @property
    def exit_status(self) -> int:
        """0 all done · 1 nothing taken · 3 some of it refused."""
        refused = len(self.of_state("refused"))
        if not refused:
            return DONE
        return REFUSED if refused == len(self.items) else PARTLY

    def lines(self) -> list[str]:
        """The whole for a person."""
        would = "would be " if self.dry_run else ""
        states = ", ".join(
            f"{len(self.of_state(state))} {state}"
            for state in ("new", "changed", "known", "refused")
        )
        told = [
            f"Campaign {self.campaign}, source {self.source}: {states}; {self.total('labels')} "
            f"labels, {self.total('tiles')} tiles, {self.total('layers')} layers {would}stored.",
            f"Trust {self.trust:g}. Licence {self.licence}"
            + (": restricted, not for commercial use or not for changed copies." if self.restricted
               else "."),
        ]  # fmt: skip
        if self.licence == UNSTATED:
            told.append("Nobody has said what these labels may be used for: see --licence.")
        return [*told, *self._classes()]

    def _classes(self) -> list[str]:
        """A line a class, with its share of the pixels that somebody looked at."""
        pixels = self.pixels
        looked_at = sum(count for code, count in pixels.items() if int(code) != UNLABELLED)
        return [
            f"  {self.names.get(code, code)}: {count} pixels"
            + (f", {count / looked_at:.1%}" if int(code) != UNLABELLED else "")
            for code, count in pixels.items()
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "campaign": self.campaign,
            "source": self.source,
            "licence": self.licence,
            "restricted": self.restricted,
            "trust": self.trust,
            "dry_run": self.dry_run,
            **{count: self.total(count) for count in ("labels", "tiles", "layers")},
            **{
                state: len(self.of_state(state)) for state in ("new", "changed", "known", "refused")
            },
            "pixels": {self.names.get(code, code): n for code, n in self.pixels.items()},
            "items": [asdict(each) for each in self.items],
        }
