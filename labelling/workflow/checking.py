"""What is checked of a label before it is taken: what can't stand, what its author must mean."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from labelling.adapters.blobs import store
from labelling.errors import BadInput, LabelRejected, NeedsConfirmation
from labelling.imagery.label_checks import (
    CHECKS,
    ERROR,
    Finding,
    Limits,
    Subject,
    findings,
    no_data,
)
from labelling.insights.cover import CLOUD, SHADOW
from labelling.insights.shadow import expected_shadow
from labelling.models import Round, Score, Task, Tile
from labelling.workflow.hints import shown_layer
from labelling.workflow.planes import Fault, Planes, faults
from labelling.workflow.regions import region_numbers
from labelling.workflow.review_rules import review_rules

LONGEST_NOTE = 2000
HARDEST = 5


@dataclass(frozen=True)
class Said:
    """What a label's author says of it. Raises BadInput for what can't be said."""

    overrule: Collection[str] = ()
    """Codes of warnings that he knows of and stands by."""
    note: str = ""
    difficulty: int | None = None
    """1 easy … 5 a guess."""

    def __post_init__(self) -> None:
        for code in self.overrule:
            if code not in CHECKS:
                raise BadInput(
                    f"There is no check {code[:40]!r} to overrule.",
                    field="overrule",
                    help=f"There is: {', '.join(CHECKS)}.",
                )
        if len(self.note) > LONGEST_NOTE or "\0" in self.note:
            raise BadInput(
                f"A note has at most {LONGEST_NOTE} characters, none of them null.", field="note"
            )
        if self.difficulty is not None and self.difficulty not in range(1, HARDEST + 1):
            raise BadInput(
                f"A difficulty goes from 1 (easy) to {HARDEST} (a guess), not {self.difficulty!r}.",
                field="difficulty",
            )


def check_label(planes: Planes, *, task: Task, said: Said) -> list[dict[str, Any]]:
    """The warnings that the author overruled, as an annotation keeps them.

    Raises LabelRejected for what nobody can overrule, with all of it in `findings`;
    NeedsConfirmation for warnings that aren't overruled; BadInput where the note is missing that
    says why they are.
    """
    reasons = faults(planes, tile=task.tile, codes=task.campaign.schema.codes)
    if reasons:
        raise _rejected([_as_finding(each) for each in reasons], reasons[0])
    rules = review_rules(task.campaign)
    found = findings(subject_of(planes, task, rules.limits), strict=rules.strict)
    errors = [each for each in found if each.severity == ERROR]
    if errors:
        first = Fault(errors[0].code, errors[0].message, "label", "Mend the label there.")
        raise _rejected(found, first)
    if any(each.code not in said.overrule for each in found):
        raise _unconfirmed(found)
    if found and not said.note.strip():
        raise BadInput(
            "A note must say why the warnings are overruled.",
            field="note",
            help="Write in a few words what you saw.",
        )
    return [asdict(each) for each in found]


def subject_of(planes: Planes, task: Task, limits: Limits) -> Subject:
    """The label with what its tile tells; the raster is read only where parts lack data."""
    tile, schema = task.tile, task.campaign.schema
    names = {each["code"]: each["name"].lower() for each in schema.classes}
    shadows = [code for code, name in names.items() if SHADOW in name]
    clouds = [
        code
        for code, name in names.items()
        if code not in shadows and any(word in name for word in CLOUD)
    ]
    present, numbers = planes.pixels, region_numbers(task)
    alone = len(set(present) - {"254", "255"}) == 1
    return Subject(
        label=planes.label,
        clouds=clouds,
        shadows=shadows,
        missing=no_data(store().raster(tile.raster)) if tile.valid_share < 1 else None,
        fall=_fall(tile) if any(str(code) in present for code in shadows) else None,
        expected=_expected(task) if alone and numbers is None else {},
        regions=numbers,
        limits=limits,
    )


def _fall(tile: Tile) -> tuple[float, float] | None:
    """(rows, columns) in pixels from cloud to shadow for each metre of height; None: unknown."""
    offsets = expected_shadow(tile, blobs=store()).offsets
    if not offsets:
        return None
    last = offsets[-1]
    return last.rows / last.height, last.columns / last.height


def _expected(task: Task) -> dict[int, float]:
    """{code: 0…1} in the pre-label its author was shown: the mask's own shares, else what the
    model's newest round counted; empty where he was shown none.

    Whoever works without a pre-label isn't told by a warning what one would say.
    """
    layer = shown_layer(task)
    if layer is None:
        return {}
    if layer.classes:
        return _by_code(layer.classes)
    scored = Score.objects.filter(
        tile=task.tile_id, round__campaign=task.campaign_id, round__state=Round.State.DONE
    )
    newest = scored.order_by("-round__n").values_list("fractions", flat=True).first()
    return _by_code(newest or {})


def _by_code(shares: dict[str, float]) -> dict[int, float]:
    return {int(code): float(share) for code, share in shares.items() if int(code) < 254}


def _as_finding(fault: Fault) -> Finding:
    return Finding(fault.code, ERROR, fault.message, pixels=0, share=0.0)


def _rejected(found: list[Finding], first: Fault) -> LabelRejected:
    errors = [each for each in found if each.severity == ERROR]
    message = " ".join(each.message for each in errors)
    if len(errors) > 1:
        message = f"{len(errors)} things are wrong with the label. {message}"
    told = [asdict(each) for each in found]
    return LabelRejected(message, field=first.field, help=first.help, findings=told)


def _unconfirmed(found: list[Finding]) -> NeedsConfirmation:
    codes = ",".join(each.code for each in found)
    return NeedsConfirmation(
        " ".join(each.message for each in found),
        field="overrule",
        help=f"Mend the label, or submit it once more with overrule={codes} and a note that says "
        "why it is right.",
        findings=[asdict(each) for each in found],
    )
