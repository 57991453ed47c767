"""`schema show|change|migrate`: the classes of a campaign, version by version."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, JobFailed
from labelling.insights.schemas import newest_migration, schemas
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.commands.campaign import read_json
from labelling.management.progress import Progress
from labelling.models import Campaign, ClassSchema, Job
from labelling.workflow.relabelling import (
    REOPENED,
    check_reopen,
    pending,
    run_migration,
    send_migration,
)
from labelling.workflow.schemas import (
    change_schema,
    check_at_rest,
    classes_in_force,
    plan_change,
)


class Command(WorkbenchCommand):
    help = "Show a campaign's classes, put a new version in force, migrate labels to it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|change|migrate")
        show = verbs.add_parser("show", help="versions, their labels, and what is left to migrate")
        change = verbs.add_parser("change", help="put a new version in force, migrate the labels")
        change.add_argument(
            "--classes", type=Path, required=True, metavar="FILE.json",
            help="all classes of the new version, as for `campaign create`",
        )  # fmt: skip
        change.add_argument(
            "--map", action="append", default=[], metavar="OLD=NEW",
            help="what becomes of an old code: a new one, or none (its pixels need work); "
            "default: it stays",
        )  # fmt: skip
        migrate = verbs.add_parser("migrate", help="migrate the labels that are left")
        for each in (change, migrate):
            each.add_argument(
                "--reopen", default="", metavar="LANE",
                help=f"open tiles again that lose labelled pixels: {', '.join(REOPENED)}",
            )  # fmt: skip
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (show, change, migrate):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        {"show": self.show, "change": self.change, "migrate": self.migrate}[verb](campaign, options)

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        page = schemas(campaign, limit=100)
        left, job = pending(classes_in_force(campaign)).count(), newest_migration(campaign)
        if options["json"]:
            state = {"state": job.state, "error": job.error} if job else None
            told = [as_json(each, campaign) for each in page.results]
            self.say("", as_json=True, versions=told, left=left, migration=state)
            return
        for each in page.results:
            mark = "in force" if each.pk == campaign.schema_id else "        "
            names = ", ".join(f"{one['code']} {one['name']}" for one in each.classes)
            self.say(f"version {each.version}  {mark}  {labels_of(each):>7} labels  {names}")
        if left:
            self.say(f"{left} labels are to be migrated: `schema migrate`.")

    def change(self, campaign: Campaign, options: dict[str, Any]) -> None:
        classes = read_json(options["classes"], field="classes")
        change = plan_change(classes_in_force(campaign), classes, mapping_of(options["map"]))
        if options["dry_run"]:
            check_reopen(options["reopen"])
            check_at_rest(campaign, change.of)
            told = "\n".join(["Would change:", *change.told])
            self.say(told, as_json=options["json"], told=change.told, mapping=change.mapping)
            return
        made, job = change_schema(
            campaign=campaign,
            change=change,
            by=None,
            now=clock.now(),
            reopen=options["reopen"],
            send=False,
        )
        if not options["json"]:
            self.say("\n".join([f"Version {made.version} is in force.", *change.told]))
        self.finish(made, job, options)

    def migrate(self, campaign: Campaign, options: dict[str, Any]) -> None:
        schema = classes_in_force(campaign)
        left = pending(schema).count()
        check_reopen(options["reopen"])
        if options["dry_run"] or not left:
            text = f"{left} labels are to be migrated to version {schema.version}."
            self.say(text, as_json=options["json"], version=schema.version, left=left)
            return
        job = send_migration(schema, reopen=options["reopen"], by=None, now=clock.now(), send=False)
        self.finish(schema, job, options)

    def finish(self, schema: ClassSchema, job: Job, options: dict[str, Any]) -> None:
        """Do the job here, as a worker would."""
        if not job.take(now=clock.now()):
            raise Conflict("A worker migrates these labels already.", help="See `schema show`.")
        with Progress(self.stdout, total=None, unit="label", as_json=options["json"]) as progress:

            def tell(done: int, total: int) -> None:
                progress.expect(total)
                progress.step()

            run_migration(job, blobs=store(), clock=clock.now, tell=tell)
        if job.state != Job.State.DONE:
            raise JobFailed(
                f"The migration stopped: {job.error or job.state}",
                help="Run `schema migrate` to go on.",
            )
        self.say(
            f"{job.result['labels']} labels of {job.result['acquisitions']} acquisitions are under "
            f"version {schema.version}; {job.result['reopened']} tiles were opened again.",
            as_json=options["json"],
            version=schema.version,
            **job.result,
        )


def mapping_of(words: list[str]) -> dict[str, int | None]:
    """`old=new` words. Raises BadInput."""
    mapping: dict[str, int | None] = {}
    for word in words:
        old, sign, new = word.partition("=")
        if not sign or not old.isdecimal() or not (new == "none" or new.isdecimal()):
            raise BadInput(
                f"--map wants OLD=NEW, not {word!r}.", field="map", help="Such as 2=4, or 2=none."
            )
        mapping[old] = None if new == "none" else int(new)
    return mapping


def labels_of(schema: Any) -> int:
    count: int = schema.labels
    return count


def as_json(schema: ClassSchema, campaign: Campaign) -> dict[str, Any]:
    return {
        "version": schema.version,
        "in_force": schema.pk == campaign.schema_id,
        "classes": schema.classes,
        "parent": schema.parent.version if schema.parent else None,
        "mapping": schema.mapping,
        "labels": labels_of(schema),
    }
