from .annotation import Annotation, Review
from .campaign import (
    DEFAULT_CLASSES,
    SENTINEL2_BANDS,
    UNLABELLED,
    UNSURE,
    Campaign,
    ClassSchema,
    Membership,
    role_of,
)
from .event import Event, IdempotencyKey, Outbox, record
from .job import JOB_LEASE, Job
from .round import Model, Round, Score, Snapshot
from .scene import Acquisition, Installation, Place, Scene
from .task import LEASE, Assignment, Draft, Ranking, Reservation, Task, TaskRank
from .tile import CampaignTile, Layer, Tile

__all__ = [
    "DEFAULT_CLASSES",
    "JOB_LEASE",
    "LEASE",
    "SENTINEL2_BANDS",
    "UNLABELLED",
    "UNSURE",
    "Acquisition",
    "Annotation",
    "Assignment",
    "Campaign",
    "CampaignTile",
    "ClassSchema",
    "Draft",
    "Event",
    "IdempotencyKey",
    "Installation",
    "Job",
    "Layer",
    "Membership",
    "Model",
    "Outbox",
    "Place",
    "Ranking",
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
