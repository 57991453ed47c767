"""Rows for tests. People are made by `person("ana")`; everything else by its factory."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from django.contrib.auth.models import User

from labelling.models import (
    DEFAULT_CLASSES,
    Acquisition,
    Campaign,
    CampaignTile,
    ClassSchema,
    Membership,
    Place,
    Ranking,
    Scene,
    Task,
    TaskRank,
    Tile,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "a long enough word"


def person(name: str, *, campaign: Campaign | None = None, role: str = "annotator") -> User:
    user, new = User.objects.get_or_create(username=name, defaults={"first_name": name.title()})
    if new:
        user.set_password(PASSWORD)
        user.save()
    if campaign:
        Membership.objects.update_or_create(campaign=campaign, user=user, defaults={"role": role})
    return user


class CampaignFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Campaign
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"north-{n}")
    name = "Northern Europe"
    bands = ["B02", "B03", "B04", "B08"]
    tile_size = 256
    created = NOON

    @factory.post_generation
    def classes(self, create, extracted, **kwargs):
        self.schema = ClassSchema.objects.create(
            campaign=self, version=1, classes=extracted or DEFAULT_CLASSES
        )
        self.save()


class SceneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Scene

    product_id = factory.Sequence(lambda n: f"S2A_{n:04d}")
    satellite = "S2A"
    level = "L1C"
    taken = NOON
    synthetic = True
    created = NOON


class PlaceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Place

    key = factory.Sequence(lambda n: f"35VLF/256/0/{n}")
    square = factory.SelfAttribute("key")
    split = "pool"


class AcquisitionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Acquisition

    place = factory.SubFactory(PlaceFactory)
    taken = NOON


class TileFactory(factory.django.DjangoModelFactory):
    """A row without a raster behind it; with `campaign` it is enrolled there."""

    class Meta:
        model = Tile
        skip_postgeneration_save = True

    acquisition = factory.SubFactory(AcquisitionFactory)
    scene = factory.SubFactory(SceneFactory)
    level = "L1C"
    raster = factory.Sequence(lambda n: f"tiles/{n}.tif")
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    bands = ["B02", "B03", "B04", "B08"]
    height = 256
    width = 256
    valid_share = 1.0
    created = NOON

    @factory.post_generation
    def campaign(self, create, extracted, **kwargs):
        if extracted:
            CampaignTile.objects.create(campaign=extracted, tile=self)


class TaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Task
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    tile = factory.SubFactory(TileFactory)
    acquisition = factory.SelfAttribute("tile.acquisition")
    lane = "active"
    round_no = 1
    created = NOON

    @factory.post_generation
    def enrolled(self, create, extracted, **kwargs):
        CampaignTile.objects.get_or_create(campaign=self.campaign, tile=self.tile)


def rank(campaign: Campaign, *tasks: Task) -> Ranking:
    """Put `tasks` in this order, as a new ranking that the campaign points at."""
    ranking = Ranking.objects.create(
        campaign=campaign, n=campaign.rankings.count() + 1, created=NOON
    )
    TaskRank.objects.bulk_create(
        TaskRank(ranking=ranking, task=task, rank=place, lane=task.lane)
        for place, task in enumerate(tasks, 1)
    )
    campaign.ranking = ranking
    campaign.save(update_fields=["ranking"])
    return ranking
