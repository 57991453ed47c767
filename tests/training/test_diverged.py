"""A training that goes wrong says so, and leaves no model behind. Painted (synthetic) tiles."""

import pytest

from tests.training.snapshots import painted_snapshot
from training import member
from training.checkpoint import WEIGHTS, pack, read_model, write_model
from training.config import FitConfig
from training.errors import BadModel, Diverged
from training.fit import fit

SMALL = FitConfig(
    width=2, depth=1, crop=16, batch=2, steps=4, warm_up=1, evaluate_every=2, ema=0.0,
    precision="fp32", device="cpu", threads=1,
)  # fmt: skip


@pytest.fixture
def snapshot(tmp_path):
    return painted_snapshot(tmp_path, pool=2, validation=1, test=0)


def spoilt(monkeypatch, *, step, spoil):
    """At one step the loss is what `spoil` makes of it and the logits."""
    loss, calls = member.segmentation_loss, []

    def sometimes(logits, *words, **more):
        calls.append(step)
        found = loss(logits, *words, **more)
        return spoil(found, logits) if len(calls) == step else found

    monkeypatch.setattr(member, "segmentation_loss", sometimes)


def test_a_loss_that_is_no_number_ends_the_fit(snapshot, tmp_path, monkeypatch):
    spoilt(monkeypatch, step=2, spoil=lambda loss, logits: loss * float("nan"))

    with pytest.raises(Diverged, match="lower learning_rate") as refusal:
        fit(SMALL, snapshot, tmp_path / "model")

    assert refusal.value.field == "learning_rate"
    assert not list((tmp_path / "model").glob("*.json"))


def test_a_last_step_that_spoils_the_weights_ends_the_fit(snapshot, tmp_path, monkeypatch):
    """The loss is a number, its gradient isn't, and no step comes after that would show it."""
    lone = painted_snapshot(tmp_path / "lone", pool=2, validation=0, test=0)
    spoilt(monkeypatch, step=4, spoil=lambda loss, logits: loss + (0 * logits.sum()).sqrt())

    with pytest.raises(Diverged):
        fit(SMALL, lone, tmp_path / "model")

    assert not list((tmp_path / "model").glob("*.json"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_tensor(snapshot, tmp_path, value):
    fit(SMALL, snapshot, tmp_path / "model")
    card, states = read_model(tmp_path / "model")
    states[0]["head.bias"][1] = value
    known = {
        key: part for key, part in card.content.items() if key not in ("card_sha256", "weights")
    }
    (tmp_path / "other").mkdir()
    write_model(tmp_path / "other", states, known)
    (tmp_path / WEIGHTS).write_bytes(pack(states))

    with pytest.raises(BadModel, match=r"head\.bias holds values that are not finite"):
        read_model(tmp_path / "other")
    with pytest.raises(BadModel, match=r"head\.bias"):
        fit(SMALL, snapshot, tmp_path / "again", init=tmp_path / WEIGHTS)
