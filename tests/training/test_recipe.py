"""Ways to start, what a card says of them, and memory running out. Painted (synthetic) tiles."""

import json

import pytest
import torch

from tests.training.snapshots import SnapshotFolder, paint
from training.__main__ import main
from training.checkpoint import WEIGHTS, read_model
from training.config import FitConfig
from training.crops import CropSource
from training.errors import BadConfig
from training.fit import fit
from training.member import Bench, Learner, class_weights
from training.resume import CHECKPOINT
from training.snapshot import open_snapshot
from training.survey import survey
from training.unet import UNetConfig

SMALL = {
    "width": 4,
    "depth": 2,
    "crop": 32,
    "steps": 12,
    "warm_up": 3,
    "evaluate_every": 6,
    "checkpoint_every": 3,
    "precision": "fp32",
    "threads": 1,
}


def small(**settings):
    return FitConfig(**{**SMALL, **settings})


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Two own tiles, three of an imported set and two to validate on."""
    painted = SnapshotFolder(tmp_path_factory.mktemp("mixed"))
    for seed in range(7):
        painted.add(
            *paint(seed),
            split="validation" if seed > 4 else "pool",
            source="campaign" if seed < 2 else "cloudsen12",
        )
    return painted.write()


@pytest.fixture(scope="module")
def first(tmp_path_factory, mixed):
    """Weights that a fit may start from."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("first")
    fit(small(), mixed, out)
    return out / WEIGHTS


def test_pretraining_then_fine_tuning_is_one_fit_and_says_what_it_gained(mixed, tmp_path):
    events = []
    config = small(pretrain_steps=6, gain=True)

    card = fit(config, mixed, tmp_path, report=events.append).content

    assert card["policy"]["start"] == "scratch"
    assert card["policy"]["pretrain_steps"] == 6
    # Six steps of four crops of earlier labels alone, then two of every four.
    assert card["sampling"]["drawn"]["crops"] == 48
    assert card["sampling"]["drawn"]["earlier_share"] == pytest.approx((24 + 12) / 48)
    assert card["gain"]["class_mean_iou"] == card["metrics"]["class_mean_iou"]
    (told,) = [event for event in events if event["event"] == "gain"]
    assert told["points"] == card["gain"]["points"]
    steps = [event for event in events if event.get("stage") == "fit"]
    assert steps[-1]["done"] == steps[-1]["total"] == 24
    assert len(read_model(tmp_path)[1]) == 1


def test_what_first_weights_gained_is_said_against_the_same_labels_without_them(
    mixed, first, tmp_path
):
    gained = fit(small(gain=True), mixed, tmp_path / "gain", init=first).content["gain"]

    alone = fit(small(), mixed, tmp_path / "alone").content["metrics"]["class_mean_iou"]

    assert gained["scratch_class_mean_iou"] == alone


def test_an_interrupted_comparison_goes_on_to_the_same_bits(mixed, tmp_path):
    config = small(pretrain_steps=6, gain=True)
    fit(config, mixed, tmp_path / "whole")

    for stop in (8, 20):
        with pytest.raises(KeyboardInterrupt):
            again(config, mixed, tmp_path / "broken", report=interrupting(stop))
    again(config, mixed, tmp_path / "broken")

    for name in (WEIGHTS, "card.json"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def again(config, snapshot, out, **more):
    return fit(config, snapshot, out, resume=out, **more)


def interrupting(step):
    def report(event):
        if event.get("stage") == "fit" and event["done"] >= step:
            raise KeyboardInterrupt

    return report


def test_a_gain_over_nothing_is_refused_before_anything_is_trained(mixed, tmp_path):
    events = []

    with pytest.raises(BadConfig, match="gain"):
        fit(small(gain=True), mixed, tmp_path, report=events.append)

    assert events == []


def test_given_weights_are_shrunk_and_perturbed_by_the_seed(mixed, first, tmp_path):
    still = {"steps": 1, "learning_rate": 1e-7, "weight_decay": 0.0, "ema": 0.0}
    learnt = read_model(first.parent)[1][0]["head.weight"]

    kept, shrunk, noisy, again = (
        fitted_head(mixed, first, tmp_path / name, **still, **settings)
        for name, settings in (
            ("kept", {}),
            ("shrunk", {"shrink": 0.5}),
            ("noisy", {"shrink": 0.5, "perturb": 0.1}),
            ("again", {"shrink": 0.5, "perturb": 0.1}),
        )
    )

    assert torch.allclose(kept, learnt, atol=1e-5)
    assert torch.allclose(shrunk, learnt / 2, atol=1e-5)
    assert (noisy - shrunk).abs().max() > 1e-3
    assert torch.equal(noisy, again)


def fitted_head(snapshot, first, out, **settings):
    card = fit(small(**settings), snapshot, out, init=first)
    wanted = "checkpoint" if settings.get("shrink", 1) == 1 else "shrink-and-perturb"
    assert card.content["policy"]["start"] == wanted
    return read_model(out)[1][0]["head.weight"]


@pytest.mark.parametrize("loss", ["focal", "lovasz"])
def test_every_loss_trains(mixed, tmp_path, loss):
    card = fit(small(loss=loss), mixed, tmp_path)

    assert card.content["metrics"]["class_mean_iou"] is not None


def test_every_augmentation_at_once_trains(mixed, tmp_path):
    config = small(scale=0.3, rotation=20.0, haze=0.05, offset=0.01, turns="sun", strata="source")

    card = fit(config, mixed, tmp_path).content

    assert card["augmentation"]["shadows_moved"] == 0  # no sun is known: nothing was turned
    assert set(card["sampling"]["strata"]["shares"]) == {"campaign", "cloudsen12"}


def test_the_card_says_how_often_shadows_were_moved_and_what_was_drawn(mixed, tmp_path):
    card = fit(small(), mixed, tmp_path).content

    assert 0.5 < card["augmentation"]["shadows_moved"] < 1
    assert card["sampling"]["drawn"]["earlier_share"] >= 0.3
    assert sum(card["sampling"]["drawn"]["for_a_class"].values()) < 48


def test_the_card_holds_the_calibration_of_every_class(mixed, tmp_path):
    card = fit(small(members=2), mixed, tmp_path).content

    assert len(card["temperatures"]) == 2
    assert card["calibration"]["held_out"] is True
    for moment in ("ece_before", "ece_after"):
        assert set(card["calibration"][moment]) == {"clear", "cloud", "semi-transparent", "shadow"}


class Tight:
    """A machine that gives no memory to more than so many crops at once, from a step on.

    It speaks as torch's allocator does, through the progress that a fit reports.
    """

    def __init__(self, crops, *, after=4):
        self.crops, self.after, self.at_once, self.events = crops, after, 4, []

    def __call__(self, event):
        self.events.append(event)
        if event["event"] == "memory":
            self.at_once = event["crops_at_once"]
        elif (
            event.get("stage") == "fit" and event["done"] > self.after and self.at_once > self.crops
        ):
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")


def test_where_memory_runs_out_the_fit_goes_on_from_its_checkpoint_with_half_as_much(
    mixed, tmp_path
):
    tight = Tight(2)

    card = fit(small(), mixed, tmp_path, report=tight).content

    steps = [event["done"] for event in tight.events if event.get("stage") == "fit"]
    assert steps == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    (told,) = [event for event in tight.events if event["event"] == "memory"]
    assert told["crops_at_once"] == 2
    assert "can't allocate" in told["message"]
    assert card["memory"] == {"parts": 2, "crops_at_once": 2}
    assert card["sampling"]["drawn"]["crops"] == 48
    assert not (tmp_path / CHECKPOINT).exists()


def test_without_a_checkpoint_it_begins_again(mixed, tmp_path):
    tight = Tight(1, after=0)

    card = fit(small(checkpoint_every=100), mixed, tmp_path, report=tight).content

    assert [e["crops_at_once"] for e in tight.events if e["event"] == "memory"] == [2, 1]
    assert card["memory"] == {"parts": 4, "crops_at_once": 1}


def test_a_machine_too_small_for_a_single_crop_is_told(mixed, tmp_path):
    tight = Tight(0)

    with pytest.raises(RuntimeError, match="allocate memory"):
        fit(small(), mixed, tmp_path, report=tight)

    assert [e["crops_at_once"] for e in tight.events if e["event"] == "memory"] == [2, 1]


def test_pieces_of_a_batch_pull_as_the_batch_does(mixed):
    """Where nothing is pooled over the batch: cross-entropy, settled norms, no dropout."""
    whole, pieces = (gradient_of(mixed, parts=parts) for parts in (1, 3))

    for one, other in zip(whole, pieces, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-6)


def gradient_of(folder, *, parts):
    """Of the step after the norms have settled, in so many pieces of four crops."""
    settings = {"dice_weight": 0.0, "class_weighting": "none", "settle": 0.5, "dropout": 0.0}
    config, snapshot = small(**settings, augment=False, clip=1e6), open_snapshot(folder)
    pool = snapshot.of_split("pool")
    counted = survey(snapshot, pool, report=lambda done: None)
    bench = Bench(
        config=config,
        network=UNetConfig(3, 4, config.width, config.depth, config.dropout),
        normalisation=counted.normalisation,
        class_weight=class_weights(config, counted.pixels),
        device=torch.device("cpu"),
        precision=torch.float32,
    )
    source = CropSource(snapshot, pool, counted, config, member=0)
    learner = Learner(bench, source, first=None, parts=parts)
    learner.step = 6
    next(learner.learn())
    return [parameter.grad for parameter in learner.net.parameters()]


def test_a_wrong_range_is_a_usage_error(mixed, tmp_path, capsys):
    status = main(["fit", str(mixed), str(tmp_path / "out"), "--set", "scale=3"])

    event = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 2
    assert (event["code"], event["field"]) == ("bad_config", "scale")
