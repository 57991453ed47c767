"""Who works on a campaign, and how much each has done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from labelling.models import Campaign, Membership, Reservation


@dataclass(frozen=True)
class PersonRow:
    username: str
    name: str
    role: str
    submitted: int
    """Labels sent in, rework included."""
    in_hand: int
    """Tasks reserved now: at most one active and one held ahead."""


def people(campaign: Campaign) -> list[PersonRow]:
    """The campaign's members by name. Causes one query."""
    here = Q(user__reservations__task__campaign=campaign)
    sent = here & Q(user__reservations__how=Reservation.How.SUBMITTED)
    live = here & Q(user__reservations__ended__isnull=True)
    members = (
        Membership.objects.filter(campaign=campaign)
        .select_related("user")
        .annotate(
            submitted=Count("user__reservations", filter=sent),
            in_hand=Count("user__reservations", filter=live),
        )
    )
    return [
        PersonRow(
            username=member.user.username,
            name=member.user.get_full_name() or member.user.username,
            role=member.role,
            submitted=member.submitted,
            in_hand=member.in_hand,
        )
        for member in members.order_by("user__username")
    ]
