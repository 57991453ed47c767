from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from labelling.models import Membership
from tests.factories import CampaignFactory, person
from tests.labelling.api.conftest import signed_in


def test_a_person_learns_who_he_is_and_what_he_may_do(ana):
    answer = ana.get("/api/v1/me")

    assert answer.json() == {
        "username": "ana",
        "name": "Ana",
        "is_superuser": False,
        "memberships": [
            {
                "campaign": {"slug": "north", "name": "Northern Europe"},
                "role": "annotator",
                "level": 1,
            }
        ],
        "in_hand": [],
    }


def test_an_outsider_has_no_campaigns(max):
    assert max.get("/api/v1/me").json()["memberships"] == []


def test_a_superuser_leads_where_he_has_no_other_role(campaign):
    root = User.objects.create_superuser("root")
    CampaignFactory(slug="south")
    Membership.objects.create(campaign=campaign, user=root, role="reviewer")

    roles = signed_in(root).get("/api/v1/me").json()["memberships"]

    assert [(each["campaign"]["slug"], each["role"]) for each in roles] == [
        ("north", "reviewer"),
        ("south", "lead"),
    ]


def test_a_person_without_a_name_is_called_by_his_user_name(campaign):
    user = person("zoe", campaign=campaign)
    user.first_name = ""
    user.save()

    assert signed_in(user).get("/api/v1/me").json()["name"] == "zoe"


def test_who_is_not_signed_in_is_told_so(db):
    answer = APIClient().get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
