"""Releases: what is bundled, what is refused, and that none ever changes. Tiles are synthetic."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, NotFound
from labelling.models import Annotation, Evaluation, Event, Model, Release, Snapshot
from labelling.workflow.releasing.copying import copy_release
from labelling.workflow.releasing.licences import TERMS, terms_of
from labelling.workflow.releasing.release import Wanted, bundle, check, create_release
from labelling.workflow.snapshots.freezing import freeze
from labelling.workflow.verify.compare import inspection
from tests.factories import NOON
from tests.worlds import world

pytestmark = pytest.mark.django_db


def snapshot_of(**sources: str) -> Snapshot:
    """A tile for each source, under that licence, and one to validate with."""
    made = world(pool=len(sources), validation=0, labelled=len(sources), slug="north")
    labels = Annotation.objects.order_by("pk")
    for label, (source, licence) in zip(labels, sources.items()):
        replaced(label, source=source.replace("_", "-"), licence=licence)
    return freeze(made, blobs=store(), now=NOON)


def replaced(label: Annotation, **values: str) -> None:
    """The label, as if it had been imported so: labels themselves never change."""
    fields = {
        each.name: getattr(label, each.name)
        for each in Annotation._meta.fields
        if each.name not in ("id", "uuid")
    }
    Annotation.objects.create(**{**fields, **values, "n": label.n + 1, "trust": 1.0})


@pytest.fixture
def snapshot() -> Snapshot:
    return snapshot_of(campaign="", kappaset="CC-BY-4.0")


def wanted(snapshot: Snapshot, **more) -> Wanted:
    return Wanted(**{"version": "1.0", "campaign": snapshot.campaign, "snapshot": snapshot, **more})


def released(snapshot: Snapshot, **more) -> Release:
    return create_release(wanted(snapshot, **more), blobs=store(), by=None, now=NOON)


def model_of(snapshot: Snapshot) -> Model:
    weights = b"weights"
    card = {
        "weights": {
            "file": "weights.safetensors",
            "sha256": hashlib.sha256(weights).hexdigest(),
            "bytes": len(weights),
        }
    }
    store().write("models/m1/weights.safetensors", weights)
    store().write("models/m1/card.json", json.dumps(card).encode())
    return Model.objects.create(
        hash="c0ffee" * 10 + "c0ff",
        campaign=snapshot.campaign,
        snapshot=snapshot,
        folder="models/m1",
        card=card,
        created=NOON,
    )


def judged(model: Model, kind: str, **values) -> Evaluation:
    return Evaluation.objects.create(
        **{
            "campaign": model.campaign,
            "kind": kind,
            "snapshot": model.snapshot,
            "model": model,
            "split": "test" if kind == "test" else "validation",
            "why": "release 1.0" if kind == "test" else "",
            "report": {"class_mean_iou": 0.71},
            "created": NOON - timedelta(days=1),
            **values,
        }
    )


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_release_bundles_labels_model_evaluations_and_papers(snapshot, tmp_path):
    model = model_of(snapshot)
    for kind in ("comparison", "promotion", "test"):
        judged(model, kind)

    made = released(snapshot, model=model, forms=("geotiff", "png"), licence="CC-BY-4.0")

    copy_release(made, tmp_path / "out", blobs=store())
    there = contents(tmp_path / "out")
    assert {
        "CITATION.cff", "DATASHEET.md", "LICENCES.md", "README.md", "release.json",
        "data/geotiff/export.json", "data/png/tiles.csv", "snapshot/manifest.json",
        "model/weights.safetensors", "model/card.json", "evaluations/comparison.json",
        "evaluations/promotion.json", "evaluations/test.json",
    } <= set(there)  # fmt: skip
    listed = json.loads(there["release.json"])["files"]
    assert set(listed) == set(there) - {"release.json"}
    for name, told in listed.items():
        assert hashlib.sha256(there[name]).hexdigest() == told["sha256"]
    assert hashlib.sha256(there["release.json"]).hexdigest() == made.sha256
    assert "synthetic" in there["README.md"].decode()


def test_the_same_release_made_twice_is_the_same_to_the_byte(snapshot, tmp_path):
    model = model_of(snapshot)
    judged(model, "test")
    ready = check(wanted(snapshot, model=model, forms=("coco",)), blobs=store(), now=NOON)

    first = bundle(ready, tmp_path / "first", blobs=store())
    second = bundle(ready, tmp_path / "second", blobs=store())

    assert first == second
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_a_version_is_released_once(snapshot):
    first = released(snapshot)

    with pytest.raises(Conflict, match="released already") as refused:
        released(snapshot)

    assert refused.value.field == "version"
    assert list(Release.objects.all()) == [first]


@pytest.mark.parametrize("version", ["", "1/0", "..", ".1", "a b", "1.", "x" * 41])
def test_what_cannot_be_a_version_is_refused(snapshot, version):
    with pytest.raises(BadInput) as refused:
        released(snapshot, version=version)

    assert refused.value.field == "version"


def test_non_commercial_labels_are_refused_unless_the_lead_says_so(tmp_path):
    snapshot = snapshot_of(campaign="", cloudsen12="CC-BY-NC-4.0")

    with pytest.raises(BadInput, match=r"cloudsen12 \(CC-BY-NC-4.0, 1 tiles\)") as refused:
        released(snapshot)
    made = released(snapshot, allow_non_commercial=True)

    assert refused.value.field == "allow_non_commercial"
    copy_release(made, tmp_path / "out", blobs=store())
    for name in ("README.md", "LICENCES.md"):
        assert "ot for commercial use" in (tmp_path / "out" / name).read_text()


def test_labels_that_may_not_be_changed_are_refused_whatever_the_lead_says():
    snapshot = snapshot_of(fixed="CC-BY-ND-4.0")

    with pytest.raises(BadInput, match="changed copies"):
        released(snapshot, allow_non_commercial=True)


def test_a_licence_that_nobody_knows_is_asked_for_by_name():
    snapshot = snapshot_of(campaign="", segments="unstated")

    with pytest.raises(BadInput, match="licence of segments is unstated") as refused:
        released(snapshot, allow_non_commercial=True)
    made = released(snapshot, source_licences={"segments": "CC-BY-4.0"})

    assert refused.value.field == "source_licence"
    assert made.version == "1.0"
    told = {"segments": "CC-BY-4.0", "elsewhere": "MIT"}
    with pytest.raises(BadInput, match="no labels of elsewhere"):
        released(snapshot, version="2", source_licences=told)


def test_a_licence_that_the_labels_state_cannot_be_talked_away():
    private = snapshot_of(campaign="", cloudsen12="CC-BY-NC-4.0")

    free = {"cloudsen12": "CC-BY-4.0"}
    with pytest.raises(BadInput, match=r"state their licence: CC-BY-NC-4\.0"):
        released(private, source_licences=free, allow_non_commercial=True)
    with pytest.raises(BadInput, match="not for commercial use"):
        released(private, source_licences=free)
    with pytest.raises(BadInput, match="own labels are no source"):
        released(private, source_licences={"campaign": "MIT"}, allow_non_commercial=True)


def test_a_model_that_learnt_from_non_commercial_labels_is_not_given_away_unseen(
    snapshot, tmp_path
):
    rule, folder = snapshot.rule, "snapshots/taught"
    manifest = json.loads(store().read(f"{snapshot.folder}/manifest.json"))
    for each in manifest["samples"]:
        if each["source"] == "kappaset":
            each["licence"] = "CC-BY-NC-4.0"
    content = json.dumps(manifest).encode()
    store().write(f"{folder}/manifest.json", content)
    other = Snapshot.objects.create(
        campaign=snapshot.campaign,
        hash=hashlib.sha256(content).hexdigest(),
        rule=rule,
        folder=folder,
        counts=snapshot.counts,
        created=NOON,
    )
    model = model_of(other)

    with pytest.raises(BadInput, match=r"kappaset .*not for commercial use"):
        released(snapshot, model=model)
    made = released(snapshot, model=model, allow_non_commercial=True)

    copy_release(made, tmp_path / "out", blobs=store())
    assert "Not for commercial use" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(("licence", "cited"), [("CC-BY-4.0", True), ("CC0-1.0", False)])
def test_the_citation_names_a_licence_only_if_all_labels_have_it(
    snapshot, tmp_path, licence, cited
):
    copy_release(released(snapshot, licence=licence), tmp_path / "out", blobs=store())

    told = yaml.safe_load((tmp_path / "out" / "CITATION.cff").read_text())
    assert told.get("license") == (licence if cited else None)


def test_several_licences_of_a_source_hold_together():
    assert terms_of("CC-BY-4.0, CC-BY-NC-SA-4.0") == TERMS["CC-BY-NC-SA-4.0"]
    assert terms_of("CC-BY-4.0, mine") is None


def test_every_licence_of_the_table_is_known_however_it_is_spelt():
    assert terms_of("cc-by-nc-sa-4.0") == TERMS["CC-BY-NC-SA-4.0"]
    assert terms_of("CC BY 4.0") == TERMS["CC-BY-4.0"]
    assert terms_of("public domain") == TERMS["PUBLIC-DOMAIN"]
    assert terms_of("mine") is None
    assert all(
        terms.commercial != ("-NC" in name) or "-ND" in name for name, terms in TERMS.items()
    )


@pytest.mark.parametrize(("opened", "words"), [(True, "was opened"), (False, "was not opened")])
def test_the_readme_says_whether_the_frozen_test_was_opened(snapshot, tmp_path, opened, words):
    model = model_of(snapshot)
    if opened:
        judged(model, "test")
    judged(model, "test", created=NOON + timedelta(days=1))  # only after the release

    made = released(snapshot, model=model)

    copy_release(made, tmp_path / "out", blobs=store())
    assert words in (tmp_path / "out" / "README.md").read_text()
    assert (tmp_path / "out" / "evaluations" / "test.json").exists() == opened


def test_the_citation_can_be_read_by_machines(snapshot, tmp_path):
    made = released(snapshot, licence="CC-BY-4.0", authors='Ana, Ben & "Lea"')

    copy_release(made, tmp_path / "out", blobs=store())
    told = yaml.safe_load((tmp_path / "out" / "CITATION.cff").read_text())

    assert (told["cff-version"], told["version"], told["date-released"]) == (
        "1.2.0",
        "1.0",
        "2026-06-01",
    )
    assert (told["license"], told["authors"]) == ("CC-BY-4.0", [{"name": 'Ana, Ben & "Lea"'}])
    assert told["references"]


def test_a_release_is_recorded_and_known_to_verify(snapshot):
    made = released(snapshot)

    event = Event.objects.get(verb="created", kind="release")
    assert (event.after, event.detail["version"]) == (made.sha256, "1.0")
    store().delete(f"{made.folder}/README.md")
    with inspection(blobs=store(), now=NOON + timedelta(days=9999), fast=True) as work:
        found = [each.key for each in work.findings(lambda: None) if "releases/" in each.key]
    assert found == [f"{made.folder}/README.md"]


def test_a_model_whose_weights_were_lost_or_changed_is_refused(snapshot):
    model = model_of(snapshot)
    store().write("models/m1/weights.safetensors", b"others")
    with pytest.raises(BadInput, match="weights"):
        released(snapshot, model=model)

    store().delete("models/m1/weights.safetensors")
    with pytest.raises(NotFound, match="lost weights"):
        released(snapshot, model=model)

    assert not Release.objects.exists()


def test_a_copy_never_mixes_with_other_things_and_never_passes_damage_on(snapshot, tmp_path):
    made = released(snapshot)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")

    with pytest.raises(Conflict, match=r"thesis\.txt"):
        copy_release(made, tmp_path / "full", blobs=store())
    store().write(f"{made.folder}/README.md", b"changed")
    with pytest.raises(BadInput, match=r"README\.md isn't what was released"):
        copy_release(made, tmp_path / "out", blobs=store())

    assert not (tmp_path / "out" / "release.json").exists()


def test_a_copy_goes_on_where_one_was_killed_and_names_what_is_lost(snapshot, tmp_path):
    made, out = released(snapshot), tmp_path / "out"
    (out / "data").mkdir(parents=True)
    (out / "data" / ".0f.part").write_bytes(b"half")

    copy_release(made, out, blobs=store())

    assert not (out / "data" / ".0f.part").exists()
    store().delete(f"{made.folder}/README.md")
    with pytest.raises(BadInput, match=r"README\.md isn't what was released"):
        copy_release(made, tmp_path / "again", blobs=store())


def run(*words) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("release", *map(str, words), stdout=out, stderr=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_the_command_creates_lists_and_copies(snapshot, tmp_path):
    words = ("--campaign", "north", "--version", "1.0", "--json")
    create = ("create", *words, "--snapshot", snapshot.hash[:12], "--format", "png")

    planned, _ = run(*create, "--dry-run")
    assert not Release.objects.exists()
    printed, status = run(*create, tmp_path / "out")
    listed, _ = run("list", "--campaign", "north", "--json")
    copied, _ = run("copy", *words, tmp_path / "again")
    refused, refusal = run(*create)

    assert json.loads(planned)["sources"] == ["campaign", "kappaset"]
    told = json.loads(printed.splitlines()[-1])
    assert (status, told["sha256"]) == (0, json.loads(listed)["sha256"])
    assert json.loads(copied)["sha256"] == told["sha256"]
    assert contents(tmp_path / "out") == contents(tmp_path / "again")
    assert (refusal, json.loads(refused)["error"]["field"]) == (1, "version")
