"""What a campaign's lead may set about how rounds choose, and what holds where nothing is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from al_engine.autoconfig import DEFAULT, AutoConfig
from labelling.models import Campaign, Event, record
from labelling.workflow.rules import check_range, check_whole, merged, refuse_unknown, wrong

MODEL = "model"
"""In `mask`: another model of the campaign's instead of a rule mask."""
LONGEST_SOURCE = 40
LEAST_WORTH, MOST_WORTH = 0.1, 1e6
"""Minutes."""
REGIONS = ("off", "advised", "always")
"""Whether tiles are labelled in regions: never, where that is advised, wherever it may be."""


@dataclass(frozen=True)
class PickingRules:
    """Read from Campaign.picking; every field may be left out. Strategies that don't know a part
    take no notice of its setting."""

    control_share: float = DEFAULT.control_share
    """0…0.5: share of a batch drawn uniformly before anything else."""
    coverage_share: float = DEFAULT.coverage_share
    """0…0.5: share that goes to parts of the pool that nobody has labelled."""
    ramp_from: int = DEFAULT.ramp_from
    """Labelled tiles up to which uncertainty has no part."""
    ramp_over: int = DEFAULT.ramp_over
    """Further labelled tiles over which its share grows to the full one."""
    least_validation: float = DEFAULT.least_validation
    """0…1: mean IoU on validation below which uncertainty has no part."""
    class_floors: Mapping[str, float] = field(default_factory=dict)
    """{class code: least share of the informative tiles that its quota gets}."""
    season_floor: float = 0.0
    """0…1: least share, of the tiles an even split would give, for each season of the pool."""
    place_floor: float = 0.0
    """The same for each 100 km square."""
    place_cap: int = 0
    """Most tiles of one square in one season and batch; 0: no cap."""
    skip_cap: int = 3
    """So often may people put a tile away unlabelled; then no round chooses it any more."""
    dispute_cap: int = 3
    """So many tasks may a tile's label be rejected in; then no round chooses it any more."""
    mask: str = ""
    """What `disagree` holds the model against and what tells classes before there is a model: the
    source of a mask, or `model` for another model; empty: the mask that most tiles have, else
    another model."""
    restart: int = 1
    """Number of the round that noise begins anew with, after a change of season, sensor or
    region."""
    worth_minutes: float = 600.0
    """Minutes of labelling that a point (0.01) of mean IoU is worth to you."""
    regions: str = "off"
    """One of REGIONS. Tiles that measure people or the model are labelled whole, whatever it
    says."""

    def __post_init__(self) -> None:
        for name, most in SHARES.items():
            check_range(f"picking.{name}", getattr(self, name), 0, most)
        for name, (low, high) in COUNTS.items():
            check_whole(f"picking.{name}", getattr(self, name), low, high)
        check_range("picking.worth_minutes", self.worth_minutes, LEAST_WORTH, MOST_WORTH)
        named = isinstance(self.mask, str) and self.mask.isprintable()
        if not named or len(self.mask) > LONGEST_SOURCE:
            raise wrong("picking.mask", self.mask, "the source of a mask, or empty")
        if self.regions not in REGIONS:
            raise wrong("picking.regions", self.regions, f"one of {', '.join(REGIONS)}")
        self._check_floors()

    def _check_floors(self) -> None:
        if not isinstance(self.class_floors, Mapping):
            raise wrong("picking.class_floors", self.class_floors, '{"class code": share}')
        for code, share in self.class_floors.items():
            check_range(f"picking.class_floors.{code}", share, 0, 1)
        if sum(self.class_floors.values()) > 1:
            raise wrong("picking.class_floors", dict(self.class_floors), "at most 1 together")

    def as_json(self) -> dict[str, Any]:
        """Every setting with its value."""
        return {**asdict(self), "class_floors": dict(self.class_floors)}

    def config(self, codes: Sequence[int]) -> AutoConfig:
        """For the engine; codes: the class of each channel of the model that ranks, in order.

        The floor of a class that the model doesn't know is left out: it has no quota.
        """
        floors = tuple(float(self.class_floors.get(str(code), 0.0)) for code in codes)
        return AutoConfig(
            control_share=self.control_share,
            coverage_share=self.coverage_share,
            ramp_from=self.ramp_from,
            ramp_over=self.ramp_over,
            least_validation=self.least_validation,
            class_floors=floors if any(floors) else (),
            season_floor=self.season_floor,
            place_floor=self.place_floor,
            place_cap=self.place_cap or None,
        )


SHARES = {
    "control_share": 0.5,
    "coverage_share": 0.5,
    "least_validation": 1,
    "season_floor": 1,
    "place_floor": 1,
}
"""{field: the most it may be}"""
COUNTS = {
    "ramp_from": (0, 1_000_000),
    "ramp_over": (1, 1_000_000),
    "place_cap": (0, 100_000),
    "skip_cap": (1, 100),
    "dispute_cap": (1, 100),
    "restart": (1, 1_000_000),
}
"""{field: (smallest, largest)}"""


def picking_rules(campaign: Campaign) -> PickingRules:
    """The rules in force. Raises BadInput naming the field that can't be used."""
    return rules_from(campaign.picking)


def rules_from(given: Mapping[str, Any]) -> PickingRules:
    """Raises BadInput for a field that there isn't or a value out of its range."""
    refuse_unknown(
        given, {each.name for each in fields(PickingRules)}, "picking", "picking setting"
    )
    return PickingRules(**given)


@transaction.atomic
def change_rules(
    campaign: Campaign, *, picking: Mapping[str, Any], who: User | None, now: datetime
) -> PickingRules:
    """Set what is named; null sets it back to its default. The rules from the next round on.

    Raises BadInput naming the field, with nothing changed.
    """
    current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    wanted = merged(current.picking, picking)
    rules = rules_from(wanted)
    codes = current.schema.codes if current.schema else []
    refuse_unknown(
        rules.class_floors, {str(code) for code in codes}, "picking.class_floors", "class code"
    )
    Campaign.objects.filter(pk=campaign.pk).update(picking=wanted)
    campaign.picking = wanted
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, picking=wanted)
    return rules
