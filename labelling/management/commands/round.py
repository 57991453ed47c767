"""`round plan|run|status|cancel`: one turn of the loop from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import Conflict, JobFailed, NotFound
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.models import Campaign, Round
from labelling.workflow.round_plan import plan_of
from labelling.workflow.rounds import cancel_round, plan_round, run_round


class Command(WorkbenchCommand):
    help = "Plan a round, run it here, look at the rounds, or cancel the running one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["plan", "run", "status", "cancel"])
        parser.add_argument("campaign")
        parser.add_argument("--strategy", help="default: the campaign's")
        parser.add_argument("--batch", type=int, help="tasks to open; default: the campaign's")
        parser.add_argument("--seed", type=int, help="default: drawn")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, change nothing"
        )

    def handle(self, *args: Any, verb: str, campaign: str, **options: Any) -> None:
        found = campaign_named(campaign)
        getattr(self, verb)(found, options)

    def plan(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Send a round to the workers."""
        planned = self.planned(campaign, options)
        if planned:
            self.show(planned, options)

    def run(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Do the unfinished round here, or a new one: no worker is needed."""
        unfinished = campaign.rounds.filter(state__in=["planned", "running"]).first()
        planned = unfinished or self.planned(campaign, options)
        if planned is None:
            return
        job = planned.jobs.get()
        if not job.take(now=clock.now()):
            raise Conflict(f"A worker is at {planned} already.", help="See `round status`.")
        run_round(job, blobs=store(), clock=clock.now)
        planned.refresh_from_db()
        self.show(planned, options)
        if planned.state != Round.State.DONE:
            raise JobFailed(f"Round {planned.n} {planned.state}: {planned.error}")

    def status(self, campaign: Campaign, options: dict[str, Any]) -> None:
        for each in campaign.rounds.select_related("model").order_by("n"):
            self.show(each, options)

    def cancel(self, campaign: Campaign, options: dict[str, Any]) -> None:
        unfinished = campaign.rounds.filter(state__in=["planned", "running"]).first()
        if unfinished is None:
            raise NotFound(f"No round of {campaign.slug} is running.")
        if not options["dry_run"]:
            unfinished = cancel_round(round=unfinished, by=None, now=clock.now())
        self.show(unfinished, options)

    def planned(self, campaign: Campaign, options: dict[str, Any]) -> Round | None:
        """The new round; None after a dry run."""
        strategy = options["strategy"] or campaign.strategy
        batch = campaign.batch_size if options["batch"] is None else options["batch"]
        if options["dry_run"]:
            self.foretell(campaign, options)
            return None
        return plan_round(
            campaign=campaign,
            strategy=strategy,
            batch=batch,
            seed=options["seed"],
            asked_by=None,
            now=clock.now(),
        )

    def foretell(self, campaign: Campaign, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in ("strategy", "batch", "seed")}
        plan = plan_of(campaign, now=clock.now(), **given)
        first = (
            "Would train" if plan["can_start"] else "Can't train while a round is under way: would"
        )
        due = plan["next_due"]
        self.say(
            f"{first} on the labels there are, rank {plan['pool']} tiles of the pool and open "
            f"{plan['batch']} tasks ({plan['strategy']}); {plan['known']} tiles are labelled or "
            f"in hand.\n{plan['words']}",
            as_json=options["json"],
            **{**plan, "next_due": due.isoformat() if due else None},
        )

    def show(self, each: Round, options: dict[str, Any]) -> None:
        metrics = each.model.metrics if each.model else {}
        self.say(
            f"round {each.n}  {each.state:<9} step {each.step:<6} {each.strategy}, "
            f"batch {each.batch}  {each.error}".rstrip(),
            as_json=options["json"],
            n=each.n,
            state=each.state,
            step=each.step,
            strategy=each.strategy,
            batch=each.batch,
            seed=each.seed,
            error=each.error,
            metrics=metrics,
        )
