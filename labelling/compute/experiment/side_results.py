"""What else is looked at, and judged by no verdict: classes, inherited errors, importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.experiment.cells import Judged
from labelling.compute.experiment.verdicts import HOW, Drawn, Runs, drawn
from training.evaluation.counts import scenes_per_class
from training.evaluation.importance import Permuted
from training.evaluation.inheritance import WRONG, repeated_share, righted_share
from training.evaluation.resampling import FEWEST
from training.evaluation.scheme import Scheme
from training.evaluation.statistics import iou_of, ratio

Row = dict[str, Any]
Floats = NDArray[np.float64]
Cells = Mapping[str, Mapping[int, Judged]]
"""{arm: {seed: what its cell holds}}, finished ones alone."""
ALL_ERRORS = "all classes"


def class_rows(arms: Mapping[str, Runs], baseline: str, scheme: Scheme) -> list[Row]:
    """IoU of every class in enough scenes, and its difference from the baseline's."""
    scenes = next(runs[seed] for runs in arms.values() for seed in runs)
    there = scenes_per_class(scenes, scheme.size)
    rows = []
    for k in np.flatnonzero(there >= FEWEST).tolist():
        for name, runs in arms.items():
            both = [seed for seed in runs if seed in arms[baseline]]
            row = {"arm": name, "class": scheme.names[k], "scenes": int(there[k])}
            row["iou"] = drawn(runs, list(runs), iou_of(k)).as_json(share=True) if runs else None
            if name != baseline and both:
                apart = drawn(runs, both, iou_of(k)) - drawn(arms[baseline], both, iou_of(k))
                row["difference"] = apart.as_json()
            rows.append(row)
    return rows


def inheritance_rows(cells: Cells, baseline: str) -> list[Row]:
    """By arm and true class: of the mask's errors, the share repeated and the share put right, and
    how much more is repeated than by the baseline."""
    rows = []
    for arm, by_seed in cells.items():
        known = {seed: each for seed, each in by_seed.items() if each.inherited is not None}
        if not known:
            continue
        names = [*next(iter(known.values())).told["rule_classes"], ALL_ERRORS]
        for k, name in enumerate(names):
            if row := _inherited(known, {} if arm == baseline else cells[baseline], k):
                rows.append({"arm": arm, "class": name, **row})
    return rows


def _inherited(known: Mapping[int, Judged], base: Mapping[int, Judged], k: int) -> Row:
    """Empty where the mask errs on that class in too few scenes."""
    counts = next(iter(known.values())).inherited
    assert counts is not None
    wrong = _errors(counts, k)
    if (wrong > 0).sum() < FEWEST:
        return {}
    both = [seed for seed in known if seed in base]
    row: Row = {
        "errors": int(wrong.sum()),
        "scenes": int((wrong > 0).sum()),
        "repeated": _shares(known, list(known), repeated_share, k).as_json(share=True),
        "righted": _shares(known, list(known), righted_share, k).as_json(share=True),
    }
    if both:
        apart = _shares(known, both, repeated_share, k) - _shares(base, both, repeated_share, k)
        row["more_than_baseline"] = apart.as_json()
    return row


def _errors(counts: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """(scenes,) pixels where the mask is wrong, of true class k, or of any beyond the last."""
    by_truth = counts[..., WRONG].sum(axis=-1)
    return by_truth[:, k] if k < by_truth.shape[1] else by_truth.sum(axis=1)


def _shares(judged: Mapping[int, Judged], seeds: Sequence[int], share: Any, k: int) -> Drawn:
    values, draws = [], []
    for seed in seeds:
        counts = judged[seed].inherited
        assert counts is not None
        values.append(float(share(counts.sum(axis=0))[k]))
        weights = HOW.weights(len(counts)).astype(np.float64)
        draws.append(share(np.tensordot(weights, counts, axes=1))[:, k])
    return Drawn(np.array(values), np.stack(draws))


def importance_rows(cells: Cells, scheme: Scheme) -> list[Row]:
    """By arm, input, class and month: the drop in IoU where the input is another tile's.

    Means over repeats and seeds; `month` is "all" for the whole split. A class of a month in fewer
    than FEWEST scenes has no row; classes together are named by their mean.
    """
    rows = []
    for arm, by_seed in cells.items():
        told = [each.permuted for each in by_seed.values() if each.permuted is not None]
        if told:
            rows += _arm_rows(arm, told, scheme)
    return rows


def _arm_rows(arm: str, told: Sequence[Permuted], scheme: Scheme) -> list[Row]:
    rows = []
    units = told[0].units
    months = sorted({month for _, month in units})
    for month in ["all", *(months if len(months) > 1 else [])]:
        chosen = [row for row, (_, each) in enumerate(units) if month in ("all", each)]
        shown = _shown(told[0], chosen)
        for place, feature in enumerate(told[0].features):
            drops = [_drop(each, place, chosen) for each in told]
            both = Drawn(np.array([d.values for d in drops]), np.stack([d.draws for d in drops]))
            rows += [
                {"arm": arm, "input": feature, "month": month, "class": name, **figure}
                for name, figure in _figures(both, shown, scheme)
            ]
    return rows


def _shown(told: Permuted, chosen: Sequence[int]) -> list[int]:
    """Classes that enough scenes of these units hold."""
    held = told.base[chosen].sum(axis=-1) > 0  # (U', K)
    scenes = np.array([told.units[row][0] for row in chosen])
    classes = range(held.shape[1])
    return [k for k in classes if len(set(scenes[held[:, k]].tolist())) >= FEWEST]


def _drop(told: Permuted, feature: int, chosen: Sequence[int]) -> Drawn:
    """values (K,), draws (D, K): the IoU as it is less that with the input exchanged, mean over
    repeats, each on the same resampled scenes."""
    names = sorted({told.units[row][0] for row in chosen})
    of_scene = np.array([names.index(told.units[row][0]) for row in chosen])
    weights = HOW.weights(len(names)).astype(np.float64)[:, of_scene]  # (D, U')
    once = np.ones((1, len(chosen)))
    both = np.concatenate([once, weights])
    base = _iou(np.tensordot(both, told.base[chosen], axes=1))
    others = [_iou(np.tensordot(both, each[chosen], axes=1)) for each in told.exchanged[feature]]
    drop = base - np.mean(others, axis=0)
    return Drawn(drop[0], drop[1:])


def _iou(pixels: Floats) -> Floats:
    """(…, K, K + 1) -> (…, K), nan where the truth holds none."""
    hits = np.diagonal(pixels, axis1=-2, axis2=-1)
    true, said = pixels.sum(axis=-1), pixels[..., :-1].sum(axis=-2)
    # A class that isn't there is nan, and a pixel of which nothing is said is no hit.
    return np.where(true > 0, ratio(hits, true + said - hits), np.nan)


def _figures(both: Drawn, shown: Sequence[int], scheme: Scheme) -> list[tuple[str, Row]]:
    """`both`: values (S, K), draws (S, D, K)."""
    told = [(scheme.names[k], Drawn(both.values[:, k], both.draws[:, :, k])) for k in shown]
    if len(shown) > 1:
        some = list(shown)
        mean = Drawn(both.values[:, some].mean(axis=1), both.draws[:, :, some].mean(axis=2))
        told.append(("mean of these", mean))
    return [(name, figure.as_json()) for name, figure in told]
