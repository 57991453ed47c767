"""Rows for whoever runs the workbench: mostly to look at. History can't be changed here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from labelling import models


class ReadOnly(admin.ModelAdmin):
    """What the workflow alone may write."""

    list_per_page = 50
    show_full_result_count = False  # counting a million rows would be most of the page's time

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Settable(ReadOnly):
    """What people may set up by hand; never deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


@admin.register(models.Campaign)
class CampaignAdmin(Settable):
    list_display = ("slug", "name", "tile_size", "strategy", "created")
    search_fields = ("slug", "name")
    # Of these, the scope is changed by `campaign scope`, which judges all tiles by it.
    readonly_fields = ("slug", "bands", "tile_size", "scope", "schema", "ranking", "created")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a campaign without classes would be of no use: commands make both


@admin.register(models.Membership)
class MembershipAdmin(Settable):
    list_display = ("user", "campaign", "role", "level")
    fields = ("user", "campaign", "role", "level")
    list_filter = ("role", "campaign")
    search_fields = ("user__username",)
    autocomplete_fields = ("user", "campaign")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


@admin.register(models.Task)
class TaskAdmin(ReadOnly):
    list_display = ("uuid", "campaign", "lane", "round_no", "copy", "state", "holder", "lease_ends")
    list_filter = ("state", "lane", "campaign")
    list_select_related = ("campaign", "holder")
    search_fields = ("uuid", "tile__acquisition__place__key")


@admin.register(models.Reservation)
class ReservationAdmin(ReadOnly):
    list_display = ("task", "n", "person", "kind", "started", "ended", "how", "active_seconds")
    list_filter = ("how", "kind")
    list_select_related = ("task", "person")


@admin.register(models.Annotation)
class AnnotationAdmin(ReadOnly):
    list_display = ("uuid", "acquisition", "n", "author", "source", "labelled_share", "created")
    list_filter = ("source", "kind")
    list_select_related = ("acquisition__place", "author")


@admin.register(models.Tile)
class TileAdmin(ReadOnly):
    list_display = ("uuid", "acquisition", "level", "baseline", "valid_share")
    list_filter = ("level",)
    list_select_related = ("acquisition__place",)
    search_fields = ("uuid", "acquisition__place__key")


@admin.register(models.Scene)
class SceneAdmin(ReadOnly):
    list_display = ("product_id", "satellite", "level", "taken", "cloud_cover", "synthetic")
    list_filter = ("satellite", "level", "synthetic")
    search_fields = ("product_id",)


@admin.register(models.Round)
class RoundAdmin(ReadOnly):
    list_display = ("campaign", "n", "state", "step", "strategy", "batch", "created", "finished")
    list_filter = ("state", "campaign")
    list_select_related = ("campaign",)


@admin.register(models.Job)
class JobAdmin(ReadOnly):
    list_display = ("uuid", "kind", "state", "attempts", "lease_ends", "created", "finished")
    list_filter = ("state", "kind")


@admin.register(models.Model)
class ModelAdmin(ReadOnly):
    list_display = ("hash", "campaign", "state", "created")
    list_filter = ("state", "campaign")
    list_select_related = ("campaign",)


@admin.register(models.Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ("hash", "campaign", "created")
    list_select_related = ("campaign",)


@admin.register(models.Token)
class TokenAdmin(ReadOnly):
    list_display = ("shown", "name", "user", "campaign", "role", "expires", "revoked", "used")
    exclude = ("digest",)
    list_filter = ("campaign", "role")
    list_select_related = ("user", "campaign")


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    list_display = ("when", "who", "verb", "kind", "object_id", "campaign")
    list_filter = ("verb", "kind")
    list_select_related = ("who", "campaign")


admin.site.register(
    [
        models.ClassSchema, models.Place, models.Acquisition, models.Layer, models.Review,
        models.Flag, models.Gold, models.Agreement, models.Evaluation, models.Release,
    ],
    ReadOnly,
)  # fmt: skip
