"""`split plan|freeze|show`: pool, validation and test, decided by the ground and frozen once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.imagery.split import DEFAULT_SHARES, SPLITS, check_shares
from labelling.management.base import PARTLY, REFUSED, WorkbenchCommand, campaign_named
from labelling.management.progress import Progress
from labelling.models import DEFAULT_CLASSES, Installation
from labelling.workflow.splitting import (
    SplitPlan,
    freeze_split,
    plan_split,
    split_counts,
    the_frozen_split,
)


class Command(WorkbenchCommand):
    help = "Preview how scenes fall into pool, validation and test, freeze the shares, show them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="plan|freeze|show")
        plan = verbs.add_parser("plan", help="count scenes and classes per split; writes nothing")
        plan.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        plan.add_argument("--campaign", metavar="SLUG", help="whose tile size and classes to take")
        plan.add_argument("--tile-size", type=int, default=512, choices=[256, 512])
        plan.add_argument("--labels", type=Path, metavar="FOLDER", help="where the labels lie")
        freeze = verbs.add_parser("freeze", help="freeze the shares for ever")
        freeze.add_argument("--dry-run", action="store_true", help="check, change nothing")
        show = verbs.add_parser("show", help="the frozen shares, and what is stored of each")
        for each in (plan, freeze):
            for split in SPLITS:
                default = DEFAULT_SHARES[split]
                each.add_argument(f"--{split}", type=float, default=default, help="0 to 1")
            each.add_argument("--seed", type=int, default=0, help="another draw of the squares")
        for each in (plan, freeze, show):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def plan(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"]) if options["campaign"] else None
        schema = campaign.schema if campaign else None
        with Progress(self.stdout, total=None, unit="scene", as_json=options["json"]) as progress:

            def tell(done: int, total: int) -> None:
                progress.expect(total)
                progress.step()

            plan = plan_split(
                options["paths"],
                size=campaign.tile_size if campaign else options["tile_size"],
                classes=schema.classes if schema else DEFAULT_CLASSES,
                split=(shares_of(options), options["seed"]),
                labels=options["labels"],
                progress=tell,
            )
        self.say(told(plan), as_json=options["json"], **plan.as_json())
        if plan.refused:
            some = any(counts.tiles for counts in plan.splits.values())
            raise SystemExit(PARTLY if some else REFUSED)

    def freeze(self, options: dict[str, Any]) -> None:
        shares, seed = shares_of(options), options["seed"]
        check_shares(shares)
        if options["dry_run"] and not the_frozen_split():
            self.say(f"Would freeze {shares}, seed {seed}.", as_json=options["json"],
                     shares=shares, seed=seed, dry_run=True)  # fmt: skip
            return
        made = freeze_split(shares=shares, seed=seed, who=None, now=clock.now())
        self.say(f"Frozen: {shares}, seed {seed}.", as_json=options["json"],
                 shares=shares, seed=seed, frozen=made.frozen.isoformat())  # fmt: skip

    def show(self, options: dict[str, Any]) -> None:
        found = Installation.objects.filter(pk=1).first()
        counts = split_counts()
        lines = [
            f"Frozen on {found.frozen:%Y-%m-%d}, seed {found.split_seed}."
            if found
            else "Not frozen yet: the first ingest freezes the default shares."
        ]
        shares = found.split_shares if found else DEFAULT_SHARES
        for split in SPLITS:
            stored = ", ".join(f"{what} {n}" for what, n in counts[split].items())
            lines.append(f"{split:<10} {shares[split]:.0%}  {stored}")
        self.say(
            "\n".join(lines),
            as_json=options["json"],
            frozen=found.frozen.isoformat() if found else None,
            seed=found.split_seed if found else 0,
            shares=shares,
            splits=counts,
        )


def shares_of(options: dict[str, Any]) -> dict[str, float]:
    return {split: options[split] for split in SPLITS}


def told(plan: SplitPlan) -> str:
    """The plan for a person."""
    whose = "the frozen split" if plan.frozen else "nothing is frozen yet"
    lines = [f"Shares {plan.shares}, seed {plan.seed} ({whose})."]
    for split, counts in plan.splits.items():
        lines.append(f"{split:<10} scenes {counts.scenes}, tiles {counts.tiles}")
        if plan.labelled:
            lines += [
                f"  {name:<18} scenes {count.scenes}, tiles {count.tiles}, pixels {count.pixels}"
                for name, count in counts.classes.items()
            ]
    lines.append(f"Fenced, because they cross a split border: {plan.fenced}.")
    if not plan.labelled:
        lines.append("No label files were found: classes can't be previewed.")
    lines += [f"Can't be read: {reason}" for reason in plan.refused.values()]
    return "\n".join(lines + [f"Warning: {warning}" for warning in plan.warnings])
