"""Many people ask for the next tile at once: a real server, real clients, both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.conf import settings
from psycopg2 import sql

from tests.labelling.crowd import Client, Crowd, Grant, let_everybody_work, serving


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
        clients = let_everybody_work(crowd)

    assert_served_once(clients, crowd)
    assert_copies_are_blind_and_numbered(clients, crowd)
    assert out_of_order(clients, crowd) == []


def test_four_clients_empty_the_queue_in_rank_order_on_sqlite(tmp_path):
    database = f"sqlite:///{tmp_path / 'crowd.sqlite3'}"

    with serving(database, tmp_path, people=4, tasks=30) as crowd:
        clients = let_everybody_work(crowd)

    assert_served_once(clients, crowd)
    assert_copies_are_blind_and_numbered(clients, crowd)
    assert out_of_order(clients, crowd) == []


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


def assert_copies_are_blind_and_numbered(clients: list[Client], crowd: Crowd) -> None:
    copies = set(crowd.copies)
    mine = [copies.intersection(client.numbers) for client in clients]
    numbers = [client.numbers[task] for client, tasks in zip(clients, mine) for task in tasks]
    assert [len(tasks) for tasks in mine] == [1] * len(clients)
    assert sorted(numbers) == list(range(1, len(clients) + 1))


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
