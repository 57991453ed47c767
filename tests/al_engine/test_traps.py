"""The engine's traps, numbered as in the design: ways an active learner looks right and is not."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from al_engine.acquisition import entropy, expected_entropy, mutual_information
from al_engine.autoconfig import AutoConfig
from al_engine.batches import Request
from al_engine.calibration import calibrated
from al_engine.guard import Guard, Shortlist
from al_engine.pooling import score_tile
from al_engine.strategies import select
from tests.al_engine.scenes import entropy_by_hand, pool_of, probabilities

SEEDS = range(300)
QUICK = AutoConfig(coverage_share=0, reach=0)


def full_tile(fill=0.0, members=1):
    """Probabilities of a certain tile of 512 pixels (class 0), and its validity."""
    tile = np.zeros((members, 4, 512, 512), dtype=np.float32)
    tile[:, 0], tile[:, 1] = 1 - fill, fill
    return tile, np.ones((512, 512), dtype=bool)


def undecided(tile, rows, columns):
    tile[:, :, rows, columns] = 0.25


# 20: mutual information that is negative, or of one member; log of half-precision zeros


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_trap_20_half_precision_gives_no_negative_and_no_infinite_score(dtype):
    given = torch.from_numpy(probabilities(4, 4, 64, 64)).to(dtype)
    given[:, 0, :8], given[:, 1:, :8] = 1, 0  # exact zeros

    for score in (entropy, expected_entropy, mutual_information):
        assert torch.isfinite(score(given)).all()
        assert score(given).min() >= 0


def test_trap_20_identical_members_have_no_mutual_information():
    one = probabilities(1)

    assert mutual_information(np.repeat(one, 5, axis=0)).max() < 1e-6
    assert mutual_information(one).max() == 0


def test_trap_20_entropy_is_of_the_mean_not_the_mean_of_entropies():
    contradiction = np.array([[1, 0], [0, 1]], dtype=np.float32)[:, :, None, None]

    assert entropy(contradiction).item() == pytest.approx(np.log(2))
    assert expected_entropy(contradiction).item() == 0


# 21: a flip that was not undone; averaging anything but probabilities


def test_trap_21_a_flip_that_was_not_undone_shows_as_disagreement():
    one = probabilities(1)
    undone = np.concatenate([one, one[..., ::-1][..., ::-1]])
    forgotten = np.concatenate([one, one[..., ::-1]])

    assert mutual_information(undone).max() < 1e-6
    assert mutual_information(forgotten).mean() > 0.1


def test_trap_21_members_are_averaged_as_probabilities_never_as_logits():
    given = np.array([[0.999, 0.001], [0.3, 0.7]], dtype=np.float32)[:, :, None, None]
    mean = (0.999 + 0.3) / 2

    by_hand = -mean * np.log(mean) - (1 - mean) * np.log(1 - mean)

    assert entropy(given).item() == pytest.approx(by_hand, abs=1e-6)


def test_trap_21_a_temperature_acts_on_each_member_before_the_average_not_on_the_average():
    logits = np.array([[4.0, 0.0], [0.0, 1.0]], dtype=np.float32)[:, :, None, None]

    given = entropy(calibrated(logits, [2.0, 0.5]))

    shares = [1 / (1 + np.exp(-4 / 2)), 1 / (1 + np.exp(1 / 0.5))]
    assert given.item() == pytest.approx(entropy_by_hand([sum(shares) / 2, 1 - sum(shares) / 2]))


# 22: no-data, padding, margins and seams at the top of the ranking


def test_trap_22_what_is_not_valid_does_not_score():
    tile, valid = full_tile()
    undecided(tile, slice(100, 300), slice(100, 300))
    valid[100:300, 100:300] = False

    scored = score_tile(tile, valid)

    assert (scored.score, scored.mean) == (0, 0)


def test_trap_22_the_margin_of_the_tile_does_not_score():
    tile, valid = full_tile()
    undecided(tile, slice(None), slice(0, 16))
    undecided(tile, slice(496, None), slice(None))

    scored = score_tile(tile, valid)

    assert (scored.score, scored.mean) == (0, 0)


def test_trap_22_padding_makes_a_tile_neither_better_nor_worse():
    tile, valid = full_tile(fill=0.3)
    padded = valid.copy()
    padded[:, 256:] = False

    assert score_tile(tile, padded).score == pytest.approx(score_tile(tile, valid).score)


def test_trap_22_scattered_noise_ranks_far_below_a_shadow_of_as_many_pixels():
    noise, valid = full_tile()
    shadow, _ = full_tile()
    undecided(noise, slice(8, None, 16), slice(16, None, 32))  # 512 pixels, two in every block
    undecided(shadow, slice(200, 216), slice(200, 232))  # 512 pixels in one patch

    assert score_tile(noise, valid).mean == pytest.approx(score_tile(shadow, valid).mean, rel=0.15)
    assert score_tile(shadow, valid).score > 4 * score_tile(noise, valid).score


def test_trap_22_a_seam_taken_for_another_class_ranks_below_a_patch_of_as_many_pixels():
    seam, valid = full_tile()
    patch, _ = full_tile()
    for tile, rows, columns in (
        (seam, slice(None), slice(250, 251)),
        (patch, slice(200, 216), slice(200, 232)),
    ):
        tile[:, 0, rows, columns], tile[:, 3, rows, columns] = 0.45, 0.55

    assert score_tile(patch, valid).score > 2.5 * score_tile(seam, valid).score


# 23: scores scaled per batch; caps before noise; ties in file order


def test_trap_23_a_block_map_is_on_a_fixed_scale():
    faint, valid = full_tile(fill=0.05)
    strong, _ = full_tile(fill=0.45)

    inside = (slice(1, -1), slice(1, -1))

    for tile in (faint, strong):
        nats = float(entropy(tile)[256, 256])
        expected = round(255 * nats / np.log(4))
        assert (score_tile(tile, valid).blocks[inside] == expected).all()


def test_trap_23_a_batch_does_not_depend_on_the_order_the_tiles_were_scored_in():
    pool = pool_of(90, groups=np.arange(90) // 3)
    order = np.random.default_rng(1).permutation(90)
    moved = pool.rows(order)

    batch, again = (select(p, Request(count=30, seed=4)) for p in (pool, moved))

    assert order[again.indices].tolist() == batch.indices.tolist()


def test_trap_23_the_cap_is_applied_after_the_noise():
    pool = pool_of(40, groups=np.arange(40) // 10)
    best = {group * 10 + int(pool.scores[group * 10 :][:10].argmax()) for group in range(4)}

    taken = Counter()
    for seed in SEEDS:
        request = Request(count=4, seed=seed, product_cap=1)
        batch = select(pool, request, config=AutoConfig(noise=True))
        assert len(set(pool.groups[batch.indices])) == 4
        taken.update(batch.indices.tolist())

    assert len(taken) > 30  # capped first, only the four best could ever be taken
    assert best < set(taken)


@pytest.mark.parametrize("name", ["entropy", "bald"])
def test_trap_23_ties_do_not_fall_to_the_product_that_comes_first_in_the_file(name):
    same = np.full(60, 0.5, dtype=np.float32)
    pool = pool_of(60, groups=np.arange(60) // 20, means=same, disagreement=same)

    batch = select(pool, Request(count=15, seed=0), strategy=name)

    assert len(set(pool.groups[batch.indices])) == 3


# 24: duplicates of labelled tiles, and of those in annotators' hands


def test_trap_24_k_centre_starts_from_labelled_and_in_flight_tiles():
    vectors = np.array([[0, 0], [10, 0], [0, 9]], dtype=np.float32)
    labelled, in_flight = vectors[:1], vectors[1:2]

    assert farthest(vectors, known=labelled) == 1
    assert farthest(vectors, known=np.vstack([labelled, in_flight])) == 2


def farthest(vectors, known):
    """The row that a shortlist of equal ranks takes first."""
    guard = Guard(np.arange(3), vectors, known, cap=np.inf, threshold=np.inf)
    return Shortlist(np.arange(3), np.ones(3), weight=1.0).best(guard)


def test_trap_24_auto_never_sends_the_twin_of_a_tile_that_is_out():
    pool = pool_of(60)
    twins = pool.embeddings[:20] + np.float32(0.001)
    pool = replace(pool, known_embeddings=twins, known_features=pool.features[:20])

    for seed in range(30):
        batch = select(pool, Request(count=10, seed=seed))
        informative = batch.indices[[s == "informative" for s in batch.slices]]
        assert (informative >= 20).all()
        assert batch.notes == ()


# 26: a control slice that is not a fair sample, or that annotators can tell


def test_trap_26_control_is_a_uniform_sample_whatever_the_scores_caps_and_duplicates():
    scores = np.linspace(0, 1, 30, dtype=np.float32)
    pool = pool_of(30, scores=scores, groups=np.zeros(30, dtype=int), embeddings=np.ones((30, 16)))

    drawn = Counter()
    for seed in range(1500):
        batch = select(pool, Request(count=15, seed=seed, round_no=10), config=QUICK)
        drawn.update(batch.indices[[s == "control" for s in batch.slices]].tolist())

    assert batch.uniform_probability == pytest.approx(2 / 30)
    frequencies = [drawn[row] / 1500 for row in range(30)]
    assert frequencies == pytest.approx([2 / 30] * 30, abs=0.026)  # four standard errors


def test_trap_26_the_turn_of_a_tile_does_not_tell_its_slice():
    pool = pool_of(100)

    turns = Counter(select(pool, Request(count=5, seed=s)).slices.index("control") for s in SEEDS)

    assert sorted(turns) == [0, 1, 2, 3, 4]
    assert max(turns.values()) < 2 * min(turns.values())
