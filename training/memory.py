"""When memory runs out, and how it is kept between steps."""

import ctypes
import gc
import platform

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h of glibc
KEPT = 2**30
"""Bytes at the end of the heap that may lie idle before they go back to the machine."""


def ran_out(problem: BaseException) -> bool:
    """Whether this is the machine, or the device, giving no more memory."""
    if isinstance(problem, MemoryError | torch.OutOfMemoryError):
        return True
    # torch's CPU allocator raises a bare RuntimeError.
    return isinstance(problem, RuntimeError) and "allocate memory" in str(problem)


def tidy() -> None:
    """Give back what is no longer used, to the machine and to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def keep_what_is_freed() -> bool:
    """Let this process use its memory again instead of giving it back after every layer.

    A step frees and takes the same hundred large arrays; by glibc's defaults most of them are new
    to the process each time, and the kernel has to clear them page by page. True where it took.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, KEPT))
