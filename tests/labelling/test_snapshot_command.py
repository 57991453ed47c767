"""`manage.py snapshot` and `manage.py schema`, for people and for machines. All is synthetic."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from labelling.models import Annotation, ClassSchema, Job, Snapshot
from tests.worlds import world

pytestmark = pytest.mark.django_db
SNOW = {"code": 4, "name": "snow"}


@pytest.fixture
def north():
    return world(slug="north", pool=2, validation=1, labelled=2)


@pytest.fixture
def run(capsys):
    def run(*words: str) -> tuple[int, str]:
        """Exit code, and what was printed to either stream."""
        try:
            call_command(*words)
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def told(run, *words: str) -> dict:
    code, out = run(*words, "--json")
    assert code == 0, out
    return json.loads(out.splitlines()[-1])


@pytest.fixture
def classes(north, tmp_path):
    """A file of the campaign's classes, with snow and without semi-transparent."""
    kept = [each for each in north.schema.classes if each["code"] != 2]
    file = tmp_path / "classes.json"
    file.write_text(json.dumps([*kept, SNOW]))
    return str(file)


def test_a_snapshot_is_counted_made_listed_shown_and_compared(north, run):
    rule = ("--campaign", "north", "--splits", "pool", "--rule", '{"min_trust": 0.5}')

    counted = told(run, "snapshot", "create", *rule, "--dry-run")
    assert (counted["counts"]["samples"], Snapshot.objects.count()) == (2, 0)
    made = told(run, "snapshot", "create", *rule)
    whole = told(run, "snapshot", "create", "--campaign", "north")
    listed = told(run, "snapshot", "list", "--campaign", "north", "--limit", "1")
    found = told(run, "snapshot", "diff", made["hash"][:10], whole["hash"])

    assert (made["rule"]["splits"], made["rule"]["min_trust"]) == (["pool"], 0.5)
    assert [each["hash"] for each in listed["results"]] == [whole["hash"]]
    assert listed["cursor"]
    assert (found["added"]["count"], found["unchanged"]) == (1, 2)
    assert "## Known limits" in run("snapshot", "show", made["hash"])[1]
    assert "       1  added" in run("snapshot", "diff", made["hash"], whole["hash"])[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lanes", "fast"), "lanes must be one of active"),
        (("--rule", "{"), "The rule is no JSON"),
        (("--rule", "nowhere.json"), "nowhere.json can't be read"),
        (("--rule", '{"colour": 1}'), "no field 'colour'"),
        (("--sources", "nobody"), "No labelled tile fits the rule"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(north, run, words, told):
    code, out = run("snapshot", "create", "--campaign", "north", *words)

    assert (code, told in out) == (1, True), out
    assert not Snapshot.objects.exists()


def test_classes_are_changed_and_labels_migrated_at_once(north, run, classes):
    change = ("schema", "change", "--campaign", "north", "--classes", classes, "--map", "2=none")

    plan = told(run, *change, "--dry-run")
    assert (plan["mapping"]["2"], ClassSchema.objects.count()) == (None, 1)
    done = told(run, *change, "--reopen", "rereview")

    assert (done["version"], done["labels"]) == (2, 3)
    before = Annotation.objects.filter(schema__version=1)
    assert done["reopened"] == sum("2" in each.pixels for each in before) > 0
    shown = told(run, "schema", "show", "--campaign", "north")
    assert [(each["version"], each["labels"]) for each in shown["versions"]] == [(2, 3), (1, 3)]
    assert (shown["left"], shown["migration"]["state"]) == (0, "done")


def test_a_migration_that_stopped_is_gone_on_with(north, run, classes):
    told(run, "schema", "change", "--campaign", "north", "--classes", classes, "--map", "2=0")
    south = world(slug="south", pool=1, labelled=1)
    ClassSchema.objects.create(
        campaign=south, version=2, classes=south.schema.classes, parent=south.schema,
        mapping={str(code): code for code in south.schema.codes},
    )  # fmt: skip
    type(south).objects.filter(pk=south.pk).update(schema=south.schemas.get(version=2))

    assert told(run, "schema", "migrate", "--campaign", "south", "--dry-run")["left"] == 2
    assert told(run, "schema", "migrate", "--campaign", "south")["labels"] == 2
    assert told(run, "schema", "migrate", "--campaign", "south")["left"] == 0


def test_a_change_that_makes_no_sense_or_has_to_wait_is_refused(north, run, classes):
    change = ("schema", "change", "--campaign", "north", "--classes", classes)

    for words, reason in (
        ((), "Code 2 is a class no more"),
        (("--map", "2"), "--map wants OLD=NEW"),
        (("--map", "2=none", "--reopen", "gold"), "can't be opened again in lane 'gold'"),
    ):
        code, out = run(*change, *words)
        assert (code, reason in out) == (1, True), out
    assert (ClassSchema.objects.count(), Job.objects.count()) == (1, 0)
