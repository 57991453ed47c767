"""The result of a replay as one JSON object, from which every printed figure comes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from labelling.compute.replay.arms import arm_named
from labelling.compute.replay.comparison import COSTS, SHARES, compared
from labelling.compute.replay.curves import level, needed
from labelling.compute.replay.evidence import CLASS_MEAN, Evidence, History, gather, plain
from labelling.compute.replay.plan import Plan, code_digest
from labelling.compute.replay.ranking import pooling_of
from labelling.compute.replay.tiles import ReplayPool
from training.device import choose_device, choose_precision, environment

FORMAT = "cloudmask-replay/1"


def summary(plan: Plan, pool: ReplayPool, folder: Path) -> dict[str, Any]:
    """Everything: what was replayed and how, the curves with intervals, the comparisons."""
    classes = [one.name for one in pool.classes]
    evidence = gather(plan, folder, classes)
    device = choose_device("cpu")
    return {
        "format": FORMAT,
        "synthetic": pool.synthetic,
        "pool": {
            "name": pool.name,
            "about": pool.about,
            "tiles": pool.pool.count,
            "test_tiles": pool.test.count,
            "test_products": evidence.products,
            "classes": classes,
        },
        "plan": plan.as_json(),
        "code": code_digest(),
        "environment": environment(device, choose_precision("fp32", device)),
        "effective": {word: effective(plan, pool, word) for word in plan.strategies},
        "start": ends(evidence.start, evidence),
        "ceiling": ends(evidence.ceiling, evidence),
        "ceiling_in_as_many_steps": ends(evidence.ceiling, evidence, look=0),
        "arms": {name: arm(history, evidence) for name, history in evidence.arms.items()},
        **compared(evidence),
    }


def effective(plan: Plan, pool: ReplayPool, word: str) -> dict[str, Any]:
    """The margin, block and caps an arm really had: small tiles have no room for the usual ones."""
    competitor = arm_named(word)
    pooling = pooling_of(pool.pool.size, **competitor.pooling)
    budgets = plan.budgets_of(word)
    batches = [after - before for before, after in pairwise(budgets)]
    return {
        "batches": batches,
        "product_caps": [competitor.request(count, seed=0, number=1).cap for count in batches],
        "margin": pooling.margin,
        "block": pooling.block,
        "boundary_radius": pooling.boundary_radius,
        "top_share": pooling.top_share,
        "pooling": pooling.pooling,
        "acquisition": competitor.acquisition if competitor.looks else None,
        "members": competitor.members if competitor.looks else 0,
        "passes": competitor.passes if competitor.looks else 0,
    }


def ends(history: History, evidence: Evidence, *, look: int = -1) -> dict[str, Any]:
    """The model at the start, or with all labels."""
    return {
        "tiles": plain(history.cost("tiles")[0]),
        "iou": {metric: history.described(metric)[look] for metric in evidence.metrics},
    }


def arm(history: History, evidence: Evidence) -> dict[str, Any]:
    """One arm's curves; every list has an entry a budget."""
    return {
        "budgets": list(history.budgets),
        **{name: [plain(value) for value in history.cost(name)] for name in (*COSTS, "products")},
        "class_pixels": history.cost("class_pixels").tolist(),
        "calibration_error": [plain(value) for value in history.cost("calibration_error")],
        "iou": {metric: history.described(metric) for metric in evidence.metrics},
        "reaches": {str(share): reached(history, evidence, share) for share in SHARES},
        "picks": [each["picks"] for each in history.told],
        "notes": sorted({note for each in history.told for note in each["notes"]}),
    }


def reached(history: History, evidence: Evidence, share: float) -> dict[str, Any]:
    """Tiles the arm needs for this share of the gap between start and ceiling."""
    start, ceiling = (float(end.mean(CLASS_MEAN)[-1]) for end in (evidence.start, evidence.ceiling))
    height = level(start, ceiling, share)
    found = needed(history.cost("tiles"), history.mean(CLASS_MEAN), height)
    return {"level": plain(height), "tiles": plain(found.value), "censored": found.censored}
