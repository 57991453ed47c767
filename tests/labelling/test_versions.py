"""Going back to an earlier version of a label makes a new one. All pixels are synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import Conflict, NotAllowed
from labelling.imagery.tilefile import read_label
from labelling.insights.versions import provenance_summary, versions
from labelling.models import Annotation, ClassSchema, Event, Task
from labelling.workflow.versions import _draft, _keep, revert
from tests.factories import NOON, TaskFactory, TileFactory, person
from tests.labelling.labels import labelled, planes, submitted
from tests.worlds import import_label

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


@pytest.fixture
def tile(campaign):
    return TileFactory(campaign=campaign)


@pytest.fixture
def fixed(campaign, tile, ana, lea) -> tuple[Annotation, Annotation]:
    """Ana's label, accepted, and what a reviewer made of it."""
    first = submitted(tile, campaign, ana, 0, 1, state="accepted")
    second = labelled(first.task, lea, 0, 2, parent=first)
    return first, second


def speaks(tile) -> Annotation:
    labels = Annotation.objects.usable(Annotation.objects.first().schema_id)
    return labels.filter(acquisition=tile.acquisition).by_say().last()


def test_a_lead_goes_back_to_a_version_and_all_versions_stay(fixed, tile, lea):
    first, second = fixed

    made = revert(annotation=first, by=lea, now=NOON)

    assert speaks(tile) == made
    assert (made.n, made.parent, made.author, made.tool) == (3, second, lea, "revert")
    assert (made.sha256, made.pixels) == (first.sha256, first.pixels)
    old, new = (read_label(store().raster(each.raster)) for each in (first, made))
    assert all(np.array_equal(one, other) for one, other in zip(old, new))
    assert Annotation.objects.count() == 3
    event = Event.objects.get(verb="reverted")
    assert (event.who, event.before, event.after) == (lea, second.sha256, first.sha256)
    assert event.detail == {"annotation": str(made.uuid), "to": str(first.uuid)}


def test_a_lead_can_take_an_imported_label_above_the_teams_own(campaign, tile, ana, ben, lea):
    imported = import_label(campaign, tile, planes(tile, 3, 0).label)
    submitted(tile, campaign, ana, 0, 1)
    submitted(tile, campaign, ben, 0, 2, copy=1)

    made = revert(annotation=imported, by=lea, now=NOON)

    assert speaks(tile) == made
    assert (made.source, made.trust) == ("painted", 1)


def test_the_author_goes_back_until_his_label_is_reviewed(campaign, tile, ana):
    first = submitted(tile, campaign, ana, 0, 1)
    second = labelled(first.task, ana, 0, 2)

    made = revert(annotation=first, by=ana, now=NOON)

    assert (made.parent, speaks(tile)) == (second, made)
    Task.objects.update(state="accepted")
    with pytest.raises(NotAllowed, match="until the label is reviewed"):
        revert(annotation=Annotation.objects.get(pk=second.pk), by=ana, now=NOON)


def test_nobody_goes_back_to_anothers_label(campaign, tile, ana, ben):
    anas = submitted(tile, campaign, ana, 0, 1)
    submitted(tile, campaign, ben, 0, 2, copy=1)

    labelled(anas.task, ben, 1)
    with pytest.raises(NotAllowed):
        revert(annotation=anas, by=ben, now=NOON)
    assert not Event.objects.filter(verb="reverted").exists()


@pytest.mark.parametrize(
    ("state", "who", "reason"),
    [
        ("accepted", "second", "current version already"),
        ("rejected", "first", "No label of this tile counts"),
        ("open", "first", "No label of this tile counts"),
    ],
)
def test_what_cannot_be_gone_back_from_is_refused(fixed, lea, state, who, reason):
    first, second = fixed
    Task.objects.update(state=state)

    with pytest.raises(Conflict, match=reason):
        revert(annotation={"first": first, "second": second}[who], by=lea, now=NOON)

    assert Annotation.objects.count() == 2


def test_a_label_under_review_stays_as_the_reviewer_sees_it(fixed, lea):
    first, _ = fixed
    Task.objects.update(state="in_review", holder=lea, lease_ends=NOON)

    with pytest.raises(Conflict, match="being reviewed"):
        revert(annotation=first, by=lea, now=NOON)


def test_a_version_under_older_classes_is_refused(campaign, fixed, lea):
    first, _ = fixed
    campaign.schema = ClassSchema.objects.create(
        campaign=campaign, version=2, classes=campaign.schema.classes
    )
    campaign.save()
    first = Annotation.objects.select_related("schema__campaign").get(pk=first.pk)

    with pytest.raises(Conflict, match="version 1 of the classes"):
        revert(annotation=first, by=lea, now=NOON)


def test_a_revert_that_the_label_overtook_is_refused(campaign, tile, ana, lea):
    first = submitted(tile, campaign, ana, 0, 1, state="accepted")
    second = labelled(first.task, ana, 0, 2)
    draft = _draft(first, by=lea, now=NOON)
    labelled(first.task, ana, 3)  # somebody hands in another one just then
    draft.n, draft.raster = 9, "labels/9.tif"

    with pytest.raises(Conflict, match="changed meanwhile"):
        _keep(draft, to=first, by=lea, now=NOON)

    assert not Annotation.objects.filter(parent=second).exists()


def test_versions_are_listed_newest_first_page_by_page(
    campaign, tile, ana, lea, django_assert_max_num_queries
):
    task = TaskFactory(campaign=campaign, tile=tile, state="submitted")
    made = [labelled(task, ana, code) for code in range(4)]

    with django_assert_max_num_queries(2):
        page = versions(tile.acquisition, seen_by=lea, limit=3)
        shown = [(each.author.username, each.schema.campaign.slug) for each in page.results]
    rest = versions(tile.acquisition, seen_by=lea, limit=3, cursor=page.cursor)

    assert page.results + rest.results == made[::-1]
    assert (shown, rest.cursor) == ([("ana", "north")] * 3, None)


def test_an_annotator_sees_only_his_own_versions(campaign, tile, ana, ben):
    mine = submitted(tile, campaign, ana, 0)
    submitted(tile, campaign, ben, 1, copy=1)

    assert versions(tile.acquisition, seen_by=ana).results == [mine]
    assert versions(tile.acquisition, seen_by=person("max")).results == []


def test_provenance_is_counted_by_pixel_and_class():
    label = np.array([[0, 0, 1], [1, 254, 255]], np.uint8)
    provenance = np.array([[1, 2, 2], [2, 1, 0]], np.uint8)

    told = provenance_summary(label, provenance, codes=[0, 1, 2])

    assert told["pixels"] == {"none": 1, "painted": 2, "confirmed": 3}
    assert told["classes"] == {
        "0": {"painted": 1, "confirmed": 1},
        "1": {"confirmed": 2},
        "2": {},
        "254": {"painted": 1},
        "255": {"none": 1},
    }
