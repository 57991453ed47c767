"""Folders of exports that several processes write to, and remove, at the same moment."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from labelling.adapters.blobs import store
from labelling.models import Job
from labelling.workflow.export import folder
from labelling.workflow.export.folder import Folder, StillWriting, remove
from labelling.workflow.export.jobs import cancel_export, start_export, workplace
from labelling.workflow.sweep import sweep
from tests.factories import NOON
from tests.labelling.exports.world import frozen, ordered

ORDER = {"form": "png", "snapshot": "0a"}


@pytest.fixture
def before_the_lock(monkeypatch):
    """before_the_lock(act): `act()` happens once, between opening a folder and locking it."""
    lock, acts = fcntl.flock, []

    def flock(handle: int, how: int) -> None:
        if acts:
            acts.pop()()
        lock(handle, how)

    monkeypatch.setattr(folder.fcntl, "flock", flock)
    return acts.append


def test_a_folder_removed_just_before_it_is_locked_is_made_anew(tmp_path, before_the_lock):
    place = Folder(tmp_path / "export")
    before_the_lock(lambda: remove(place.path))

    with place.held(ORDER):
        assert place.order() == ORDER
        with pytest.raises(StillWriting), Folder(place.path).held(ORDER):
            pass
        assert not place.discard()
    assert place.discard()


def test_what_another_process_began_anew_is_not_discarded(tmp_path, before_the_lock):
    place = Folder(tmp_path / "export")
    place.path.mkdir()
    old = tmp_path / "removed"

    def began_anew() -> None:
        place.path.rename(old)  # kept, so that its inode isn't given to the new folder
        place.path.mkdir()
        place.begin(ORDER)

    before_the_lock(began_anew)

    assert not place.discard()
    assert place.order() == ORDER


@pytest.mark.django_db
def test_a_cancelled_export_to_a_format_that_is_no_more_does_not_hold_up_the_sweep():
    order = ordered(frozen(slug="north"), "png", with_bands=False)
    job = cancel_export(job=start_export(order=order, by=None, blobs=store(), now=NOON), by=None,
                        now=NOON)  # fmt: skip
    gone = {**job.request, "form": "shapefile"}
    Job.objects.create(
        kind=job.kind, campaign=job.campaign, state="cancelled", request=gone, created=NOON,
        finished=NOON,
    )  # fmt: skip
    left: Path = workplace(order, store())
    left.mkdir(parents=True)

    assert sweep(now=NOON)["exports"] == 1
    assert not left.exists()
