"""Queries compiled once: the same answers as Django's own, whatever the arguments are."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import NotSupportedError, connection
from django.db.models import QuerySet

from labelling.models import Assignment, Task
from labelling.models.prepared import insert, prepared
from tests.factories import NOON, TaskFactory

pytestmark = pytest.mark.django_db


@partial(prepared, ids=3)
def _some(ids: list[int], lane: str, least: int, since: datetime) -> QuerySet[Task]:
    tasks = Task.objects.filter(pk__in=ids, lane=lane, level__gte=least, created__gte=since)
    return tasks.select_related("tile").exclude(state="closed").order_by("pk")


@prepared
def _named(name: UUID) -> QuerySet[Task, tuple[int, bool]]:
    return Task.objects.filter(uuid=name).values_list("pk", "created")


@pytest.fixture
def tasks(campaign):
    return [TaskFactory(campaign=campaign, level=level) for level in range(4)]


def test_each_call_has_its_own_arguments(tasks):
    ids = [task.pk for task in tasks]
    told = {"lane": "active", "since": NOON - timedelta(days=999)}

    assert _some(ids=ids[:3], least=1, **told) == tasks[1:3]
    assert _some(ids=ids[3:], least=0, **told) == tasks[3:]
    assert _some(ids=ids[:3], least=4, **told) == []
    assert _some(ids=ids[:3], least=0, lane="control", since=told["since"]) == []
    assert _some(ids=ids[:3], least=0, lane="active", since=NOON + timedelta(days=999)) == []


def test_rows_are_what_django_makes_of_them(tasks, django_assert_num_queries):
    ids = [task.pk for task in tasks]
    since = NOON - timedelta(days=999)

    with django_assert_num_queries(1):
        found = _some(ids=ids[:3], least=0, lane="active", since=since)
        assert [task.tile.bands for task in found] == [task.tile.bands for task in tasks[:3]]
    assert _named.one(name=tasks[2].uuid) == (tasks[2].pk, Task.objects.get(pk=ids[2]).created)
    assert _named.one(name=UUID(int=0)) is None


def test_a_query_of_a_connection_begun_anew_is_prepared_anew(tasks):
    """As after a database was restarted: the server has forgotten."""
    assert _named.one(name=tasks[0].uuid)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        connection.prepared_statements = (None, set())

    assert _named.one(name=tasks[0].uuid)


@prepared
def _group(name: str) -> QuerySet[Group]:
    return Group.objects.filter(name=name)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_column_whose_type_changed_fails_one_request_and_not_those_after_it():
    """PostgreSQL refuses a plan whose columns are others now; migrations run while people work."""
    try:
        assert _group(name="north") == []
        _retype(151)
        with pytest.raises(NotSupportedError):
            _group(name="north")
        connection.close_if_unusable_or_obsolete()  # as at the end of each request

        assert _group(name="north") == []
    finally:
        _retype(150)


def _retype(length: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE auth_group ALTER COLUMN name TYPE varchar({length})")


@prepared
def _unsteady(pk: int) -> QuerySet[Task]:
    return Task.objects.filter(pk=pk) if pk > 30_500 else Task.objects.filter(round_no=pk)


@prepared
def _deaf(pk: int) -> QuerySet[Task]:
    return Task.objects.all()


@pytest.mark.parametrize(("query", "why"), [(_unsteady, "differs"), (_deaf, "leaves out pk")])
def test_sql_that_depends_on_its_argument_or_makes_no_use_of_it_is_refused(query, why):
    with pytest.raises(TypeError, match=why):
        query(pk=1)


def test_an_insertion_that_breaks_a_uniqueness_does_nothing(campaign, ana):
    task = TaskFactory(campaign=campaign)
    row = {"campaign": campaign, "acquisition": task.acquisition, "person": ana, "root": task}

    first, second = Assignment(**row), Assignment(**row)

    assert insert(first) == first.pk == Assignment.objects.get().pk
    assert insert(second) is None
    assert Assignment.objects.count() == 1
