"""Classes that a source calls by name: what they mean here, and which lies above which."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from labelling.errors import LabelRejected
from labelling.imagery.labelfile import UNSURE
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.labelsets.tables import CLEAR, NameTable

OWN_NAMES = "the campaign's names"
BY_CAMPAIGN, BY_DRAWING = "the campaign's class priority", "z-order, then order of drawing"


@dataclass(frozen=True)
class Names:
    """The names of one file's classes."""

    table: str
    """Id of the table they come through, with what the lead changed."""
    codes: Mapping[str, int]
    """Name → our code."""
    order: str
    """What decides where shapes overlap, in words."""
    ranks: Mapping[str, int]
    """Name → how high its shapes lie; empty: the order of drawing alone decides."""
    by_table: bool
    """Whether any name was the table's, not only the campaign's or the lead's."""

    def code(self, name: str) -> int:
        """Raises LabelRejected for a name that means nothing here."""
        if name not in self.codes:
            known = ", ".join(sorted(self.codes))
            raise LabelRejected(
                f"Its label {name!r} is none of {known}.",
                field="label",
                help=f"Say what it means with --class '{name}=CODE'.",
            )
        return self.codes[name]

    @property
    def clear(self) -> int:
        """Our code for ground that nothing covers."""
        return next((code for name, code in self.codes.items() if name.lower() == "clear"), CLEAR)

    def rank(self, name: str) -> int:
        return self.ranks.get(name, 0)


def names_for(table: NameTable, choices: Choices, *, used: Collection[str]) -> Names:
    """What the `used` names mean: the lead's word first, then the table, then the campaign's names.

    Upper and lower case make no difference except to the table's own order, which holds only
    where every name is the table's.
    """
    campaign = {name.lower(): code for name, code in choices.campaign.items()}
    alike = {name: campaign[name.lower()] for name in used if name.lower() in campaign}
    alike |= {name: code for name, code in choices.campaign.items() if name not in table.codes}
    codes = {**alike, **table.codes, **choices.classes}
    order, ranks = _order(table, choices, codes, used)
    changes = ",".join(f"{name}={code}" for name, code in sorted(choices.classes.items()))
    own = set(used) & set(table.codes) - set(choices.classes)
    name = table.id if own else OWN_NAMES
    return Names(f"{name}+{changes}" if changes else name, codes, order, ranks, bool(own))


def _order(
    table: NameTable, choices: Choices, codes: Mapping[str, int], used: Collection[str]
) -> tuple[str, dict[str, int]]:
    if choices.priority:
        top = max(choices.priority.values()) + 1
        # What keeps pixels out of the label keeps them out whatever else was drawn there.
        ranks = {name: choices.priority.get(code, 0) for name, code in codes.items()}
        ranks |= {name: top for name, code in codes.items() if code >= UNSURE}
        return BY_CAMPAIGN, ranks
    if table.order and set(used) <= set(table.order):
        return f"{table.name}'s class order", {n: at for at, n in enumerate(table.order)}
    return BY_DRAWING, {}
