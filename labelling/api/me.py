"""Who is signed in, and what he may do where."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.operation import Resource, reads
from labelling.models import Campaign, Draft, Membership, Reservation, role_left, token_of


class CampaignNameSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class MembershipSerializer(serializers.Serializer):
    campaign = CampaignNameSerializer()
    role = serializers.ChoiceField(Membership.Role.choices)
    level = serializers.IntegerField()


class InHandSerializer(serializers.Serializer):
    """A tile in one's hands: what another machine needs to go on with it."""

    task = serializers.UUIDField(source="task.uuid")
    campaign = serializers.CharField(source="task.campaign.slug")
    hold = serializers.ChoiceField(Reservation.Kind.choices, source="kind")
    started = serializers.DateTimeField()
    lease_ends = serializers.DateTimeField(source="task.lease_ends")
    draft = serializers.IntegerField(allow_null=True, help_text="Version; null: none was saved.")
    view = serializers.DictField(help_text="Where the person was, as the page wrote it.")


class MeSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    is_superuser = serializers.BooleanField()
    memberships = MembershipSerializer(many=True)
    in_hand = InHandSerializer(many=True)


class Me(Resource):
    @reads("me", answer=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(who_is(request.user)).data)


def who_is(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": user.get_full_name() or user.username,
        "is_superuser": user.is_superuser,
        "memberships": memberships_of(user),
        "in_hand": in_hand_of(user),
    }


def in_hand_of(user: User) -> list[Reservation]:
    """What the person holds in any campaign, the first taken first; with `draft` and `view`.

    Causes two queries.
    """
    live = Reservation.objects.filter(person=user, ended__isnull=True)
    if token := token_of(user):
        live = live.filter(task__campaign=token.campaign_id)
    found = list(live.select_related("task__campaign").order_by("started", "pk"))
    saved = Draft.objects.filter(person=user, task__in=[spell.task_id for spell in found])
    drafts = {draft.task_id: draft for draft in saved}
    for spell in found:
        draft = drafts.get(spell.task_id)
        spell.draft = draft.version if draft else None
        spell.view = draft.view if draft else {}
    return found


def memberships_of(user: User) -> list[Membership]:
    """By campaign; superusers are leads of every campaign that gives them no other role. With a
    token only that of its campaign, and as far as it goes."""
    mine = list(user.memberships.select_related("campaign"))
    if user.is_superuser:
        others = Campaign.objects.exclude(memberships__user=user)
        mine += [Membership(campaign=each, user=user, role=Membership.Role.LEAD) for each in others]
    for each in mine:
        each.role = role_left(user, each.campaign_id, each.role)
    return sorted((each for each in mine if each.role), key=lambda each: each.campaign.slug)
