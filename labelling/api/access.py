"""Who may see and do what. What a person may not know of doesn't exist for him: 404, not 403."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery

from labelling.errors import NotAllowed, NotFound
from labelling.models import (
    Annotation,
    Campaign,
    CampaignTile,
    Membership,
    Task,
    Tile,
    campaigns_of,
    role_left,
    role_of,
    token_of,
)
from labelling.models.prepared import prepared

Role = Membership.Role
EVERYONE = frozenset(Role.values)
LABELLERS = frozenset({Role.ANNOTATOR, Role.REVIEWER, Role.LEAD})
OVERSEERS = frozenset({Role.REVIEWER, Role.LEAD, Role.SERVICE})
"""They see everybody's work; annotators see their own, so that second labels stay blind."""
LEADS = frozenset({Role.LEAD})


def campaign_for(user: User, slug: str, roles: frozenset[str] = EVERYONE) -> Campaign:
    """The campaign, if the person has one of `roles` there.

    Raises NotFound where the person has no role at all, NotAllowed where it is another one.
    """
    mine = _part.one(user=user.pk, slug=slug)
    if mine:
        campaign, role = mine.campaign, role_left(user, mine.campaign_id, mine.role)
    else:
        campaign = Campaign.objects.select_related("schema").filter(slug=slug).first()
        role = role_of(user, campaign) if campaign else None
    if campaign is None or role is None:
        raise NotFound(f"There is no campaign {slug!r}, or you have no part in it.", field="slug")
    if role not in roles:
        raise NotAllowed(
            f"As {role} of {slug} you can't do this; it takes {' or '.join(sorted(roles))}.",
            help="Ask a lead of the campaign.",
        )
    return campaign


def check_in_person(user: User) -> None:
    """Raises NotAllowed for who comes with a token: one that got lost must not let others in."""
    if token_of(user) is not None:
        raise NotAllowed(
            "Who may come in is decided by people, not by tokens.",
            help="Sign in with your password.",
        )


def task_for(user: User, id: uuid.UUID) -> Task:
    """The task: one's own for annotators, any of the campaign for its overseers."""
    task = _task.one(id=id, person=user.pk)
    if task is None or not _may_see(user, task):
        raise _no_task(id)
    return task


def task_to_label(user: User, id: uuid.UUID) -> Task:
    """Any task of a campaign where the person labels; whether he holds it is asked elsewhere."""
    task = _task.one(id=id, person=user.pk)
    role = _role_in(user, task) if task else None
    if task is None or role is None:
        raise _no_task(id)
    if role not in LABELLERS:
        raise NotAllowed(f"As {role} you don't label tiles.", help="Ask a lead of the campaign.")
    return task


def tile_for(user: User, id: uuid.UUID) -> Tile:
    """The tile, if a campaign of the person's has it."""
    tile = Tile.objects.select_related("scene").filter(uuid=id).first()
    if tile is None or not (_everywhere(user) or _enrolled(user, tile)):
        raise NotFound(f"There is no tile {id} in your campaigns.", field="id")
    return tile


def annotation_for(user: User, id: uuid.UUID) -> Annotation:
    """The annotation: one's own for annotators, any of the campaign for its overseers."""
    annotation = (
        Annotation.objects.select_related("schema__campaign", "author", "task").filter(uuid=id)
    ).first()
    role = role_of(user, annotation.schema.campaign) if annotation else None
    if annotation is None or not (role in OVERSEERS or (role and annotation.author == user)):
        raise NotFound(f"There is no annotation {id}, or it isn't yours.", field="id")
    return annotation


@prepared
def _part(user: int, slug: str) -> QuerySet[Membership]:
    mine = Membership.objects.filter(user=user, campaign__slug=slug)
    return mine.select_related("campaign__schema")


@prepared
def _task(id: uuid.UUID, person: int) -> QuerySet[Task]:
    """With `role`, the person's in the task's campaign."""
    related = ("campaign__schema", "tile__scene", "tile__acquisition__place")
    mine = Membership.objects.filter(campaign=OuterRef("campaign"), user=person)
    found = Task.objects.select_related(*related, "prelabel", "guidance").filter(uuid=id)
    return found.annotate(role=Subquery(mine.values("role")[:1]))


def _role_in(user: User, task: Task) -> str | None:
    return role_left(user, task.campaign_id, task.role)


def _no_task(id: uuid.UUID) -> NotFound:
    return NotFound(f"There is no task {id}, or it was never yours.", field="id")


def _may_see(user: User, task: Task) -> bool:
    role = _role_in(user, task)
    return role in OVERSEERS or (
        role is not None and task.reservations.filter(person=user).exists()
    )


def _enrolled(user: User, tile: Tile) -> bool:
    return CampaignTile.objects.filter(tile=tile, campaign__in=campaigns_of(user)).exists()


def _everywhere(user: User) -> bool:
    """Tiles of no campaign, too."""
    return user.is_superuser and token_of(user) is None
