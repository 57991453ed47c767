"""A shard of a round's scoring, done by whichever worker has it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from labelling import enqueue
from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound
from labelling.models import Job
from labelling.workflow.fetching import model_here
from labelling.workflow.pool_listing import with_rasters, write_json
from labelling.workflow.scoring.plan import Header, listing_key, room_of, round_key
from labelling.workflow.sharing.hold import Hold, ShardGone
from labelling.workflow.sharing.work import Do, Work
from labelling.workflow.standing import Standing, Tick

HELPERS = "help-"
"""A helper's folder on its machine begins so; it has the child's log."""


class Scorer(Protocol):
    """Scores tiles: a child process."""

    def ask(self, question: dict[str, Any], tick: Tick) -> dict[str, Any]: ...

    def end(self) -> None: ...


Start = Callable[[Path, Path], Scorer]
"""A scorer that goes by a request, and may write into a folder."""


def child(request: Path, folder: Path) -> Scorer:
    words = ["score", request, folder]
    return Standing("labelling.compute", words, log=folder / "score.log")


@dataclass
class Stay:
    """A worker's stay with a round's scoring: one child, which loads the model once."""

    key: str
    """Blob key of the round's folder."""
    blobs: Blobs
    folder: Path
    """On this machine, nobody else's."""
    start: Start
    header: Header | None = None
    scorer: Scorer | None = None
    ending: ExitStack = field(default_factory=ExitStack)

    def do(self, hold: Hold) -> dict[str, Any]:
        """Score the shard's tiles; {key, sha256, model, members} of the blob with their figures."""
        room = room_of(self.key, hold.shard.plan)
        scorer = self.ready(room, hold)
        tiles = with_rasters(json.loads(self.read(listing_key(room, hold.n))), self.blobs)
        listing = write_json(self.folder / f"{hold.n:05d}.json", {"tiles": tiles})
        out = self.folder / f"{hold.n:05d}.npz"
        told = scorer.ask({"listing": str(listing), "out": str(out)}, hold.tick)
        digest = sha256_of(out)
        key = f"{room}/{hold.n:05d}-{digest[:16]}.npz"
        hold.meanwhile(lambda: self.blobs.write_with(key, lambda to: shutil.copyfile(out, to)))
        out.unlink()
        listing.unlink()
        return {"key": key, "sha256": digest, "model": told["model"], "members": told["members"]}

    def ready(self, room: str, hold: Hold) -> Scorer:
        """The scorer of this plan."""
        if self.header is None or self.header.digest != hold.shard.plan:
            self.end()
            header = Header.read(room, self.blobs)
            header.check_same_here()
            self.header = header
        if self.scorer is None:
            told = self.header.told
            request = hold.meanwhile(lambda: self.request(told))
            self.scorer = self.start(request, self.folder)
        return self.scorer

    def request(self, told: dict[str, Any]) -> Path:
        """The file that tells the child what all shards have in common; the models come here."""
        models = {
            name: str(model_here(told[name], blobs=self.blobs)) if told[name] else ""
            for name in ("model", "before")
        }
        return write_json(self.folder / "score.json", {**told, **models})

    def read(self, key: str) -> bytes:
        try:
            return self.blobs.read(key)
        except NotFound as gone:
            raise ShardGone(f"{key} has gone: the scores were adopted.") from gone

    def end(self) -> None:
        if self.scorer is not None:
            self.scorer.end()
            self.scorer = None


@contextmanager
def begin(
    job: Job, blobs: Blobs, *, folder: Path | None = None, start: Start = child
) -> Iterator[Do]:
    """See `Work.begin`; a helper has a folder of its own."""
    assert job.round is not None
    key = round_key(job.round)
    own = folder or blobs.workplace(f"{key}/{HELPERS}{uuid4().hex[:12]}")
    own.mkdir(parents=True, exist_ok=True)
    stay = Stay(key, blobs, own, start)
    try:
        yield stay.do
    finally:
        stay.end()


SCORE_SHARDS = Work(help=enqueue.Job.SCORE_SHARDS, begin=begin, alone=True)


def conductors(folder: Path, start: Start = child) -> Work:
    """The same for the conductor, whose folder is that of its attempt."""

    def begin_there(job: Job, blobs: Blobs) -> Any:
        return begin(job, blobs, folder=folder, start=start)

    return replace(SCORE_SHARDS, begin=begin_there)
