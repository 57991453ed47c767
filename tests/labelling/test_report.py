"""The funder's report: what it counts, what it leaves out, and that the page needs nothing else."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.core.management import call_command

from labelling.errors import BadInput
from labelling.insights.report import Report, Span, report
from labelling.insights.report_charts import ceiling, growth, hours, learning
from labelling.insights.report_map import FEW, picture
from labelling.insights.report_page import page
from labelling.models import Annotation, Assignment, Campaign, Reservation, Task
from tests.factories import CampaignFactory, PlaceFactory, TaskFactory, TileFactory, person
from tests.labelling.insights.rows import RoundFactory, learnt

pytestmark = pytest.mark.django_db

JUNE = Span(date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture
def north() -> Campaign:
    return CampaignFactory(
        slug="north", name="Northern <Europe>", targets={"tiles": 10, "date": "2026-07-21"}
    )


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def labelled(campaign: Campaign, when: datetime, *, place: int = 0, **values) -> Annotation:
    """A tile of its own with a label of that moment."""
    number = Annotation.objects.count()
    tile = TileFactory(
        campaign=campaign,
        acquisition__place=PlaceFactory(
            key=f"35VLF/512/{place}/{number}", longitude=24.0 + number / 10, latitude=59.5
        ),
        scene__synthetic=values.pop("synthetic", False),
    )
    return Annotation.objects.create(
        acquisition=tile.acquisition,
        **{
            "schema": campaign.schema,
            "n": 1,
            "tool": "test",
            "source": "campaign",
            "raster": f"labels/{number}.tif",
            "sha256": "0" * 64,
            "pixels": {"0": 60, "1": 30, "254": 4, "255": 6},
            "labelled_share": 0.9,
            "created": when,
            **values,
        },
    )


def worked(task: Task, name: str, *, seconds: int, ended: datetime, review: bool = False) -> None:
    who = person(name)
    first = None
    if not review:
        first, _ = Assignment.objects.get_or_create(
            campaign=task.campaign, acquisition=task.acquisition, person=who, root=task
        )
    Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person=who,
        assignment=first,
        kind="review" if review else "active",
        returns_to="open",
        started=ended - timedelta(hours=2),
        heartbeat=ended,
        active_seconds=seconds,
        idle_seconds=999,
        ended=ended,
        how="reviewed" if review else "submitted",
    )


def shown(campaign: Campaign, span: Span = JUNE) -> tuple[Report, str]:
    counted = report(campaign, span)
    return counted, page(counted, picture(campaign, span), made=on("2026-07-01"))


def test_tiles_count_from_their_first_label_on_and_later_ones_not_at_all(north):
    for day in ("2026-05-20", "2026-06-01", "2026-06-30T23:59:59", "2026-07-01"):
        labelled(north, on(day))

    counted = report(north, JUNE)

    assert (counted.tiles_before, counted.tiles) == (1, 3)
    assert [each.new for each in counted.weeks] == [1, 0, 0, 0, 1]


def test_a_label_that_was_drawn_again_is_one_tile_and_its_newest_pixels(north):
    first = labelled(north, on("2026-05-20"))
    for n, day in ((2, "2026-06-10"), (3, "2026-07-02")):
        Annotation.objects.create(
            acquisition=first.acquisition,
            schema=north.schema,
            n=n,
            tool="test",
            source="campaign",
            raster=f"labels/again-{n}.tif",
            sha256="0" * 64,
            pixels={"1": n},
            labelled_share=1,
            created=on(day),
        )

    counted = report(north, JUNE)

    assert (counted.tiles, counted.tiles_before) == (1, 1)
    assert [each.pixels for each in counted.classes] == [0, 2, 0, 0]


def test_rejected_labels_do_not_count(north):
    label = labelled(north, on("2026-06-10"))
    task = TaskFactory(campaign=north, tile=label.acquisition.tiles.get(), state="rejected")
    other = labelled(north, on("2026-06-11"), task=task)

    counted = report(north, JUNE)

    assert counted.tiles == 1
    assert other.task.state == "rejected"


def test_hours_are_active_seconds_of_labelling_and_of_review_apart(north):
    task = TaskFactory(campaign=north)
    worked(task, "ana", seconds=5400, ended=on("2026-06-09"))
    worked(task, "ben", seconds=1800, ended=on("2026-06-10"), review=True)
    worked(task, "ana", seconds=7777, ended=on("2026-07-01"))
    worked(TaskFactory(), "max", seconds=9999, ended=on("2026-06-10"))

    counted = report(north, JUNE)

    assert (counted.label_seconds, counted.review_seconds, counted.people) == (5400, 1800, 2)
    assert counted.weeks[1].label_seconds == 5400


@pytest.mark.parametrize(
    ("tiles", "by", "state"),
    [
        (2, "2026-07-21", "reached"),
        (10, "2026-06-30", "missed"),
        (10, "2026-07-21", "behind"),
        (3, "2026-12-31", "on course"),
        (10, None, "under way"),
    ],
)
def test_the_target_says_where_the_campaign_stands(north, tiles, by, state):
    north.targets = {"tiles": tiles, "date": by}
    for day in ("2026-06-10", "2026-06-11"):
        labelled(north, on(day))

    aim = report(north, JUNE).target

    assert aim is not None
    assert aim.state(JUNE) == state
    assert aim.pace == pytest.approx(7 * 2 / 30)


def test_a_target_day_that_is_no_date_is_refused_by_name(north):
    north.targets = {"tiles": 10, "date": "midsummer"}

    with pytest.raises(BadInput) as refused:
        report(north, JUNE)

    assert refused.value.field == "targets.date"


def test_sources_are_told_with_their_licences(north):
    labelled(north, on("2026-06-02"))
    labelled(north, on("2026-06-02"), source="cloudsen12", licence="CC-BY-NC-4.0")

    counted, html = shown(north)

    assert [(each.name, each.tiles, each.restricted) for each in counted.sources] == [
        ("campaign", 1, False),
        ("cloudsen12", 1, True),
    ]
    assert "CC-BY-NC-4.0 (limits use)" in html


@pytest.mark.parametrize(
    ("painted", "words"), [(2, "All labelled tiles are synthetic"), (1, "1 of the 2"), (0, "")]
)
def test_painted_tiles_are_called_synthetic(north, painted, words):
    for number in range(2):
        labelled(north, on("2026-06-02"), synthetic=number < painted)

    counted, html = shown(north)

    assert counted.synthetic == painted
    assert words in html
    assert ("synthetic" in html) == bool(painted)


def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(north):
    labelled(north, on("2026-06-02"), source="a<b>")

    _, html = shown(north)

    assert "<script" not in html
    assert not re.search(r"(src|href)=", html)
    assert "url(" not in html
    assert "Northern &lt;Europe&gt;" in html
    assert "a&lt;b&gt;" in html


def test_every_drawing_is_sound_and_shows_each_place(north):
    for number in range(3):
        labelled(north, on("2026-06-02"), place=number)
    for n, mean in enumerate((0.4, 0.6), start=1):
        learnt(
            RoundFactory(campaign=north, n=n, created=on("2026-06-05")),
            counts={"pool": 5 * n},
            metrics={"class_mean_iou": mean},
        )

    counted = report(north, JUNE)
    map = picture(north, JUNE)

    for drawing in (growth(counted), hours(counted), learning(counted.rounds), map.svg):
        assert ElementTree.fromstring(drawing).tag == "svg"
    assert (map.places, map.unknown) == (3, 0)
    assert map.svg.count("stroke-width") == 3
    assert learning(counted.rounds).count("<circle") == 2


def test_an_empty_campaign_still_has_a_page(north):
    north.targets = {}

    counted, html = shown(north)

    assert (counted.tiles, counted.target) == (0, None)
    for words in ("has set no target", "No tile was labelled", "No model was measured"):
        assert words in html


def test_places_without_known_ground_are_counted_not_drawn(north):
    label = labelled(north, on("2026-06-02"))
    place = label.acquisition.place
    place.longitude = place.latitude = None
    place.save(update_fields=["longitude", "latitude"])

    counted, html = shown(north)

    assert counted.tiles == 1
    assert "isn&#x27;t known" in html or "isn't known" in html
    assert picture(north, JUNE).svg == ""


def test_many_places_are_drawn_as_cells(north, monkeypatch):
    monkeypatch.setattr("labelling.insights.report_map.FEW", 2)
    for _ in range(5):
        labelled(north, on("2026-06-02"))

    assert FEW > 2
    assert picture(north, JUNE).svg.count("stroke-width") == 5


def test_more_labels_ask_the_database_no_more_often(north, django_assert_num_queries):
    for number in range(4):
        labelled(north, on("2026-06-02"), place=number)

    with django_assert_num_queries(8):
        report(north, JUNE)
    with django_assert_num_queries(2):
        picture(north, JUNE)


@pytest.mark.parametrize(("height", "top"), [(0.1, 0.1), (1, 1), (3, 4), (24, 40), (7000, 8000)])
def test_axes_end_at_round_numbers(height, top):
    assert ceiling(height) == pytest.approx(top)


def run(*words) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("report", *map(str, words), stdout=out, stderr=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_the_command_writes_a_page_and_tells_machines_the_facts(north, tmp_path):
    labelled(north, on("2026-06-02"))
    words = ("--campaign", "north", "--from", "2026-06-01", "--to", "2026-06-30", "--json")

    told, status = run(*words, tmp_path / "report.html")

    facts = json.loads(told)
    assert (status, facts["tiles"], facts["span"]["to"]) == (0, 1, "2026-06-30")
    assert facts["target"]["state"] == "behind"
    assert "<!doctype html>" in (tmp_path / "report.html").read_text()
    assert run(*words, tmp_path / "none.html", "--dry-run")[1] == 0
    assert not (tmp_path / "none.html").exists()


def test_the_command_refuses_a_span_that_ends_before_it_begins(north, tmp_path):
    words = ("--campaign", "north", "--from", "2026-06-02", "--to", "2026-06-01", "--json")

    told, status = run(*words, tmp_path / "report.html")

    assert (status, json.loads(told)["error"]["field"]) == (1, "to")
    assert not (tmp_path / "report.html").exists()
