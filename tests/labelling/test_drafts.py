"""Drafts: saved as one draws, never overwritten unseen, and where refused work goes."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction

from labelling.adapters.blobs import store
from labelling.errors import BadInput, LabelRejected, NotFound, NotYours, StaleDraft
from labelling.models import LEASE, Draft, Task
from labelling.workflow import drafts
from labelling.workflow.claims import claim_next, release, return_expired
from labelling.workflow.drafts import Drawn, keep_refused, save_draft, where_to_start
from labelling.workflow.planes import Planes
from labelling.workflow.review import reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.submission import submit
from labelling.workflow.withdrawal import withdraw
from tests.factories import NOON, TaskFactory, person, rank
from tests.labelling.handing_in import MINUTE, claimed, drawn, fresh, planes

pytestmark = pytest.mark.django_db
LATE = NOON + LEASE + MINUTE
VIEW = {"zoom": 2, "tool": "brush"}


@pytest.fixture
def task(campaign, ana) -> Task:
    """In Ana's hands."""
    rank(campaign, TaskFactory(campaign=campaign))
    return claimed(campaign, ana)


def save(task, who, *, base: int = 0, cloudy_rows: int = 6, view=VIEW, now=NOON) -> Draft:
    made = Drawn(planes(cloudy_rows), 1, view)
    return save_draft(task=task, person=who, drawn=made, base=base, now=now)


def blobs() -> list[str]:
    return [key for key, _ in store().sizes("labels/drafts/")]


def test_a_draft_comes_back_with_its_view_and_version(ana, task):
    saved = save(task, ana)

    start = where_to_start(task, ana)

    assert (saved.version, start.version, start.schema_version) == (1, 1, 1)
    assert (start.view, start.saved) == (VIEW, NOON)
    assert start.planes.sha256 == planes().sha256


def test_a_newer_draft_takes_the_place_of_the_one_it_goes_on_from(
    ana, task, django_capture_on_commit_callbacks
):
    save(task, ana)

    with django_capture_on_commit_callbacks(execute=True):
        second = save(task, ana, base=1, cloudy_rows=9, view=None, now=NOON + MINUTE)

    assert (second.version, second.view, second.saved) == (2, VIEW, NOON + MINUTE)
    assert blobs() == [second.label]
    assert where_to_start(task, ana).planes.sha256 == planes(9).sha256


def test_a_second_tab_does_not_overwrite_the_first_and_is_told_what_is_newer(ana, task):
    save(task, ana)
    save(task, ana, base=1, cloudy_rows=9, now=NOON + MINUTE)

    with pytest.raises(StaleDraft, match=r"Version 2 .* 12:01:00 UTC") as refusal:
        save(task, ana, base=1, cloudy_rows=20)

    assert "version=2" in refusal.value.help
    assert where_to_start(task, ana).planes.sha256 == planes(9).sha256
    assert len(blobs()) == 2  # the replaced one goes once the test's transaction has committed


def test_two_tabs_that_begin_at_once_make_one_draft(ana, task):
    save(task, ana)

    with pytest.raises(StaleDraft):
        save(task, ana, cloudy_rows=20)

    assert Draft.objects.get().version == 1


def test_the_same_save_sent_twice_is_one(ana, task):
    first = save(task, ana)

    again = save(task, ana, now=NOON + MINUTE)

    assert again == first
    assert (again.version, again.saved) == (1, NOON)


def test_a_save_that_is_rolled_back_leaves_the_draft_as_it_was(ana, task):
    save(task, ana)

    with transaction.atomic():
        save(task, ana, base=1, cloudy_rows=9)
        transaction.set_rollback(True)

    assert where_to_start(task, ana).planes.sha256 == planes().sha256


def test_a_draft_outlives_the_lease_while_the_person_hasnt_let_go(campaign, ana, ben, task):
    save(task, ana)
    return_expired(now=LATE)
    claim_next(campaign=campaign, person=ben, now=LATE)

    later = save(fresh(task), ana, base=1, cloudy_rows=9, now=LATE)

    assert later.version == 2
    with pytest.raises(NotFound):
        where_to_start(task, ben)


def test_nothing_is_saved_of_a_tile_that_was_given_back_or_never_held(ana, ben, task):
    release(task=task, person=ana, now=NOON)

    for who in (ana, ben):
        with pytest.raises(NotYours):
            save(task, who)


def test_a_drawing_of_another_size_is_refused(ana, task):
    small = Planes(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))

    with pytest.raises(LabelRejected, match="8 × 8"):
        save_draft(task=task, person=ana, drawn=Drawn(small, 1), base=0, now=NOON)


def test_a_view_has_its_limit(ana, task):
    with pytest.raises(BadInput) as refusal:
        save(task, ana, view={"tool": "x" * 5000})

    assert refusal.value.field == "view"
    assert blobs() == []


def test_handing_in_ends_the_draft(ana, task, django_capture_on_commit_callbacks):
    save(task, ana)

    with django_capture_on_commit_callbacks(execute=True):
        submit(task=task, person=ana, now=NOON, **drawn())

    assert not Draft.objects.exists()
    assert blobs() == []


def test_a_save_that_comes_with_the_submission_leaves_no_draft_behind(ana, task, monkeypatch):
    write, handed_over = drafts._written, []

    def written(*args, **more) -> Draft:
        draft = write(*args, **more)
        handed_over.append(submit(task=fresh(task), person=ana, now=NOON, **drawn(9)))
        return draft

    monkeypatch.setattr(drafts, "_written", written)
    with pytest.raises(NotYours):
        save(task, ana)

    assert len(handed_over) == 1
    assert not Draft.objects.exists()
    assert blobs() == []


def test_a_refused_label_that_is_the_draft_already_stays_that_version(ana, task):
    saved = save(task, ana, cloudy_rows=9)
    refused, other = BadInput("No."), BadInput("No.")

    kept = keep_refused(refused, task=task, person=ana, drawn=Drawn(planes(9), 1), now=NOON)
    newer = keep_refused(other, task=task, person=ana, drawn=Drawn(planes(8), 1), now=NOON)

    assert (kept, kept.version, refused.draft) == (saved, 1, 1)
    assert (newer.version, other.draft) == (2, 2)
    assert save(task, ana, base=other.draft).version == 3


def test_a_refused_label_becomes_the_newest_version_of_the_draft(ana, task):
    save(task, ana)
    refused = NotYours("It went to Ben.", help="Take the next tile.")

    keep_refused(refused, task=task, person=ana, drawn=Drawn(planes(9), 1), now=NOON)

    assert refused.help == "Take the next tile. Your label is kept as version 2 of your draft."
    start = where_to_start(task, ana)
    assert (start.planes.sha256, start.view) == (planes(9).sha256, VIEW)


def test_what_is_no_label_of_the_tile_is_not_kept_and_said_so(ana, task):
    small = Planes(np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8))
    refused = LabelRejected("Too small.")

    assert keep_refused(refused, task=task, person=ana, drawn=Drawn(small, 1), now=NOON) is None

    assert "Nothing was kept" in refused.help


def test_a_label_taken_back_is_what_its_author_begins_with(ana, task):
    label = submit(task=task, person=ana, now=NOON, **drawn())
    withdraw(task=fresh(task), person=ana, now=NOON + MINUTE)

    start = where_to_start(fresh(task), ana)

    assert (start.version, start.key) == (0, label.raster)
    assert save(fresh(task), ana, cloudy_rows=9).version == 1


def test_a_rework_begins_with_the_rejected_label_for_its_author_alone(campaign, ana, ben, task):
    rita = person("rita", campaign=campaign, role="reviewer")
    label = submit(task=task, person=ana, now=NOON, **drawn())
    claim_review(campaign=campaign, reviewer=rita, now=NOON)
    reject(task=fresh(task), reviewer=rita, reason="borders", now=NOON)
    rework = Task.objects.get(lane="rework")

    assert where_to_start(rework, ana).key == label.raster
    assert where_to_start(rework, rita).key == label.raster
    with pytest.raises(NotFound):
        where_to_start(rework, ben)
