"""The audit: what happened, filtered and paged, and nothing of consequence left out."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

import labelling
from labelling.errors import BadInput
from labelling.insights.audit import KINDS, Wanted, events
from labelling.models import Event, record
from labelling.workflow.versions import revert
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person
from tests.labelling.labels import labelled, submitted

pytestmark = pytest.mark.django_db
Verb = Event.Verb
ROOMS = Path(labelling.__file__).parent


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


@pytest.fixture
def story(campaign, ana, lea) -> list[Event]:
    """What three days brought."""
    task = TaskFactory(campaign=campaign)
    given = [
        (Verb.CREATED, campaign, None),
        (Verb.CLAIMED, task, ana),
        (Verb.SUBMITTED, task, ana),
        (Verb.CHANGED, campaign, lea),
    ]
    return [
        record(verb, row, campaign=campaign, who=who, now=NOON + timedelta(days=day))
        for day, (verb, row, who) in enumerate(given)
    ]


def verbs(campaign, **wanted) -> list[str]:
    return [each.verb for each in events(campaign, wanted=Wanted(**wanted)).results]


def test_events_are_told_newest_first_with_who_and_what(campaign, story):
    newest, *_, oldest = events(campaign).results

    assert (newest.verb, newest.who, newest.kind, newest.object) == (
        "changed", "lea", "campaign", "north",
    )  # fmt: skip
    assert (oldest.verb, oldest.who) == ("created", None)


def test_events_are_asked_for_by_person_verb_thing_and_time(campaign, story):
    task = str(TaskFactory._meta.model.objects.get().uuid)

    assert verbs(campaign, who="ana") == ["submitted", "claimed"]
    assert verbs(campaign, who="-") == ["created"]
    assert verbs(campaign, verb="claimed") == ["claimed"]
    assert verbs(campaign, kind="task") == ["submitted", "claimed"]
    assert verbs(campaign, kind="task", object=task, verb="claimed") == ["claimed"]
    assert verbs(campaign, kind="campaign", object="north") == ["changed", "created"]
    assert verbs(campaign, since="2026-06-03") == ["submitted", "changed"][::-1]
    assert verbs(campaign, until="2026-06-02T12:00:00Z") == ["created"]
    assert verbs(campaign, who="nobody") == []


def test_events_of_another_campaign_stay_there(campaign, story):
    south = CampaignFactory(slug="south")
    record("created", south, campaign=south, who=None, now=NOON)
    record("froze", south, campaign=None, who=None, now=NOON)

    assert len(events(campaign).results) == 4
    assert len(events(None).results) == 6


def test_pages_neither_repeat_nor_leave_out_events_of_one_moment(campaign, ana):
    made = [record("claimed", campaign, campaign=campaign, who=ana, now=NOON) for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = events(campaign, cursor=cursor, limit=2)
        seen += [each.id for each in page.results]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == [each.pk for each in made[::-1]]


def test_a_page_costs_as_much_however_long_it_is(campaign, ana, django_assert_num_queries):
    for count in (1, 20):
        for _ in range(count):
            task = TaskFactory(campaign=campaign)
            record("claimed", task, campaign=campaign, who=ana, now=NOON)
        with django_assert_num_queries(3):
            events(campaign)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"verb": "ate"}, "verb"),
        ({"kind": "cake"}, "kind"),
        ({"object": "north"}, "kind"),
        ({"kind": "task", "object": "no uuid"}, "object"),
        ({"kind": "round", "object": "first"}, "object"),
        ({"kind": "score", "object": "1"}, "object"),
        ({"since": "soon"}, "since"),
        ({"until": "2026-02-30"}, "until"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(campaign, wanted, field):
    with pytest.raises(BadInput) as refused:
        events(campaign, wanted=Wanted(**wanted))

    assert refused.value.field == field


def test_the_command_tells_them_to_a_person_and_to_a_machine(story, capsys):
    call_command("audit", campaign="north", who="ana", limit=1)
    told = capsys.readouterr().out
    assert "2026-06-03 12:00:00  ana          submitted   task " in told
    assert "More: --cursor" in told

    call_command("audit", "--json", kind="campaign")
    assert '"verb": "changed"' in capsys.readouterr().out


def test_going_back_and_handing_in_are_told(campaign, ana, lea):
    label = submitted(TileFactory(campaign=campaign), campaign, ana, 0, state="accepted")
    labelled(label.task, ana, 1)

    made = revert(annotation=label, by=lea, now=NOON)

    (told,) = events(campaign).results
    assert (told.verb, told.who, told.object) == ("reverted", "lea", str(made.uuid))


OF_CONSEQUENCE = {
    Verb.INGESTED: "workflow/ingest",
    Verb.IMPORTED: "workflow/importing",
    Verb.CLAIMED: "workflow",
    Verb.RELEASED: "workflow",
    Verb.EXPIRED: "workflow",
    Verb.SUBMITTED: "workflow/submission.py",
    Verb.SKIPPED: "workflow/flags.py",
    Verb.REVIEWED: "workflow/review.py",
    Verb.WITHDREW: "workflow",
    Verb.FLAGGED: "workflow/flags.py",
    Verb.RESOLVED: "workflow/flags.py",
    Verb.REVERTED: "workflow/versions.py",
    Verb.MIGRATED: "workflow/relabelling.py",
    Verb.CHANGED: "workflow/schemas.py",
    Verb.FROZE: "workflow/snapshots",
    Verb.EXPORTED: "workflow/export",
    Verb.PLANNED: "workflow/rounds.py",
    Verb.FINISHED: "workflow/relabelling.py",
    Verb.CANCELLED: "workflow/rounds.py",
    Verb.GRANTED: "workflow/founding.py",
    Verb.QUALIFIED: "workflow",
    Verb.PROMOTED: "workflow/judging.py",
    Verb.OVERRODE: "workflow/promotion.py",
    Verb.ROLLED_BACK: "workflow/promotion.py",
    Verb.OPENED_TEST: "workflow/comparison.py",
}
"""Deeds that an audit has to tell → the room in which they are done."""


@pytest.mark.parametrize(("verb", "room"), OF_CONSEQUENCE.items())
def test_every_deed_of_consequence_is_recorded_where_it_is_done(verb, room):
    assert verb in recorded(ROOMS / room), f"{room} records no {verb.value}"


def test_what_records_counts_as_such_only_where_it_is_called(tmp_path):
    (tmp_path / "deed.py").write_text(
        'record("froze", row)\nprint(Event.Verb.EXPORTED)\nrecord(Verb.PLANNED, row)\n'
    )

    assert recorded(tmp_path) == {Verb.FROZE, Verb.PLANNED}


def test_every_event_is_about_a_thing_there_is():
    assert {"task", "annotation", "snapshot", "model", "campaign", "job"} <= set(KINDS)


def recorded(room: Path) -> set[Verb]:
    """The verbs that calls of `record` name in a file, or in all files of a folder."""
    files = [room] if room.is_file() else sorted(room.rglob("*.py"))
    assert files, f"there is no {room}"
    found = set()
    for file in files:
        tree = ast.parse(file.read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "record":
                found |= {verb for verb in map(verb_of, call.args[:1]) if verb}
    return found


def verb_of(word: ast.expr) -> Verb | None:
    if isinstance(word, ast.Constant) and word.value in Verb.values:
        return Verb(word.value)
    if isinstance(word, ast.Attribute) and word.attr in Verb.names:
        return Verb[word.attr]
    return None
