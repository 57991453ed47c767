"""Which label and which raster stand for each acquisition in a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from labelling.errors import BadInput, NotFound
from labelling.imagery.labelsets.sets import is_restricted
from labelling.models import Annotation, Campaign, ClassSchema, Review, Tile
from labelling.models.annotation import AnnotationQuerySet

from .rule import DEFAULT, UNREVIEWED, Rule

LABEL_COLUMNS = (
    "uuid", "acquisition", "author", "author_name", "source", "licence", "origin", "trust", "kind",
    "raster", "sha256", "pixels", "created", "tool", "task",
)  # fmt: skip
TILE_COLUMNS = (
    "uuid", "acquisition", "scene", "level", "baseline", "raster", "sha256", "valid_share",
    "sun_azimuth", "sun_zenith", "acquisition__taken", "acquisition__place__key",
    "acquisition__place__split", "scene__product_id", "scene__satellite", "scene__level",
    "scene__taken", "scene__synthetic", "scene__offset_rule",
)  # fmt: skip
AT_ONCE = 2000
"""Rows fetched at a time."""


@dataclass(frozen=True)
class Sample:
    annotation: Annotation
    tile: Tile


def schema_of(campaign: Campaign, rule: Rule) -> ClassSchema:
    """The version of the classes the rule asks for. Raises BadInput, NotFound."""
    if rule.schema is None:
        if campaign.schema is None:
            raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
        return campaign.schema
    found = ClassSchema.objects.filter(campaign=campaign, version=rule.schema).first()
    if found is None:
        raise NotFound(
            f"Campaign {campaign.slug} has no version {rule.schema} of its classes.",
            field="rule.schema",
            help="`manage.py schema show` lists them.",
        )
    return found


def chosen(campaign: Campaign, schema: ClassSchema, rule: Rule = DEFAULT) -> list[Sample]:
    """One label and one raster for each acquisition with a label by the rule, by key. Two queries.

    The label is the one that has the say among those the rule lets in.
    """
    speaking: dict[int, Annotation] = {}
    labels = admitted(schema, rule)
    for annotation in (
        labels.by_say(before=rule.until).only(*LABEL_COLUMNS).iterator(chunk_size=AT_ONCE)
    ):
        speaking[annotation.acquisition_id] = annotation  # the last one stays
    tiles: dict[int, Tile] = {}
    for tile in rasters(campaign, labels.values("acquisition"), rule):
        tiles.setdefault(tile.acquisition_id, tile)
    samples = [Sample(speaking[key], tile) for key, tile in tiles.items() if key in speaking]
    return sorted(samples, key=lambda each: each.tile.key)


def admitted(schema: ClassSchema, rule: Rule) -> AnnotationQuerySet:
    """The labels that may teach and that the rule lets in."""
    labels = Annotation.objects.usable(schema.pk, before=rule.until)
    labels = labels.filter(trust__gte=rule.min_trust)
    if rule.states:
        labels = labels.filter(Q(task=None) | Q(task__state__in=rule.states))
    if rule.lanes:
        labels = labels.filter(Q(task=None) | Q(task__lane__in=rule.lanes))
    if rule.sources:
        labels = labels.filter(source__in=rule.sources)
    if rule.since:
        labels = labels.filter(created__gte=rule.since)
    if rule.until:
        labels = labels.filter(created__lt=rule.until)
    return reviewed(licensed(labels, schema, rule), rule)


def licensed(labels: AnnotationQuerySet, schema: ClassSchema, rule: Rule) -> AnnotationQuerySet:
    if rule.licences:
        labels = labels.filter(licence__in=rule.licences)
    if not rule.restricted:
        # What a licence's name forbids is told by its words, which no database should parse.
        named = (
            Annotation.objects.filter(schema=schema).order_by().values_list("licence").distinct()
        )
        labels = labels.exclude(licence__in=[name for (name,) in named if is_restricted(name)])
    return labels


def reviewed(labels: AnnotationQuerySet, rule: Rule) -> AnnotationQuerySet:
    """Those whose task was last reviewed as the rule asks.

    The task is asked and not the label, since a fix, a revert and a migration are new labels.
    """
    if not rule.verdicts:
        return labels
    reviews = Review.objects.filter(annotation__task=OuterRef("task")).order_by("-pk")
    told = labels.annotate(verdict=Subquery(reviews.values("verdict")[:1]))
    wanted = Q(task=None) | Q(verdict__in=rule.verdicts)
    if UNREVIEWED in rule.verdicts:
        wanted |= Q(verdict=None)
    return told.filter(wanted)


def rasters(
    campaign: Campaign, acquisitions: QuerySet[Annotation, Any], rule: Rule
) -> Iterable[Tile]:
    """The campaign's tiles of these acquisitions; of several levels L1C, of those the newest."""
    tiles = Tile.objects.filter(enrolments__campaign=campaign, enrolments__fence="")
    if rule.splits:
        tiles = tiles.filter(acquisition__place__split__in=rule.splits)
    return (
        tiles.filter(acquisition__in=acquisitions)
        .select_related("acquisition__place", "scene")
        .only(*TILE_COLUMNS)
        .order_by("acquisition", "level", "-baseline", "pk")
        .iterator(chunk_size=AT_ONCE)
    )
