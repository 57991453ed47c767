import json

import pytest
import torch

from training.checkpoint import CARD, WEIGHTS, pack, read_card, read_model, unpack, write_model
from training.errors import BadModel
from training.predict import load
from training.unet import UNet, UNetConfig


@pytest.fixture
def model_dir(tmp_path):
    """A model nobody trained, two members."""
    config = UNetConfig(bands=2, classes=2, width=4, depth=1)
    content = {
        "network": vars(config),
        "bands": ["B02", "B03"],
        "classes": [{"code": 0, "name": "clear"}, {"code": 1, "name": "cloud"}],
        "normalisation": {"transform": "sqrt", "mean": [40.0, 40.0], "deviation": [9.0, 9.0]},
        "temperatures": [1.0, 1.5],
    }
    write_model(tmp_path, [UNet(config).state_dict() for _ in range(2)], content)
    return tmp_path


def test_what_is_written_is_read_back(model_dir):
    card, states = read_model(model_dir)

    assert card.network == UNetConfig(bands=2, classes=2, width=4, depth=1)
    assert card.temperatures == (1.0, 1.5)
    assert card.class_names == ["clear", "cloud"]
    assert len(states) == 2
    assert len(load(model_dir).networks) == 2


def test_packing_is_undone_by_unpacking_and_always_gives_the_same_octets():
    states = [{"head.weight": torch.rand(2, 2)}, {"head.weight": torch.rand(2, 2)}]

    octets = pack(states)

    assert octets == pack(states)
    for before, after in zip(states, unpack(octets, "weights"), strict=True):
        assert torch.equal(before["head.weight"], after["head.weight"])


def test_damaged_weights_are_refused_by_name(model_dir):
    path = model_dir / WEIGHTS
    octets = bytearray(path.read_bytes())
    octets[-5] ^= 255
    path.write_bytes(octets)

    with pytest.raises(BadModel, match="damaged") as refusal:
        load(model_dir)

    assert refusal.value.field == str(path)


def test_an_altered_card_is_refused(model_dir):
    path = model_dir / CARD
    card = json.loads(path.read_text())
    card["temperatures"] = [1.0, 1.0]
    path.write_text(json.dumps(card))

    with pytest.raises(BadModel, match="altered"):
        load(model_dir)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"card_sha256": "00"}'])
def test_a_file_that_is_no_card_is_refused(model_dir, content):
    (model_dir / CARD).write_text(content)

    with pytest.raises(BadModel, match="no card"):
        read_card(model_dir)


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_half_a_model_is_refused_by_the_file_that_lacks(model_dir, name):
    (model_dir / name).unlink()

    with pytest.raises(BadModel) as refusal:
        load(model_dir)

    assert refusal.value.field == str(model_dir / name)


def test_weights_of_another_network_are_refused_by_tensor(model_dir):
    content = dict(read_card(model_dir).content)
    content.pop("card_sha256")
    content.pop("weights")
    other = UNetConfig(bands=2, classes=3, width=4, depth=1)
    write_model(model_dir, [UNet(other).state_dict() for _ in range(2)], content)

    with pytest.raises(BadModel, match=r"head\.bias"):
        load(model_dir)
