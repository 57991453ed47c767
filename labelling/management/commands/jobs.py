"""`jobs list|show|cancel|retry|tidy`: long work of all campaigns, and tasks that failed."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, NotFound
from labelling.insights.jobs import JobRow, jobs_of, row
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.models import DeadTask, Job
from labelling.workflow.dead_tasks import send_again
from labelling.workflow.jobs import cancel_job, retry_job
from labelling.workflow.tidying import tidy

SHORTEST = 8
"""Letters of a dead task's name that it takes to tell it by."""


class Command(WorkbenchCommand):
    help = "List long work and failed tasks, look at one, stop it, or have it tried again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="list|show|cancel|retry|tidy"
        )
        listing = verbs.add_parser("list", help="the newest jobs, and the tasks that failed")
        listing.add_argument("--campaign", metavar="SLUG")
        listing.add_argument("--state", action="append", default=[], choices=Job.State.values)
        listing.add_argument("--limit", type=int, default=50)
        show = verbs.add_parser("show", help="all of one job or failed task")
        cancel = verbs.add_parser("cancel", help="ask a job to stop; forget a failed task")
        retry = verbs.add_parser("retry", help="send a failed job or task to the workers again")
        tidying = verbs.add_parser("tidy", help="remove old leftovers that no row refers to")
        for each in (show, cancel, retry):
            each.add_argument("id", help="as `jobs list` names it")
        for each in (cancel, retry, tidying):
            each.add_argument("--dry-run", action="store_true", help="tell, change nothing")
        for each in (listing, show, cancel, retry, tidying):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, f"do_{verb}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        if not 1 <= options["limit"] <= 1000:
            raise BadInput("limit must be from 1 to 1000.", field="limit")
        jobs = Job.objects.all()
        if options["campaign"]:
            jobs = jobs.of(campaign_named(options["campaign"]))
        else:
            for dead in DeadTask.objects.order_by("-last")[: options["limit"]]:
                self.tell_dead(dead, options)
        for each in jobs_of(jobs, states=options["state"], limit=options["limit"])[0]:
            self.tell(each, options)

    def do_show(self, options: dict[str, Any]) -> None:
        found = found_by(options["id"])
        if isinstance(found, DeadTask):
            self.tell_dead(found, options)
            return
        facts = {**plain(row(found)), "request": found.request, "result": found.result}
        self.say(
            "\n".join(f"{name}: {value}" for name, value in facts.items()),
            as_json=options["json"],
            **facts,
        )

    def do_cancel(self, options: dict[str, Any]) -> None:
        found = found_by(options["id"])
        if isinstance(found, DeadTask):
            self.tell_dead(found, options)
            if not options["dry_run"]:
                found.delete()
            return
        if not options["dry_run"]:
            found = cancel_job(job=found, by=None, now=clock.now())
        elif not row(found).can_cancel:
            raise Conflict(f"The job is {found.state}, or stopping already.", field="id")
        self.tell(row(found), options)

    def do_retry(self, options: dict[str, Any]) -> None:
        found = found_by(options["id"])
        if isinstance(found, DeadTask):
            self.tell_dead(found, options)
            if not options["dry_run"]:
                send_again(found)
            return
        if not options["dry_run"]:
            found = retry_job(job=found, by=None, now=clock.now())
        elif not row(found).can_retry:
            raise Conflict(f"The job is {found.state}: only failed ones are tried again.")
        self.tell(row(found), options)

    def do_tidy(self, options: dict[str, Any]) -> None:
        found = tidy(blobs=store(), now=clock.now(), dry_run=options["dry_run"])
        counts = found.counts
        said = "Would remove" if options["dry_run"] else "Removed"
        text = (
            f"{said} {counts['attempts']} folders of attempts, {counts['minings']} of minings, "
            f"{counts['duels']} leftovers of duels, {counts['models']} files of models and "
            f"{counts['labels']} of labels that no row knows: {counts['bytes'] / 1e6:.1f} MB."
        )
        self.say("\n".join([text, *found.named]), as_json=options["json"], **asdict(found))

    def tell(self, each: JobRow, options: dict[str, Any]) -> None:
        done = f" {each.progress.done:g}/{each.progress.total:g}" if each.progress else ""
        what = f"{each.kind} {each.round}" if each.round else each.kind
        self.say(
            f"{each.id}  {each.campaign or '-':<16} {what:<12} {each.state:<9} "
            f"{each.stage}{done}  {each.created:%Y-%m-%d %H:%M}Z  {each.error}".rstrip(),
            as_json=options["json"],
            **plain(each),
        )

    def tell_dead(self, dead: DeadTask, options: dict[str, Any]) -> None:
        ids = " ".join(f"{name}={value}" for name, value in dead.ids.items())
        self.say(
            f"{dead.digest[:16]}  failed task {dead.name} {ids}: {dead.times} times, last at "
            f"{dead.last:%Y-%m-%d %H:%M}Z: {dead.error}",
            as_json=options["json"],
            id=dead.digest[:16],
            kind="failed task",
            name=dead.name,
            ids=dead.ids,
            times=dead.times,
            first=dead.first.isoformat(),
            last=dead.last.isoformat(),
            error=dead.error,
        )


def found_by(id: str) -> Job | DeadTask:
    """The job with this UUID, or the failed task whose name begins so. Raises NotFound."""
    try:
        found: Job | DeadTask | None = (
            Job.objects.select_related("campaign", "round__asked_by").filter(uuid=UUID(id)).first()
        )
    except ValueError:
        named = DeadTask.objects.filter(digest__startswith=id) if len(id) >= SHORTEST else []
        found = named[0] if len(named) == 1 else None
    if found is None:
        raise NotFound(f"There is no job {id!r}.", field="id", help="`jobs list` names them.")
    return found


def plain(each: JobRow) -> dict[str, Any]:
    """As JSON takes it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(each).items()
    }
