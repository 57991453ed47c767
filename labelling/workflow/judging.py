"""The step between fit and score: may what this round trained become champion, and who ranks?

A child process is started only where the decision hangs on it. It is shown the validation labels of
the round's snapshot and nothing else; the frozen test is neither fetched nor read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from labelling.models import Campaign, Evaluation, Event, Model, Place, record
from labelling.workflow.attempt import Attempt
from labelling.workflow.aux_chips import seen_by
from labelling.workflow.children import run_child
from labelling.workflow.fetching import model_here, snapshot_here
from labelling.workflow.pool_listing import write_json
from labelling.workflow.promotion import (
    champion_of,
    crown,
    kind_of,
    kind_served,
    locked,
    other_kind,
    serves,
)
from labelling.workflow.promotion_rules import PromotionRules, promotion_rules
from labelling.workflow.promotion_verdict import Case, decided, overtaken, withheld
from labelling.workflow.reference import reference_scenes

Verb = Event.Verb
VALIDATION = Place.Split.VALIDATION.value
JUDGEMENT, REPORT = "judgement.json", "report.json"
DRAWS, SEED = 2000, 20
"""Of the resampling, as in docs/evaluation.md: the same for every decision."""

Judgement = dict[str, Any]
"""{decision, report}: what promotion_verdict.py said, and what it said it by (null: nothing was
computed)."""


def judge(attempt: Attempt) -> Judgement | None:
    """Decide about what the round trained; None where it trained nothing. Changes no row.

    Raises BadInput for rules that can't be used, JobFailed where the child refuses or dies.
    """
    if attempt.round.model is None:
        return None
    if not attempt.has("judge"):
        case = case_of(attempt)
        report = computed(attempt, case) if case.open else None
        judgement = {"decision": decided(case, report), "report": report}
        write_json(attempt.folder / "judge" / JUDGEMENT, judgement)
        attempt.adopt("judge")
    told: Judgement = json.loads((attempt.adopted("judge") / JUDGEMENT).read_text())
    return told


def case_of(attempt: Attempt) -> Case:
    """What is known of the candidate without computing anything."""
    round = attempt.round
    assert round.model is not None
    assert round.snapshot is not None
    # Read anew: a lead may have changed rules or classes in the hours since the round began.
    campaign = Campaign.objects.get(pk=round.campaign_id)
    candidate, champion = round.model, champion_of(campaign)
    manifest = json.loads(attempt.blobs.read(f"{round.snapshot.folder}/manifest.json"))
    counted = reference_scenes(campaign, splits=[VALIDATION])
    classes = {
        each["name"]: counted.get(str(each["code"]), 0) for each in candidate.card["classes"]
    }
    rules = promotion_rules(campaign)
    return Case(
        candidate=candidate.hash,
        champion=champion.hash if champion else None,
        classes=classes,
        rules=rules,
        beyond=out_of_date(candidate, campaign, rules)
        or beyond_judging(candidate, champion, manifest["samples"]),
    )


def out_of_date(candidate: Model, campaign: Campaign, rules: PromotionRules) -> str:
    """Why candidate or rules don't go with the campaign's classes any more; empty: they do."""
    if strange := other_kind(candidate, kind_served(campaign)):
        return f"The campaign changed since this model learnt: {strange}."
    names = {each["name"] for each in candidate.card["classes"]}
    if lost := next((name for name in rules.margins if name not in names), ""):
        # A class that was renamed would be held to the general margin, which may be wider.
        return (
            f"The rules have a margin for {lost!r}, which is no class any more: say what holds "
            "now by `models rules --set margins=…`."
        )
    return ""


def beyond_judging(
    candidate: Model, champion: Model | None, samples: Iterable[Mapping[str, Any]]
) -> str:
    """Why these two can't be judged on these samples at all; empty where they can."""
    shown = [each for each in samples if each["split"] == VALIDATION]
    if champion is not None and champion.pk == candidate.pk:
        return "This model is the champion already: the same labels and settings made it."
    if candidate.state == Model.State.RETIRED:
        return "This very model was retired before. A lead may promote it by hand."
    if not shown:
        return "No tile of validation is labelled: there is nothing to judge by."
    if champion is None:
        return ""
    by_hand = "A lead may promote this one by hand."
    if strange := other_kind(champion, kind_of(candidate.card)):
        return f"The champion {champion} can't be compared: {strange}. {by_hand}"
    if lost := unseen(seen_by(champion), shown):
        return f"The champion {champion} sees {lost}, which the snapshot doesn't hold. {by_hand}"
    return ""


def unseen(planes: Iterable[str], samples: Iterable[Mapping[str, Any]]) -> str:
    """The first plane that none of the samples has; empty where each is somewhere."""
    there = {name for each in samples for name in each.get("planes", {})}
    if any(each.get("sun_zenith") is not None for each in samples):
        there.add("sun")
    return next((name for name in planes if name not in there), "")


def computed(attempt: Attempt, case: Case) -> dict[str, Any]:
    """The child's report of candidate and champion on the validation labels."""
    out = attempt.folder / "judge"
    run_child(
        "labelling.compute",
        "judge",
        request_of(attempt, case),
        out,
        log=attempt.folder / "judge.log",
        tick=attempt.tick,
    )
    report: dict[str, Any] = json.loads((out / REPORT).read_bytes())
    return report


def request_of(attempt: Attempt, case: Case) -> Path:
    round, blobs = attempt.round, attempt.blobs
    assert round.model is not None
    assert round.snapshot is not None
    snapshot, candidate = round.snapshot.folder, round.model.folder
    champion = Model.objects.get(hash=case.champion).folder if case.champion else None
    here = attempt.meanwhile(
        lambda: {
            "snapshot": str(snapshot_here(snapshot, blobs=blobs, split=VALIDATION)),
            "candidate": str(model_here(candidate, blobs=blobs)),
            "champion": str(model_here(champion, blobs=blobs)) if champion else None,
        }
    )
    margins = {name: case.rules.margin_of(name) for name in case.classes}
    request = {**here, "margins": margins, "resampling": resampling(case.rules)}
    return write_json(attempt.folder / "judge.json", request)


def resampling(rules: PromotionRules) -> dict[str, Any]:
    return {"level": rules.level, "draws": DRAWS, "seed": SEED}


def keep_decision(attempt: Attempt, judgement: Judgement | None, now: datetime) -> dict[str, Any]:
    """Write the decision and carry it out, and say who ranks: all in the step's transaction.

    Somebody may have changed the champion while it was judged: then that stands.
    """
    round = attempt.round
    campaign = locked(round.campaign)
    champion = champion_of(campaign)
    if judgement is None:
        round.ranked_by = champion if champion and serves(champion, campaign) else None
        return {"skipped": "nothing was trained", **ranks(round.ranked_by, champion)}
    assert round.model is not None
    candidate = Model.objects.get(pk=round.model.pk)  # as it is under the lock
    decision = as_it_stands(judgement["decision"], candidate, champion, campaign)
    keep_report(attempt, {**judgement, "decision": decision}, now)
    if decision["promote"]:
        hashes = crown(candidate, campaign=campaign)
        record(Verb.PROMOTED, candidate, campaign=campaign, who=None, now=now, **hashes)
        champion = candidate
    note_decision(candidate, decision, now)
    same = champion is not None and not other_kind(champion, kind_of(candidate.card))
    round.ranked_by = champion if same else candidate
    told = {"promote": decision["promote"], "reasons": decision["reasons"]}
    return {**told, **ranks(round.ranked_by, champion)}


def as_it_stands(
    decision: dict[str, Any], candidate: Model, champion: Model | None, campaign: Campaign
) -> dict[str, Any]:
    """The decision, or why it isn't carried out: what was changed while the child judged."""
    if decision["champion"] != (champion.hash if champion else None):
        return overtaken(decision, champion.hash if champion else None)
    if not decision["promote"]:
        return decision
    if candidate.state == Model.State.RETIRED:
        taken_back = "A lead promoted it and took that back while this was judged: it stays so."
        return withheld(decision, taken_back)
    if strange := other_kind(candidate, kind_served(campaign)):
        return withheld(decision, f"The campaign changed while this was judged: {strange}.")
    return decision


def note_decision(candidate: Model, decision: dict[str, Any], now: datetime) -> None:
    """Keep it beside the model; of one that is or was champion, what made it so is kept as well."""
    if not decision["promote"] and candidate.state != Model.State.CANDIDATE:
        decision, now = {**decision, **candidate.decision}, candidate.decided or now
    Model.objects.filter(pk=candidate.pk).update(decision=decision, decided=now)


def keep_report(attempt: Attempt, judgement: Judgement, now: datetime) -> None:
    """What was computed, as an Evaluation that stays; nothing where nothing was."""
    if judgement["report"] is None:
        return
    round, decision = attempt.round, judgement["decision"]
    kept = Evaluation.objects.create(
        campaign=round.campaign,
        kind=Evaluation.Kind.PROMOTION,
        snapshot=round.snapshot,
        model=round.model,
        split=VALIDATION,
        report={**judgement["report"], "decision": decision},
        created=now,
    )
    record(
        Verb.FINISHED, kept, campaign=round.campaign, who=None, now=now,
        promote=decision["promote"], model=round.model.hash if round.model else "",
    )  # fmt: skip


def ranks(ranker: Model | None, champion: Model | None) -> dict[str, Any]:
    """Who ranks the round; provisionally where that isn't the champion."""
    if ranker is None:
        return {"ranked_by": None, "provisional": False}
    return {"ranked_by": ranker.hash, "provisional": champion is None or ranker.pk != champion.pk}
