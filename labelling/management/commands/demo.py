"""`demo`: from an empty installation to an open queue, with web, worker and beat running."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from tqdm import tqdm

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, JobFailed
from labelling.management.base import WorkbenchCommand
from labelling.management.processes import check, running, watch
from labelling.models import Campaign, Job, Round, Task
from labelling.workflow.demo import accounts, seed_demo
from labelling.workflow.rounds import plan_round


class Command(WorkbenchCommand):
    help = (
        "Fill the installation with painted (synthetic) scenes, or those of --data, train and rank "
        "a first round, and serve it on 127.0.0.1 until Ctrl-C. A second run goes on from there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, help="folder of GeoTIFF scenes with labels")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--once", action="store_true", help="stop once the queue is open, for tests"
        )
        parser.add_argument("--dry-run", action="store_true", help="check, and change nothing")

    def handle(self, *args: Any, data: Path | None, port: int, **options: Any) -> None:
        if data is not None and not data.is_dir():
            raise BadInput(f"{data} is no folder.", field="data")
        check_port(port)
        if options["dry_run"]:
            self.say("Would fill, train and serve.", as_json=options["json"], port=port)
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.quiet = options["json"]
        self.bar: tqdm[None] | None = None
        self.told = ("", -1)
        try:
            self.demo(data, port, once=options["once"])
        except KeyboardInterrupt:
            self.tell("\nStopped. Everything is kept: `make demo` goes on from here.")

    def demo(self, data: Path | None, port: int, *, once: bool) -> None:
        call_command("migrate", verbosity=0)
        campaign = seed_demo(
            data=data,
            blobs=store(),
            folder=settings.WORKBENCH_VAR / "painted",
            now=clock.now(),
            show=self.show,
        )
        self.close_bar()
        with running(port) as parts:
            self.sign_ins(port)
            if awaited := self.awaited_round(campaign):
                watch(parts, every=1.0, look=lambda: self.look(awaited))
            self.close_bar()
            self.report(campaign, port)
            while not once:
                watch(parts, every=2.0, look=lambda: False)
            check(parts)

    def tell(self, text: str) -> None:
        if not self.quiet:
            self.stdout.write(text)
            self.stdout.flush()

    def show(self, what: str, done: int, total: int) -> None:
        """A bar on a terminal, now and then a line elsewhere."""
        if self.quiet:
            return
        if not self.stdout.isatty():
            self.show_line(what, done, total)
            return
        if self.bar is None or self.bar.desc != f"{what}: ":
            self.close_bar()
            self.bar = tqdm(total=total, desc=what, leave=True)
        self.bar.update(done - self.bar.n)

    def show_line(self, what: str, done: int, total: int) -> None:
        """A line for each quarter of a piece of work."""
        quarter = (what, 4 * done // max(total, 1))
        if quarter != self.told:
            self.told = quarter
            self.tell(f"{what}: {done} of {total}")

    def close_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def sign_ins(self, port: int) -> None:
        lines = [f"  {each.name:<9} password {each.password}" for each in accounts()]
        self.tell("\n".join([f"http://127.0.0.1:{port} is up. Sign in as", *lines]))

    def awaited_round(self, campaign: Campaign) -> Round | None:
        """The unfinished round, or a new one where none has been done; else None."""
        if unfinished := campaign.rounds.filter(state__in=["planned", "running"]).first():
            return unfinished
        if campaign.rounds.filter(state=Round.State.DONE).exists():
            return None
        return plan_round(
            campaign=campaign,
            strategy=campaign.strategy,
            batch=campaign.batch_size,
            seed=0,
            asked_by=None,
            now=clock.now(),
        )

    def look(self, awaited: Round) -> bool:
        """Show how far the round is; True when it is done. Raises JobFailed when it failed."""
        job = awaited.jobs.get()
        if job.state in (Job.State.DONE, Job.State.CANCELLED):
            return True
        if job.state == Job.State.FAILED:
            raise JobFailed(
                f"The round failed: {job.error}", help="`make demo` again starts another one."
            )
        progress = job.progress
        if progress.get("total"):
            self.show(f"round: {progress['stage']}", progress["done"], progress["total"])
        return False

    def report(self, campaign: Campaign, port: int) -> None:
        done = Round.objects.filter(campaign=campaign, model__isnull=False).order_by("n").last()
        waiting = Task.objects.of(campaign).filter(state=Task.State.OPEN).count()
        synthetic = campaign.enrolments.filter(tile__scene__synthetic=True).exists()
        iou = (done.model.metrics.get("class_mean_iou") if done and done.model else None) or 0.0
        note = " (synthetic scenes)" if synthetic else ""
        self.tell(
            f"The queue is open: {waiting} tiles wait, the most informative first.\n"
            f"First model: class-mean IoU {iou:.3f} on validation scenes{note}.\n"
            f"Open http://127.0.0.1:{port}/annotate/{campaign.slug} as intern, "
            f"http://127.0.0.1:{port}/lead/{campaign.slug} as lead. Ctrl-C stops everything."
        )
        if self.quiet:
            self.say("", as_json=True, waiting=waiting, class_mean_iou=iou, synthetic=synthetic)


def check_port(port: int) -> None:
    """Raises Conflict when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Conflict(
                f"Port {port} is in use.", field="port", help="Stop what runs there, or --port."
            ) from None
