"""The members of a campaign: bring somebody in, change a role, take somebody out. For leads."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for, check_in_person
from labelling.api.operation import Resource, reads, writes
from labelling.api.people import PageQuerySerializer, asked_page
from labelling.clock import now
from labelling.errors import NotAllowed
from labelling.insights.paging import Order, page
from labelling.models import Campaign, Membership
from labelling.workflow.members import (
    LEVELS,
    Newcomer,
    Standing,
    add_member,
    change_member,
    member_named,
    remove_member,
)


class MemberSerializer(serializers.Serializer):
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.get_full_name", allow_blank=True)
    email = serializers.CharField(source="user.email", allow_blank=True)
    role = serializers.ChoiceField(Membership.Role.choices)
    level = serializers.IntegerField(help_text="0…9: what tiles and how much review.")
    qualified = serializers.CharField(
        source="qualification.qualified",
        default=None,
        allow_null=True,
        help_text="Since when, by gold tiles; null: not yet.",
    )
    last_login = serializers.DateTimeField(source="user.last_login", allow_null=True)
    active = serializers.BooleanField(
        source="user.is_active", help_text="false: the account is closed."
    )
    invitable = serializers.SerializerMethodField(
        help_text="Was never signed in and has no password: a link lets the person set one."
    )

    def get_invitable(self, member: Membership) -> bool:
        return invitable(member.user)


class MemberPageSerializer(serializers.Serializer):
    results = MemberSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class StandingSerializer(serializers.Serializer):
    role = serializers.ChoiceField(Membership.Role.choices)
    level = serializers.IntegerField(min_value=LEVELS[0], max_value=LEVELS[1])


class NewMemberSerializer(StandingSerializer):
    level = serializers.IntegerField(min_value=LEVELS[0], max_value=LEVELS[1], default=1)
    username = serializers.CharField(max_length=150)
    name = serializers.CharField(
        max_length=150, default="", allow_blank=True, help_text="Of a new account."
    )
    email = serializers.CharField(max_length=254, default="", allow_blank=True)


class MemberChangeSerializer(StandingSerializer):
    was = StandingSerializer(help_text="What was seen: if it isn't so any more, nothing is done.")


class RemovedMemberSerializer(serializers.Serializer):
    username = serializers.CharField()
    was = StandingSerializer()


class InvitationSerializer(serializers.Serializer):
    path = serializers.CharField(help_text="Where the person sets a password; works once.")


class Members(Resource):
    @reads(
        "members", answer=MemberPageSerializer, parameters=[PageQuerySerializer], refuses=[403, 422]
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's members, those who joined first in front."""
        campaign = campaign_for(request.user, slug, LEADS)
        rows = Membership.objects.filter(campaign=campaign).select_related("user")
        found, cursor = page(rows, Order("members", None), **asked_page(request))
        return Response(MemberPageSerializer({"results": found, "cursor": cursor}).data)

    @writes("member_add", request=NewMemberSerializer, answer=MemberSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Bring somebody in; where nobody has the name, an account is made."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        asked = NewMemberSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        standing = Standing(told.pop("role"), told.pop("level"))
        member, _ = add_member(
            Newcomer(**told), campaign=campaign, standing=standing, who=request.user, now=now()
        )
        return Response(MemberSerializer(member).data, status=201)


class MemberView(Resource):
    @writes("member_change", request=MemberChangeSerializer, answer=MemberSerializer)
    def patch(self, request: Request, slug: str, username: str) -> Response:
        """Give a member another role or level."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        asked = MemberChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        member = change_member(
            username,
            campaign=campaign,
            was=Standing(**told.pop("was")),
            standing=Standing(**told),
            who=request.user,
            now=now(),
        )
        return Response(MemberSerializer(member).data)

    @writes("member_remove", answer=RemovedMemberSerializer)
    def delete(self, request: Request, slug: str, username: str) -> Response:
        """End a member's part in the campaign: labels stay, tiles in hand go back."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        was = remove_member(username, campaign=campaign, who=request.user, now=now())
        return Response(RemovedMemberSerializer({"username": username, "was": was}).data)


class MemberInvitation(Resource):
    @reads("member_invitation", answer=InvitationSerializer, refuses=[403])
    def get(self, request: Request, slug: str, username: str) -> Response:
        """A link by which somebody new sets the first password; nothing is kept of it."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        member = member_named(campaign, username)
        _check_invitable(member, campaign)
        response = Response(InvitationSerializer({"path": invitation(member.user)}).data)
        response["Cache-Control"] = "private, no-store"
        return response


def invitable(user: User) -> bool:
    return user.is_active and user.last_login is None and not user.has_usable_password()


def invitation(user: User) -> str:
    """The page where `user` sets a password; the link ends with the first one, or in three days."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/invited/{uid}/{default_token_generator.make_token(user)}/"


def _check_invitable(member: Membership, campaign: Campaign) -> None:
    # Else a lead could make himself the key to anybody's account.
    elsewhere: Any = member.user.memberships.exclude(campaign=campaign)
    powerful = member.user.is_staff or member.user.is_superuser
    if not invitable(member.user) or powerful or elsewhere.exists():
        raise NotAllowed(
            f"{member.user.username} has an account that isn't new to this campaign.",
            help="He signs in as ever; whoever runs the workbench can set a new password.",
        )
