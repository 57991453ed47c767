import copy

import pytest
import torch

from training import unet
from training.unet import UNet, UNetConfig, describe, folded, pixelwise


@pytest.fixture
def net():
    torch.manual_seed(0)
    net = UNet(UNetConfig(bands=3, classes=5, width=4, depth=2, dropout=0.5))
    net.train()
    for _ in range(3):
        net(torch.randn(2, 3, 16, 16))  # batch norms that are no identity
    return net.eval()


def test_one_logit_per_class_and_pixel(net):
    assert net(torch.zeros(2, 3, 16, 8)).shape == (2, 5, 16, 8)


def test_the_embedding_holds_mean_and_deviation_of_the_deepest_features(net):
    x = torch.randn(2, 3, 16, 16)

    logits, embedding = net.forward_with_embedding(x, torch.ones(2, 1, 16, 16))

    deepest = net.encode(x)[-1]
    assert torch.equal(logits, net(x))
    assert embedding.shape == (2, net.embedding_size)
    assert torch.allclose(embedding[:, :16], deepest.mean(dim=(2, 3)), atol=1e-6)
    assert torch.allclose(embedding[:, 16:], deepest.std(dim=(2, 3), correction=0), atol=1e-4)


def test_pixels_without_data_leave_no_mark_on_an_embedding():
    features = torch.tensor([[[[1.0, 3.0], [100.0, 100.0]]]])
    weight = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])

    assert describe(features, weight).tolist() == [[2.0, 1.0]]
    assert describe(features, torch.zeros_like(weight)).tolist() == [[0.0, 0.0]]


def test_folding_and_layout_leave_the_function_as_it_was(net):
    x = torch.randn(1, 3, 32, 16)
    before = net(x)

    after = pixelwise(folded(copy.deepcopy(net)))(x)

    assert torch.allclose(before, after, atol=1e-4)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded(net).modules())


def test_one_pass_or_two_is_the_same(net, monkeypatch):
    x = torch.randn(1, 3, 32, 32)
    quick = pixelwise(folded(net))
    one = quick(x)

    monkeypatch.setattr(unet, "ONE_PASS", False)
    two = quick(x)

    assert torch.allclose(one, two, atol=1e-5)


def test_channels_are_dropped_when_asked_for_and_only_then(net):
    x = torch.randn(1, 3, 16, 16)

    assert torch.equal(net(x), net(x))
    net.monte_carlo = True
    assert not torch.equal(net(x), net(x))


def parameters(**config) -> int:
    return sum(each.numel() for each in UNet(UNetConfig(**config)).parameters())


def test_64_channels_at_five_levels_is_the_papers_network():
    """Ronneberger et al. 2015: 31 030 658 parameters for one band and two classes. Its
    convolutions have a bias where ours have a batch norm's scale and shift: one more a channel."""
    down, up = (64, 128, 256, 512, 1024), (512, 256, 128, 64)
    convolved = 2 * sum(down) + 2 * sum(up)

    assert parameters(bands=1, classes=2, width=64, depth=4) - convolved == 31_030_658


@pytest.mark.parametrize(("width", "millions"), [(16, 1.9), (32, 7.8)])
def test_the_working_sizes_are_as_large_as_they_are_said_to_be(width, millions):
    assert parameters(bands=13, classes=4, width=width) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_channels_are_dropped_at_the_two_deepest_stages_alone(depth, monkeypatch):
    dropped = []
    drop = unet.functional.dropout2d
    monkeypatch.setattr(
        unet.functional, "dropout2d", lambda x, share: dropped.append(x.shape[1]) or drop(x, share)
    )
    net = UNet(UNetConfig(bands=2, classes=2, width=2, depth=depth, dropout=0.5)).train()

    net(torch.randn(2, 2, 2 ** (depth + 1), 2 ** (depth + 1)))

    assert dropped == [2 * 2 ** (depth - 1), 2 * 2**depth]


def test_a_machine_without_bf16_computes_it_all_the_same(net, monkeypatch):
    x = torch.randn(1, 3, 32, 32)
    exact = pixelwise(folded(copy.deepcopy(net)))(x)
    rough = pixelwise(folded(net).bfloat16())
    monkeypatch.setattr(unet, "fuses_bf16", lambda: False)

    found = rough(x.bfloat16())

    assert found.dtype == torch.bfloat16
    assert (found.float() - exact).abs().max() < 0.1 * exact.abs().max()
