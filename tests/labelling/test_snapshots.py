"""Snapshots by rule: the same rule over the same data gives the same hash, and none ever changes.

All pixels are synthetic.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound, NothingToLearn
from labelling.insights.snapshots import snapshot_named, snapshots
from labelling.models import Acquisition, Annotation, Event, Job, Review, Snapshot, Task, Tile
from labelling.tasks import freeze as freeze_job
from labelling.workflow.snapshots.choosing import chosen
from labelling.workflow.snapshots.jobs import start_freeze
from labelling.workflow.snapshots.rule import DEFAULT, read_rule
from labelling.workflow.verify.expected import Gathering
from labelling.workflow.versions import revert
from tests.factories import NOON, person
from tests.labelling.frozen import frozen, taken, unlabelled
from tests.labelling.labels import labelled, submitted
from tests.worlds import import_label, painted_tile, truth, world
from training.snapshot import open_snapshot

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=30)


@pytest.fixture
def north():
    """Two imported labels in the pool and one to validate by; two tiles more are nobody's yet."""
    return world(slug="north", pool=4, validation=1, labelled=2)


@pytest.fixture
def ana(north):
    return person("ana", campaign=north)


@pytest.fixture
def lea(north):
    return person("lea", campaign=north, role="lead")


def test_the_same_rule_over_the_same_data_gives_the_same_snapshot(north, ana):
    submitted(unlabelled()[0], north, ana, 0, 1)

    first = frozen(north, min_trust=0.5, splits=["validation", "pool"])
    again = frozen(north, splits=["pool", "validation", "pool"], min_trust=0.5)

    assert first == again
    assert Event.objects.filter(verb="froze").count() == 1


def test_what_is_labelled_reviewed_and_reverted_later_changes_no_snapshot(north, ana, lea):
    one, other = unlabelled()
    label = submitted(one, north, ana, 0, 1)
    before = frozen(north)
    kept = store().read(f"{before.folder}/manifest.json")
    row = Snapshot.objects.values().get()

    submitted(other, north, ana, 2)
    labelled(label.task, lea, 3, 1)
    revert(annotation=label, by=lea, now=LATER)
    Task.objects.update(state="accepted")
    after = frozen(north)

    assert after.hash != before.hash
    assert store().read(f"{before.folder}/manifest.json") == kept
    assert Snapshot.objects.values().get(hash=before.hash) == row
    read = open_snapshot(store().local(f"{before.folder}/manifest.json").parent)
    assert read.hash == before.hash
    for sample in read.samples:
        read.check_hash(sample)


def test_a_rule_with_an_end_takes_what_was_there_then(north, ana, lea):
    label = submitted(unlabelled()[0], north, ana, 0, 1)
    before = frozen(north, until="2026-06-02")

    labelled(label.task, ana, 3, 1, now=LATER)
    submitted(unlabelled()[0], north, ana, 2, now=LATER)
    imported = Annotation.objects.filter(task=None).first()
    Annotation.objects.create(
        **{
            name: getattr(imported, name)
            for name in ("acquisition", "schema", "tool", "source", "pixels", "labelled_share")
        },
        n=2, parent=imported, raster="labels/2.tif", sha256="2" * 64, created=LATER,
    )  # fmt: skip

    assert frozen(north, until="2026-06-02") == before


def test_a_rule_asks_for_states_lanes_and_verdicts_of_the_teams_labels(north, ana, lea):
    one, other = unlabelled()
    imported = taken(north)
    accepted = submitted(one, north, ana, 0, state="accepted", lane="control")
    waiting = submitted(other, north, ana, 1)
    Review.objects.create(annotation=accepted, reviewer=lea, verdict="rejected", reason="r",
                          created=NOON)  # fmt: skip
    Review.objects.create(annotation=accepted, reviewer=lea, verdict="fixed", created=NOON)

    assert taken(north) == imported | {accepted, waiting}
    assert taken(north, states=["accepted"]) == imported | {accepted}
    assert taken(north, lanes=["active", "second"]) == imported | {waiting}
    assert taken(north, verdicts=["fixed"]) == imported | {accepted}
    assert taken(north, verdicts=["rejected", "unreviewed"]) == imported | {waiting}


def test_a_rule_asks_for_sources_trust_licences_splits_and_dates(north, ana):
    one, other = unlabelled()
    given = {"schema": north.schema, "tool": "import", "pixels": {"0": 1}, "labelled_share": 1}
    bound, free = (
        Annotation.objects.create(
            acquisition=tile.acquisition, n=1, source=source, licence=licence, trust=trust,
            raster="x", sha256="x", created=created, **given,
        )
        for tile, source, licence, trust, created in (
            (one, "cloudsen12", "CC-BY-NC-4.0", 1, NOON),
            (other, "kappaset", "CC-BY-4.0", 0.7, LATER),
        )
    )  # fmt: skip
    painted = taken(north) - {bound, free}

    assert taken(north, sources=["kappaset", "cloudsen12"]) == {bound, free}
    assert taken(north, min_trust=0.8) == painted | {bound}
    assert taken(north, licences=["CC-BY-4.0"]) == {free}
    assert taken(north, restricted=False) == painted | {free}
    assert {each.acquisition.place.split for each in taken(north, splits=["validation"])} == {
        "validation"
    }
    assert taken(north, since="2026-06-15") == {free}
    assert taken(north, until="2026-06-15T00:00:00+00:00") == painted | {bound}


def test_a_label_that_the_rule_leaves_out_hides_no_other(north, ana):
    tile = unlabelled()[0]
    imported = import_label(north, tile, truth(north, tile))
    submitted(tile, north, ana, 0, 1)

    assert imported in taken(north, sources=["painted"])
    assert imported not in taken(north)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ([], "rule"),
        ({"colour": 1}, "rule.colour"),
        ({"states": ["rejected"]}, "rule.states"),
        ({"lanes": "active"}, "rule.lanes"),
        ({"splits": ["train"]}, "rule.splits"),
        ({"verdicts": ["good"]}, "rule.verdicts"),
        ({"sources": ["x" * 81]}, "rule.sources"),
        ({"licences": [1]}, "rule.licences"),
        ({"min_trust": 1.5}, "rule.min_trust"),
        ({"min_trust": True}, "rule.min_trust"),
        ({"restricted": "no"}, "rule.restricted"),
        ({"schema": 0}, "rule.schema"),
        ({"since": "yesterday"}, "rule.since"),
        ({"until": "2026-02-30"}, "rule.until"),
        ({"since": "2026-06-02", "until": "2026-06-02"}, "rule.until"),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_field(rule, field):
    with pytest.raises(BadInput) as refused:
        read_rule(rule)

    assert refused.value.field == field


def test_a_rule_reads_back_as_it_was_written():
    rule = read_rule({"states": ["accepted"], "min_trust": 1, "since": "2026-06-01T02:00:00+02:00"})

    assert read_rule(rule.as_json()) == rule
    assert rule.since == datetime(2026, 6, 1, tzinfo=UTC)
    assert read_rule(DEFAULT.as_json()) == DEFAULT


def test_a_rule_that_takes_nothing_is_refused_and_nothing_is_written(north):
    with pytest.raises(NothingToLearn, match="No labelled tile fits"):
        frozen(north, sources=["nobody"])
    with pytest.raises(NotFound, match="no version 7"):
        frozen(north, schema=7)

    assert not Snapshot.objects.exists()
    assert not list(store().sizes("snapshots/"))


def test_freezing_asks_as_much_of_the_database_however_many_tiles(
    north, ana, django_assert_num_queries
):
    def asked() -> int:
        with django_assert_num_queries(2):
            samples = chosen(north, north.schema, read_rule({"verdicts": ["unreviewed"]}))
            told = [(each.annotation.pixels, each.tile.key, each.tile.scene) for each in samples]
        return len(told)

    few = asked()
    for number in range(10, 15):
        submitted(painted_tile(north, number), north, ana, 0)

    assert asked() == few + 5


def test_a_snapshot_is_made_by_a_worker_and_asked_for_once(north, lea, sent):
    rule = read_rule({"splits": ["pool"]})
    job = start_freeze(campaign=north, rule=rule, by=lea, now=NOON)
    assert start_freeze(campaign=north, rule=rule, by=lea, now=NOON) == job

    freeze_job(job_id=job.pk)

    job.refresh_from_db()
    snapshot = Snapshot.objects.get()
    assert (job.state, job.result["snapshot"]) == ("done", snapshot.hash)
    assert snapshot.rule["splits"] == ["pool"]
    assert Event.objects.get(verb="froze").who == lea


def test_a_job_whose_rule_takes_nothing_fails_with_the_reason(north, lea):
    job = start_freeze(campaign=north, rule=read_rule({"sources": ["nobody"]}), by=lea, now=NOON)

    freeze_job(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "No labelled tile fits the rule" in job.error


def test_snapshots_are_listed_page_by_page_and_found_by_their_first_letters(north):
    made = [frozen(north, splits=splits) for splits in ([], ["pool"], ["validation"])]

    page = snapshots(north, limit=2)
    rest = snapshots(north, limit=2, cursor=page.cursor)

    assert page.results + rest.results == made[::-1]
    assert snapshot_named(made[0].hash[:12]) == made[0]
    with pytest.raises(NotFound):
        snapshot_named("0" * 64)
    for name in ("abc", "NOTAHASHATALL", "a" * 65):
        with pytest.raises(BadInput):
            snapshot_named(name)


def test_verify_knows_every_blob_of_a_snapshot(north):
    snapshot = frozen(north)

    expected = {each.key for each in Gathering(store()).snapshots()}

    chips = {key for key, _ in store().sizes("chips/") if not key.startswith("chips/made/")}
    assert expected == chips | {f"{snapshot.folder}/manifest.json"}


def test_a_tile_of_several_levels_is_taken_once(north, ana):
    before = len(taken(north))
    tile = Tile.objects.filter(acquisition__annotations__isnull=False).first()
    Tile.objects.create(
        acquisition=tile.acquisition, scene=tile.scene, level="L2A", raster=tile.raster,
        sha256=tile.sha256, bands=tile.bands, height=256, width=256, valid_share=1, created=NOON,
    )  # fmt: skip

    assert len(taken(north)) == before
    assert Acquisition.objects.filter(tiles__level="L2A").count() == 1
