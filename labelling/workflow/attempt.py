"""One worker's attempt at a round: its folder, its lease, and the fence around what it writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labelling.adapters.beside import beside
from labelling.adapters.blobs import Blobs
from labelling.models import Round
from labelling.workflow.lease import Lease


@dataclass(kw_only=True)
class Attempt(Lease):
    round: Round
    blobs: Blobs

    @property
    def key(self) -> str:
        """Blob key of the round's folder."""
        return f"rounds/{self.round.campaign.slug}/{self.round.n}"

    @property
    def folder(self) -> Path:
        """This attempt's own folder, on this machine: nobody else writes here."""
        return self.folder_of(self.job.token)

    def folder_of(self, token: int | str) -> Path:
        return self.blobs.workplace(f"{self.key}/{token}")

    def has(self, step: str) -> bool:
        """Whether a result of `step` was adopted."""
        return self.blobs.whole(f"{self.key}/{step}")

    def adopted(self, step: str) -> Path:
        """The adopted result of `step`, on this machine. Raises NotFound."""
        return self.meanwhile(lambda: self.blobs.folder(f"{self.key}/{step}"))

    def adopt(self, step: str, *, without: Iterable[str] = ()) -> Path:
        """Make this attempt's result of `step` the round's; the folder that then counts.

        That of a worker that lost its lease after its own check, and was faster, is the same.
        """
        self.check()
        key = f"{self.key}/{step}"
        self.meanwhile(lambda: self.blobs.adopt(self.folder / step, key, without=without))
        return self.adopted(step)

    def inherit(self, step: str, pattern: str) -> None:
        """Copy what earlier attempts on this machine left of `step`: it isn't made again."""
        own = self.folder / step
        own.mkdir(parents=True, exist_ok=True)
        for token in range(self.job.token - 1, 0, -1):
            for file in sorted((self.folder_of(token) / step).glob(pattern)):
                if (own / file.name).exists():
                    continue
                with beside(own / file.name) as draft:
                    shutil.copyfile(file, draft)
                    draft.rename(own / file.name)
                self.tick()

    def begin(self, step: str) -> None:
        """Note that `step` has begun (the first time), and that it is what is in progress."""
        with self.fenced() as now:
            self.round.steps.setdefault(step, {"started": now.isoformat()})
            self.round.save(update_fields=["steps"])
            self.job.held().update(progress={"stage": step})
