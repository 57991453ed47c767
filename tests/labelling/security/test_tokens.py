"""Tokens: shown once, kept as a hash, limited in time, and taken back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from labelling.clock import now
from labelling.models import Event, IdempotencyKey, Membership, Token
from labelling.models.token import MARK
from labelling.workflow.tokens import MOST, Wanted, make_token
from tests.factories import CampaignFactory, person
from tests.labelling.api.conftest import signed_in

pytestmark = pytest.mark.django_db
TOKENS = "/api/v1/campaigns/north/tokens"


@pytest.fixture
def lea(campaign) -> APIClient:
    return signed_in(person("lea", campaign=campaign, role="lead"))


@pytest.fixture
def sam(campaign):
    """A program's account."""
    return person("sam", campaign=campaign, role="service")


def with_secret(secret: str) -> APIClient:
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_lead_makes_a_token_that_is_shown_once_and_kept_as_a_hash(lea, sam, campaign):
    wanted = {"name": "nightly", "username": "sam", "days": 7}
    key = {"HTTP_IDEMPOTENCY_KEY": "once"}

    made = lea.post(TOKENS, wanted, **key)
    again = lea.post(TOKENS, wanted, **key)

    secret = made.json()["secret"]
    assert (made.status_code, again.status_code) == (201, 201)
    assert secret.startswith(MARK)
    assert len(secret) > 40
    assert again.json() == made.json() | {"secret": ""}
    row = Token.objects.get()
    kept = f"{vars(row)} {IdempotencyKey.objects.values()} {Event.objects.values()}"
    assert secret not in kept
    assert lea.get(TOKENS).json()["results"] == [
        {name: value for name, value in made.json().items() if name != "secret"}
    ]
    me = with_secret(secret).get("/api/v1/me").json()
    assert me["username"] == "sam"
    assert [each["role"] for each in me["memberships"]] == ["service"]


def test_a_write_by_token_needs_no_csrf_token_and_counts_as_the_persons(lea, campaign):
    person("lea", campaign=CampaignFactory(slug="south"), role="lead")
    secret = lea.post(TOKENS, {"name": "picks"}).json()["secret"]
    client = with_secret(secret)

    changed = client.post("/api/v1/campaigns/north/quality/rules", {"quality": {"gold_share": 0.1}})
    south = client.get("/api/v1/campaigns/south")
    me = client.get("/api/v1/me").json()

    assert changed.status_code == 200, changed.json()
    assert Event.objects.filter(verb="changed").get().who.username == "lea"
    assert south.status_code == 404
    assert [each["campaign"]["slug"] for each in me["memberships"]] == ["north"]


@pytest.mark.parametrize("what", ["revoked", "ended", "dismissed", "demoted", "cut", "forged"])
def test_a_token_that_is_no_good_any_more_opens_nothing(what, lea, campaign, sam):
    wanted = Wanted(campaign, Membership.objects.get(user__username="lea").user, "old", 1)
    token, secret = make_token(wanted, by=None, now=now())
    rows = Token.objects.filter(pk=token.pk)
    client = with_secret(secret)
    assert client.get(TOKENS).status_code == 200

    if what == "revoked":
        assert lea.post(f"{TOKENS}/{token.uuid}/revoke").json()["revoked"]
    elif what == "ended":
        rows.update(expires=now() - timedelta(seconds=1))
    elif what == "dismissed":
        token.user.is_active = False
        token.user.save()
    elif what == "demoted":
        Membership.objects.filter(user=token.user).update(role="annotator")
    else:
        client = with_secret(secret[:-1] if what == "cut" else f"{MARK}é")

    refused = client.get(TOKENS)
    assert refused.status_code == (404 if what == "demoted" else 401)
    assert secret not in refused.content.decode()


def test_a_token_makes_and_revokes_no_tokens(lea, campaign):
    made = lea.post(TOKENS, {"name": "mine"}).json()
    client = with_secret(made["secret"])

    assert client.post(TOKENS, {"name": "more"}).status_code == 403
    assert client.post(f"{TOKENS}/{made['id']}/revoke").status_code == 403
    assert Token.objects.get().revoked is None


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"username": "ana"}, 403, "username"),  # nobody labels in a colleague's name
        ({"username": "nobody"}, 403, "username"),
        ({"username": "sam", "role": "lead"}, 422, "role"),
        ({"days": 0}, 422, "days"),
        ({"days": 367}, 422, "days"),
        ({"name": " "}, 422, "name"),
        ({"name": "a\x00b"}, 422, "name"),
        ({"role": "king"}, 422, "role"),
    ],
)
def test_a_token_that_must_not_be_is_refused_by_field(lea, sam, ana, wrong, status, field):
    refused = lea.post(TOKENS, {"name": "x"} | wrong)

    assert (refused.status_code, refused.json()["field"]) == (status, field)
    assert not Token.objects.exists()


def test_a_campaign_has_no_more_tokens_than_somebody_can_look_through(lea, campaign, monkeypatch):
    monkeypatch.setattr("labelling.workflow.tokens.MOST", 1)
    assert MOST > 1
    first = lea.post(TOKENS, {"name": "first"}).json()

    assert lea.post(TOKENS, {"name": "second"}).status_code == 409
    lea.post(f"{TOKENS}/{first['id']}/revoke")
    assert lea.post(TOKENS, {"name": "second"}).status_code == 201


def test_its_last_use_is_noted_to_about_an_hour(lea, campaign, django_assert_num_queries):
    secret = lea.post(TOKENS, {"name": "mine"}).json()["secret"]
    client = with_secret(secret)
    client.get("/api/v1/me")
    first = Token.objects.get().used

    client.get("/api/v1/me")
    assert Token.objects.get().used == first
    Token.objects.update(used=first - timedelta(hours=2))
    client.get("/api/v1/me")
    assert Token.objects.get().used >= first


def test_the_command_makes_lists_and_revokes(campaign, sam, capsys):
    def run(*words: str) -> dict:
        call_command("tokens", *words, "--json")
        printed = capsys.readouterr().out
        return json.loads(printed) if printed else {}

    would = run("create", "north", "sam", "nightly", "--read-only", "--dry-run")
    assert (would["role"], Token.objects.count()) == ("service", 0)

    made = run("create", "north", "sam", "nightly", "--read-only", "--days", "3")
    client = with_secret(made["secret"])
    assert client.get("/api/v1/campaigns/north").status_code == 200
    refused = client.post("/api/v1/campaigns/north/queue/next")
    assert refused.json()["message"] == "This token may only read."

    listed = run("list", "north")
    assert listed["id"] == made["id"]
    assert listed["used"]
    assert "secret" not in listed
    run("revoke", "north", made["shown"], "--dry-run")
    assert client.get("/api/v1/me").status_code == 200
    assert run("revoke", "north", made["shown"])["revoked"]
    assert client.get("/api/v1/me").status_code == 401
    assert list(Event.objects.values_list("verb", flat=True)) == ["granted", "withdrew"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "north", "max", "x"), "There is no account 'max'"),
        (("create", "north", "sam", "x", "--days", "900"), "lasts 1 to 366 days"),
        (("create", "north", "sam", "x", "--role", "lead"), "can't have a token as lead"),
        (("revoke", "north", "cmwb_zzzzzz"), "north has no token"),
    ],
)
def test_the_command_refuses_by_name(campaign, sam, capsys, words, told):
    with pytest.raises(SystemExit) as ended:
        call_command("tokens", *words)

    assert ended.value.code == 1
    assert told in capsys.readouterr().err
    assert not Token.objects.exists()
