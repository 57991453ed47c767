"""Who is champion: the one model that ranks the pool, changed by a round's judge or by a lead.

Each change is one transaction under the lock of the campaign's row, and an event. The models
themselves never change and are never deleted, so that going back is always possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict, StorageAway
from labelling.models import Campaign, Event, Model, record
from labelling.workflow.fetching import MODEL_FILES

State, Verb = Model.State, Event.Verb
LONGEST_REASON = 200
CROWNED = (Verb.PROMOTED.value, Verb.OVERRODE.value)
Kind = tuple[list[str], list[tuple[int, str]]]
"""Bands, and (code, name) of the classes, in the order of a network's channels."""


def champion_of(campaign: Campaign) -> Model | None:
    """Causes one query."""
    return Model.objects.filter(campaign=campaign, state=State.CHAMPION).first()


def kind_of(card: Mapping[str, Any]) -> Kind:
    classes = [(each["code"], each["name"]) for each in card.get("classes", [])]
    return list(card.get("bands", [])), classes


def kind_served(campaign: Campaign) -> Kind:
    classes = campaign.schema.classes if campaign.schema else []
    return list(campaign.bands), [(each["code"], each["name"]) for each in classes]


def other_kind(model: Model, kind: Kind) -> str:
    """In words, in what a model isn't of this kind; empty where it is."""
    bands, classes = kind_of(model.card)
    if bands != kind[0]:
        return f"it takes the bands {', '.join(bands)}, here are {', '.join(kind[0])}"
    if classes != kind[1]:
        theirs, ours = (", ".join(name for _, name in each) for each in (classes, kind[1]))
        return f"it knows the classes {theirs}, here are {ours}"
    return ""


def serves(model: Model, campaign: Campaign) -> bool:
    """Whether a model knows the bands and classes that the campaign has now."""
    return not other_kind(model, kind_served(campaign))


def locked(campaign: Campaign) -> Campaign:
    """The campaign's row as it is, nobody else changing its champion until the transaction ends.

    The schema is a query of its own: joined, PostgreSQL would leave it out where the row was
    changed while this waited for the lock.
    """
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def promote(
    model: Model, *, why: str, who: User | None, blobs: Blobs, now: datetime, dry_run: bool = False
) -> Model:
    """Make a model champion by hand; the champion so far is retired. Returns the model.

    Recorded as OVERRODE where the rules did not want it, as PROMOTED where they did.
    Raises BadInput (no reason; a model of other bands or classes), Conflict (it is champion),
    StorageAway (its files are lost).
    """
    check_why(why, needed=True)
    check_there(model, blobs)
    with transaction.atomic():
        campaign = locked(model.campaign)
        model.refresh_from_db()
        if model.state == State.CHAMPION:
            raise Conflict(f"Model {model} is the champion already.", field="model")
        check_serves(model, campaign)
        if dry_run:
            return model
        hashes = crown(model, campaign=campaign)
        if model.decision.get("promote"):
            record(Verb.PROMOTED, model, campaign=campaign, who=who, now=now, why=why, **hashes)
        else:
            record(Verb.OVERRODE, model, campaign=campaign, who=who, now=now, why=why, **hashes)
        by_hand = {"who": who.username if who else None, "why": why, "when": now.isoformat()}
        model.decision = {**model.decision, "by_hand": by_hand}
        model.decided = now
        model.save(update_fields=["decision", "decided"])
    return model


def rollback(
    campaign: Campaign,
    *,
    why: str,
    who: User | None,
    blobs: Blobs,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Model, Model]:
    """Take the newest promotion back: (the champion from now on, the one so far, now retired).

    A second rollback goes one promotion further back. Raises Conflict (no champion, or none before
    it), BadInput (the earlier one knows other bands or classes), StorageAway (its files are lost).
    """
    check_why(why, needed=False)
    with transaction.atomic():
        campaign = locked(campaign)
        champion = champion_of(campaign)
        if champion is None:
            raise Conflict(f"{campaign.slug} has no champion to go back from.", field="model")
        before = predecessor(campaign, champion)
        if before is None:
            raise Conflict(
                f"{campaign.slug} had no champion before {champion}.",
                field="model",
                help="`models promote` makes any other model champion.",
            )
        check_serves(before, campaign)
        check_there(before, blobs)
        if not dry_run:
            hashes = crown(before, campaign=campaign)
            record(Verb.ROLLED_BACK, before, campaign=campaign, who=who, now=now, why=why, **hashes)
    return before, champion


def crown(model: Model, *, campaign: Campaign) -> dict[str, str]:
    """Retire the champion there is and put the model in its place, in the caller's transaction.

    The caller holds the campaign's lock, and records it with the hashes that are returned:
    {before, after}; before is empty where there was none.
    """
    before = champion_of(campaign)
    if before is not None:
        Model.objects.filter(pk=before.pk).update(state=State.RETIRED)
    Model.objects.filter(pk=model.pk).update(state=State.CHAMPION)
    model.state = State.CHAMPION
    return {"before": before.hash if before else "", "after": model.hash}


def predecessor(campaign: Campaign, champion: Model) -> Model | None:
    """The champion that the newest promotion not taken back had replaced. Two queries."""
    told = Event.objects.filter(
        campaign=campaign, kind=Model._meta.model_name, verb__in=[*CROWNED, Verb.ROLLED_BACK]
    )
    line: list[str] = []
    for verb, before, after in told.order_by("pk").values_list("verb", "before", "after"):
        if verb in CROWNED:
            # A champion from before there were events counts as well.
            line += [before, after] if before and not line else [after]
        elif len(line) > 1:
            line.pop()
    while line and line[-1] == champion.hash:
        line.pop()
    return Model.objects.filter(campaign=campaign, hash=line[-1]).first() if line else None


def check_why(why: str, *, needed: bool) -> None:
    if needed and not why.strip():
        raise BadInput(
            "Promoting by hand takes a reason: it is kept beside what the rules said.", field="why"
        )
    if len(why) > LONGEST_REASON:
        raise BadInput(
            f"A reason has at most {LONGEST_REASON} letters, not {len(why)}.", field="why"
        )


def check_serves(model: Model, campaign: Campaign) -> None:
    if strange := other_kind(model, kind_served(campaign)):
        raise BadInput(
            f"Model {model} can't serve {campaign.slug}: {strange}.",
            field="model",
            help="Train one on the campaign's bands and classes: `round run`.",
        )


def check_there(model: Model, blobs: Blobs) -> None:
    for name in MODEL_FILES:
        if not blobs.exists(f"{model.folder}/{name}"):
            raise StorageAway(
                f"Storage has lost {model.folder}/{name}.",
                field="model",
                help="Bring it back from a copy, or train the same again: `models rerun`.",
            )
