"""Every endpoint of the API, asked by everybody: who may, and who learns nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from django.db import transaction
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.test import APIClient

from labelling.clock import now
from labelling.models import Campaign, Membership
from labelling.workflow.tokens import Wanted, make_token
from tests.labelling.api.conftest import signed_in
from tests.labelling.quality.telling import leaves
from tests.labelling.security.who_may import (
    ANA,
    ANYBODY,
    BEN,
    CALLERS,
    LEAD,
    OUTSIDER,
    SIGNED_IN,
    STRANGER,
    table,
)
from tests.labelling.security.world import World, world

pytestmark = pytest.mark.django_db
BODIES = {
    "/api/v1/tasks/{id}/draft": "application/octet-stream",
    "/api/v1/tasks/{id}/submit": "application/octet-stream",
    "/api/v1/tasks/{id}/review/fix": "application/octet-stream",
}
TELLING_NAMES = {"lane", "lanes", "split", "copy", "round_no", "is_gold"}
TELLING_WORDS = ("gold", "control", "second", "reference", "rereview", "test", "validation")
QUERY = {"/api/v1/me/work": "?campaign=north", "/api/v1/snapshots/{hash}/diff": "?to=" + "ab" * 32}


@dataclass
class Told:
    status: int
    message: str
    octets: bytes
    is_json: bool


def endpoints() -> list[tuple[str, str]]:
    """(method, path) of everything in the OpenAPI schema."""
    return [(method, path) for path, _, method, _ in EndpointEnumerator().get_api_endpoints()]


def ask(client: APIClient, here: World, method: str, path: str) -> Told:
    """What the caller is told; whatever the request did is undone."""
    address = here.address(path) + QUERY.get(path, "")
    kind = BODIES.get(path, "application/json")
    body = b"" if kind.endswith("octet-stream") else b"{}"
    with transaction.atomic():
        client.raise_request_exception = False
        answer = client.generic(method, address, body if method != "GET" else b"", kind)
        transaction.set_rollback(True)
    content = answer.getvalue() if answer.status_code < 300 else answer.content
    refused = answer.status_code >= 400 and "json" in answer.headers.get("Content-Type", "")
    message = answer.json()["message"] if refused else ""
    is_json = answer.status_code < 400 and "json" in answer.headers.get("Content-Type", "")
    return Told(answer.status_code, message, content, is_json)


def test_every_endpoint_has_an_entry_and_every_entry_an_endpoint():
    asked = {f"{method} {path}" for method, path in endpoints()}

    assert asked - set(table()) == set(), "Say in who_may.py who may use these."
    assert set(table()) - asked == set()


def test_every_endpoint_is_open_to_whom_it_should_be_and_to_nobody_else():
    here = world()
    clients = {who: signed_in(user) for who, user in here.people.items()} | {STRANGER: APIClient()}
    wrong = []
    for method, path in endpoints():
        may = table().get(f"{method} {path}", frozenset())
        told = {who: ask(clients[who], here, method, path) for who in CALLERS}
        wrong += [
            f"{method} {path}: {who} {told[who].status} {told[who].message}"
            for who in CALLERS
            if fault(who, may, told)
        ]

    assert not wrong, "\n".join(wrong)


def fault(who: str, may: frozenset[str], told: dict[str, Told]) -> bool:
    """Whether the answer isn't what the table says. Who may gets neither a refusal, nor what the
    outsider is told: that there is no such thing."""
    answer, outside = told[who], told[OUTSIDER]
    if answer.status >= 500:
        return True
    if who in may:
        hidden = answer.status == 404 and OUTSIDER not in may and answer == outside
        closed = answer.status == 401 or (answer.status == 403 and may != ANYBODY)
        return closed or hidden
    if who == STRANGER:
        return answer.status != 401
    if who == OUTSIDER:
        return answer.status != 404
    return answer.status not in (403, 404)


def test_a_token_opens_its_campaign_as_far_as_its_role_goes_and_nothing_else():
    """Both are the lead's: one of another campaign of hers, one that reads here as an annotator."""
    here = world()
    lead = here.people[LEAD]
    south = Campaign.objects.get(slug="south")
    Membership.objects.create(campaign=south, user=lead, role="lead")
    lost = bearing(Wanted(south, lead, "of another campaign", 1))
    narrow = bearing(Wanted(here.campaign, lead, "narrow", 1, role="annotator", read_only=True))
    wrong = []
    for method, path in endpoints():
        may = table()[f"{method} {path}"]
        if may == ANYBODY or (may == SIGNED_IN and method == "GET"):
            continue
        answers = {"lost": ask(lost, here, method, path), "narrow": ask(narrow, here, method, path)}
        reads = method == "GET" and BEN in may
        right = {"lost": (404,), "narrow": (200, 204, 404, 409, 422) if reads else (403, 404)}
        wrong += [
            f"{method} {path}: {which} {told.status} {told.message}"
            for which, told in answers.items()
            if told.status not in right[which] or (method != "GET" and told.status < 300)
        ]

    assert not wrong, "\n".join(wrong)


def bearing(wanted: Wanted) -> APIClient:
    _, secret = make_token(wanted, by=None, now=now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_no_answer_tells_an_annotator_what_is_hidden_from_him():
    here = world()
    ana = signed_in(here.people[ANA])
    told = {path: ask(ana, here, method, path) for method, path in endpoints() if method == "GET"}
    answers = {path: answer.octets.decode() for path, answer in told.items() if answer.is_json}
    leaks = [
        f"{path}: {what}"
        for path, text in answers.items()
        for what, sign in here.hidden.items()
        if sign in text
    ]
    words = [
        f"{path}: {name} = {value!r}"
        for path, text in answers.items()
        for name, value in leaves(json.loads(text))
        if name.rpartition(".")[2] in TELLING_NAMES or value in TELLING_WORDS
    ]

    assert len(answers) > 10
    assert leaks + words == []
