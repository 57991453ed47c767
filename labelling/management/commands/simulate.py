"""`simulate`: the whole loop on a labelled set, with a simulated annotator."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labelling.errors import BadInput
from labelling.management.base import WorkbenchCommand, settings_words
from labelling.workflow.children import run_child
from labelling.workflow.rounds import check_plan

TRAINING = {"steps": 300, "crop": 128, "batch": 8, "learning_rate": 3e-3, "evaluate_every": 75}
"""Fits shorter than in production, so that a run of four rounds takes minutes."""


class Command(WorkbenchCommand):
    help = (
        "Replay the loop on a folder of labelled scenes, in a scratch installation of its own: "
        "labels are revealed only when a simulated annotator draws the tile."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="<name>.tif, <name>_label.tif")
        parser.add_argument("--rounds", type=int, default=4)
        parser.add_argument("--batch", type=int, default=3, help="tiles labelled a round")
        parser.add_argument("--strategy", default="auto")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--dry-run", action="store_true", help="check the plan, do nothing")

    def handle(self, *args: Any, data: Path, rounds: int, **options: Any) -> None:
        check_plan(options["strategy"], options["batch"], options["seed"])
        if rounds < 1:
            raise BadInput(f"At least one round, not {rounds}.", field="rounds")
        if not data.is_dir():
            raise BadInput(f"{data} is no folder.", field="data")
        plan = {
            "data": str(data.resolve()),
            "rounds": rounds,
            "batch": options["batch"],
            "strategy": options["strategy"],
            "seed": options["seed"],
            "training": {**TRAINING, **settings_words(options["set"])},
        }
        if options["dry_run"]:
            self.say(f"Would simulate {plan}.", as_json=options["json"], plan=plan)
            return
        self.simulate(plan, as_json=options["json"])

    def simulate(self, plan: dict[str, Any], *, as_json: bool) -> None:
        """Run the plan in a child whose database and var folder are its own."""
        with tempfile.TemporaryDirectory(prefix="simulate-") as scratch:
            request = Path(scratch) / "plan.json"
            request.write_text(json.dumps(plan))
            run_child(
                "labelling.compute",
                "simulate",
                request,
                Path(scratch) / "out",
                log=Path(scratch) / "simulate.log",
                tick=lambda said: self.show(said, as_json=as_json),
                settings_of_its_own={
                    "WORKBENCH_VAR": scratch,
                    "DATABASE_URL": f"sqlite:///{scratch}/workbench.sqlite3",
                    "STORAGE_URL": f"file://{scratch}/blobs",
                    "CELERY_BROKER_URL": "memory://",
                },
            )

    def show(self, said: dict[str, Any] | None, *, as_json: bool) -> None:
        if said is None:
            return
        if refused := said.get("refused"):
            self.stderr.write(refused)
        if row := said.get("row"):
            if row["round"] == 1 and not as_json:
                self.stdout.write(header(row))
            self.say(line(row), as_json=as_json, **row)


def header(row: dict[str, Any]) -> str:
    classes = "".join(f"{name:>18}" for name in row["test_iou"])
    return (
        f"IoU on {row['test_tiles']} test tiles, of scenes that are never in the pool\n"
        f"round  tiles labelled{classes}    mean  seconds"
    )


def line(row: dict[str, Any]) -> str:
    classes = "".join(f"{share(value):>18}" for value in row["test_iou"].values())
    mean = share(row["test_class_mean_iou"])
    return f"{row['round']:>5}  {row['labelled']:>14}{classes}  {mean:>6}  {row['seconds']:>7}"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
