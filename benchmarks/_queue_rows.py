"""Fill a scratch PostgreSQL database with a campaign whose queue is long. Everything is synthetic.

The rows are made by the server from a series of numbers: a million come in a minute or two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.db.models import NOT_PROVIDED, Field, JSONField, Model, UUIDField

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_tile
from labelling.models import (
    DEFAULT_CLASSES,
    SENTINEL2_BANDS,
    Acquisition,
    Annotation,
    Assignment,
    Campaign,
    CampaignTile,
    ClassSchema,
    Membership,
    Place,
    Ranking,
    Reservation,
    Round,
    Scene,
    Score,
    Task,
    TaskRank,
    Tile,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIZE = 512
RASTER = "tiles/bench.tif"
"""All tiles share one raster: the queue doesn't look at pixels."""
SLUG = "bench"


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    open: int
    closed: int
    """Better-ranked tasks that are labelled."""
    each: int
    """Of these, how many each annotator has labelled."""
    people: int = 32

    @property
    def tiles(self) -> int:
        return self.open + self.closed


@dataclass(frozen=True)
class Sessions:
    annotators: list[str]
    lead: str


def fill(size: Size) -> Sessions:
    """The campaign, its tiles, tasks and ranks, and people who are signed in."""
    campaign = Campaign.objects.create(slug=SLUG, name="Queue benchmark", created=NOON)
    campaign.schema = ClassSchema.objects.create(
        campaign=campaign, version=1, classes=DEFAULT_CLASSES
    )
    annotators = [_person(f"annotator-{n}", campaign) for n in range(size.people)]
    away = [_person(f"away-{n}", campaign) for n in range(size.people)]
    lead = _person("lead", campaign, role="lead")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign keys to ask
        _ground(cursor, campaign, size)
        _tasks(cursor, campaign, size)
        _history(cursor, campaign, size, first=annotators[0].pk)
        _in_hand(cursor, campaign, size, first=away[0].pk)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    campaign.ranking = Ranking.objects.get()
    campaign.save()
    return Sessions([_signed_in(each) for each in annotators], _signed_in(lead))


def store_raster(seed: int) -> None:
    """The pixels behind every tile: noise around a bright ground, no pixel without data."""
    noise = np.random.default_rng(seed).integers(500, 4000, (len(SENTINEL2_BANDS), SIZE, SIZE))
    pixels = noise.astype(np.uint16)
    store().write_with(RASTER, lambda path: write_tile(path, pixels, bands=SENTINEL2_BANDS))


def _ground(cursor: Any, campaign: Campaign, size: Size) -> None:
    tiles = f"generate_series(1, {size.tiles}) AS n"
    scenes = max(size.tiles // 500, 1)
    _insert(
        cursor, Scene, f"generate_series(1, {scenes}) AS n", id="n", satellite="'S2A'",
        product_id="'S2A_BENCH_' || n", level="'L1C'", synthetic="true", cloud_cover="n % 101",
    )  # fmt: skip
    _insert(
        cursor, Place, tiles, id="n", key="'35VLF/512/' || n / 1000 || '/' || n % 1000",
        square="'6933/' || n / 1000", split="'pool'",
    )  # fmt: skip
    _insert(cursor, Acquisition, tiles, id="n", place_id="n", taken=_when("n % 1000"))
    _insert(
        cursor, Tile, tiles, id="n", acquisition_id="n", scene_id=f"1 + n % {scenes}",
        level="'L1C'", baseline="'05.00'", raster=f"'{RASTER}'", sha256="lpad(n::text, 64, '0')",
        bands=_json(campaign.bands), height=f"{SIZE}", width=f"{SIZE}", valid_share="1",
        sun_zenith="30 + n % 40", sun_azimuth="160",
    )  # fmt: skip
    _insert(
        cursor, CampaignTile, tiles, id="n", campaign_id=f"{campaign.pk}", tile_id="n", scope="'in'"
    )


def _tasks(cursor: Any, campaign: Campaign, size: Size) -> None:
    """Ranked by their number: those that are done come first. One in ten is of the control lane."""
    tiles = f"generate_series(1, {size.tiles}) AS n"
    ranking = Ranking.objects.create(campaign=campaign, n=1, created=NOON)
    round = Round.objects.create(
        campaign=campaign, n=1, strategy="entropy", batch=100, seed=0, state="done", step="done",
        created=NOON,
    )  # fmt: skip
    lane = "CASE WHEN n % 10 = 0 THEN 'control' ELSE 'active' END"
    _insert(
        cursor, Task, tiles, id="n", campaign_id=f"{campaign.pk}", acquisition_id="n", tile_id="n",
        lane=lane, round_no="1",
        state=f"CASE WHEN n <= {size.closed} THEN 'accepted' ELSE 'open' END",
    )  # fmt: skip
    _insert(
        cursor, TaskRank, tiles, id="n", ranking_id=f"{ranking.pk}", task_id="n", rank="n",
        lane=lane, waiting=f"n > {size.closed}",
    )  # fmt: skip
    _insert(
        cursor, Score, tiles, id="n", round_id=f"{round.pk}", tile_id="n",
        score=f"1 - n / {size.tiles}.0",
        fractions="jsonb_build_object('0', 0.5, '1', 0.25, '2', 0.15, '3', 0.1)",
        picked="CASE WHEN n <= 100 THEN n END", slice="'informative'", why="'most uncertain'",
    )  # fmt: skip


def _history(cursor: Any, campaign: Campaign, size: Size, *, first: int) -> None:
    """What each annotator has labelled: every n-th of the best."""
    done = f"generate_series(1, {size.each * size.people}) AS n"
    who = f"{first} + (n - 1) % {size.people}"
    _insert(
        cursor, Assignment, done, id="n", campaign_id=f"{campaign.pk}", acquisition_id="n",
        person_id=who, root_id="n",
    )  # fmt: skip
    _insert(
        cursor, Reservation, done, id="n", task_id="n", n="1", person_id=who, assignment_id="n",
        kind="'active'", returns_to="'open'", started=_when("0"), heartbeat=_when("0"),
        ended=_when("0"), how="'submitted'",
    )  # fmt: skip
    _insert(
        cursor, Annotation, done, id="n", acquisition_id="n", schema_id=f"{campaign.schema_id}",
        n="1", task_id="n", author_id=who, tool="'bench'", source="'campaign'",
        raster="'labels/' || n || '.tif'", sha256="lpad(n::text, 64, '0')", labelled_share="1",
        pixels="jsonb_build_object('0', 200000, '1', 40000, '3', 22144)",
    )  # fmt: skip


def _in_hand(cursor: Any, campaign: Campaign, size: Size, *, first: int) -> None:
    """The best open tasks are in the hands of people who don't take part."""
    before = size.each * size.people
    held = f"generate_series({size.closed + 1}, {size.closed + size.people}) AS n"
    who, number = f"{first} + n - {size.closed + 1}", f"{before} + n - {size.closed}"
    _insert(
        cursor, Assignment, held, id=number, campaign_id=f"{campaign.pk}", acquisition_id="n",
        person_id=who, root_id="n",
    )  # fmt: skip
    _insert(
        cursor, Reservation, held, id=number, task_id="n", n="1", person_id=who,
        assignment_id=number, kind="'active'", returns_to="'open'", started=_when("0"),
        heartbeat=_when("0"),
    )  # fmt: skip
    cursor.execute(
        f"UPDATE {Task._meta.db_table} SET state = 'reserved', lease_ends = now() + '1 day',"
        f" holder_id = {who.replace('n', 'id')}"
        f" WHERE id BETWEEN {size.closed + 1} AND {size.closed + size.people}"
    )
    cursor.execute(
        f"UPDATE {TaskRank._meta.db_table} SET waiting = false"
        f" WHERE task_id BETWEEN {size.closed + 1} AND {size.closed + size.people}"
    )


def _insert(cursor: Any, model: type[Model], series: str, /, **values: str) -> None:
    """One row for each n; `values` are SQL, the other columns get what the model says."""
    columns = [each for each in model._meta.concrete_fields if not each.generated]
    listed = ", ".join(f'"{field.column}"' for field in columns)
    wanted = ", ".join(values.pop(field.column, "") or _default(field) for field in columns)
    assert not values, f"{model.__name__} has no {', '.join(values)}"
    table = model._meta.db_table
    cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {wanted} FROM {series}")
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
    )


def _default(field: Field[Any, Any]) -> str:
    """What a column holds that nobody names, as SQL."""
    if isinstance(field, UUIDField):
        return "gen_random_uuid()"
    if field.null:
        return "NULL"
    value = "" if field.default is NOT_PROVIDED else field.get_default()
    if isinstance(field, JSONField):
        return _json(value)
    kind = field.get_internal_type()
    if kind == "DateTimeField":
        return _when("0")
    if kind == "BinaryField":
        return "''::bytea"
    return str(value).lower() if isinstance(value, (bool, int, float)) else f"'{value}'"


def _json(value: Any) -> str:
    return f"'{json.dumps(value)}'::jsonb"


def _when(days: str) -> str:
    return f"TIMESTAMPTZ '{NOON.isoformat()}' - ({days}) * INTERVAL '1 day'"


def _person(name: str, campaign: Campaign, *, role: str = "annotator") -> User:
    user = User.objects.create(username=name)
    Membership.objects.create(campaign=campaign, user=user, role=role)
    return user


def _signed_in(user: User) -> str:
    """A session key. No password: nobody signs in during the measurement."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    key: str = session.session_key
    return key
