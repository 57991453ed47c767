"""What a finished fit says of itself: the content of its card."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from training.checkpoint import describe_network
from training.config import FitConfig
from training.device import environment
from training.member import Bench
from training.policies import policy_of
from training.resume import Finished, Run
from training.sampling import Sampler
from training.snapshot import SPLITS, Snapshot
from training.survey import Survey


@dataclass(frozen=True)
class Outcome:
    """All that a card is made of."""

    bench: Bench
    snapshot: Snapshot
    counted: Survey
    sampler: Sampler
    members: Sequence[Finished]
    """Those that are kept."""
    parts: int
    run: Run
    judged: Mapping[str, Any]
    """Temperatures, and what validation said."""

    def content(self) -> dict[str, Any]:
        config, names = self.bench.config, self.snapshot.class_names
        drawn: Counter[str] = Counter()
        for member in self.members:
            drawn.update(member.drawn)
        return {
            "network": describe_network(self.bench.network),
            "bands": list(self.snapshot.bands),
            "classes": [asdict(one) for one in self.snapshot.classes],
            "normalisation": self.bench.normalisation.as_json(),
            "features": self.bench.layout.as_json(self.snapshot.bands),
            "members": [history(member) for member in self.members],
            **self.judged,
            "snapshot": provenance(self.snapshot, self.counted),
            "policy": policy(config, given=self.run["init"] is not None),
            "sampling": {**self.sampler.plan(names), "drawn": drawn_shares(drawn, names)},
            "augmentation": {
                "shadows_moved": share(drawn["moved"], drawn["crops"]),
                "sun_seen": self.bench.layout.features.sun,
            },
            "memory": memory(config, self.parts),
            "config": config.as_json(),
            "run": self.run,
            "environment": environment(self.bench.device, self.bench.precision),
        }


def policy(config: FitConfig, *, given: bool) -> dict[str, Any]:
    return {
        "start": policy_of(config, given=given),
        "shrink": config.shrink,
        "perturb": config.perturb,
        "pretrain_steps": config.pretrain_steps,
    }


def drawn_shares(drawn: Counter[str], names: Sequence[str]) -> dict[str, Any]:
    """What the members learnt from, against the plan."""
    return {
        "crops": drawn["crops"],
        "earlier_share": share(drawn["earlier"], drawn["crops"]),
        "for_a_class": {name: drawn[f"class {k}"] for k, name in enumerate(names)},
    }


def memory(config: FitConfig, parts: int) -> dict[str, Any]:
    """`parts` above 1: memory ran out, and batches were learnt in so many pieces from then on."""
    return {"parts": parts, "crops_at_once": -(-config.batch // parts)}


def provenance(snapshot: Snapshot, counted: Survey) -> dict[str, Any]:
    return {
        "sha256": snapshot.hash,
        "name": snapshot.folder.name,
        "campaign": snapshot.campaign,
        "tile_size": snapshot.tile_size,
        "synthetic": snapshot.synthetic,
        "samples": {split: len(snapshot.of_split(split)) for split in SPLITS},
        "validation_scenes": len(snapshot.scenes_of("validation")),
        "validation_scenes_in_pool": len(
            snapshot.scenes_of("validation") & snapshot.scenes_of("pool")
        ),
        "labelled_pixels": dict(
            zip(snapshot.class_names, counted.pixels.sum(axis=0).tolist(), strict=True)
        ),
    }


def history(member: Finished) -> dict[str, Any]:
    looks = member.looks
    ious = [None if isnan(look.class_mean_iou) else look.class_mean_iou for look in looks]
    known = [iou for iou in ious if iou is not None]
    return {
        "best_step": looks[ious.index(max(known))].step if known else None,
        "looks": [{"step": look.step, "class_mean_iou": iou} for look, iou in zip(looks, ious)],
    }


def share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
