"""Requests that come with a token: `Authorization: Bearer cmwb_…`."""

from __future__ import annotations

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from labelling.clock import now
from labelling.errors import NotAllowed
from labelling.models import Token
from labelling.workflow.tokens import token_for

SCHEME = "bearer"


class BearerAuthentication(BaseAuthentication):
    """Signs in by the token alone, without a session; so nothing can be forged by another page."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != SCHEME.encode():
            return None
        secret = words[1].decode("latin-1") if len(words) == 2 else ""
        token = token_for(secret, now=now())
        if token is None:
            # In the same words whatever is wrong with it.
            raise AuthenticationFailed("This token isn't known, was revoked or has ended.")
        if token.read_only and request.method not in SAFE_METHODS:
            raise NotAllowed(
                "This token may only read.", help="Ask a lead of the campaign for another one."
            )
        token.user.token = token
        return token.user, token


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME}
