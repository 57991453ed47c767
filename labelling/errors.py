"""Everything the workbench refuses to do. Each message is fit to show a person and says what to do.

WorkbenchError
├── BadInput            a file, field or value that can't be used        (field names it)
│   ├── RasterRejected  a raster that can't be read or doesn't fit the campaign
│   ├── LabelRejected   a label of the wrong size, or with codes the campaign doesn't have
│   └── NeedsConfirmation  a label with warnings that its author hasn't overruled
├── NotFound            no such campaign, task, tile, round …
├── QueueEmpty          nothing is left to claim
├── NotYours            the task is held by someone else, or its lease ran out
├── Conflict            the thing has changed meanwhile, or is in a state that doesn't allow this
│   ├── AlreadyHolding  this person has a tile of another campaign in hand
│   ├── StaleDraft      another tab or machine has saved a newer version of the draft
│   ├── LimitReached    this person has as much unfinished as the campaign allows
│   ├── AtWorkElsewhere  another worker has it in hand; the same may work when that one has ended
│   └── LostLease       another worker took this job over
├── NotAllowed          the person's role doesn't permit it
├── StorageAway         storage can't be reached, or fails; the same may work later
├── CvatError           what a CVAT server answered, or that it didn't
│   ├── CvatAway        it can't be reached, is overloaded or fails; the same may work later
│   ├── CvatRefused     it doesn't do what was asked; the same won't work later
│   ├── CvatForbidden   its token is wrong, has ended, or may not do this
│   ├── CvatGone        the project, task, job or label isn't there (any more)
│   └── CvatProtocol    what answered doesn't speak as a CVAT of a known version does
└── JobFailed           a child process ended with an error
    ├── NothingToLearn  the labels can't train a model: none at all, or a single class
    └── StaleCheckpoint an interrupted fit that can't be gone on with: the code or device changed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class WorkbenchError(Exception):
    """Base of every refusal."""

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        help: str = "",
        findings: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.field = field
        self.help = help
        self.findings = list(findings)
        """What was found one by one, where that is more than one message can tell."""
        self.draft: int | None = None
        """Version of the person's draft that keeps what was refused; None: nothing was kept."""


class BadInput(WorkbenchError):
    """A file, field or value that can't be used; `field` names it."""


class RasterRejected(BadInput):
    """A raster that can't be read or doesn't fit the campaign."""


class LabelRejected(BadInput):
    """A label of the wrong size, or with codes the campaign doesn't have."""


class NeedsConfirmation(BadInput):
    """A label with warnings that its author hasn't overruled; `findings` has them one by one."""


class NotFound(WorkbenchError):
    """No such campaign, task, tile, round …"""


class QueueEmpty(WorkbenchError):
    """Nothing is left to claim."""


class NotYours(WorkbenchError):
    """The task is held by someone else, or its lease ran out."""


class Conflict(WorkbenchError):
    """The thing has changed meanwhile, or is in a state that doesn't allow this."""


class AlreadyHolding(Conflict):
    """This person has a tile of another campaign in hand."""


class LimitReached(Conflict):
    """This person has as much unfinished work as the campaign allows."""


class StaleDraft(Conflict):
    """Another tab or machine has saved a newer version of the draft."""


class AtWorkElsewhere(Conflict):
    """Another worker is at it; what was asked for may be done once that one has ended."""


class LostLease(Conflict):
    """Another worker took this job over."""


class NotAllowed(WorkbenchError):
    """The person's role doesn't permit it."""


class StorageAway(WorkbenchError):
    """Storage can't be reached, or fails; the same may work later."""


class CvatError(WorkbenchError):
    """What a CVAT server answered, or that it didn't."""


class CvatAway(CvatError):
    """It can't be reached, is overloaded or fails; the same may work later."""

    retry_after: float = 0.0
    """Seconds after which the server wants to be asked again; 0: it didn't say."""
    unwell: bool = True
    """Whether the server itself is in trouble, not just this one request."""


class CvatRefused(CvatError):
    """It doesn't do what was asked; the same won't work later."""


class CvatForbidden(CvatError):
    """Its token is wrong, has ended, or may not do this."""


class CvatGone(CvatError):
    """The project, task, job or label isn't there (any more)."""


class CvatProtocol(CvatError):
    """What answered doesn't speak as a CVAT server of a known version does."""


class JobFailed(WorkbenchError):
    """A child process ended with an error."""


class NothingToLearn(JobFailed):
    """The labels can't train a model: none at all, or a single class."""


class StaleCheckpoint(JobFailed):
    """An interrupted fit that can't be gone on with: the code or the device has changed since."""
