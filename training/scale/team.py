"""The processes that make one fit together: who reads which crops, and what they tell each other.

Every process has the whole network and its own rows of each batch. The loss is that of the whole
batch, so the sum of what every process adds to a gradient is the gradient of one process that has
all rows. W processes; a batch may be learnt in pieces, one after the other.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from training.errors import BadCheckpoint, BadConfig, RankLost

LONGEST = timedelta(hours=2)
"""That a process waits for another: the leader judges the validation split meanwhile."""
LOST = ("gloo", "Connection closed", "Connection reset", "NCCL", "Broken pipe")
"""Words in what torch says when another process is gone; for gloo it has no error of its own."""


@dataclass(frozen=True)
class Piece:
    """What one process has of a piece of a batch."""

    own: slice
    """Of the rows that it reads."""
    place: slice
    """Where these lie in the piece."""
    sizes: tuple[int, ...]
    """Rows of each process in the piece."""

    @property
    def count(self) -> int:
        """Rows of all processes together."""
        return sum(self.sizes)


@dataclass(frozen=True)
class Team:
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        return self.size == 1

    def pieces(self, batch: int, parts: int) -> list[Piece]:
        """A batch in `parts` pieces, each shared out; no process is ever without a row.

        Raises BadConfig where there are more processes than rows.
        """
        bounds = self._bounds(batch, parts)
        found, read = [], 0
        for first, last in pairwise(bounds):
            sizes = tuple(len(rows) for rows in np.array_split(np.arange(last - first), self.size))
            before = sum(sizes[: self.rank])
            mine = sizes[self.rank]
            found.append(Piece(slice(read, read + mine), slice(before, before + mine), sizes))
            read += mine
        return found

    def rows(self, batch: int, parts: int) -> NDArray[np.int64]:
        """The rows of a batch that this process reads, in the order of its pieces."""
        bounds = self._bounds(batch, parts)
        mine = [
            np.arange(first, last)[piece.place]
            for (first, last), piece in zip(pairwise(bounds), self.pieces(batch, parts))
        ]
        return np.concatenate(mine)

    def _bounds(self, batch: int, parts: int) -> list[int]:
        if batch < self.size:
            raise BadConfig(
                f"batch is {batch}, too few crops for {self.size} processes: start as many at "
                "most, or raise batch.",
                field="batch",
            )
        if self.alone:
            at_once = -(-batch // parts)
            return [*range(0, batch, at_once), batch]
        parts = min(parts, batch // self.size)
        return [number * batch // parts for number in range(parts + 1)]

    def whole(self, own: Tensor, piece: Piece) -> Tensor:
        """(n, …) of this process to the rows of all, in order; only its own have a gradient."""
        if self.alone:
            return own
        most = max(piece.sizes)
        sent = own.new_zeros((most, *own.shape[1:]))
        sent[: len(own)] = own.detach()
        got = [torch.empty_like(sent) for _ in piece.sizes]
        dist.all_gather(got, sent)
        parts = [each[:count] for each, count in zip(got, piece.sizes, strict=True)]
        parts[self.rank] = own
        return torch.cat(parts)

    def add_up(self, gradients: Sequence[Tensor]) -> None:
        """Replace each by its sum over the processes: the same bits in all of them."""
        if self.alone:
            return
        flat = torch.cat([each.reshape(-1) for each in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat, [each.numel() for each in gradients])
        for each, summed in zip(gradients, parts, strict=True):
            each.copy_(summed.view_as(each))

    def counted(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole numbers, summed over the processes."""
        if self.alone:
            return counts
        found = torch.from_numpy(counts.copy()).to(_meeting_place())
        dist.all_reduce(found)
        return found.cpu().numpy()

    def least(self, number: int) -> int:
        """The smallest of what the processes name."""
        if self.alone:
            return number
        found = torch.tensor(number, device=_meeting_place())
        dist.all_reduce(found, op=dist.ReduceOp.MIN)
        return int(found)

    def agree(self, number: int, what: str) -> None:
        """Raises BadCheckpoint where the processes name different numbers, or don't see one
        folder."""
        if self.least(number) != -self.least(-number):
            raise BadCheckpoint(
                f"The processes differ in {what}: give all of them folders that all see.",
                field="resume",
            )


ALONE = Team()


def _meeting_place() -> torch.device:
    """Where tensors must lie to be sent: nccl sends none from the CPU."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


@contextmanager
def team(device: torch.device, environment: Mapping[str, str] = os.environ) -> Iterator[Team]:
    """The team that `torch.distributed.run` started this process in, by its environment; without
    it, ALONE. `device`: the kind of device that they fit on.

    On GPUs each process takes the one of its LOCAL_RANK. Raises BadConfig where there are fewer,
    RankLost where another process ends before its work is done.
    """
    if int(environment.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        _take_gpu(int(environment.get("LOCAL_RANK", "0")))
    with losses_named():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=LONGEST)
        try:
            yield Team(dist.get_rank(), dist.get_world_size())
        finally:
            dist.destroy_process_group()


def _take_gpu(local: int) -> None:
    gpus = torch.cuda.device_count()
    if local >= gpus:
        raise BadConfig(
            f"Process {local} of this machine has no GPU: there are {gpus}. Start as many.",
            field="nproc-per-node",
        )
    torch.cuda.set_device(local)


@contextmanager
def losses_named() -> Iterator[None]:
    """What torch raises because another process is gone becomes RankLost."""
    try:
        yield
    except RuntimeError as problem:
        if not is_loss(problem):
            raise
        raise RankLost(
            f"Another process of this fit has ended ({str(problem).splitlines()[0][:200]}). Its "
            "own last line says why; then start all again with --resume.",
            field="rank",
        ) from problem


def is_loss(problem: Any) -> bool:
    return isinstance(problem, dist.DistError) or any(word in str(problem) for word in LOST)
