"""What a GPU would be asked to do, on machines without one.

Tensors of torch's `meta` device have shapes and no values. They refuse to be mixed with the CPU's
as a GPU's do, so an array that was left behind is found here.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from tests.training.beside import BANDS, EVERYTHING, SIZE, beside, rich_snapshot
from tests.training.snapshots import paint, painted_snapshot
from training import device, fit, member, predict
from training.config import FitConfig
from training.crops import CropSource
from training.device import environment, repeatable
from training.errors import BadConfig
from training.features.sets import parse
from training.member import Bench, Learner, class_weights
from training.planes import Tile
from training.predict import Ensemble, load, prepared
from training.scale.memory import reading_of
from training.scale.team import team
from training.snapshot import open_snapshot
from training.survey import survey
from training.unet import UNetConfig

META, CUDA = torch.device("meta"), torch.device("cuda")
LIGHTS = {"haze": 0.02, "offset": 0.01, "band_dropout": 0.5, "mask_dropout": 0.5}


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return rich_snapshot(tmp_path_factory.mktemp("rich"))


def surveyed(folder, config):
    snapshot = open_snapshot(folder)
    pool = snapshot.of_split("pool")
    features = parse(config.features)
    return snapshot, survey(snapshot, pool, report=lambda done: None, features=features)


def learner_on(where, folder, config):
    snapshot, counted = surveyed(folder, config)
    bands = counted.layout.size(len(BANDS))
    bench = Bench(
        config=config,
        network=UNetConfig(bands, 4, config.width, config.depth, config.dropout),
        normalisation=counted.normalisation,
        class_weight=class_weights(config, counted.pixels).to(where),
        device=where,
        precision=torch.float32,
        layout=counted.layout,
    )
    pool = snapshot.of_split("pool")
    learner = Learner(bench, CropSource(snapshot, pool, counted, config, member=0), first=None)
    # The fused step is for devices that compute; what it is given is the same.
    learner.optimiser = torch.optim.AdamW(learner.net.parameters())
    return learner


@pytest.mark.parametrize("loss", ["ce", "focal"])
@pytest.mark.parametrize("lights", [LIGHTS, {"augment": False}])
def test_a_step_leaves_no_array_on_the_cpu(rich, monkeypatch, loss, lights):
    monkeypatch.setattr(member.torch, "autocast", lambda *words, **more: nullcontext())
    config = FitConfig(
        width=2, depth=2, crop=32, batch=3, steps=2, features=EVERYTHING, loss=loss, **lights
    )

    losses = list(learner_on(META, rich, config).learn())

    assert [each.device for each in losses] == [META, META]


def test_a_tile_and_all_that_lies_beside_it_go_where_the_network_is(rich):
    config = FitConfig(width=2, depth=2, crop=32, features=EVERYTHING)
    _, counted = surveyed(rich, config)
    network = UNetConfig(counted.layout.size(len(BANDS)), 4, 2, 2)
    learner = learner_on(torch.device("cpu"), rich, config)
    ensemble = Ensemble(
        [prepared(network, learner.average, META, torch.bfloat16)],
        normalisation=counted.normalisation,
        temperatures=[1.0],
        classes=open_snapshot(rich).classes,
        layout=counted.layout,
    )
    bands, label = paint(3, bands=len(BANDS), size=SIZE)
    bands[:, :2] = 0  # no data
    planes = {**beside(3, label), "sun": np.array([40.0, 160.0], np.float32)}

    found = ensemble.logits(Tile(bands[:, :29], {n: cut(p) for n, p in planes.items()}))

    assert (found.device, found.shape) == (META, (1, 4, 29, SIZE))


def cut(plane):
    """Of 29 rows, which is no multiple of the network's step."""
    return plane if plane.ndim == 1 else plane[..., :29, :]


@pytest.fixture
def cudnn(monkeypatch):
    """What a fresh process has."""
    flags = torch.backends.cudnn
    monkeypatch.setattr(flags, "deterministic", False)
    monkeypatch.setattr(flags, "benchmark", True)
    return flags


def test_a_gpu_is_told_to_give_the_same_bits_each_time(cudnn):
    repeatable(torch.device("cpu"))
    assert (cudnn.deterministic, cudnn.benchmark) == (False, True)

    repeatable(CUDA)
    assert (cudnn.deterministic, cudnn.benchmark) == (True, False)


def test_fitting_and_loading_a_model_tell_the_device_they_choose(tmp_path, monkeypatch):
    told = []
    for module in (fit, predict):
        monkeypatch.setattr(module, "repeatable", lambda where: told.append(where.type))
    config = FitConfig(width=2, depth=2, crop=32, batch=2, steps=1, device="cpu", threads=1)

    fit.fit(config, painted_snapshot(tmp_path), tmp_path / "model")
    load(tmp_path / "model", device="cpu")

    assert told == ["cpu", "cpu"]


def test_a_card_names_the_libraries_of_a_gpu(monkeypatch):
    monkeypatch.setattr(device.torch.cuda, "get_device_name", lambda where: "H200")
    monkeypatch.setattr(device.torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(device.torch.version, "cuda", "12.8")

    told = environment(CUDA, torch.bfloat16)

    assert (told["device"], told["cuda"], told["cudnn"]) == ("cuda H200", "12.8", 91002)
    assert "cuda" not in environment(torch.device("cpu"), torch.float32)


class Gpu:
    """A GPU's memory, in bytes: a fit keeps some for good, and each crop takes some for a while."""

    def __init__(self, monkeypatch, *, size, kept, crop):
        self.size, self.kept, self.crop = size, kept, crop
        self.held = self.peak = 0
        answers = {
            "memory_allocated": lambda where: self.held,
            "max_memory_allocated": lambda where: self.peak,
            "mem_get_info": lambda where: (self.size - self.held, self.size),
            "reset_peak_memory_stats": lambda where: setattr(self, "peak", self.held),
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)

    def step(self, crops):
        needed = self.kept + crops * self.crop
        if needed > self.size:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.held, self.peak = self.kept, max(self.peak, needed)


def test_the_memory_that_crops_take_is_read_beside_what_a_fit_keeps(monkeypatch):
    gpu = Gpu(monkeypatch, size=1000, kept=300, crop=100)

    reading = reading_of(CUDA, gpu.step)

    assert reading.free == 700
    assert [reading.by_crops(count) for count in (1, 2)] == [100, 200]


def test_a_step_that_does_not_fit_is_read_as_twice_what_is_free(monkeypatch):
    gpu = Gpu(monkeypatch, size=450, kept=300, crop=100)

    reading = reading_of(CUDA, gpu.step)

    assert [reading.by_crops(count) for count in (1, 2)] == [100, 300]


def test_more_processes_than_gpus_are_refused_before_they_meet(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    started = {"WORLD_SIZE": "2", "LOCAL_RANK": "1"}

    with pytest.raises(BadConfig, match="no GPU: there are 1"), team(CUDA, started):
        pass
