"""Where arrays are computed, in which precision, and how that machine is described."""

import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.errors import BadConfig
from training.files import sha256

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux tells what the CPU can do."""


def choose_device(name: str) -> torch.device:
    """auto | cpu | cuda. Raises BadConfig for cuda where there is none."""
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise BadConfig("device is cuda, but torch finds no CUDA device here.", field="device")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """auto | bf16 | fp32; auto is bf16 on a GPU that has it and on a CPU with AMX, else fp32.

    With AVX-512 BF16 alone our networks took 1.25 to 1.5 times as long in bf16 as in fp32.
    bf16 that is asked for by name is computed on any machine, if slowly.
    """
    if name == "auto":
        name = "bf16" if _bf16_is_faster(device) else "fp32"
    return torch.bfloat16 if name == "bf16" else torch.float32


def _bf16_is_faster(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch's own question for the CPU is private; the kernel's answer is not.
    return CPUINFO.exists() and "amx_bf16" in CPUINFO.read_text().split()


def repeatable(device: torch.device) -> None:
    """Let a GPU give the same bits each time; a CPU only needs the same number of threads.

    Left to itself cuDNN may sum gradients in whatever order they arrive. None of the other
    operations of a fit adds to one place from several threads.
    """
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def environment(device: torch.device, precision: torch.dtype) -> dict[str, Any]:
    """What the bits of a result may depend on, besides its inputs."""
    on_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_gpu else platform.machine()
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    libraries = {"cuda": torch.version.cuda, "cudnn": cudnn}
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "device": f"{device.type} {name}",
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "precision": str(precision).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        **(libraries if on_gpu else {}),
    }


def code_hash() -> str:
    """sha256 over this package's sources, those of its rooms too: the version of the code, with or
    without git."""
    folder = Path(__file__).parent
    return sha256(b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*.py"))))
