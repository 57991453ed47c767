"""Where arrays are computed, in which precision, and how that machine is described."""

import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.errors import BadConfig
from training.files import sha256


def choose_device(name: str) -> torch.device:
    """auto | cpu | cuda. Raises BadConfig for cuda where there is none."""
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise BadConfig("device is cuda, but torch finds no CUDA device here.", field="device")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """auto | bf16 | fp32; auto is bf16 where the hardware multiplies bf16 itself."""
    if name == "auto":
        name = "bf16" if _multiplies_bf16(device) else "fp32"
    return torch.bfloat16 if name == "bf16" else torch.float32


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch's own question for the CPU is private; the kernel's answer is not.
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text().split() if cpuinfo.exists() else []
    return "avx512_bf16" in flags or "amx_bf16" in flags


def environment(device: torch.device, precision: torch.dtype) -> dict[str, Any]:
    """What the bits of a result may depend on, besides its inputs."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "device": f"{device.type} {name}",
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "precision": str(precision).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def code_hash() -> str:
    """sha256 over this package's sources: the version of the code, with or without git."""
    folder = Path(__file__).parent
    return sha256(b"\0".join(path.read_bytes() for path in sorted(folder.glob("*.py"))))
