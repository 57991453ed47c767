"""Serving people in CVAT, and what CVAT shows of a task's state."""

from __future__ import annotations

import pytest

from labelling.errors import CvatAway
from labelling.models import CvatJob, CvatUser, Membership, Outbox, Task
from labelling.workflow.claims import release
from labelling.workflow.cvat.serving import top_up
from labelling.workflow.review import accept, reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.sweep import sweep
from tests.contract.fake import running
from tests.factories import person, rank
from tests.labelling.cvat.site import Site

pytestmark = pytest.mark.django_db
LEASE = 31


@pytest.fixture
def site(campaign, settings):
    with running() as server:
        settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
        site = Site(campaign, server)
        site.connect(options={"context": False})
        yield site


@pytest.fixture
def ana(site):
    (ana,) = site.people("ana")
    return ana


def test_a_reserved_tile_is_given_to_that_person_there_and_taken_back(site, ana):
    first, second = site.tiles(2, hint=False)
    site.push()

    claimed = site.claim(ana)
    site.errands()
    assert claimed == first
    assert site.there(first).assignee == theirs(ana)
    assert site.there(second).assignee is None
    assert site.job(first).where == f"{site.server.url}/tasks/1/jobs/{site.there(first).id}"

    release(task=first, person=ana, now=site.now)
    site.errands()
    assert site.there(first).assignee is None


def test_nothing_is_sent_where_nothing_changed(site, ana):
    site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.server.log.clear()

    site.errands()

    assert site.server.log == []


def test_a_person_who_isnt_known_there_draws_here(site, ana):
    ben = person("ben", campaign=site.campaign)
    CvatUser.objects.filter(user=ana).update(serves=False)
    site.tiles(2, hint=False)
    site.push()

    tasks = [site.claim(who) for who in (ana, ben)]
    site.errands()

    assert [site.there(task).assignee for task in tasks] == [None, None]


def test_top_up_keeps_to_the_rank_of_what_is_there(site, ana):
    first, second, third, fourth = site.tiles(4, hint=False)
    site.push(limit=3)
    ahead = site.tile(hint=False)
    site.tasks = [ahead, third, second, first, fourth]
    rank(site.campaign, *site.tasks)

    given = top_up(site.link, ana, now=site.now)
    site.errands()

    # The best two that are there: the very best isn't, and one is ahead of the one in work.
    assert given == [third, second]
    assert [site.there(task).assignee for task in given] == [theirs(ana)] * 2
    assert top_up(site.link, ana, now=site.now) == []


def test_eight_people_at_once_get_the_best_tiles_in_order(site):
    people = site.people(*(f"person{n}" for n in range(8)))
    site.connect(options={"ahead": 0, "context": False})
    tasks = site.tiles(8, hint=False)
    site.push()

    given = [task for who in people for task in top_up(site.link, who, now=site.now)]

    assert given == tasks


def test_a_lease_that_ran_out_is_taken_back_after_asking(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()

    site.wait(minutes=LEASE)
    assert sweep(now=site.now)["reservations"] == 0  # not before CVAT was asked
    site.errands()

    assert fresh(task).state == "open"
    assert site.there(task).assignee is None


def test_what_was_finished_meanwhile_is_not_taken_back(
    site, ana, sent, django_capture_on_commit_callbacks
):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.there(task).state = "completed"

    site.wait(minutes=LEASE)
    with django_capture_on_commit_callbacks(execute=True):
        assert site.errands()["leases"]["finished"] == 1

    assert fresh(task).state == "reserved"
    assert site.there(task).assignee == theirs(ana)
    assert ("labelling.cvat_pull", {"link_id": site.link.pk}) in sent


def test_what_is_finished_while_it_is_taken_back_is_kept(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.wait(minutes=LEASE)
    job = site.there(task)
    cvat_change = site.cvat.transport.call

    def finishing(method, path, **request):
        if method == "PATCH":
            job.state = "completed"
        return cvat_change(method, path, **request)

    site.cvat.transport.call = finishing
    try:
        assert site.errands()["leases"]["finished"] == 1
    finally:
        del site.cvat.transport.call

    assert fresh(task).state == "reserved"
    assert fresh(task).holder == ana


def test_who_draws_keeps_the_tile(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    CvatJob.objects.update(updated=site.there(task).updated)
    site.there(task).updated = site.server.state.now()

    site.wait(minutes=LEASE)

    assert site.errands()["leases"]["renewed"] == 1
    assert fresh(task).holder == ana


def test_while_the_server_is_away_nothing_is_taken_back(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.wait(minutes=LEASE)
    site.server.fail("drop", times=3)

    with pytest.raises(CvatAway):
        site.errands()
    sweep(now=site.now)

    assert fresh(task).state == "reserved"


def test_states_go_out_with_their_stage(site, ana):
    reviewer = person("rita", campaign=site.campaign, role="reviewer")
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.there(task).state = "completed"

    site.hand_in(fresh(task), ana)
    site.errands()
    assert shown(site, task) == (None, "validation", "new")

    claim_review(campaign=site.campaign, reviewer=reviewer, now=site.now)
    accept(task=fresh(task), reviewer=reviewer, now=site.now)
    site.errands()
    assert shown(site, task) == (None, "acceptance", "completed")


def test_a_rejected_label_goes_back_to_its_author_with_the_reason_once(site, ana):
    reviewer = person("rita", campaign=site.campaign, role="reviewer")
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.hand_in(fresh(task), ana)
    site.errands()
    claim_review(campaign=site.campaign, reviewer=reviewer, now=site.now)
    reject(
        task=fresh(task), reviewer=reviewer, reason="missed_thin", note="In the north.",
        now=site.now,
    )  # fmt: skip
    site.server.fail("lose", method="POST", path="/api/issues")

    for _ in range(3):
        site.errands()
        site.wait(minutes=1)

    rework = Task.objects.get(parent=task)
    assert shown(site, rework) == (theirs(ana), "annotation", "rejected")
    (issue,) = site.server.state.issues.values()
    assert issue.job == site.there(rework).id
    assert issue.messages[0].startswith(
        "Rejected: Semi-transparent cloud was missed. In the north."
    )
    assert Outbox.objects.filter(sent=None).count() == 0
    # She begins: the rework becomes hers here, too, and what she set there stays.
    site.there(rework).state = "in progress"
    CvatJob.objects.update(state="in progress")
    assert site.errands()["begun"] == 1
    assert fresh(rework).holder == ana
    assert shown(site, rework) == (theirs(ana), "annotation", "in progress")


def test_what_somebody_changed_there_is_put_right(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    CvatJob.objects.update(remote_assignee=99, stage="acceptance")
    site.there(task).stage = "acceptance"

    site.errands()

    assert shown(site, task) == (theirs(ana), "annotation", "new")


def test_a_withheld_pre_label_is_wiped_before_the_tile_is_given(site, ana):
    task = site.tile()
    site.push()
    assert len(site.shapes(task)) == 3
    # The claim evens out: after tiles without a pre-label, active ones make up for them.
    Membership.objects.filter(user=ana).update(plain=0, unaided=3)

    site.claim(ana)
    site.errands()

    assert fresh(task).arm == "plain"
    assert site.shapes(task) == []
    assert site.job(task).prelabel is None
    assert site.there(task).assignee == theirs(ana)


def test_a_job_that_was_deleted_there_is_noted_and_its_tile_pushed_again(site, ana):
    task = site.tile(hint=False)
    site.push()
    site.server.state.delete_task(1)

    site.claim(ana)
    site.errands()
    assert not CvatJob.objects.filter(task=task, gone=None).exists()
    release(task=fresh(task), person=ana, now=site.now)
    site.push()

    assert site.job(task).remote in site.server.state.jobs


def theirs(user) -> int:
    return CvatUser.objects.get(user=user).remote


def shown(site: Site, task: Task) -> tuple[int | None, str, str]:
    job = site.there(task)
    return job.assignee, job.stage, job.state


def fresh(task: Task) -> Task:
    return Task.objects.select_related("campaign__schema", "tile", "holder").get(pk=task.pk)
