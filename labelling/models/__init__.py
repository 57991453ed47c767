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
    campaigns_of,
    role_left,
    role_of,
)
from .cvat import CvatBatch, CvatJob, CvatLink, CvatUser
from .event import Event, IdempotencyKey, Outbox, record
from .guidance import Guidance
from .job import JOB_LEASE, LONGEST_PAUSE, Job
from .lesson import Duel, Foresight, LabelCost, TileFigures
from .model import Evaluation, Model, Release
from .quality import Agreement, Flag, Gold
from .ranking import Ranking, TaskRank
from .reservation import Draft, Reservation
from .round import Round, Score
from .scene import Acquisition, Installation, Place, Scene
from .schedule import Chore, DeadTask, Schedule
from .shard import Shard
from .snapshot import Snapshot
from .task import LEASE, Assignment, Task
from .tile import CampaignTile, Layer, Tile
from .token import Token, token_of

__all__ = [
    "DEFAULT_CLASSES",
    "HIGHEST_CODE",
    "JOB_LEASE",
    "LEASE",
    "LONGEST_PAUSE",
    "SENTINEL2_BANDS",
    "UNLABELLED",
    "UNSURE",
    "Acquisition",
    "Agreement",
    "Annotation",
    "Assignment",
    "Campaign",
    "CampaignTile",
    "Chore",
    "ClassSchema",
    "CvatBatch",
    "CvatJob",
    "CvatLink",
    "CvatUser",
    "DeadTask",
    "Draft",
    "Duel",
    "Evaluation",
    "Event",
    "Flag",
    "Foresight",
    "Gold",
    "Guidance",
    "IdempotencyKey",
    "Installation",
    "Job",
    "LabelCost",
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
    "Schedule",
    "Score",
    "Shard",
    "Snapshot",
    "Task",
    "TaskRank",
    "Tile",
    "TileFigures",
    "Token",
    "campaigns_of",
    "record",
    "role_left",
    "role_of",
    "token_of",
]
