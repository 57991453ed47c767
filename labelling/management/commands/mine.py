"""`mine`: labels that are probably wrong, found by models that never saw their scene."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import Conflict, JobFailed, NotFound
from labelling.insights.comparison import NEWEST, snapshot_of
from labelling.insights.mining import newest, unfinished
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Campaign, Job
from labelling.workflow.mining import Mining, Options, cancel_mining, plan, run_mining, start_mining

SHOWN = 20


class Command(WorkbenchCommand):
    help = (
        "Train a model on all parts of the pool's scenes but one, let each judge the labels of the "
        "scenes it never saw, rank the labels by how surely they are contradicted, and open the "
        "first as tasks in lane rereview. Exit status: 0 done, 1 refused, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--snapshot", default=NEWEST, metavar="HASH", help="default: newest")
        parser.add_argument("--folds", type=int, default=5, help="by scene; default: 5")
        parser.add_argument(
            "--top", type=int, default=20, help="labels to have drawn anew; 0: only rank them"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--border", type=int, default=2, metavar="PX",
            help="pixels this near to a border of the label are not judged; default: 2",
        )  # fmt: skip
        parser.add_argument(
            "--set", nargs="+", default=[], metavar="KEY=VALUE",
            help="training settings that differ from the campaign's, such as steps=500",
        )  # fmt: skip
        parser.add_argument("--send", action="store_true", help="leave it to a worker")
        parser.add_argument("--list", action="store_true", help="show the newest ranking")
        parser.add_argument("--cancel", action="store_true", help="stop the one under way")
        parser.add_argument("--dry-run", action="store_true", help="say what there is, do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign, as_json = campaign_named(options["campaign"]), options["json"]
        if options["list"]:
            self.show(finished(campaign), as_json=as_json)
        elif options["cancel"]:
            self.cancel(campaign, dry=options["dry_run"], as_json=as_json)
        else:
            self.mine(planned(campaign, options), options)

    def mine(self, mining: Mining, options: dict[str, Any]) -> None:
        as_json, wanted = options["json"], mining.options
        if options["dry_run"]:
            self.say(
                f"Would judge {mining.tiles} labelled tiles of {mining.scenes} scenes in "
                f"{wanted.folds} folds, snapshot {mining.snapshot}, and open up to {wanted.top} "
                "tasks in lane rereview.",
                as_json=as_json, **mining.facts(),
            )  # fmt: skip
            return
        job = start_mining(mining=mining, by=None, now=clock.now(), send=options["send"])
        if options["send"]:
            self.say(f"Sent: job {job.uuid}.", as_json=as_json, job=str(job.uuid))
            return
        self.work(job, as_json=as_json)
        self.show(job, as_json=as_json)

    def work(self, job: Job, *, as_json: bool) -> None:
        if not job.take(now=clock.now()):
            raise Conflict(
                f"A worker is at {job} already.", help="See --list, or stop it with --cancel."
            )
        stage = ""

        def tell(progress: dict[str, Any]) -> None:
            nonlocal stage
            if progress["stage"] != stage and not as_json:
                stage = progress["stage"]
                self.stdout.write(f"  {stage}, {progress['total']} to do")

        run_mining(job, blobs=store(), clock=clock.now, tell=tell)
        job.refresh_from_db()
        if job.state != Job.State.DONE:
            raise JobFailed(f"The mining is {job.state}: {job.error}".rstrip(": "))

    def cancel(self, campaign: Campaign, *, dry: bool, as_json: bool) -> None:
        job = unfinished(campaign)
        if job is None:
            raise NotFound(f"No mining of {campaign.slug} is under way.")
        if not dry:
            job = cancel_mining(job=job, by=None, now=clock.now())
        self.say(f"{job}", as_json=as_json, job=str(job.uuid), state=job.state)

    def show(self, job: Job, *, as_json: bool) -> None:
        result = job.result
        if as_json:
            self.say("", as_json=True, job=str(job.uuid), **result)
            return
        painted = "SYNTHETIC. " if result["synthetic"] else ""
        self.stdout.write(
            f"{painted}{result['doubted_tiles']} of {result['tiles']} labels are doubted "
            f"somewhere; {len(result['opened'])} opened in lane rereview."
        )
        for why, count in result["passed_over"].items():
            self.stdout.write(f"  {count} passed over: {why}")
        calibrated = [fold for fold in result["folds"] if fold["calibrated"]]
        if uncalibrated := len(result["folds"]) - len(calibrated):
            self.stdout.write(
                f"  {uncalibrated} folds have no validation tiles: their models aren't calibrated"
            )
        known = [f"{fold['class_mean_iou']:.2f}" for fold in calibrated if fold["class_mean_iou"]]
        if known:
            self.stdout.write(f"  class-mean IoU of the folds' models: {', '.join(known)}")
        for row in result["rows"][:SHOWN]:
            if row["doubtfulness"] > 0:
                self.stdout.write(line_of(row))


def planned(campaign: Campaign, options: dict[str, Any]) -> Mining:
    wanted = Options(
        **{name: options[name] for name in ("folds", "top", "seed", "border")},
        training=settings_words(options["set"]),
    )
    snapshot = snapshot_of(campaign, options["snapshot"])
    return plan(campaign=campaign, snapshot=snapshot, options=wanted, blobs=store())


def finished(campaign: Campaign) -> Job:
    job = newest(campaign)
    if job is None:
        raise NotFound(
            f"{campaign.slug} has no finished mining yet.",
            help=f"`manage.py mine --campaign {campaign.slug}` does one.",
        )
    return job


def line_of(row: dict[str, Any]) -> str:
    worst, largest = row["pairs"][0], row["largest"]
    kept = f", {row['confirmed']} px of a confirmed pre-label" if row["confirmed"] else ""
    return (
        f"{row['rank']:4}  {row['doubtfulness']:.4f}  {row['key']}  ({row['source']})  "
        f"{worst['pixels']} px {worst['seen']} labelled {worst['given']}, largest patch "
        f"{largest['pixels']} px at row {largest['row']}, column {largest['col']}{kept}"
    )
