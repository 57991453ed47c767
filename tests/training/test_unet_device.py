"""Which device and precision a network gets, and what is said where there is none."""

import pytest
import torch

from training import device
from training.device import choose_device, choose_precision
from training.errors import BadConfig
from training.unet import UNet, UNetConfig, pixelwise

CPU = torch.device("cpu")


@pytest.fixture
def cpu_flags(monkeypatch, tmp_path):
    """Make the machine's CPU one with these flags."""

    def written(flags: str) -> None:
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor : 0\nflags : fpu {flags} sse\n")
        monkeypatch.setattr(device, "CPUINFO", path)

    return written


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("avx2 avx512f", torch.float32),
        ("avx512f avx512_bf16", torch.float32),
        ("avx512_bf16 amx_tile amx_bf16", torch.bfloat16),
    ],
)
def test_auto_is_bf16_where_the_cpu_has_amx_and_else_fp32(cpu_flags, flags, expected):
    cpu_flags(flags)

    assert choose_precision("auto", CPU) == expected


def test_a_precision_asked_for_by_name_is_taken(cpu_flags):
    cpu_flags("avx2")

    assert choose_precision("bf16", CPU) == torch.bfloat16
    assert choose_precision("fp32", CPU) == torch.float32


def test_auto_is_fp32_on_a_machine_that_does_not_say_what_it_can(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "none")

    assert choose_precision("auto", CPU) == torch.float32


def test_auto_is_the_cpu_where_there_is_no_other(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert choose_device("auto") == CPU
    with pytest.raises(BadConfig) as refusal:
        choose_device("cuda")
    assert refusal.value.field == "device"


def test_cuda_is_taken_where_it_is_there_unless_the_cpu_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    assert choose_device("auto").type == "cuda"
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize(("emulated", "expected"), [(True, torch.float32), (False, torch.bfloat16)])
def test_auto_on_a_gpu_is_bf16_only_where_it_is_no_emulation(monkeypatch, emulated, expected):
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: including_emulation or not emulated,
    )

    assert choose_precision("auto", torch.device("cuda")) == expected


def test_weights_lie_with_a_pixels_channels_together():
    net = pixelwise(UNet(UNetConfig(bands=3, classes=2, width=4, depth=1)))

    layouts = [
        weight.is_contiguous(memory_format=torch.channels_last)
        for weight in net.parameters()
        if weight.dim() == 4
    ]
    assert layouts
    assert all(layouts)
