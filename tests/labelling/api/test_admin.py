from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from labelling.models import Campaign, Event, Membership, record
from tests.factories import NOON, TaskFactory, TileFactory
from tests.labelling.labels import submitted


@pytest.fixture
def root(client, db):
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_every_list_can_be_looked_at(root, task, in_hand):
    for model in apps.get_app_config("labelling").get_models():
        if admin.site.is_registered(model):
            path = reverse(f"admin:labelling_{model._meta.model_name}_changelist")
            assert root.get(path).status_code == 200, path


def test_history_cannot_be_changed_there(root, campaign):
    event = record("created", campaign, campaign=campaign, who=None, now=NOON)
    paths = [
        reverse("admin:labelling_event_add"),
        reverse("admin:labelling_event_delete", args=[event.pk]),
    ]

    refused = [root.post(path, {"post": "yes"}).status_code for path in paths]
    changed = root.post(
        reverse("admin:labelling_event_change", args=[event.pk]), {"verb": "failed"}
    )

    assert refused == [403, 403]
    assert changed.status_code == 403
    assert Event.objects.get().verb == "created"


def test_a_task_cannot_be_changed_there(root):
    task = TaskFactory()

    path = reverse("admin:labelling_task_change", args=[task.pk])

    assert root.get(path).status_code == 200
    assert root.post(path, {"state": "accepted"}).status_code == 403


def test_a_person_can_be_given_a_role(root, campaign):
    ana = User.objects.create(username="ana")
    form = {"user": ana.pk, "campaign": campaign.pk, "role": "lead", "level": 1}

    root.post(reverse("admin:labelling_membership_add"), form)

    assert Membership.objects.get(user=ana).role == "lead"


def test_a_campaigns_bands_cannot_be_changed_there(root, campaign):
    page = root.get(reverse("admin:labelling_campaign_change", args=[campaign.pk]))

    assert 'name="name"' in page.content.decode()
    assert 'name="bands"' not in page.content.decode()
    # A rule that is only written down would judge no tile, and might not even be one.
    assert 'name="scope"' not in page.content.decode()
    assert Campaign.objects.get().bands == campaign.bands


def test_nothing_that_counts_can_be_deleted_there(root, campaign):
    label = submitted(TileFactory(campaign=campaign), campaign, User.objects.get(), 0)
    rows = [label, label.task, label.task.tile, label.schema, label.acquisition, campaign]

    for row in rows:
        path = reverse(f"admin:labelling_{row._meta.model_name}_delete", args=[row.pk])
        assert root.post(path, {"post": "yes"}).status_code == 403, path
        row.refresh_from_db()
