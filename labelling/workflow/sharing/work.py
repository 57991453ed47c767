"""What a kind of job tells of its shards: how they are done, and which workers may help."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.models import Job
from labelling.workflow.sharing.hold import Hold

WORKER = f"{socket.gethostname()}:{os.getpid()}"
"""This worker: machine and main process. The processes it forks have the same name."""
Do = Callable[[Hold], dict[str, Any]]
"""Does the shard `hold.n` from beginning to end, puts what it makes into storage, and returns the
shard's result: small, JSON, and the same whoever does it.

It calls `hold.tick` often. What it raises decides what becomes of the shard, see `stay.py`."""


@dataclass(frozen=True)
class Work:
    """The work of one kind of job."""

    help: enqueue.Job
    """The message that calls helpers; its queue says which workers hear it."""
    begin: Callable[[Job, Blobs], AbstractContextManager[Do]]
    """A worker's stay: entered before the first shard it gets, left after the last one. What is
    needed for every shard (a model, a child process) is made by the first call and kept."""
    alone: bool = False
    """Whether one process a worker is enough, since it takes all of the machine."""


class NotHere(Exception):
    """This worker can't do this shard, though another may; the message says which and why."""
