"""`replay`: active learning again and again on a labelled pool, without people or a database."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labelling.errors import BadInput
from labelling.management.base import WorkbenchCommand, settings_words
from labelling.management.progress import Progress
from labelling.workflow.children import run_child

MODULE = "labelling.compute.replay"
RESULT, REPORT = "replay.json", "report.html"
GROUPS = ("sizes", "net", "people")
"""Of the plan's settings that `--set group.name=value` reaches."""


class Command(WorkbenchCommand):
    help = (
        "Replay active learning on a labelled pool: every strategy from the same first tiles, seed "
        "by seed, into learning curves with intervals and ratios of labels needed. Run again in "
        "the same folder, it goes on where it was. Exit status: 0 done, 1 refused, 2 usage."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "pool",
            help="natural, curated, noisy or semi-real (all painted, synthetic); or the folder of "
            "a snapshot, or one of <name>.tif with <name>_label.tif",
        )
        parser.add_argument("--out", type=Path, required=True, help="folder of the results")
        parser.add_argument(
            "--strategies",
            nargs="+",
            metavar="ARM",
            help="auto, random, …; a part changed: 'auto:reach', 'auto:reach=1'",
        )
        parser.add_argument("--ablate", action="store_true", help="auto with each part switched")
        parser.add_argument("--seeds", type=int, default=4, help="paired repetitions")
        parser.add_argument(
            "--budgets",
            nargs="+",
            default=[],
            metavar="[ARM=]N,N,…",
            help="tiles labelled at each look, for all arms or one",
        )
        parser.add_argument("--generator", type=int, default=0, help="seed of the painted world")
        parser.add_argument(
            "--size", type=int, help="side of a painted tile; 128: as in production"
        )
        parser.add_argument("--samples", type=Path, help="folder with the semi-real pool's scenes")
        parser.add_argument("--delay", type=int, default=0, help="rounds until labels arrive")
        parser.add_argument("--refusals", type=float, default=0.0, help="share of tiles refused")
        parser.add_argument("--label-noise", type=float, default=0.0, help="share of thin tiles")
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="GROUP.NAME=VALUE",
            help="such as net.steps=600, sizes.products=100, people.edge=0.02",
        )
        parser.add_argument("--dry-run", action="store_true", help="check the plan, do nothing")

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        if options["jobs"] < 1:
            raise BadInput(f"At least one process, not {options['jobs']}.", field="jobs")
        request = {
            "plan": plan_of(options),
            "jobs": options["jobs"],
            "ablate": options["ablate"],
            "dry_run": options["dry_run"],
        }
        as_json = options["json"]
        with Progress(self.stdout, total=None, unit="cell", as_json=as_json) as progress:
            done = self.run(request, out, progress)
        if options["dry_run"]:
            self.say(f"Would replay {done['plan']} into {out}.", as_json=as_json, plan=done["plan"])
            return
        result = json.loads((out / RESULT).read_text())
        if as_json:
            self.say("", as_json=True, **facts_of(result, out))
            return
        for line in lines_of(result):
            self.stdout.write(line)
        self.stdout.write(f"The report: {out / REPORT}. All figures: {out / RESULT}.")

    def run(self, request: dict[str, Any], out: Path, progress: Progress) -> dict[str, Any]:
        """Do the work in a child, which alone loads torch; returns its last line."""

        def show(said: dict[str, Any] | None) -> None:
            if said is None:
                return
            if said["stage"] in PREPARATIONS:
                progress.say(PREPARATIONS[said["stage"]], preparing=said["stage"])
                return
            progress.expect(said["total"])
            progress.step(said["done"] - progress.done)

        with tempfile.TemporaryDirectory(prefix="replay-") as scratch:
            asked = Path(scratch) / "request.json"
            asked.write_text(json.dumps(request))
            log = Path(scratch) / "replay.log"
            return run_child(MODULE, asked, out.resolve(), log=log, tick=show)


PREPARATIONS = {
    "pool": "Painting or reading the pool.",
    "source": "Training the model that all arms start from.",
}


def plan_of(options: dict[str, Any]) -> dict[str, Any]:
    """The plan's JSON. A pool that is a folder goes by its absolute path."""
    pool = Path(options["pool"])
    plan: dict[str, Any] = {
        "pool": str(pool.resolve()) if pool.is_dir() else options["pool"],
        "seeds": options["seeds"],
        "budgets": dict(budgets_of(word) for word in options["budgets"]),
        "generator": options["generator"],
        **{group: {} for group in GROUPS},
    }
    if options["strategies"]:
        plan["strategies"] = options["strategies"]
    if options["samples"]:
        plan["samples"] = str(options["samples"].resolve())
    if options["size"] is not None:
        plan["sizes"]["size"] = options["size"]
    for name in ("delay", "refusals", "label_noise"):
        plan["people"][name] = options[name]
    for word, value in settings_words(options["set"]).items():
        group, _, name = word.partition(".")
        if group not in GROUPS or not name:
            raise BadInput(
                f"--set wants GROUP.NAME=VALUE, not {word!r}.",
                field="set",
                help=f"Groups are {', '.join(GROUPS)}.",
            )
        plan[group][name] = value
    return plan


def budgets_of(word: str) -> tuple[str, list[int]]:
    """`24,48,96` for all arms, or `random=24,48,96` for one. Raises BadInput."""
    arm, _, numbers = word.rpartition("=")
    try:
        return arm or "*", [int(number) for number in numbers.split(",")]
    except ValueError:
        raise BadInput(
            f"Budgets are whole numbers with commas between, not {numbers!r}.",
            field="budgets",
            help="Such as --budgets 24,48,96 random=24,48,96,192.",
        ) from None


def facts_of(result: dict[str, Any], out: Path) -> dict[str, Any]:
    return {
        "report": str(out / REPORT),
        "result": str(out / RESULT),
        "synthetic": result["synthetic"],
        "start": result["start"]["iou"]["class_mean"],
        "ceiling": result["ceiling"]["iou"]["class_mean"],
        "ratios": headline(result),
        "pairs": result["pairs"],
        "switches": result["switches"],
    }


def headline(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The ratios in tiles, of the mean over classes."""
    return [
        row for row in result["ratios"] if row["metric"] == "class_mean" and row["cost"] == "tiles"
    ]


def lines_of(result: dict[str, Any]) -> list[str]:
    """The result for a person at a terminal."""
    start, ceiling = (result[end]["iou"]["class_mean"]["mean"] for end in ("start", "ceiling"))
    lines = [
        result["pool"]["about"],
        f"Class-mean IoU: {start:.4f} at the start, {ceiling:.4f} with all labels.",
    ]
    for name, arm in result["arms"].items():
        looks = zip(arm["tiles"], arm["iou"]["class_mean"])
        told = "  ".join(f"{tiles:.0f}: {look['mean']:.4f}" for tiles, look in looks)
        lines.append(f"{name:<24}  {told}")
    for row in headline(result):
        value = "–" if row["bound"] == "none" else f"{row['bound']}{row['value']:.2f}"
        weak = f"; {row['weak']}" if row["weak"] else ""
        lines.append(
            f"LER({row['share']}) of {row['arm']} against {row['baseline']}: {value} "
            f"[{row['low']:.2f}, {row['high']:.2f}], p {row['p_holm']:.4f}{weak}"
        )
    return [*lines, *map(switch_line, result["switches"])]


def switch_line(row: dict[str, Any]) -> str:
    difference = f"{100 * row['area_difference']:+.2f} [{100 * row['low']:+.2f}, "
    interval = f"{100 * row['high']:+.2f}]"
    return f"{row['arm']} less auto: {difference}{interval} points of area, p {row['p_holm']:.4f}"
