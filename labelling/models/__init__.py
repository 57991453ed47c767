from .annotation import Annotation, Review
from .campaign import (
    DEFAULT_CLASSES,
    HIGHEST_CODE,
    SENTINEL2_BANDS,
    UNLABELLED,
    UNSURE,
    Campaign,
    ClassSchema,
    Membership,
    role_of,
)
from .cvat import CvatBatch, CvatJob, CvatLink, CvatUser
from .event import Event, IdempotencyKey, Outbox, record
from .job import JOB_LEASE, Job
from .model import Evaluation, Model, Release
from .quality import Agreement, Flag, Gold
from .ranking import Ranking, TaskRank
from .reservation import Draft, Reservation
from .round import Round, Score
from .scene import Acquisition, Installation, Place, Scene
from .snapshot import Snapshot
from .task import LEASE, Assignment, Task
from .tile import CampaignTile, Layer, Tile

__all__ = [
    "DEFAULT_CLASSES",
    "HIGHEST_CODE",
    "JOB_LEASE",
    "LEASE",
    "SENTINEL2_BANDS",
    "UNLABELLED",
    "UNSURE",
    "Acquisition",
    "Agreement",
    "Annotation",
    "Assignment",
    "Campaign",
    "CampaignTile",
    "ClassSchema",
    "CvatBatch",
    "CvatJob",
    "CvatLink",
    "CvatUser",
    "Draft",
    "Evaluation",
    "Event",
    "Flag",
    "Gold",
    "IdempotencyKey",
    "Installation",
    "Job",
    "Layer",
    "Membership",
    "Model",
    "Outbox",
    "Place",
    "Ranking",
    "Release",
    "Reservation",
    "Review",
    "Round",
    "Scene",
    "Score",
    "Snapshot",
    "Task",
    "TaskRank",
    "Tile",
    "record",
    "role_of",
]
