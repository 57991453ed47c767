"""Who a campaign's members are in CVAT: found, looked at, and mended by a lead."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.cvat.door import open_door
from labelling.adapters.cvat.seen import UserSeen
from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, asking, reads, writes
from labelling.api.people import PageQuerySerializer, asked_page
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.cvat import link_of
from labelling.insights.cvat_people import people
from labelling.insights.paging import Order, page
from labelling.models import CvatLink, Membership
from labelling.workflow.cvat.people import forget_person, map_person, match_seen, somebody

AWAY = [502, 503]
"""The server couldn't be asked."""


class CvatPersonSerializer(serializers.Serializer):
    username = serializers.CharField(help_text="Here.")
    role = serializers.ChoiceField(Membership.Role.choices)
    remote = serializers.IntegerField(allow_null=True, help_text="Id there; null: not known.")
    there = serializers.CharField(allow_blank=True, help_text="User name there.")
    serves = serializers.BooleanField(help_text="Tiles reserved here are given out there.")


class CvatPeopleSerializer(serializers.Serializer):
    results = CvatPersonSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class CvatMappingSerializer(serializers.Serializer):
    """Who a member is there."""

    username = serializers.CharField(max_length=150, help_text="Here.")
    there = serializers.CharField(
        max_length=150, allow_blank=True, help_text="User name there; empty: nobody."
    )
    serves = serializers.BooleanField(default=True)


class CvatMatchedSerializer(serializers.Serializer):
    found = CvatPersonSerializer(many=True, help_text="Those that weren't known before.")


@dataclass(frozen=True)
class Asked:
    link: CvatLink
    member: Membership
    there: UserSeen | None
    """None: the member is nobody there."""
    serves: bool


def _asked_of_cvat(view: Resource, request: Request, slug: str) -> Asked:
    link = link_of(campaign_for(request.user, slug, LEADS))
    asked = CvatMappingSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    told = asked.validated_data
    member = _member(link, told["username"])
    there = somebody(open_door(link), told["there"]) if told["there"] else None
    return Asked(link, member, there, told["serves"])


def _everybody_in_cvat(view: Resource, request: Request, slug: str) -> list[UserSeen]:
    return open_door(link_of(campaign_for(request.user, slug, LEADS))).users()


class CvatPeople(Resource):
    @reads(
        "cvat_people",
        answer=CvatPeopleSerializer,
        parameters=[PageQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's members and who they are in CVAT, those who joined first in front."""
        link = link_of(campaign_for(request.user, slug, LEADS))
        members = Membership.objects.filter(campaign=link.campaign_id).select_related("user")
        found, cursor = page(members, Order("people", None), **asked_page(request))
        told = {"results": people(link, found), "cursor": cursor}
        return Response(CvatPeopleSerializer(told).data)

    @writes(
        "cvat_map_person",
        request=CvatMappingSerializer,
        answer=CvatPersonSerializer,
        refuses=AWAY,
    )
    @asking(_asked_of_cvat)
    def post(self, request: Request, slug: str, seen: Asked) -> Response:
        """Say who a member is in CVAT, or that it is nobody."""
        link, member = seen.link, seen.member
        who = {"user": member.user, "who": request.user, "now": now()}
        if seen.there:
            map_person(link, seen.there, serves=seen.serves, **who)
        else:
            forget_person(link, **who)
        return Response(CvatPersonSerializer(people(link, [member])[0]).data)


class CvatMatch(Resource):
    @writes("cvat_match_people", answer=CvatMatchedSerializer, refuses=AWAY)
    @asking(_everybody_in_cvat)
    def post(self, request: Request, slug: str, seen: list[UserSeen]) -> Response:
        """Find the members that aren't known there, by user name and e-mail."""
        link = link_of(campaign_for(request.user, slug, LEADS))
        found = match_seen(link, seen, who=request.user, now=now())
        return Response(CvatMatchedSerializer({"found": found}).data)


def _member(link: CvatLink, username: str) -> Membership:
    members = Membership.objects.filter(campaign=link.campaign_id, user__username=username)
    member = members.select_related("user").first()
    if member is None:
        raise NotFound(
            f"{username} isn't a member of {link.campaign.slug}.",
            field="username",
            help="Make the person one first.",
        )
    return member
