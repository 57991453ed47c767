"""Heavy processes give way to light ones, and end before they take all memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
from pathlib import Path

from django.conf import settings

from labelling.errors import JobFailed

IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
"""Number of the system call, by machine (linux/unistd.h)."""
IOPRIO_WHO_PROCESS, BEST_EFFORT, LAST = 1, 2, 7  # linux/ioprio.h


def giving_way(command: list[str]) -> list[str]:
    """The command, run so that it yields the processor to others by CHILD_NICENESS.

    It replaces `nice` in its process: pid and parent are those of what was started.
    """
    niceness, program = settings.CHILD_NICENESS, shutil.which("nice")
    return [program, "-n", str(niceness), *command] if niceness and program else command


def yield_disk(pid: int) -> None:
    """The same for the disk, where CHILD_NICENESS isn't 0. Linux only; elsewhere nothing."""
    call = IOPRIO_SET.get(platform.machine()) if platform.system() == "Linux" else None
    if call and settings.CHILD_NICENESS:
        ctypes.CDLL(None).syscall(call, IOPRIO_WHO_PROCESS, pid, BEST_EFFORT << 13 | LAST)


def check_memory(pid: int) -> None:
    """Raises JobFailed where the process and what it started hold more than CHILD_MEMORY_MB."""
    ceiling = settings.CHILD_MEMORY_MB
    if not ceiling:
        return
    held = sum(resident(each) for each in family(pid)) / 2**20
    if held > ceiling:
        raise JobFailed(
            f"The work took {held:.0f} MB of memory; it may take {ceiling}.",
            field="CHILD_MEMORY_MB",
            help="Lower batch or crop in the campaign's training settings, or raise "
            "CHILD_MEMORY_MB on machines that have more.",
        )


def family(pid: int) -> list[int]:
    """The process, its children and theirs. Linux only; elsewhere it alone."""
    found, new = [pid], [pid]
    while new:
        parent = new.pop()
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(word) for word in listed.read_text().split()]
                found += children
                new += children
    return found


def resident(pid: int) -> int:
    """Bytes of memory that are the process's alone, or 0 where that can't be told."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")
