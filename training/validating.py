"""What the validation split says of members on their way and at their end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from training.calibrate import calibration_report, gathered
from training.checkpoint import State
from training.evaluate import agreement, agreement_by_scene
from training.intervals import iou_intervals
from training.member import Bench, Learner
from training.metrics import Agreement
from training.policies import gain_of
from training.predict import Ensemble, prepared
from training.resume import Finished
from training.scale.team import ALONE, Team
from training.snapshot import Sample, Snapshot

Event = Mapping[str, Any]
Report = Callable[[Event], None]


@dataclass(frozen=True)
class Validation:
    """A snapshot's validation split, and whom to tell."""

    snapshot: Snapshot
    seed: int
    report: Report
    team: Team = ALONE

    @property
    def samples(self) -> list[Sample]:
        return self.snapshot.of_split("validation")

    def look(self, learner: Learner) -> float:
        """Class-mean IoU of the moving average; nan where no pixel is labelled.

        Each process judges some of the samples; the counts of all are added up.
        """
        ensemble = self._ensemble(learner.bench, [learner.average])
        mine = self.samples[self.team.rank :: self.team.size]
        part = agreement(ensemble, self.snapshot, mine, report=lambda done: None)
        iou = Agreement(self.team.counted(part.matrix)).class_mean_iou
        self.report(
            {"event": "look", "step": learner.step, "class_mean_iou": None if isnan(iou) else iou}
        )
        return iou

    def judged(self, bench: Bench, members: list[Finished]) -> dict[str, Any]:
        """`temperatures`, `calibration` and `metrics` of an ensemble, as its card has them."""
        ensemble = self._ensemble(bench, [member.state for member in members])
        if not (samples := self.samples):
            return {"temperatures": ensemble.temperatures, "calibration": None, "metrics": None}
        told = counter(self.report, "calibrate", len(samples))
        evidence = gathered(ensemble, self.snapshot, samples, seed=self.seed, report=told)
        ensemble.temperatures = evidence.temperatures()
        told = counter(self.report, "evaluate", len(samples))
        scenes = agreement_by_scene(ensemble, self.snapshot, samples, report=told)
        names = self.snapshot.class_names
        found = sum(scenes.values(), Agreement.empty(len(names)))
        return {
            "temperatures": ensemble.temperatures,
            "calibration": calibration_report(evidence, names),
            "metrics": {
                "split": "validation",
                **found.as_json(names),
                "intervals": iou_intervals(list(scenes.values()), names),
            },
        }

    def gain(self, bench: Bench, judged: Mapping[str, Any], scratch: list[Finished]) -> Event:
        """What a start was worth against members from scratch, told as an event too."""
        theirs = self.judged(bench, scratch)["metrics"]["class_mean_iou"]
        gain = gain_of(judged["metrics"]["class_mean_iou"], theirs)
        self.report({"event": "gain", **gain})
        return gain

    def _ensemble(self, bench: Bench, states: list[State]) -> Ensemble:
        return Ensemble(
            [prepared(bench.network, state, bench.device, bench.precision) for state in states],
            normalisation=bench.normalisation,
            temperatures=[1.0] * len(states),
            classes=self.snapshot.classes,
            layout=bench.layout,
        )


def counter(report: Report, stage: str, total: int) -> Callable[[int], None]:
    """Tells `progress` events of a stage, given how much of it is done."""
    return lambda done: report({"event": "progress", "stage": stage, "done": done, "total": total})
