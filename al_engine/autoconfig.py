"""Every part of the strategy `auto` that can be switched, and the table of single switches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from al_engine.errors import BadRequest
from al_engine.reduction import DEFAULT as POOLING
from al_engine.reduction import PoolingConfig

SHARES = (
    "control_share",
    "coverage_share",
    "stratified_share",
    "season_floor",
    "place_floor",
    "least_validation",
)
LEAST = {
    "members": 1,
    "oversample": 1,
    "ramp_from": 0,
    "ramp_over": 1,
    "neighbourhood_cap": 1,
    "place_cap": 1,
    "reach": 0,
    "candidates": 1,
    "spread": 0,
    "cost_exponent": 0,
}


@dataclass(frozen=True)
class AutoConfig:
    """How `auto` scores and chooses; the defaults are what is shipped.

    Raises BadRequest, naming the field, for a value out of range.
    """

    acquisition: str = "entropy"
    """What the pool's scores must measure: a name in ACQUISITIONS. "blended" suits M ≥ 3."""
    members: int = 1
    """Fewest members that the pool must have been scored by."""
    calibrated: bool = True
    """Whether members' fitted temperatures are used."""
    pooling: PoolingConfig = POOLING
    """How pixels become a score; `boundary_radius=0` switches boundary damping off."""

    control_share: float = 0.10
    """Drawn uniformly over the whole pool before anything else."""
    coverage_share: float = 0.10
    """Typical tiles of parts of the feature space that nobody has labelled."""
    stratified_share: float = 0.66
    """Of the informative tiles, those chosen by class quotas."""
    class_weights: tuple[float, ...] = ()
    """(K,) what class quotas are proportional to (see `gap_weights`); empty for equal quotas."""
    class_floors: tuple[float, ...] = ()
    """(K,) least share of the informative tiles for each class's quota; empty for none."""
    season_floor: float = 0.0
    """Least share, of the tiles an even split would give, for each season of the pool."""
    place_floor: float = 0.0
    """The same for each place."""

    noise: bool = False
    """Power noise that decays over the rounds."""
    capped: bool = True
    """At most `Request.cap` tiles a product."""
    neighbourhood_cap: int | None = 1
    """Most tiles of one neighbourhood; None for no cap."""
    place_cap: int | None = None
    """Most tiles of one place in one season; None for no cap."""
    deduplicated: bool = True
    """Near-duplicates of labelled, in-flight and chosen tiles are passed over."""
    reach: float = 0.0
    """Scores are multiplied by the distance to all that is known to this power; 0 for none."""
    candidates: int = 500
    """Candidates a pick that `reach` chooses among."""
    spread: float = 0.0
    """Where there is no `reach`: weight of log distance, by embeddings, against the standardised
    rank; 0 for none."""
    oversample: int = 4
    """Candidates a pick that `spread` chooses among."""
    cost_exponent: float = 0.0
    """Scores are divided by minutes to this power; 0 where minutes play no part."""

    ramp_from: int = 200
    """Labelled tiles up to which uncertainty has no part, where Request.labelled is told."""
    ramp_over: int = 400
    """Further labelled tiles over which its share grows to the full one."""
    least_validation: float = 0.5
    """Validation IoU below which uncertainty has no part, where Request.validation is told."""

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise BadRequest(
                    f"{name} must be between 0 and 1, not {getattr(self, name)}.", field=name
                )
        if self.control_share + self.coverage_share > 1:
            raise BadRequest(
                "control_share and coverage_share must not exceed 1 together.",
                field="coverage_share",
            )
        for name, least in LEAST.items():
            if getattr(self, name) is not None:
                self._at_least(name, least)
        self._check_classes()

    def _check_classes(self) -> None:
        for name in ("class_weights", "class_floors"):
            if any(not 0 <= each < math.inf for each in getattr(self, name)):
                raise BadRequest(f"{name} must be finite and not negative.", field=name)
        if self.class_weights and not sum(self.class_weights):
            raise BadRequest("class_weights must not all be 0.", field="class_weights")
        if sum(self.class_floors) > 1:
            raise BadRequest("class_floors must not exceed 1 together.", field="class_floors")

    def _at_least(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not least <= value < math.inf:
            raise BadRequest(f"{name} must be at least {least}, not {value}.", field=name)

    def temperatures(self, fitted: Sequence[float]) -> tuple[float, ...]:
        """The temperatures to score with: the fitted ones, or ones where they are switched off."""
        return tuple(fitted) if self.calibrated else (1.0,) * len(fitted)

    def informative_share(self, labelled: int | None, validation: float | None) -> float:
        """Share of a batch that uncertainty chooses: the ramp from coverage into uncertainty.

        0 while the model is worse than `least_validation`, then growing with the labelled tiles:
        clip((labelled - ramp_from) / ramp_over, 0, 1) of 1 - control_share - coverage_share. What
        isn't told doesn't hold it back.
        """
        full = 1 - self.control_share - self.coverage_share
        if validation is not None and validation < self.least_validation:
            return 0.0
        if labelled is None:
            return full
        return full * min(max((labelled - self.ramp_from) / self.ramp_over, 0.0), 1.0)


DEFAULT = AutoConfig()

ABLATIONS: dict[str, AutoConfig] = {
    "auto": DEFAULT,
    "no damping": replace(DEFAULT, pooling=replace(DEFAULT.pooling, boundary_radius=0)),
    "mean instead of top blocks": replace(
        DEFAULT, pooling=replace(DEFAULT.pooling, pooling="mean")
    ),
    "no temperature": replace(DEFAULT, calibrated=False),
    "ensemble of 3": replace(DEFAULT, acquisition="blended", members=3),
    "no class strata": replace(DEFAULT, stratified_share=0.0),
    "noise": replace(DEFAULT, noise=True),
    "no caps": replace(DEFAULT, capped=False, neighbourhood_cap=None),
    "no de-duplication": replace(DEFAULT, deduplicated=False),
    "reach": replace(DEFAULT, reach=2.0),
    "spread": replace(DEFAULT, spread=0.5),
    "no coverage slice": replace(DEFAULT, coverage_share=0.0),
    "no control slice": replace(DEFAULT, control_share=0.0),
    "cost": replace(DEFAULT, cost_exponent=0.5),
    "season and place floors": replace(DEFAULT, season_floor=0.5, place_floor=0.5),
}
"""One switch each, for a replay that asks what each part earns."""
