"""Who is signed in, and what he may do where."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.operation import Resource, reads
from labelling.models import Campaign, Membership


class CampaignNameSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class MembershipSerializer(serializers.Serializer):
    campaign = CampaignNameSerializer()
    role = serializers.ChoiceField(Membership.Role.choices)
    level = serializers.IntegerField()


class MeSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    is_superuser = serializers.BooleanField()
    memberships = MembershipSerializer(many=True)


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
    }


def memberships_of(user: User) -> list[Membership]:
    """By campaign; superusers are leads of every campaign that gives them no other role."""
    mine = list(user.memberships.select_related("campaign"))
    if user.is_superuser:
        others = Campaign.objects.exclude(memberships__user=user)
        mine += [Membership(campaign=each, user=user, role=Membership.Role.LEAD) for each in others]
    return sorted(mine, key=lambda each: each.campaign.slug)
