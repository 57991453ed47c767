"""What a comparison says: a row a mask, with the model beside it, in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from labelling.compute.comparing.lineage import lineage_of
from labelling.compute.comparing.rivals import Rival
from labelling.compute.replay.significance import holm
from training.evaluation.counts import SceneCounts, Statistic, scenes_per_class, total
from training.evaluation.evidence import Evidence
from training.evaluation.paired import class_differences, paired_difference
from training.evaluation.report import shown_channels, suite
from training.evaluation.resampling import FEWEST, Resampling, figure, plain
from training.evaluation.scheme import Scheme
from training.evaluation.statistics import answered_share, iou_of, mean_iou_of

Row = dict[str, Any]


def row_of(rival: Rival, how: Resampling, sources: Collection[str]) -> Row:
    """One mask: on the pixels that it answers, and with "cannot say" counted as wrong."""
    mask, collapse = rival.mask, rival.collapse
    full, merged = collapse.full, collapse.merged
    everywhere = rival.everywhere.scenes
    told = {
        "name": mask.name,
        "source": mask.source,
        "version": mask.version,
        "classes": list(merged.names),
        "not_provided": [name for name in full.names if name not in merged.names],
        "counted_as": collapse.merges,
        "tiles": rival.covered,
        "answered": plain(float(answered_share(total(everywhere)))),
        **lineage(mask.source, sources),
        "cost": dict(mask.cost) if mask.cost else None,
        "all_pixels": paired(everywhere, rival.model_everywhere.scenes, merged, how, strict=True),
        "answered_pixels": None,
        "suite": None,
    }
    if rival.own.scenes:
        told["answered_pixels"] = paired(
            rival.own.scenes, rival.beside.scenes, merged, how, strict=False
        )
        told["suite"] = suite(rival.own, how)
    return told


def lineage(source: str, sources: Collection[str]) -> Row:
    """Whether the mask was trained on sets that these labels come from; null: nobody says."""
    known = lineage_of(source)
    if known is None:
        return {"trained_on_these_data": None, "trained_on": [], "said_by": "not known"}
    return {
        "trained_on_these_data": bool(known.overlap(sources)),
        "trained_on": list(known.sets),
        "said_by": known.said_by,
    }


def paired(
    mask: Sequence[SceneCounts],
    model: Sequence[SceneCounts],
    scheme: Scheme,
    how: Resampling,
    *,
    strict: bool,
) -> Row:
    """Both over the classes that both have, and the model's lead; strict: silence is wrong."""
    shown = shown_channels(mask, scheme)
    mean = mean_iou_of(shown, strict=strict)
    told: Row = {
        "scenes": len(mask),
        "scenes_per_class": named(scheme, scenes_per_class(mask, scheme.size).tolist()),
        "over": [scheme.names[k] for k in shown],
        "mask": figures(mask, scheme, mean, how, strict=strict),
        "model": None,
    }
    if model:
        told["model"] = figures(model, scheme, mean, how, strict=strict)
        told["lead"] = paired_difference(model, mask, mean, **settings(how)).as_json()
        told["lead_by_class"] = named(
            scheme,
            [
                None if math.isnan(each.value) else each.as_json()
                for each in class_differences(model, mask, strict=strict, **settings(how))
            ],
        )
    return told


def figures(
    scenes: Sequence[SceneCounts], scheme: Scheme, mean: Statistic, how: Resampling, *, strict: bool
) -> Row:
    """IoU of each class, null where fewer than FEWEST scenes hold it, and their mean."""
    shown = shown_channels(scenes, scheme)
    return {
        "iou": named(
            scheme,
            [
                figure(scenes, iou_of(k, strict=strict), how).as_json() if k in shown else None
                for k in range(scheme.size)
            ],
        ),
        "class_mean_iou": figure(scenes, mean, how).as_json(),
    }


def named(scheme: Scheme, values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(scheme.names, values, strict=True))


def settings(how: Resampling) -> Row:
    return {"level": how.level, "draws": how.draws, "seed": how.seed}


def with_holm(rows: list[Row]) -> list[Row]:
    """Adjust the p of the model's leads for having looked at so many masks (Holm 1979)."""
    for part in ("answered_pixels", "all_pixels"):
        leads = {
            row["name"]: row[part]["lead"] for row in rows if row[part] and "lead" in row[part]
        }
        known = {name: lead["p"] for name, lead in leads.items() if lead["p"] is not None}
        for name, p in holm(known).items():
            leads[name]["p_holm"] = plain(p)
    return rows


def head(evidence: Evidence, how: Resampling) -> Row:
    """What the labels hold, whatever is judged by them."""
    scenes, scheme = evidence.scenes, evidence.scheme
    return {
        "classes": list(scheme.names),
        "tiles": evidence.tiles,
        "scenes": len(scenes),
        "scenes_per_class": named(scheme, scenes_per_class(scenes, scheme.size).tolist()),
        "fewest_scenes": FEWEST,
        "resampling": how.as_json(),
    }
