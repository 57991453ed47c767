"""`experiment`: a question about training, answered on one snapshot as a file lays down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from labelling.errors import BadInput
from labelling.management.base import PARTLY, WorkbenchCommand
from labelling.management.progress import Progress
from labelling.workflow.experimenting import Asked, Cell, Experimenting

REPORT, RESULT = "report.html", "experiment.json"


class Command(WorkbenchCommand):
    help = (
        "Train every arm of an experiment file with every seed on one snapshot, and say of the "
        "metric that the file names whether an arm is better than the baseline, worse, or no "
        "difference was shown. Run again in the same folder, it goes on where it was. Exit status: "
        "0 done, 1 refused, 2 usage, 3 some trainings failed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help=".toml or .json; or one that is ready: rule-mask, augmentation, indices"
        )
        parser.add_argument(
            "--on", default="", metavar="SNAPSHOT",
            help="a snapshot's hash or folder; for a trial, a folder of <name>.tif with "
            "<name>_label.tif, or painted (synthetic); default: what the file says",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="cells, result and report")
        parser.add_argument(
            "--rule-mask", default="", metavar="NAME",
            help="the mask whose errors are followed, instead of the file's",
        )  # fmt: skip
        parser.add_argument("--jobs", type=int, default=0, help="trainings at a time")
        parser.add_argument("--dry-run", action="store_true", help="check all, print the plan")

    def handle(self, *args: Any, file: str, out: Path | None, **options: Any) -> None:
        if options["jobs"] < 0:
            raise BadInput(f"At least one training at a time, not {options['jobs']}.", field="jobs")
        out = out or settings.WORKBENCH_VAR / "experiments" / Path(file).stem
        asked = Asked(file, options["on"], options["rule_mask"])
        work = Experimenting(asked, out.resolve(), jobs=options["jobs"])
        if options["dry_run"]:
            self.tell_plan(work.look(), as_json=options["json"])
            return
        with Progress(self.stdout, total=None, unit="cell", as_json=options["json"]) as progress:
            outcome = work.run(lambda *said: self.show(progress, *said))
        self.tell(outcome.result, work.out, as_json=options["json"])
        if outcome.result["partly"]:
            sys.exit(PARTLY)

    def show(self, progress: Progress, cell: Cell, done: int, total: int) -> None:
        progress.expect(total)
        progress.step(done - progress.done)
        if cell["why"]:
            told = f"{cell['arm']}, seed {cell['seed']} failed: {cell['why']}"
            progress.say(told, failed=cell["name"], why=cell["why"])

    def tell_plan(self, plan: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.say("", as_json=True, plan=plan)
            return
        for line in plan_lines(plan):
            self.stdout.write(line)

    def tell(self, result: dict[str, Any], out: Path, *, as_json: bool) -> None:
        if as_json:
            told = {name: result[name] for name in ("synthetic", "partly", "metric", "verdicts")}
            paths = {"report": str(out / REPORT), "result": str(out / RESULT)}
            self.say("", as_json=True, **told, **paths)
            return
        for line in result_lines(result):
            self.stdout.write(line)
        self.stdout.write(f"The report: {out / REPORT}. All figures: {out / RESULT}.")


def plan_lines(plan: dict[str, Any]) -> list[str]:
    """What would be done, for a person at a terminal."""
    left = [cell for cell in plan["cells"] if not cell["done"]]
    arms = dict.fromkeys(cell["arm"] for cell in plan["cells"])
    tiles, scenes = plan["tiles"], plan["validation_scenes"]
    lines = [
        f"{plan['title']}{' (synthetic)' if plan['synthetic'] else ''}",
        f"{plan['metric']}, held against {plan['baseline']}; {tiles['pool']} tiles to learn from, "
        f"{tiles['validation']} of {scenes} scenes to judge on.",
    ]
    for arm in arms:
        own = [cell for cell in plan["cells"] if cell["arm"] == arm]
        seeds = ", ".join(str(cell["seed"]) for cell in own)
        lines.append(f"  {arm}: {own[0]['steps']} steps for each of the seeds {seeds}")
    steps, pixels = (sum(cell[key] for cell in left) for key in ("steps", "megapixels"))
    judged = sum(cell["tiles_judged"] for cell in left)
    lines.append(
        f"{len(left)} of {len(plan['cells'])} cells to do: at most {steps} steps on {pixels:.1f} "
        f"million pixels of crops, and {judged} tiles judged."
    )
    return lines


def result_lines(result: dict[str, Any]) -> list[str]:
    """The verdicts for a person at a terminal."""
    lines = [f"{result['title']}{' (synthetic)' if result['synthetic'] else ''}"]
    for arm in result["arms"]:
        if (metric := arm["metric"]) is not None:
            lines.append(
                f"{arm['name']:<24} {result['metric']['name']} {metric['value']:.4f} "
                f"[{metric['low']:.4f}, {metric['high']:.4f}], {len(arm['seeds'])} seeds"
            )
    for row in result["verdicts"]:
        remark = f"; {row['remark']}" if row["remark"] else ""
        if row["verdict"] is None:
            lines.append(f"{row['arm']} against {row['baseline']}: no verdict{remark}")
            continue
        lines.append(
            f"{row['arm']} against {row['baseline']}: {row['verdict']}: {row['value']:+.4f} "
            f"[{row['low']:+.4f}, {row['high']:+.4f}], p {row['p_holm']:.4f}{remark}"
        )
    failed = [cell for cell in result["cells"] if not cell["done"]]
    lines += [f"Not finished: {cell['arm']}, seed {cell['seed']}: {cell['why']}" for cell in failed]
    return lines
