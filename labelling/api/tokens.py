"""Tokens of a campaign, with which programs come in: made, listed and revoked by leads."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for, check_in_person
from labelling.api.operation import Resource, reads, writes
from labelling.api.people import PageQuerySerializer, asked_page
from labelling.clock import now
from labelling.errors import NotAllowed, NotFound
from labelling.insights.paging import Order, page
from labelling.models import Campaign, Membership, Token
from labelling.workflow.tokens import LONGEST_DAYS, Wanted, holders, make_token, revoke_token


class TokenSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField(help_text="What it is for.")
    username = serializers.CharField(source="user.username", help_text="For whom it acts.")
    shown = serializers.CharField(help_text="Its first letters.")
    role = serializers.ChoiceField(Membership.Role.choices)
    read_only = serializers.BooleanField()
    created = serializers.DateTimeField()
    created_by = serializers.CharField(
        source="created_by.username",
        default="",
        allow_blank=True,
        help_text="Empty: whoever runs the workbench.",
    )
    expires = serializers.DateTimeField()
    revoked = serializers.DateTimeField(allow_null=True)
    used = serializers.DateTimeField(allow_null=True, help_text="Last; to about an hour.")


class NewTokenSerializer(TokenSerializer):
    secret = serializers.CharField(
        allow_blank=True,
        default="",
        help_text="Shown now and never again; empty in the answer to a repeated request.",
    )


class TokenPageSerializer(serializers.Serializer):
    results = TokenSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class TokenOrderSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=80, help_text="What it is for.")
    username = serializers.CharField(
        required=False, help_text="An account with the role service; default: yourself."
    )
    role = serializers.ChoiceField(
        Membership.Role.choices, required=False, help_text="Default: that of the account."
    )
    read_only = serializers.BooleanField(default=False)
    days = serializers.IntegerField(default=90, min_value=1, max_value=LONGEST_DAYS)


class Tokens(Resource):
    @reads(
        "tokens", answer=TokenPageSerializer, parameters=[PageQuerySerializer], refuses=[403, 422]
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's tokens, the newest first; revoked and ended ones among them."""
        campaign = campaign_for(request.user, slug, LEADS)
        rows = Token.objects.filter(campaign=campaign).select_related("user", "created_by")
        order = Order("tokens", None, descending=True)
        found, cursor = page(rows, order, **asked_page(request))
        return Response(TokenPageSerializer({"results": found, "cursor": cursor}).data)

    @writes("token_create", request=TokenOrderSerializer, answer=NewTokenSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Make a token for oneself, or for an account that is a program's. It takes a session."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        asked = TokenOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        person = holder(request.user, campaign, wanted.pop("username", ""))
        order = Wanted(campaign, person, **wanted)
        token, secret = make_token(order, by=request.user, now=now())
        told = NewTokenSerializer(token).data
        answer = Response({**told, "secret": secret}, status=201)
        # What is kept for a repeated request must not hold the secret.
        answer.kept = told
        return answer


class RevokeToken(Resource):
    @writes("token_revoke", answer=TokenSerializer)
    def post(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """From the next request on it opens nothing."""
        campaign = campaign_for(request.user, slug, LEADS)
        check_in_person(request.user)
        rows = Token.objects.select_related("user", "created_by", "campaign")
        token = rows.filter(campaign=campaign, uuid=id).first()
        if token is None:
            raise NotFound(f"{slug} has no token {id}.", field="id")
        return Response(TokenSerializer(revoke_token(token=token, by=request.user, now=now())).data)


def holder(user: User, campaign: Campaign, username: str) -> Any:
    """Whom a lead may make a token for: nobody labels in a colleague's name. Raises NotAllowed."""
    if username in ("", user.username):
        return user
    programs = User.objects.filter(holders(campaign), username=username, is_active=True)
    found = programs.first()
    if found is None:
        raise NotAllowed(
            f"{username!r} is no account of a program in {campaign.slug}.",
            field="username",
            help="Make tokens for yourself, or for an account with the role service.",
        )
    return found
