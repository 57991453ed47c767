"""Who belongs to a campaign: leads bring in, change and take out; nobody raises himself."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from labelling.models import Event, Membership, Task
from tests.factories import CampaignFactory, person
from tests.labelling.api.conftest import signed_in

PATH = "/api/v1/campaigns/north/members"


def add(client, **wanted):
    return client.post(PATH, {"role": "annotator", **wanted}, format="json")


def change(client, name: str, was: tuple, now: tuple):
    keys = ("role", "level")
    body = {**dict(zip(keys, now)), "was": dict(zip(keys, was))}
    return client.patch(f"{PATH}/{name}", body, format="json")


def test_only_leads_see_and_change_members(campaign, lea, rita, ana, max):
    others = (rita, ana, max)

    assert [client.get(PATH).status_code for client in (lea, *others)] == [200, 403, 403, 404]
    assert [add(client, username="eve").status_code for client in others] == [403, 403, 404]
    was = ("annotator", 1)
    assert [change(c, "ana", was, ("lead", 1)).status_code for c in others] == [403, 403, 404]
    assert [c.delete(f"{PATH}/ana").status_code for c in others] == [403, 403, 404]
    assert [c.get(f"{PATH}/ana/invitation").status_code for c in others] == [403, 403, 404]
    assert not User.objects.filter(username="eve").exists()


def test_somebody_new_gets_an_account_and_sets_a_password_by_a_link_that_works_once(
    lea, client, caplog
):
    caplog.set_level("INFO", "labelling.access")
    answer = add(lea, username="åsa", name="Åsa Öberg", email="asa@example.org", level=0)
    path = lea.get(f"{PATH}/åsa/invitation").json()["path"]

    assert (answer.status_code, answer.json()["invitable"]) == (201, True)
    page = client.get(path, follow=True)
    assert "Welcome, Åsa Öberg" in page.content.decode()
    word = {"new_password1": "clouds over Tartu", "new_password2": "clouds over Tartu"}
    client.post(page.request["PATH_INFO"], word)
    assert User.objects.get(username="åsa").check_password("clouds over Tartu")
    assert "has been used" in Client().get(path, follow=True).content.decode()
    assert lea.get(f"{PATH}/åsa/invitation").status_code == 403
    assert "GET /invited/<uidb64>/<token>/" in caplog.text
    assert path.split("/")[3] not in caplog.text  # the key to the account, as good as a password
    event = Event.objects.filter(verb="granted").latest("pk")
    assert event.detail == {"person": "åsa", "role": "annotator", "level": 0, "account": "made"}


def test_nobody_gets_the_key_to_an_account_that_was_there(campaign, lea):
    person("max")
    User.objects.create_user("new")  # without a password, and of another campaign, too
    Membership.objects.create(campaign=CampaignFactory(), user=User.objects.get(username="new"),
                              role="annotator")  # fmt: skip
    User.objects.create_user("boss", is_superuser=True)
    for name in ("max", "new", "boss"):
        assert add(lea, username=name).status_code == 201

    statuses = [lea.get(f"{PATH}/{name}/invitation").status_code for name in ("max", "new", "boss")]

    assert statuses == [403, 403, 403]


def test_a_role_is_changed_once_seen_and_never_ones_own_upwards(campaign, lea, ana):
    Membership.objects.filter(user__username="lea").update(level=1)

    raised = change(lea, "ana", ("annotator", 1), ("reviewer", 3))
    stale = change(lea, "ana", ("annotator", 1), ("lead", 1))
    own = change(lea, "lea", ("lead", 1), ("lead", 2))

    assert [each.status_code for each in (raised, stale, own)] == [200, 409, 403]
    assert (stale.json()["field"], own.json()["message"]) == ("was", "Nobody raises himself.")
    member = Membership.objects.get(user__username="ana")
    assert (member.role, member.level) == ("reviewer", 3)


def test_the_last_lead_stays(campaign, lea, rita):
    assert change(lea, "lea", ("lead", 1), ("annotator", 1)).status_code == 409
    assert lea.delete(f"{PATH}/lea").status_code == 409

    change(lea, "rita", ("reviewer", 1), ("lead", 1))
    assert lea.delete(f"{PATH}/lea").status_code == 200
    assert signed_in(User.objects.get(username="lea")).get(PATH).status_code == 404
    # A lead whose account is closed leads nothing.
    person("old", campaign=campaign, role="lead")
    User.objects.filter(username="old").update(is_active=False)
    assert rita.delete(f"{PATH}/rita").status_code == 409


def test_who_is_taken_out_gives_back_what_he_holds(campaign, lea, in_hand):
    answer = lea.delete(f"{PATH}/ana")

    assert answer.json() == {"username": "ana", "was": {"role": "annotator", "level": 1}}
    assert Task.objects.get(pk=in_hand.pk).state == "open"
    assert not Membership.objects.filter(user__username="ana").exists()
    assert User.objects.get(username="ana").is_active
    assert add(lea, username="ana", level=3).status_code == 201


@pytest.mark.parametrize(
    ("wanted", "status", "field"),
    [
        ({"username": ""}, 422, "username"),
        ({"username": "a b"}, 422, "username"),
        ({"username": "x" * 151}, 422, "username"),
        ({"username": "eve", "email": "nowhere"}, 422, "email"),
        ({"username": "eve", "role": "king"}, 422, "role"),
        ({"username": "eve", "level": 10}, 422, "level"),
        ({"username": "lea"}, 403, ""),
        ({"username": "rita"}, 409, "username"),
    ],
)
def test_what_makes_no_sense_is_named_and_makes_no_account(lea, rita, wanted, status, field):
    before = User.objects.count()

    answer = add(lea, **wanted)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert User.objects.count() == before


def test_a_name_written_in_other_characters_is_the_same_account(campaign, lea):
    first = add(lea, username="\ufb01nn")  # its first letter is the ligature of f and i

    again = add(lea, username="\ufb01nn")

    assert (first.status_code, first.json()["username"]) == (201, "finn")
    assert (again.status_code, "finn belongs to north already" in again.json()["message"]) == (
        409, True,
    )  # fmt: skip
