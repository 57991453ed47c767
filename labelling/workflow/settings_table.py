"""Every setting of a campaign that a lead may change, in the words of the controls page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from al_engine.strategies import STRATEGIES
from labelling.imagery.label_checks import OVERRULABLE
from labelling.workflow import (
    picking_rules,
    promotion_rules,
    quality_rules,
    queue_rules,
    review_rules,
)
from labelling.workflow import settings_words as words
from labelling.workflow.rules import check_range, check_whole

Range = tuple[float, float]
SHARE: Range = (0, 1)


@dataclass(frozen=True)
class Setting:
    """One value that a lead may change."""

    name: str
    """As in the API: section.field."""
    group: str
    help: str
    """What it does, in one line."""
    kind: str = "number"
    """number, whole, choice, flag, date, text, or the lists numbers, codes, months and names, or
    by_class: {class name: number}."""
    unit: str = ""
    range: Range | None = None
    """Least and greatest of a number, or of each number of a list."""
    choices: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        return self.name.partition(".")[0]


CHOOSING, QUEUE, SHARES, REVIEW, CHECKS, GOLD, PROMOTION, GOAL = (
    "What is chosen",
    "The queue",
    "Shares of the lanes",
    "Review",
    "Checks of a label",
    "Gold, agreement and pre-labels",
    "Promotion",
    "Targets and scope",
)


def _numbers(
    section: str, group: str, ranges: dict[str, Range], words: dict[str, tuple[str, str]],
    *, whole: Callable[[str], bool],
) -> list[Setting]:  # fmt: skip
    return [
        Setting(
            f"{section}.{field}",
            group,
            help,
            unit=unit,
            range=ranges[field],
            kind="whole" if whole(field) else "number",
        )
        for field, (help, unit) in words.items()
    ]


_QUEUE = _numbers(
    "queue",
    QUEUE,
    {**queue_rules.COUNTS, "hard_share": SHARE},
    words.QUEUE,
    whole=lambda field: field in queue_rules.COUNTS,
)
_PICKING = _numbers(
    "picking",
    CHOOSING,
    {
        **{name: (0, most) for name, most in picking_rules.SHARES.items()},
        **picking_rules.COUNTS,
        "worth_minutes": (0.1, 1e6),
    },
    words.PICKING,
    whole=lambda field: field in picking_rules.COUNTS,
)
_FLOORS = [
    Setting(
        "picking.class_floors",
        CHOOSING,
        "least share of the informative tiles for a class, by its code",
        "by_class",
        "0…1",
        SHARE,
    ),
    Setting(
        "picking.regions",
        CHOOSING,
        "label tiles in regions: never, where that is advised, wherever it may be",
        "choice",
        choices=picking_rules.REGIONS,
    ),
    Setting("picking.mask", CHOOSING, "mask that the model is held against; empty: chosen", "text"),
]
_LANES = [
    Setting(
        f"lanes.{lane}",
        SHARES,
        help,
        unit="parts",
        range=(0, queue_rules.LARGEST_SHARE),
    )
    for lane, help in words.LANES.items()
]
_REVIEW = [
    Setting(
        "review.rates",
        REVIEW,
        "share of labels reviewed, for annotators of level 0, 1, …; the last holds above",
        "numbers",
        "0…1",
        SHARE,
    ),
    Setting(
        "review.rework_days",
        REVIEW,
        "a rejected label waits so long for its author",
        unit="days",
        range=(0, 365),
    ),
    Setting(
        "review.withdraw_minutes",
        REVIEW,
        "a submission may be taken back so long, while no review has opened",
        unit="minutes",
        range=(0, 7 * 24 * 60),
    ),
    Setting(
        "review.strict",
        CHECKS,
        "warnings that nobody may overrule here",
        "names",
        choices=tuple(OVERRULABLE),
    ),
]
_CHECKS = _numbers(
    "review.limits",
    CHECKS,
    review_rules.LIMIT_RANGES,
    words.CHECKS,
    whole=lambda field: field in review_rules.WHOLE,
)
_QUALITY = _numbers(
    "quality",
    GOLD,
    {**dict.fromkeys(quality_rules.SHARES, SHARE), **quality_rules.COUNTS, "gold_share": (0, 0.5)},
    words.QUALITY,
    whole=lambda field: field in quality_rules.COUNTS,
)
_TOGETHER = [
    Setting(
        "quality.together",
        GOLD,
        "class codes that agreement is also counted for as one",
        "codes",
        range=(0, 252),
    )
]
_PROMOTION = _numbers(
    "promotion",
    PROMOTION,
    {**promotion_rules.RANGES, **promotion_rules.COUNTS},
    words.PROMOTION,
    whole=lambda field: field in promotion_rules.COUNTS,
)
_BY_CLASS = [
    Setting(
        "promotion.margins",
        PROMOTION,
        "margin of a class that has one of its own",
        "by_class",
        "IoU",
        SHARE,
    ),
    Setting("promotion.unjudged", PROMOTION, "classes that decide nothing", "names"),
]
OWN = [
    Setting(
        "strategy",
        CHOOSING,
        "how a round chooses, where it isn't told otherwise",
        "choice",
        choices=tuple(STRATEGIES),
    ),
    Setting(
        "batch_size",
        CHOOSING,
        "that a round opens, where it isn't told otherwise",
        "whole",
        "tiles",
        (1, 100_000),
    ),
    Setting(
        "targets.tiles",
        GOAL,
        "labelled tiles that the campaign wants",
        "whole",
        "tiles",
        (1, 10_000_000),
    ),
    Setting("targets.date", GOAL, "the day by which it wants them", "date"),
]
"""Settings without a module of rules; targets may be left out."""
_SCOPE = [
    Setting(
        "scope.months",
        GOAL,
        "of the year that tiles may be from; empty: all",
        "months",
        range=(1, 12),
    ),
    Setting(
        "scope.land_share", GOAL, "least share of a tile that must be land", unit="0…1", range=SHARE
    ),
    Setting("scope.allow_unknown", GOAL, "serve tiles whose place or date isn't known", "flag"),
]

SETTINGS: dict[str, Setting] = {
    each.name: each
    for each in (
        *OWN[:2], *_PICKING, *_FLOORS, *_LANES, *_QUEUE, *_REVIEW, *_CHECKS, *_QUALITY, *_TOGETHER,
        *_PROMOTION, *_BY_CLASS, *OWN[2:], *_SCOPE,
    )
}  # fmt: skip


def check_number(setting: Setting, value: object) -> None:
    """Raises BadInput unless `value` is a number of the setting's range."""
    low, high = setting.range or SHARE
    if setting.kind == "whole":
        check_whole(setting.name, value, int(low), int(high))
    else:
        check_range(setting.name, value, low, high)
