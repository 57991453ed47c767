"""Connecting: a project with our labels, our mark and our webhook, made once; and `cvat check`."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from labelling.errors import BadInput, Conflict, CvatAway, CvatForbidden, NotFound
from labelling.models import CvatLink, CvatUser
from labelling.workflow.cvat.checkup import check
from labelling.workflow.cvat.people import map_person, match_people, somebody
from tests.contract.fake import running
from tests.contract.fake.state import Label, Project
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.cvat.site import Site

pytestmark = pytest.mark.django_db
HOOK = "https://workbench.example.org/api/v1/cvat/webhook"


@pytest.fixture(scope="module")
def server():
    with running() as fake:
        yield fake


@pytest.fixture
def site(campaign, server, settings):
    settings.CVAT_URL, settings.CVAT_TOKEN = server.url + "/", server.token
    settings.CVAT_WEBHOOK_SECRET = "a secret of sufficient length"
    there = server.state
    for rows in (there.projects, there.labels, there.webhooks, there.tasks, there.jobs):
        rows.clear()
    server.faults.clear()
    server.log.clear()
    there.version, there.skew = "2.54.1", timedelta()
    return Site(campaign, server)


def test_a_project_is_made_with_labels_by_id_and_a_webhook(site):
    done = site.connect(webhook=HOOK)

    (project,) = site.server.state.projects.values()
    labels = {label.id: label for label in site.server.state.labels.values()}
    (hook,) = site.server.state.webhooks.values()
    link = site.link
    assert (link.url, link.project) == (site.server.url, project.id)
    assert project.name == "Northern Europe"
    assert {code: labels[id].name for code, id in link.labels.items()} == {
        "0": "clear", "1": "cloud", "2": "semi-transparent", "3": "shadow", "254": "unsure",
    }  # fmt: skip
    assert labels[link.labels["1"]].color == "#f2c14e"
    assert labels[link.guide_label].name == "draw inside"
    assert (link.webhook, hook.secret) == (hook.id, "a secret of sufficient length")
    assert done.drift == []
    assert link.server_version == "2.54.1"


def test_connecting_again_changes_nothing(site):
    site.connect(webhook=HOOK)
    before = site.link.labels
    site.server.log.clear()

    done = site.connect(webhook=HOOK)

    assert len(site.server.state.projects) == len(site.server.state.webhooks) == 1
    assert site.link.labels == before
    assert done.steps == [f"renew webhook to {HOOK}"]
    assert site.server.asked("POST") == 0


def test_a_dry_run_writes_nothing_on_either_side(site):
    told = command("connect", "--campaign", "north", "--dry-run")

    assert told["steps"][0] == "make project 'Northern Europe'"
    assert not site.server.state.projects
    assert not CvatLink.objects.exists()


@pytest.mark.parametrize(
    ("kind", "path"),
    [("lose", "/api/projects"), ("drop", "/api/projects"), ("lose", "/api/webhooks")],
)
def test_connecting_that_broke_off_goes_on_where_it_stopped(site, kind, path):
    site.server.fail(kind, method="POST", path=path)

    with pytest.raises(CvatAway):
        site.connect(webhook=HOOK)
    assert not CvatLink.objects.exists()
    site.connect(webhook=HOOK)

    assert len(site.server.state.projects) == len(site.server.state.webhooks) == 1
    assert len(site.server.state.labels) == len(site.link.labels) + 1


def test_a_project_of_another_workbench_is_left_alone(site):
    site.connect()
    CvatLink.objects.all().delete()
    (project,) = site.server.state.projects.values()
    project.bug_tracker = "cloudmask-workbench:00000000-0000-0000-0000-000000000001 south"

    with pytest.raises(Conflict, match="another workbench"):
        site.connect()
    assert not CvatLink.objects.exists()
    site.connect(take_over=True)

    assert str(site.link.marker) in project.bug_tracker


def test_a_project_with_a_tracker_of_its_own_is_not_overwritten(site):
    site.connect()
    CvatLink.objects.all().delete()
    (project,) = site.server.state.projects.values()
    project.bug_tracker = "https://tracker.example.org"

    with pytest.raises(Conflict, match=r"tracker\.example\.org"):
        site.connect(take_over=True)

    assert project.bug_tracker == "https://tracker.example.org"


def test_two_campaigns_cannot_share_a_project(site):
    site.connect()
    other = Site(CampaignFactory(slug="south"), site.server)

    with pytest.raises(Conflict, match="connected to another workbench, or to another campaign"):
        other.connect(project=site.link.project)


def test_an_adopted_project_gets_the_labels_it_lacks_and_keeps_its_own(site):
    there, now = site.server.state, site.server.state.now()
    there.projects[70] = Project(70, "clouds", now, now)
    there.labels[700] = Label(700, 70, "cloud", "#ffffff", "mask")
    there.labels[701] = Label(701, 70, "snow", "#aaaaff", "mask")

    done = site.connect(project=70)

    assert site.link.labels["1"] == 700
    assert len(there.labels_of(70)) == 7
    assert sorted(done.drift) == [
        "'cloud' is #ffffff, not #f2c14e", "'snow' is no class here: what it draws is held",
    ]  # fmt: skip


def test_drift_of_the_labels_is_reported_and_what_is_missing_made_again(site):
    site.connect()
    labels, there = site.link.labels, site.server.state
    there.labels[labels["1"]].name = "thick cloud"
    there.labels[labels["2"]].type = "polygon"
    there.delete_label(labels["3"])

    said = [each.message for each in check(site.campaign, now=site.now) if each.step == "labels"]
    done = site.connect()

    assert said == [
        "'cloud' is called 'thick cloud'.",
        "'semi-transparent' takes only a polygon: the brush can't draw it.",
        "'shadow' has no label.",
    ]
    assert done.steps == ["add label 'shadow'"]
    assert site.link.labels["1"] == labels["1"]
    assert there.labels[site.link.labels["3"]].name == "shadow"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"webhook": "workbench"}, "'workbench' is no address"),
        ({"options": {"batch": 0}}, "cvat.batch must be"),
        ({"options": {"batches": 3}}, "no setting 'batches'"),
        ({"options": {"context": 1}}, "cvat.context must be true or false"),
    ],
)
def test_an_order_that_makes_no_sense_is_named_and_nothing_is_made(site, order, said):
    with pytest.raises(BadInput, match=said):
        site.connect(**order)

    assert not site.server.state.projects


def test_a_webhook_needs_a_secret(site, settings):
    settings.CVAT_WEBHOOK_SECRET = "short"

    with pytest.raises(BadInput, match="has 5 characters"):
        site.connect(webhook=HOOK)


def test_a_token_that_may_only_read_is_refused(site, settings):
    there = site.server.state
    there.add_token(there.users[1], "reader", read_only=True)
    settings.CVAT_TOKEN = "reader"

    with pytest.raises(CvatForbidden, match="may only read"):
        site.connect()
    assert levels(site)["token"] == "wrong"


def test_check_says_what_is_right_and_what_is_not(site, settings):
    assert levels(site) == {"settings": "ok", "server": "ok", "token": "ok", "project": "warning"}
    site.connect(webhook=HOOK)
    assert set(levels(site).values()) == {"ok"}

    there = site.server.state
    there.webhooks.clear()
    there.skew = timedelta(hours=3)
    there.version = "2.61.0"
    assert levels(site) == {
        "settings": "ok", "server": "warning", "clock": "warning", "token": "ok",
        "project": "ok", "labels": "ok", "webhook": "warning",
    }  # fmt: skip

    there.version = "2.9.0"
    assert levels(site) == {"settings": "ok", "server": "wrong"}
    settings.CVAT_TOKEN = "expired"
    there.version = "2.54.1"
    assert levels(site)["token"] == "wrong"
    settings.CVAT_URL = "http://127.0.0.1:9"
    assert levels(site) == {"settings": "ok", "server": "wrong"}


def test_check_answers_a_machine_and_exits_by_what_it_found(site, settings):
    assert command("check")["ok"] is True

    settings.CVAT_TOKEN = "wrong"
    out = StringIO()
    with pytest.raises(SystemExit) as gone:
        call_command("cvat", "check", "--json", stdout=out)
    assert gone.value.code == 1
    assert "doesn't know the token" in out.getvalue()


def test_people_are_found_by_name_then_by_mail_and_what_a_lead_said_stays(site, ana, ben):
    site.connect()
    lea = person("lea", campaign=site.campaign, role="lead")
    there = site.server.state
    for id in [user.id for user in there.users.values() if not user.admin]:
        del there.users[id]
    names = {name: there.add_user(name).id for name in ("Ana", "benedict", "bianca", "other")}
    there.users[names["benedict"]].email = "BEN@example.org"
    ben.email = "ben@example.org"
    ben.save()
    cvat = site.cvat

    found = match_people(site.link, cvat, who=None, now=NOON)
    map_person(site.link, somebody(cvat, "other"), user=lea, serves=False, who=lea, now=NOON)
    again = match_people(site.link, cvat, who=None, now=NOON)

    assert {each.username: each.there for each in found} == {"ana": "Ana", "ben": "benedict"}
    assert again == []
    assert dict(CvatUser.objects.values_list("user__username", "remote")) == {
        "ana": names["Ana"], "ben": names["benedict"], "lea": names["other"],
    }  # fmt: skip
    with pytest.raises(Conflict, match="somebody else"):
        map_person(site.link, somebody(cvat, "Ana"), user=lea, serves=True, who=lea, now=NOON)
    with pytest.raises(NotFound, match="'nobody'"):
        somebody(cvat, "nobody")
    command("users", "--campaign", "north", "--map", "ben=bianca", "--unmap", "ana")
    assert set(CvatUser.objects.values_list("username", flat=True)) == {"bianca", "other"}


def levels(site: Site) -> dict[str, str]:
    """{step: its worst level}"""
    found = check(site.campaign, now=site.server.state.now() - site.server.state.skew)
    order = ["ok", "warning", "wrong"]
    worst: dict[str, str] = {}
    for each in found:
        worst[each.step] = max(worst.get(each.step, "ok"), each.level, key=order.index)
    return worst


def command(*words: str) -> dict:
    out = StringIO()
    call_command("cvat", *words, "--json", stdout=out)
    return json.loads(out.getvalue())
