"""Everything the workbench refuses to do. Each message is fit to show a person and says what to do.

WorkbenchError
├── BadInput            a file, field or value that can't be used        (field names it)
│   ├── RasterRejected  a raster that can't be read or doesn't fit the campaign
│   └── LabelRejected   a label of the wrong size, or with codes the campaign doesn't have
├── NotFound            no such campaign, task, tile, round …
├── QueueEmpty          nothing is left to claim
├── NotYours            the task is held by someone else, or its lease ran out
├── Conflict            the thing has changed meanwhile, or is in a state that doesn't allow this
│   ├── AlreadyHolding  this person has a tile of another campaign in hand
│   └── LostLease       another worker took this job over
├── NotAllowed          the person's role doesn't permit it
├── StorageAway         storage can't be reached, or fails; the same may work later
└── JobFailed           a child process ended with an error
    ├── NothingToLearn  the labels can't train a model: none at all, or a single class
    └── StaleCheckpoint an interrupted fit that can't be gone on with: the code or device changed
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Base of every refusal."""

    def __init__(self, message: str, *, field: str = "", help: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.help = help


class BadInput(WorkbenchError):
    """A file, field or value that can't be used; `field` names it."""


class RasterRejected(BadInput):
    """A raster that can't be read or doesn't fit the campaign."""


class LabelRejected(BadInput):
    """A label of the wrong size, or with codes the campaign doesn't have."""


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


class LostLease(Conflict):
    """Another worker took this job over."""


class NotAllowed(WorkbenchError):
    """The person's role doesn't permit it."""


class StorageAway(WorkbenchError):
    """Storage can't be reached, or fails; the same may work later."""


class JobFailed(WorkbenchError):
    """A child process ended with an error."""


class NothingToLearn(JobFailed):
    """The labels can't train a model: none at all, or a single class."""


class StaleCheckpoint(JobFailed):
    """An interrupted fit that can't be gone on with: the code or the device has changed since."""
