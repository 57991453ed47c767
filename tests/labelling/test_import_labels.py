"""Labels of labelled sets on their way into a campaign: what is kept, and what a retry does."""

from __future__ import annotations

import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.models import Annotation, CampaignTile, Event, Layer, Tile
from labelling.workflow.importing.labels import import_all
from tests.factories import NOON, TaskFactory, person
from tests.labelling.imagery.labelsets.writers import write_subtile
from tests.labelling.imports import NUMBERS, SIDE, job, plane, subtile

pytestmark = pytest.mark.django_db


def test_a_label_comes_in_with_its_tile_on_the_fixed_grid(campaign, tmp_path):
    subtile(tmp_path)

    report = import_all([tmp_path], job(campaign, "kappaset"))

    annotation = Annotation.objects.get()
    assert (report.exit_status, report.total("labels"), report.total("tiles")) == (0, 1, 1)
    assert annotation.acquisition.key == "35VLF/256/3/2/20200529T094041"
    assert CampaignTile.objects.get().campaign == campaign
    assert report.pixels == {"0": SIDE * SIDE // 2, "1": SIDE * SIDE // 2}


def test_what_is_known_of_a_label_is_kept_with_it(campaign, tmp_path):
    path = subtile(tmp_path)

    import_all([tmp_path], job(campaign, "kappaset", authors={path.name: "Olga"}))

    annotation = Annotation.objects.get()
    assert (annotation.tool, annotation.source, annotation.licence) == (
        "import", "kappaset", "CC-BY-4.0",
    )  # fmt: skip
    assert (annotation.author_name, annotation.trust, annotation.kind) == ("Olga", 1, "full")
    assert annotation.task is None
    assert annotation.origin["format"] == "kappaset"
    assert annotation.origin["table"] == "kappaset/1"
    assert annotation.origin["file"] == path.name
    assert Event.objects.filter(verb="imported").count() == 1


def test_a_second_run_changes_nothing(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    stored = sorted(store().sizes())

    report = import_all([tmp_path], job(campaign, "kappaset"))

    assert [item.state for item in report.items] == ["known"]
    assert sorted(store().sizes()) == stored
    assert Annotation.objects.count() == 1


def test_a_file_that_moved_is_known(campaign, tmp_path):
    subtile(tmp_path / "a")
    import_all([tmp_path / "a"], job(campaign, "kappaset"))
    (tmp_path / "a").rename(tmp_path / "b")

    report = import_all([tmp_path / "b"], job(campaign, "kappaset"))

    assert [item.state for item in report.items] == ["known"]


def test_a_changed_label_becomes_the_next_version(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    subtile(tmp_path, codes=(1, 2, 4))

    report = import_all([tmp_path], job(campaign, "kappaset"))

    first, second = Annotation.objects.order_by("n")
    assert [item.state for item in report.items] == ["changed"]
    assert second.parent == first
    assert Tile.objects.count() == 1


def test_changed_imagery_is_refused_and_nothing_is_written(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    stored = sorted(store().sizes())
    write_subtile(tmp_path, numbers=NUMBERS + 7, label=plane(4))

    report = import_all([tmp_path], job(campaign, "kappaset"))

    assert [item.state for item in report.items] == ["refused"]
    assert sorted(store().sizes()) == stored
    assert Annotation.objects.count() == 1


def test_a_dry_run_counts_and_writes_nothing(campaign, tmp_path):
    subtile(tmp_path)

    report = import_all([tmp_path], job(campaign, "kappaset", dry_run=True))

    assert (report.total("labels"), report.total("tiles")) == (1, 1)
    assert list(store().sizes()) == []
    assert not Tile.objects.exists()


def test_other_masks_become_layers_once(campaign, tmp_path):
    subtile(tmp_path, layers={"SCL": plane(1, 4)})

    import_all([tmp_path], job(campaign, "kappaset"))
    import_all([tmp_path], job(campaign, "kappaset"))

    layer = Layer.objects.get()
    assert (layer.source, layer.version) == ("scl", "cm-vsm-1")
    assert layer.classes == {"0": 0.5, "1": 0.5}
    assert store().exists(layer.raster)


def test_one_bad_file_is_named_and_the_others_go_on(campaign, tmp_path):
    subtile(tmp_path)
    (tmp_path / "bad.nc").write_bytes(b"no NetCDF")

    report = import_all([tmp_path, tmp_path / "nowhere"], job(campaign, "kappaset"))

    states = {item.name: item.state for item in report.items}
    assert report.exit_status == 3
    assert states["bad.nc"] == states["nowhere"] == "refused"
    assert Annotation.objects.count() == 1


def test_what_the_campaigns_people_labelled_is_left_to_them(campaign, tmp_path):
    subtile(tmp_path)
    import_all([tmp_path], job(campaign, "kappaset"))
    ana = person("ana", campaign=campaign)
    imported = Annotation.objects.get()
    task = TaskFactory(campaign=campaign, tile=Tile.objects.get())
    Annotation.objects.create(
        acquisition=imported.acquisition, schema=imported.schema, n=2, task=task, author=ana,
        tool="brush", source="campaign", raster="labels/x", sha256="0", pixels={},
        labelled_share=1, created=NOON,
    )  # fmt: skip
    subtile(tmp_path, codes=(4,))

    report = import_all([tmp_path], job(campaign, "kappaset"))

    assert Annotation.objects.count() == 2
    assert "left to the campaign's people" in report.items[0].notes[0]


@pytest.mark.parametrize(
    ("field", "text"),
    [("source", "x" * 81), ("licence", "x" * 81), ("source", "a\0b"), ("source", " Campaign")],
)
def test_a_source_or_licence_that_no_row_can_hold_is_refused(campaign, field, text):
    with pytest.raises(BadInput) as refusal:
        job(campaign, "kappaset", **{field: text})

    assert refusal.value.field == field


def test_a_text_that_no_row_can_hold_refuses_its_label_alone(campaign, tmp_path):
    subtile(tmp_path)
    odd = subtile(tmp_path, row=4)

    report = import_all([tmp_path], job(campaign, "kappaset", authors={odd.name: "a\0b"}))

    assert [item.state for item in report.items] == ["new", "refused"]
    assert (Annotation.objects.count(), Tile.objects.count()) == (1, 1)


def test_a_label_changed_back_is_the_next_version_again(campaign, tmp_path):
    for codes, again in (((1, 4), ""), ((4,), ""), ((1, 4), "written again")):
        path = subtile(tmp_path, codes=codes)
        path.write_bytes(path.read_bytes() + again.encode())
        import_all([tmp_path], job(campaign, "kappaset"))

    first, _, third = Annotation.objects.order_by("n")
    assert third.sha256 == first.sha256


def test_what_was_replaced_is_not_said_to_stand(campaign, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    subtile(old)
    subtile(new, codes=(4,))
    import_all([old], job(campaign, "kappaset"))
    import_all([new], job(campaign, "kappaset"))

    report = import_all([old], job(campaign, "kappaset"))

    assert Annotation.objects.count() == 2
    assert "replaced by a later import" in report.items[0].notes[0]
