from dataclasses import fields

import numpy as np
import pytest

from al_engine.batches import Pool, Request
from al_engine.errors import BadPool, BadRequest
from tests.al_engine.scenes import pool_of


def test_a_pool_comes_back_from_its_file_as_it_was(tmp_path):
    pool = pool_of(7, known=3, keys=np.arange(7)[::-1] * 11, acquisition="margin", model="c0ffee")
    pool.save(tmp_path / "pool.npz")

    again = Pool.load(tmp_path / "pool.npz")

    for field in fields(Pool):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(pool, field.name))
    assert [path.name for path in tmp_path.glob("*pool*")] == ["pool.npz"]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    pool_of(3).save(tmp_path / "pool.npz")
    before = (tmp_path / "pool.npz").read_bytes()

    def full(stream, **_):
        stream.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        pool_of(4).save(tmp_path / "pool.npz")

    assert (tmp_path / "pool.npz").read_bytes() == before
    assert len(list(tmp_path.glob("*pool*"))) == 1


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "another", "array"])
def test_a_file_that_is_no_pool_is_refused_by_its_name(tmp_path, damage):
    path = tmp_path / "pool.npz"
    pool_of(50).save(path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "another":
        np.savez(path, format=np.array("something-else/3"))
    elif damage == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    elif damage != "missing":
        path.write_bytes(whole[: {"empty": 0, "truncated": len(whole) // 2}[damage]])

    with pytest.raises(BadPool, match=r"pool\.npz"):
        Pool.load(path)


def test_a_pool_of_a_later_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("al_engine.pools.FORMAT", "cloudmask-pool/9")
    pool_of(3).save(tmp_path / "pool.npz")
    monkeypatch.undo()

    with pytest.raises(BadPool, match="cloudmask-pool/9"):
        Pool.load(tmp_path / "pool.npz")


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("scores", np.zeros(4), r"scores must have shape \(5\), not \(4,\)"),
        ("scores", [0, 0, 0, 0, np.nan], "scores holds NaN"),
        ("means", [0, 0, 0, 0, -1], "means must not be negative"),
        ("disagreement", ["a"] * 5, "disagreement cannot be of type"),
        ("class_scores", np.zeros(5), r"class_scores must have shape \(5, any\)"),
        ("class_scores", np.full((5, 4), np.inf), "class_scores holds NaN or infinity"),
        ("embeddings", np.full((5, 16), np.nan), "embeddings holds NaN"),
        ("known_embeddings", np.zeros((2, 8)), r"known_embeddings must have shape \(any, 16\)"),
        ("groups", np.zeros(5), "groups cannot be of type float64"),
        ("groups", 5, r"groups must have shape \(any\)"),
        ("keys", [1, 2, 3, 4, 4], "keys must be unique"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused_by_name(name, wrong, message):
    with pytest.raises(BadPool, match=message) as refusal:
        pool_of(5, **{name: wrong})

    assert refusal.value.field == name


def test_a_pool_cannot_be_changed_and_does_not_freeze_the_callers_array():
    scores = np.ones(3, dtype=np.float32)
    pool = pool_of(3, scores=scores)

    with pytest.raises(ValueError, match="read-only"):
        pool.scores[0] = 2

    scores[0] = 5
    assert scores[0] == 5


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": -3}, "count"),
        ({"count": 2.5}, "count"),
        ({"count": True}, "count"),
        ({"seed": -1}, "seed"),
        ({"round_no": 0}, "round_no"),
        ({"product_cap": 0}, "product_cap"),
        ({"duplicate_cosine": 0}, "duplicate_cosine"),
    ],
)
def test_a_request_out_of_range_is_refused_by_name(changes, field):
    with pytest.raises(BadRequest, match=field) as refusal:
        Request(**{"count": 10, "seed": 1, **changes})

    assert refusal.value.field == field


@pytest.mark.parametrize(("count", "cap"), [(1, 1), (50, 1), (51, 2), (100, 2), (101, 3)])
def test_a_product_may_fill_two_percent_of_a_batch_and_always_one_tile(count, cap):
    assert Request(count=count, seed=0).cap == cap
    assert Request(count=count, seed=0, product_cap=9).cap == 9


def test_a_pool_of_the_first_format_is_still_read(tmp_path):
    old = ("scores", "means", "disagreement", "class_scores", "embeddings", "groups")
    pool = pool_of(6, known=2)
    arrays = {name: getattr(pool, name) for name in (*old, "known_embeddings", "keys")}
    np.savez(
        tmp_path / "pool.npz", format="cloudmask-pool/1", acquisition="entropy", model="m", **arrays
    )

    again = Pool.load(tmp_path / "pool.npz")

    np.testing.assert_array_equal(again.class_scores, pool.class_scores)
    assert again.features.shape == (6, 0)
    assert again.neighbourhoods.tolist() == [-1] * 6
    assert (again.members, again.model) == (0, "m")


def test_a_file_of_the_present_format_that_lacks_an_array_is_refused(tmp_path):
    pool_of(6).save(tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name != "features"}
    np.savez(tmp_path / "pool.npz", **arrays)

    with pytest.raises(BadPool, match=r"pool\.npz is not a readable pool.*features"):
        Pool.load(tmp_path / "pool.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embeddings_from": "a", "known_from": "b"}, "embeddings are of model 'a'.*of 'b'"),
        ({"known_features": np.zeros((1, 6))}, "known_features has 1 rows, known_embeddings 2"),
        ({"class_fractions": np.zeros((5, 3))}, "class_fractions must have 4 columns"),
        ({"features": np.zeros((4, 6))}, r"features must have shape \(5, any\)"),
        ({"minutes": [1, 2, 3, -1, 0]}, "minutes must not be negative"),
        ({"scores": [1, np.nan, 1, np.nan, 0]}, "in 2 of 5 rows, the first in row 1"),
        ({"neighbourhoods": [1.5] * 5}, "neighbourhoods cannot be of type float64"),
    ],
)
def test_later_arrays_that_do_not_belong_together_are_refused_too(changes, message):
    with pytest.raises(BadPool, match=message):
        pool_of(5, known=2, **changes)


def test_an_empty_pool_with_all_its_columns_can_be_held():
    assert pool_of(0).size == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"labelled": -1}, "labelled"),
        ({"validation": 1.2}, "validation"),
        ({"control_share": -0.1}, "control_share"),
    ],
)
def test_what_a_request_tells_of_the_campaign_is_checked(changes, field):
    with pytest.raises(BadRequest, match=field):
        Request(count=3, seed=0, **changes)
