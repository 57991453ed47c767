from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet

from .prepared import prepared

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UNSURE = 254
"""Looked at, cannot say: masked from loss and metrics, and counted."""
UNLABELLED = 255
"""Not looked at: masked from loss and metrics."""

HIGHEST_CODE = 252
"""Of a class: training keeps 253 for its own use."""

DEFAULT_CLASSES = [
    {"code": 0, "name": "clear", "colour": "#3b7d4f", "hotkey": "1", "priority": 0},
    {"code": 1, "name": "cloud", "colour": "#f2c14e", "hotkey": "2", "priority": 3},
    {"code": 2, "name": "semi-transparent", "colour": "#4cc3d9", "hotkey": "3", "priority": 1},
    {"code": 3, "name": "shadow", "colour": "#9b5de5", "hotkey": "4", "priority": 2},
]
"""The CMIX classes; where shapes overlap the higher priority wins."""

SENTINEL2_BANDS = [
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
]  # fmt: skip


def default_bands() -> list[str]:
    return list(SENTINEL2_BANDS)


class Campaign(models.Model):
    """One labelling effort: what is labelled, with which classes, chosen how."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    bands = models.JSONField(default=default_bands)
    """Names, in the order of every array of this campaign."""
    tile_size = models.PositiveSmallIntegerField(default=512)
    """Pixels a side."""
    composites = models.JSONField(default=list)
    """[{name, bands: [red, green, blue]}]; empty: chosen from the bands."""
    schema = models.ForeignKey("ClassSchema", models.PROTECT, null=True, related_name="+")
    ranking = models.ForeignKey("Ranking", models.PROTECT, null=True, related_name="+")
    """The order tasks are served in: the one pointer that a new ranking switches."""
    scope = models.JSONField(default=dict)
    """{polygon, months, land_share, allow_unknown}; empty: everything is in scope."""
    lanes = models.JSONField(default=dict)
    """{lane: share of the tiles served}; a lane that isn't named has its default share."""
    queue = models.JSONField(default=dict)
    """Settings of the queue that differ from its defaults (workflow/queue_rules.py)."""
    review = models.JSONField(default=dict)
    """Settings of review that differ from its defaults (workflow/review_rules.py)."""
    quality = models.JSONField(default=dict)
    """Settings of gold, agreement and pre-labels that differ from their defaults
    (workflow/quality_rules.py)."""
    picking = models.JSONField(default=dict)
    """Settings of how a round chooses that differ from their defaults
    (workflow/picking_rules.py)."""
    strategy = models.CharField(max_length=20, default="auto")
    batch_size = models.PositiveIntegerField(default=20)
    """Tasks a round opens when it isn't told otherwise."""
    training = models.JSONField(default=dict)
    """Settings of `python -m training fit` that differ from its defaults."""
    targets = models.JSONField(default=dict)
    """{tiles, date}."""
    promotion = models.JSONField(default=dict)
    """Settings of promotion that differ from its defaults (workflow/promotion_rules.py), among
    them {class: IoU that a candidate may lose}."""
    tallies = models.JSONField(default=dict)
    """Of a large campaign, what would take seconds to count for each page, as the sweep last
    counted it (insights/tallies.py); empty: it is counted when it is asked for."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="campaign_tile_size_is_256_or_512", condition=Q(tile_size__in=[256, 512])
            )
        ]

    def __str__(self) -> str:
        return self.slug


class ClassSchema(models.Model):
    """The classes of a campaign; a change is a new version, never an edit."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="schemas")
    version = models.PositiveIntegerField()
    classes = models.JSONField()
    """[{code 0…252, name, colour, hotkey, priority}], in the order the network sees them."""
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    """The version it came from."""
    mapping = models.JSONField(default=dict)
    """{code of the parent: code here, or null: such pixels are not labelled any more}."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "version"], name="schema_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign} schema {self.version}"

    @property
    def codes(self) -> list[int]:
        return [each["code"] for each in self.classes]


class Membership(models.Model):
    """What a person may do in a campaign."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator"
        REVIEWER = "reviewer"
        LEAD = "lead"
        SERVICE = "service"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    level = models.PositiveSmallIntegerField(default=1)
    qualification = models.JSONField(default=dict)
    plain = models.PositiveIntegerField(default=0)
    """Active tiles that the person was given without their pre-label."""
    unaided = models.PositiveIntegerField(default=0)
    """Tiles of lanes that never have one: the two are evened out (workflow/hints.py)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user"], name="one_role_per_campaign"),
            models.CheckConstraint(
                name="membership_role_is_known",
                condition=Q(role__in=["annotator", "reviewer", "lead", "service"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.campaign}"


def role_of(user: User, campaign: Campaign) -> str | None:
    """The person's role; superusers are leads everywhere. Causes one query.

    For who comes with a token it is the token's (token.py), and none in other campaigns.
    """
    role = _role.one(user=user.pk, campaign=campaign.pk)
    return role_left(user, campaign.pk, str(role) if role else None)


def role_left(user: User, campaign_id: int, role: str | None) -> str | None:
    """What a membership's `role`, None where there is none, comes to for the person's request."""
    if role is None and user.is_superuser:
        role = Membership.Role.LEAD.value
    token = getattr(user, "token", None)
    return token.role_in(campaign_id, role) if token else role


def campaigns_of(user: User, roles: Collection[str] = tuple(Membership.Role)) -> QuerySet[Campaign]:
    """Where the person has one of `roles`; superusers everywhere, tokens in their campaign."""
    token = getattr(user, "token", None)
    if token:
        allowed = role_of(user, token.campaign) in roles
        return Campaign.objects.filter(pk=token.campaign_id) if allowed else Campaign.objects.none()
    if user.is_superuser:
        return Campaign.objects.all()
    mine = Membership.objects.filter(user=user, role__in=roles)
    return Campaign.objects.filter(pk__in=mine.values("campaign"))


@prepared
def _role(user: int, campaign: int) -> QuerySet[Membership, str]:
    mine = Membership.objects.filter(campaign=campaign, user=user)
    return mine.values_list("role", flat=True)
