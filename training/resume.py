"""Where an interrupted fit goes on: one file, whole or absent, that knows whose it is.

No state of a random generator is kept: every draw is a function of (seed, member, step).
"""

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import CARD, WEIGHTS, Card, State, pack, read_model
from training.config import FitConfig
from training.device import choose_device, choose_precision, code_hash
from training.errors import BadCheckpoint
from training.features.sets import parse
from training.files import sha256, write_whole
from training.snapshot import Snapshot

FORMAT = "cloudmask-checkpoint/2"
CHECKPOINT = "checkpoint.pt"

Run = dict[str, Any]
"""What makes two runs the same: settings, hashes of snapshot and first weights, code."""


@dataclass
class Look:
    """One look at the validation split."""

    step: int
    class_mean_iou: float


@dataclass
class MemberState:
    """A member on its way: all that its next step depends on."""

    step: int
    net: State
    average: State
    """Moving average of the weights and of the batch norms' statistics."""
    optimiser: dict[str, Any]
    best: State | None = None
    """The average that did best on the validation split."""
    looks: list[Look] = field(default_factory=list)
    drawn: dict[str, int] = field(default_factory=dict)
    """Crops learnt from so far, by what they were drawn as."""


@dataclass
class Finished:
    """A member that has learnt what it will."""

    state: State
    looks: list[Look]
    drawn: dict[str, int]


@dataclass
class Progress:
    """A fit on its way: members that are finished, and the one in hand."""

    threads: int
    parts: int = 1
    """Pieces that a batch is learnt in: more after memory ran out."""
    finished: list[Finished] = field(default_factory=list)
    current: MemberState | None = None

    @property
    def untouched(self) -> bool:
        """Whether nothing was learnt yet."""
        return not self.finished and self.current is None

    def steps(self, each: int) -> int:
        """That were made, where a member makes `each`."""
        return len(self.finished) * each + (self.current.step if self.current else 0)


def identity(
    config: FitConfig, snapshot: Snapshot, first: list[State] | None, *, processes: int
) -> Run:
    """What decides the result. When a checkpoint is written does not, nor who reads crops."""
    settings = {**config.as_json(), "features": parse(config.features).text}
    for without_effect in ("checkpoint_every", "checkpoint_minutes", "readers"):
        settings.pop(without_effect)
    device = choose_device(config.device)
    return {
        "config": settings,
        "snapshot": snapshot.hash,
        "init": None if first is None else sha256(pack(first)),
        "code": code_hash(),
        "device": device.type,
        "precision": str(choose_precision(config.precision, device)).removeprefix("torch."),
        "processes": processes,
    }


def adopt_finished(resume: Path, out: Path, run: Run, *, write: bool) -> Card | None:
    """The model in `resume` if the interrupted attempt had finished after all; `write`: moved to
    `out`. Raises BadCheckpoint where it is that of another run."""
    if not (resume / CARD).exists():
        return None
    card, _ = read_model(resume)
    if different := differences(card.content["run"], run):
        raise BadCheckpoint(
            f"{resume} holds the model of another run: {'; '.join(different)}. "
            "Start in another folder, or without resuming.",
            field=str(resume),
        )
    if write and resume.resolve() != out.resolve():
        for name in (WEIGHTS, CARD):
            write_whole(out / name, (resume / name).read_bytes())
    return card


def save(folder: Path, run: Run, progress: Progress) -> None:
    """Write folder/checkpoint.pt beside, then rename. Raises OSError."""
    current = progress.current
    buffer = io.BytesIO()  # torch writing to a full disk raises RuntimeError, which says nothing
    torch.save(
        {
            "format": FORMAT,
            "run": run,
            "threads": progress.threads,
            "parts": progress.parts,
            "finished": [
                {**vars(member), "looks": _plain(member.looks)} for member in progress.finished
            ],
            "current": None
            if current is None
            else {**vars(current), "looks": _plain(current.looks)},
        },
        buffer,
    )
    write_whole(folder / CHECKPOINT, buffer.getvalue())


def restore(folder: Path, run: Run) -> Progress | None:
    """The progress kept in folder/checkpoint.pt; None where there is no such file.

    Raises BadCheckpoint where it cannot be read, or belongs to a run of other settings, another
    snapshot, other first weights or other code; the message names what differs.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        theirs = kept["run"]
        if kept["format"] != FORMAT:
            raise KeyError(FORMAT)
    except (
        RuntimeError,
        OSError,
        EOFError,
        KeyError,
        TypeError,
        pickle.UnpicklingError,
    ) as problem:
        raise BadCheckpoint(
            f"{path} cannot be read ({problem}). Delete it to start from the beginning.",
            field=str(path),
        ) from None
    if different := differences(theirs, run):
        raise BadCheckpoint(
            f"{path} belongs to another run: {'; '.join(different)}. Resume with what it was "
            "started with, or start in another folder.",
            field=str(path),
        )
    return Progress(
        threads=kept["threads"],
        parts=kept["parts"],
        finished=[
            Finished(**{**member, "looks": _looks(member["looks"])}) for member in kept["finished"]
        ],
        current=kept["current"]
        and MemberState(**{**kept["current"], "looks": _looks(kept["current"]["looks"])}),
    )


def differences(theirs: Run, ours: Run, prefix: str = "") -> list[str]:
    """`key was x, is y` for every leaf that is not the same."""
    found: list[str] = []
    for key in sorted(theirs.keys() | ours.keys()):
        old, new = theirs.get(key), ours.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key} was {old!r}, is {new!r}")
    return found


def _plain(looks: list[Look]) -> list[list[float]]:
    return [[look.step, look.class_mean_iou] for look in looks]


def _looks(rows: list[list[float]]) -> list[Look]:
    return [Look(int(step), iou) for step, iou in rows]
