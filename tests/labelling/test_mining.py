"""From a ranking to tasks in lane rereview, and to leads. All tiles are synthetic."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from labelling.insights.mining import newest
from labelling.models import Annotation, Event, Job, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.rereview import cause_of, open_rereviews
from tests.factories import NOON, CampaignFactory, TileFactory, person
from tests.labelling.labels import submitted

pytestmark = pytest.mark.django_db

ERRORS = "/api/v1/campaigns/north/label-errors"


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north")


@pytest.fixture
def ana(campaign):
    return person("ana", campaign=campaign)


def label(campaign, author, *, split="pool", state="accepted", **facts) -> Annotation:
    tile = TileFactory(campaign=campaign, height=64, width=64, acquisition__place__split=split)
    return submitted(tile, campaign, author, 0, 1, state=state, **facts)


def row(label: Annotation, doubtfulness: float = 0.25) -> dict:
    return {
        "annotation": str(label.uuid),
        "doubtfulness": doubtfulness,
        "pairs": [{"given": "clear", "seen": "cloud", "pixels": 1240}],
    }


def opened(campaign, *rows, top=20):
    return open_rereviews(campaign=campaign, rows=rows, top=top, who=None, now=NOON)


def test_the_first_of_the_ranking_are_drawn_anew_in_its_order(campaign, ana):
    labels = [label(campaign, ana) for _ in range(4)]

    made = opened(campaign, *(row(each) for each in reversed(labels)), top=3).tasks

    assert [task.doubts for task in made] == labels[:0:-1]
    assert {(task.lane, task.state, task.prelabel) for task in made} == {("rereview", "open", None)}
    assert made[0].cause == "label error 0.25: 1240 px cloud labelled clear"
    events = Event.objects.filter(verb="created", kind="task").order_by("pk")
    assert [each.detail["of"] for each in events] == [str(each.uuid) for each in labels[:0:-1]]


def test_its_author_is_never_given_it_and_somebody_else_is(campaign, ana):
    opened(campaign, row(label(campaign, ana)))
    ben = person("ben", campaign=campaign)

    assert not Task.objects.filter(lane="rereview").claimable(by=ana).exists()
    given = claim_next(campaign=campaign, person=ben, now=NOON)

    assert given.task.lane == "rereview"


def test_no_label_is_doubted_twice(campaign, ana):
    first = label(campaign, ana)
    (task,) = opened(campaign, row(first)).tasks
    Task.objects.filter(pk=task.pk).update(state="closed")

    again = opened(campaign, row(first))

    assert (again.tasks, again.passed_over) == ([], {"doubted before": 1})
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.create(
            campaign=campaign, acquisition=task.acquisition, tile=task.tile, lane="rereview",
            copy=7, doubts=first, created=NOON,
        )  # fmt: skip


@pytest.mark.parametrize("split", ["validation", "test"])
def test_validation_and_test_places_are_never_opened(campaign, ana, split):
    kept = opened(campaign, row(label(campaign, ana, split=split)))

    assert kept.tasks == []
    assert sum(kept.passed_over.values()) == 1


def test_what_needs_no_second_look_is_passed_over_with_the_reason(campaign, ana):
    replaced = label(campaign, ana)
    submitted(
        replaced.task.tile, campaign, person("ben", campaign=campaign), 1, 1,
        state="accepted", lane="second", now=NOON + timedelta(days=1),
    )  # fmt: skip
    waiting = label(campaign, ana, state="submitted")
    reworked = label(campaign, ana)
    Task.objects.create(
        campaign=campaign, acquisition=reworked.acquisition, tile=reworked.task.tile,
        lane="rework", created=NOON,
    )  # fmt: skip

    found = opened(campaign, row(replaced), row(waiting), row(reworked), row(label(campaign, ana)))

    assert len(found.tasks) == 1
    assert found.passed_over == {
        "replaced since": 1, "waits for review": 1, "being drawn anew": 1,
    }  # fmt: skip


def test_what_isnt_doubted_is_not_opened_however_many_are_wanted(campaign, ana):
    assert opened(campaign, row(label(campaign, ana), doubtfulness=0.0)).tasks == []


def test_a_cause_fits_its_column():
    names = {"given": "g" * 60, "seen": "s" * 60, "pixels": 262144}

    assert len(cause_of({"doubtfulness": 0.123456, "pairs": [names]})) == 80


def test_opening_takes_as_many_queries_to_look_however_long_the_ranking_is(
    campaign, ana, django_assert_num_queries
):
    rows = [row(label(campaign, ana)) for _ in range(6)]

    with django_assert_num_queries(8):  # a savepoint's two, the lock, and five
        opened(campaign, *rows, top=0)


# The API


def mining_of(campaign, *labels) -> Job:
    """A finished mining of these labels, in this order."""
    rows = [
        {
            **row(each, 0.5 / rank), "rank": rank, "key": each.task.tile.key,
            "scene": each.task.tile.scene.product_id, "source": each.source, "fold": 0,
            "judged": 4000, "doubted": 1240, "confirmed": 0, "classes": {"clear": 0.31},
            "largest": {"given": "clear", "seen": "cloud", "pixels": 900, "row": 3, "col": 4},
        }
        for rank, each in enumerate(labels, 1)
    ]  # fmt: skip
    result = {
        "snapshot": "ab" * 32, "synthetic": True, "formula": "f", "border": 2, "folds": [],
        "thresholds": {"clear": 0.9, "cloud": None}, "tiles": len(rows),
        "doubted_tiles": len(rows), "passed_over": {}, "opened": [], "rows": rows,
    }  # fmt: skip
    return Job.objects.create(
        kind="labelling.mine", campaign=campaign, state="done", result=result,
        created=NOON, finished=NOON,
    )  # fmt: skip


def client(name, campaign, role="annotator"):
    made = APIClient()
    made.force_login(person(name, campaign=campaign, role=role))
    return made


def test_a_lead_reads_the_ranking_page_by_page(campaign, ana, django_assert_num_queries):
    labels = [label(campaign, ana) for _ in range(5)]
    mining_of(campaign, *labels)
    (task,) = opened(campaign, row(labels[0])).tasks
    lea = client("lea", campaign, "lead")

    with django_assert_num_queries(7):
        first = lea.get(ERRORS, {"limit": 3}).json()
    second = lea.get(ERRORS, {"limit": 3, "cursor": first["cursor"]}).json()

    found = [*first["results"], *second["results"]]
    assert [each["annotation"] for each in found] == [str(each.uuid) for each in labels]
    assert [each["tile"] for each in found] == [str(each.task.tile.uuid) for each in labels]
    assert (found[0]["author"], found[0]["task"]) == ("ana", str(task.uuid))
    assert (found[0]["task_state"], found[1]["task_state"]) == ("open", "")
    assert second["cursor"] is None


def test_a_cursor_of_an_older_ranking_is_refused(campaign, ana):
    labels = [label(campaign, ana) for _ in range(3)]
    mining_of(campaign, *labels)
    lea = client("lea", campaign, "lead")
    cursor = lea.get(ERRORS, {"limit": 1}).json()["cursor"]
    newer = mining_of(campaign, *labels)

    answers = [lea.get(ERRORS, {"cursor": each}) for each in (cursor, "later")]

    assert newest(campaign) == newer
    assert [(each.status_code, each.json()["field"]) for each in answers] == [(422, "cursor")] * 2


def test_before_the_first_mining_the_way_to_it_is_told(campaign):
    answer = client("lea", campaign, "lead").get(ERRORS)

    assert answer.status_code == 404
    assert "manage.py mine --campaign north" in answer.json()["help"]


@pytest.mark.parametrize(("name", "role"), [("ana", "annotator"), ("rita", "reviewer")])
def test_others_of_the_campaign_may_not_look(campaign, name, role):
    assert client(name, campaign, role).get(ERRORS).status_code == 403


def test_for_an_outsider_there_is_no_such_campaign(campaign):
    assert client("max", None).get(ERRORS).status_code == 404
