"""Many people ask for the next tile at once: a real server, real clients, both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import combinations
from threading import Event
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg2 import sql

from labelling.workflow.claims import claim_next
from tests.factories import NOON, CampaignFactory, TaskFactory, person, rank
from tests.labelling.crowd import (
    Client,
    Crowd,
    Grant,
    let_everybody_work,
    send_at_once,
    serving,
)


@pytest.fixture
def scratch_postgres() -> Iterator[str]:
    """The URL of an empty database on the server that DATABASE_URL names."""
    server = settings.DATABASE_URL
    assert server.startswith("postgres"), (
        "This test needs DATABASE_URL to name a PostgreSQL server."
    )
    name = f"crowd_{uuid.uuid4().hex}"
    database = sql.Identifier(name)
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        connection.cursor().execute(sql.SQL("CREATE DATABASE {}").format(database))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database)
            connection.cursor().execute(drop)


@pytest.mark.services
def test_sixteen_clients_empty_the_queue_in_rank_order_on_postgresql(scratch_postgres, tmp_path):
    with serving(scratch_postgres, tmp_path, people=16, tasks=128) as crowd:
        clients, numbers = let_everybody_work(crowd), crowd.numbers()

    assert_served_once(clients, crowd)
    assert_copies_are_blind_and_numbered(clients, crowd, numbers)
    assert out_of_order(clients, crowd) == []


def test_four_clients_empty_the_queue_in_rank_order_on_sqlite(tmp_path):
    database = f"sqlite:///{tmp_path / 'crowd.sqlite3'}"

    with serving(database, tmp_path, people=4, tasks=30) as crowd:
        clients, numbers = let_everybody_work(crowd), crowd.numbers()

    assert_served_once(clients, crowd)
    assert_copies_are_blind_and_numbered(clients, crowd, numbers)
    assert out_of_order(clients, crowd) == []


def test_the_same_request_sent_eight_times_at_once_is_done_once(tmp_path):
    database = f"sqlite:///{tmp_path / 'crowd.sqlite3'}"

    with serving(database, tmp_path, people=1, tasks=8) as crowd:
        with_one_key = send_at_once(crowd, times=8, key="the same")
        without_key = send_at_once(crowd, times=8, key="")

    answered = [answer["id"] for status, answer in with_one_key if status == 200]
    assert len(answered) == 8
    assert set(answered) == set(crowd.copies)
    assert [(status, answer["id"]) for status, answer in without_key] == [(200, answered[0])] * 8


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_claim_waits_for_one_that_is_rolled_back_and_gets_the_better_tile():
    campaign = CampaignFactory()
    best, second = TaskFactory(campaign=campaign), TaskFactory(campaign=campaign)
    rank(campaign, best, second)
    ana, ben = (person(name, campaign=campaign) for name in ("ana", "ben"))
    begun, undo = Event(), Event()

    def claim_and_roll_back() -> None:
        with closing(connection), transaction.atomic():
            claim_next(campaign=campaign, person=ben, now=NOON)
            begun.set()
            undo.wait()
            transaction.set_rollback(True)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(claim_and_roll_back)
        begun.wait()
        waiting = pool.submit(in_own_connection, claim_next, campaign, ana)
        while not (somebody_waits_for_a_lock() or waiting.done()):
            pass
        undo.set()

        assert waiting.result().task == best


def in_own_connection(claim, campaign, who):
    with closing(connection):
        return claim(campaign=campaign, person=who, now=NOON)


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def test_a_claim_out_of_order_would_be_noticed():
    crowd = Crowd(port=0, sessions=[], copies=[], ranks={"best": 1, "next": 2})
    early, late = Client(0, "ana"), Client(0, "ben")
    early.grants = [Grant("next", asked=0.0, got=0.1)]
    late.grants = [Grant("best", asked=0.2, got=0.3)]

    assert out_of_order([early, late], crowd) == [(2, 1)]


def assert_served_once(clients: list[Client], crowd: Crowd) -> None:
    served = [grant.task for client in clients for grant in client.grants]
    assert len(served) == len(set(served))
    assert set(served) == {*crowd.copies, *crowd.ranks}


def assert_copies_are_blind_and_numbered(
    clients: list[Client], crowd: Crowd, numbers: dict[str, int]
) -> None:
    copies = set(crowd.copies)
    mine = [copies & client.labelled for client in clients]
    assert [len(tasks) for tasks in mine] == [1] * len(clients)
    assert sorted(numbers[task] for task in copies) == list(range(1, len(clients) + 1))


def out_of_order(clients: list[Client], crowd: Crowd) -> list[tuple[int, int]]:
    """Ranks of claims where the second began after the first had ended, yet got a better one."""
    grants = sorted(
        (grant for client in clients for grant in client.grants if grant.task in crowd.ranks),
        key=lambda grant: grant.asked,
    )
    pairs = combinations(grants, 2)
    ranks = [
        (crowd.ranks[first.task], crowd.ranks[second.task])
        for first, second in pairs
        if first.got < second.asked
    ]
    return [(first, second) for first, second in ranks if first > second]
