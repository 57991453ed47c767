"""A child process that does not outlive its parent."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Be killed when the parent named by `WORKBENCH_PARENT` (a pid) ends; without it, do nothing.

    Exits with status 1 where that parent has gone already. The kernel ties the signal to the
    parent's *thread* that started this process: start children from a thread that stays.
    Linux only; elsewhere only the check at the start is made.
    """
    parent = os.environ.get("WORKBENCH_PARENT", "")
    if not parent:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Only after the call above: a parent that died before it would never be noticed.
    if str(os.getppid()) != parent:
        sys.exit(1)
