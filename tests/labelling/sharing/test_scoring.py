"""A pool scored in shards, and what of it a later round takes over. All painted: synthetic."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from al_engine.batches import Pool
from labelling.adapters.blobs import store
from labelling.compute.scoring import Scorer
from labelling.errors import JobFailed
from labelling.imagery.tilefile import write_label
from labelling.models import Job, Layer, Round, Shard, Tile
from labelling.workflow.scoring import keys
from labelling.workflow.scoring import plan as plans
from labelling.workflow.scoring import step as steps
from labelling.workflow.scoring.keys import found_in
from labelling.workflow.scoring.npz import mapped, writing
from labelling.workflow.scoring.step import note_scores, score
from labelling.workflow.sharing.work import NotHere
from tests.factories import NOON
from tests.labelling.judged import kept, trained
from tests.labelling.one_round import planned, taken
from tests.labelling.scored import score_here
from tests.worlds import import_label, painted_tile, truth, world

pytestmark = pytest.mark.django_db
FILES = ("pool.npz", "maps.npz", "keys.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("model"), seed=1)


@pytest.fixture
def campaign():
    return world(pool=7, validation=0, labelled=2, slug="north")


def at_the_score(campaign, model, *, strategy="entropy"):
    """A worker at the score step of a new round; the one before it is over."""
    Round.objects.update(state="done")
    Job.objects.exclude(state="done").update(state="done", lease_ends=None)
    round = planned(campaign, strategy=strategy, seed=campaign.rounds.count() + 1)
    Round.objects.filter(pk=round.pk).update(step="score", model=model, ranked_by=model)
    return taken(round)


def adopted(attempt):
    """What the score step makes, and what it notes; scored in this process."""
    score_here(attempt)
    attempt.adopt("score")
    told = note_scores(attempt, score(attempt), NOON)
    Round.objects.filter(pk=attempt.round.pk).update(
        steps={"score": {"finished": NOON.isoformat(), **told}}
    )
    return attempt.adopted("score"), told


def afresh(attempt, monkeypatch):
    """The same round scored by one worker in one shard, with nothing taken over."""
    with monkeypatch.context() as patched:
        patched.setattr(plans, "newest", lambda *_: None)
        patched.setattr(plans, "SMALLEST", 1000)
        Shard.objects.of(attempt.job).delete()  # what they made went when it was adopted
        return score_here(attempt)


def same(one, other):
    """Whether all figures of two score folders are equal, to the bit."""
    pairs = [
        (mine, mapped(other / name)[array])
        for name in FILES
        for array, mine in mapped(one / name).items()
    ]
    return all(
        np.array_equal(mine, theirs) and mine.dtype == theirs.dtype for mine, theirs in pairs
    )


def test_three_shards_give_the_bytes_that_one_gives(campaign, folder, monkeypatch):
    attempt = at_the_score(campaign, kept(folder, campaign), strategy="bald")
    whole = afresh(attempt, monkeypatch)
    expected = {name: (whole / name).read_bytes() for name in FILES}
    monkeypatch.setattr(plans, "SMALLEST", 3)

    made = score_here(attempt)

    assert Shard.objects.filter(state="done").count() == 3
    assert {name: (made / name).read_bytes() for name in FILES} == expected


def test_shards_whose_files_are_lost_or_damaged_are_scored_again(campaign, folder, monkeypatch):
    monkeypatch.setattr(plans, "SMALLEST", 3)
    attempt = at_the_score(campaign, kept(folder, campaign))
    made = score_here(attempt)
    expected = {name: (made / name).read_bytes() for name in FILES}
    before = dict(Shard.objects.values_list("n", "token"))
    lost, whole, damaged = (
        each["key"] for each in Shard.objects.order_by("n").values_list("result", flat=True)
    )
    store().delete(lost)
    store().delete(f"{lost.rsplit('/', 1)[0]}/tiles-00000.json")
    content = bytearray(store().read(damaged))
    content[-200] ^= 1
    store().path(damaged).write_bytes(content)

    again = score_here(attempt)

    assert {name: (again / name).read_bytes() for name in FILES} == expected
    after = dict(Shard.objects.values_list("n", "token"))
    assert after == {0: before[0] + 1, 1: before[1], 2: before[2] + 1}
    assert store().exists(whole)


def test_a_storage_that_keeps_nothing_fails_the_round(campaign, folder, monkeypatch):
    attempt = at_the_score(campaign, kept(folder, campaign))
    monkeypatch.setattr(steps, "sha256_of", lambda path: "another")

    with pytest.raises(JobFailed, match=r"1 shards of .* don't stay in storage"):
        score_here(attempt)


def test_a_worker_with_other_versions_leaves_the_shards_alone(campaign, folder, monkeypatch):
    attempt = at_the_score(campaign, kept(folder, campaign))
    header = plans.plan_of(attempt).header
    header.check_same_here()
    monkeypatch.setattr(keys, "version", lambda package: f"another {package}")

    with pytest.raises(NotHere, match="other versions"):
        header.check_same_here()


def test_a_round_with_the_same_model_scores_only_what_is_new(campaign, folder, monkeypatch):
    model = kept(folder, campaign)
    _, told = adopted(at_the_score(campaign, model))
    assert (told["taken_over"], told["scored"], told["from_round"]) == (0, 7, None)
    labelled = Tile.objects.order_by("pk")[3]
    import_label(campaign, labelled, truth(campaign, labelled))  # of the pool before, known now
    painted_tile(campaign, 100)

    later = at_the_score(campaign, model)
    made, told = adopted(later)

    assert (told["taken_over"], told["scored"], told["from_round"]) == (7, 1, 1)
    assert Pool.load(made / "pool.npz").size == 5
    assert len(Pool.load(made / "pool.npz").known_embeddings) == 3
    assert same(made, afresh(later, monkeypatch))


def test_what_all_is_there_needs_no_scorer(campaign, folder, monkeypatch):
    model = kept(folder, campaign)
    first, _ = adopted(at_the_score(campaign, model))
    monkeypatch.setattr(Scorer, "keep", None)

    again, told = adopted(at_the_score(campaign, model))

    assert (told["taken_over"], told["scored"]) == (7, 0)
    assert same(first, again)


def test_a_changed_raster_is_scored_again(campaign, folder, monkeypatch):
    model = kept(folder, campaign)
    adopted(at_the_score(campaign, model))
    Tile.objects.filter(pk=Tile.objects.order_by("pk")[4].pk).update(sha256="c" * 64)

    _, told = adopted(at_the_score(campaign, model))

    assert (told["taken_over"], told["scored"]) == (6, 1)


def test_a_changed_mask_is_scored_again_where_the_model_is_held_against_it(campaign, folder):
    model, layers = kept(folder, campaign), []
    for tile in Tile.objects.order_by("pk"):
        codes = np.minimum(truth(campaign, tile), 1)
        key = f"layers/{tile.pk}.tif"
        digest = store().write_with(
            key, lambda path, codes=codes: write_label(path, codes, codes * 0)
        )
        layers.append(
            Layer.objects.create(
                tile=tile, source="scl", version="1", raster=key, sha256=digest, provides=[0, 1],
                classes={"0": 0.5, "1": 0.5}, created=NOON,
            )
        )  # fmt: skip
    adopted(at_the_score(campaign, model, strategy="disagree"))
    Layer.objects.filter(pk=layers[5].pk).update(sha256="d" * 64)

    _, held = adopted(at_the_score(campaign, model, strategy="disagree"))
    _, plain = adopted(at_the_score(campaign, model, strategy="entropy"))

    assert (held["taken_over"], held["scored"]) == (6, 1)
    # Another measure: only the embeddings of known tiles are what they were.
    assert (plain["taken_over"], plain["scored"]) == (2, 5)


def test_another_model_scores_everything(campaign, folder, tmp_path):
    adopted(at_the_score(campaign, kept(folder, campaign)))
    other = kept(trained(tmp_path, seed=2), campaign)

    _, told = adopted(at_the_score(campaign, other))

    assert (told["taken_over"], told["scored"]) == (0, 7)


def test_dice_of_another_seed_are_thrown_again(campaign, folder):
    model = kept(folder, campaign)
    adopted(at_the_score(campaign, model, strategy="bald"))

    _, told = adopted(at_the_score(campaign, model, strategy="bald"))

    assert (told["taken_over"], told["scored"]) == (0, 7)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_earlier_round_is_left_alone_and_named(
    campaign, folder, monkeypatch, caplog, name
):
    model = kept(folder, campaign)
    first, _ = adopted(at_the_score(campaign, model))
    content = bytearray((first / name).read_bytes())
    content[-200] ^= 1
    (first / name).write_bytes(content)
    later = at_the_score(campaign, model)

    with caplog.at_level(logging.WARNING):
        made, told = adopted(later)

    assert (told["taken_over"], told["scored"]) == (0, 7)
    assert "rounds/north/1/score" in caplog.text
    assert same(made, afresh(later, monkeypatch))


def test_nothing_of_the_shards_is_left_once_they_are_adopted(campaign, folder):
    attempt = at_the_score(campaign, kept(folder, campaign))
    score_here(attempt)
    assert [*store().sizes("rounds/north/1/scoring/")]

    attempt.adopt("score")
    score(attempt)

    assert [*store().sizes("rounds/north/1/scoring/")] == []


def test_keys_are_found_wherever_they_lie():
    rng = np.random.default_rng(3)
    there = rng.integers(0, 256, size=(500, 16), dtype=np.uint8)
    order = rng.permutation(500)

    rows = found_in(np.concatenate([there[order], there[:1] ^ 1]), there)

    assert rows.tolist() == [*order, -1]
    assert found_in(there, there[:0]).tolist() == [-1] * 500


def test_arrays_written_in_pieces_are_those_of_numpy(tmp_path):
    arrays = {
        "a": np.arange(60, dtype=np.float32).reshape(5, 3, 4),
        "none": np.zeros((0, 4), np.uint8),
        "word": np.array("entropy"),
    }
    np.savez(tmp_path / "whole.npz", **arrays)

    with writing(tmp_path / "pieces.npz") as archive:
        for name, array in arrays.items():
            pieces = [array[:2], array[2:]] if array.ndim == 3 else [array]
            archive.array(name, array.dtype, array.shape, pieces)

    assert (tmp_path / "pieces.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    read = mapped(tmp_path / "pieces.npz")
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())
