"""Whether a candidate may become champion, and in words why not: plain numbers in, plain JSON out.

What can't be told is never taken for good: a class without evidence holds a candidate back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from labelling.workflow.promotion_rules import PromotionRules

Row = dict[str, Any]
VERDICTS = (HOLDS, LOSES, UNSURE, CANNOT_TELL, NOT_JUDGED) = (
    "holds", "loses", "unsure", "cannot tell", "not judged",
)  # fmt: skip
"""What is said of a class: its lower end is above the margin · even its upper end is below ·
neither · there is too little of it in validation · it decides nothing, by the rules."""
HELD = (HOLDS, NOT_JUDGED)


@dataclass(frozen=True)
class Case:
    """What is known before anything is computed."""

    candidate: str
    """Hash."""
    champion: str | None
    """Hash; None: there is none."""
    classes: Mapping[str, int]
    """{class name: scenes of the reference sample that hold it}."""
    rules: PromotionRules
    beyond: str = ""
    """Why nothing can be judged at all; empty: it can."""

    @property
    def judged(self) -> list[str]:
        return [name for name in self.classes if name not in self.rules.unjudged]

    @property
    def lacking(self) -> dict[str, int]:
        """{class: scenes of the reference sample that are missing}."""
        least = self.rules.reference_scenes
        return {name: least - self.classes[name] for name in self.judged
                if self.classes[name] < least}  # fmt: skip

    @property
    def open(self) -> bool:
        """Whether the decision depends on what the models say of the validation labels."""
        return not self.beyond and not self.lacking


@dataclass
class Finding:
    """What speaks against a promotion, as it is gathered."""

    reasons: list[str] = field(default_factory=list)
    needs: dict[str, int] = field(default_factory=dict)

    def need(self, name: str, scenes: int | None) -> None:
        if scenes:
            self.needs[name] = max(scenes, self.needs.get(name, 0))


def decided(case: Case, report: Row | None) -> Row:
    """The decision, as Model.decision keeps it. `report`: of compute/judge.py; None: not asked.

    {promote, reasons, needs: {class: scenes}, champion, classes: {class: row}, calibration, rules,
    scenes, tiles, synthetic}; the last three None where nothing was computed.
    """
    finding = Finding()
    if case.beyond:
        finding.reasons.append(case.beyond)
    for name, scenes in case.lacking.items():
        finding.need(name, scenes)
    if case.lacking and not case.beyond:
        finding.reasons.append(reference_reason(case))
    rows = {name: class_row(name, case, report) for name in case.classes}
    calibration = None
    if report is not None:
        for name, row in rows.items():
            weigh(name, row, finding)
        calibration = calibrated(case, report)
        if not calibration["holds"]:
            finding.reasons.append(calibration_reason(calibration))
    promote = report is not None and not finding.reasons
    return {
        "promote": promote,
        "reasons": finding.reasons or [good_reason(case)],
        "needs": finding.needs,
        "champion": case.champion,
        "classes": rows,
        "calibration": calibration,
        "rules": case.rules.as_json(),
        "scenes": report["scenes"] if report else None,
        "tiles": report["tiles"] if report else None,
        "synthetic": report["synthetic"] if report else None,
    }


def class_row(name: str, case: Case, report: Row | None) -> Row:
    """{scenes, reference, margin, candidate, champion, difference, verdict, needs}.

    None stands for what isn't known.
    """
    row: Row = {
        "scenes": None, "reference": case.classes[name], "margin": case.rules.margin_of(name),
        "candidate": None, "champion": None, "difference": None,
        "verdict": NOT_JUDGED if name in case.rules.unjudged else CANNOT_TELL, "needs": None,
    }  # fmt: skip
    if report is None:
        return row
    difference = report["differences"].get(name)
    row["scenes"] = report["scenes_per_class"][name]
    row["candidate"] = report["candidate"]["iou"][name]
    row["champion"] = report["champion"]["iou"][name] if report["champion"] else None
    row["difference"] = difference
    if row["verdict"] != NOT_JUDGED:
        row["verdict"], row["needs"] = verdict(row, case, fewest=report["fewest_scenes"])
    return row


def verdict(row: Row, case: Case, *, fewest: int) -> tuple[str, int | None]:
    """What is said of a class, and how many more scenes it takes to say more; None: no number."""
    least = case.rules.least_scenes if case.champion is None else max(
        fewest, case.rules.least_scenes
    )  # fmt: skip
    if row["scenes"] < least or row["candidate"] is None:
        return CANNOT_TELL, max(1, least - row["scenes"])
    if case.champion is None:
        return HOLDS, None
    difference, floor = row["difference"], -row["margin"]
    if difference["low"] is None:
        return CANNOT_TELL, None
    if at_least(difference["low"], floor):
        return HOLDS, None
    return (UNSURE, difference["needs"]) if difference["high"] >= floor else (LOSES, None)


def at_least(value: float, floor: float) -> bool:
    """Figures come rounded to six decimals."""
    return value >= floor or isclose(value, floor, abs_tol=1e-6)


def weigh(name: str, row: Row, finding: Finding) -> None:
    """Write down what a class that doesn't hold has against the candidate."""
    if row["verdict"] in HELD:
        return
    finding.need(name, row["needs"])
    if row["verdict"] == CANNOT_TELL:
        finding.reasons.append(
            f"Cannot tell about {name}: {counted(row['scenes'])} of validation hold it."
        )
        return
    seen = row["difference"]
    verb = "loses" if row["verdict"] == LOSES else "may lose"
    finding.reasons.append(
        f"It {verb} more than {row['margin']:g} IoU in {name}: "
        f"{seen['value']:+.3f}, from {seen['low']:+.3f} to {seen['high']:+.3f}."
    )


def calibrated(case: Case, report: Row) -> Row:
    """Mean calibration error of the judged classes that the labels have, and what it may be."""
    known = [name for name in case.judged if report["candidate"]["ece"][name] is not None]
    candidate = mean(report["candidate"]["ece"][name] for name in known)
    champion = mean(report["champion"]["ece"][name] for name in known) if case.champion else None
    most = case.rules.ece_limit if champion is None else champion + case.rules.ece_tolerance
    holds = candidate is not None and at_least(most, candidate)
    return {"candidate": candidate, "champion": champion, "most": round(most, 6), "holds": holds}


def mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(sum(known) / len(known), 6) if known else None


def reference_reason(case: Case) -> str:
    missing = ", ".join(f"{name} {scenes}" for name, scenes in case.lacking.items())
    return (
        f"The reference sample must hold each class in {case.rules.reference_scenes} scenes of "
        f"validation; missing: {missing}."
    )


def calibration_reason(calibration: Row) -> str:
    if calibration["candidate"] is None:
        return "Cannot tell about calibration: nothing of validation is labelled."
    return (
        f"Its calibration error is {calibration['candidate']:.3f}, more than "
        f"{calibration['most']:.3f}."
    )


def good_reason(case: Case) -> str:
    if case.champion is None:
        return "The first model with enough evidence in every class."
    return "No class loses more than its margin, and calibration holds."


def counted(scenes: int) -> str:
    return f"{scenes} scene" if scenes == 1 else f"{scenes} scenes"


def overtaken(decision: Row, champion: str | None) -> Row:
    """The decision, when somebody changed the champion while it was being judged: not used."""
    was, now = ((each or "none")[:12] for each in (decision["champion"], champion))
    reason = f"The champion was changed from {was} to {now} while this was judged: it stays so."
    return withheld(decision, reason)


def withheld(decision: Row, reason: str) -> Row:
    """The decision, when something that isn't in it stands against it."""
    return {**decision, "promote": False, "reasons": [reason, *decision["reasons"]]}
