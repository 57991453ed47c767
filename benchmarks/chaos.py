"""Chaos: web, worker, beat, database and broker fail in random order while sixteen people label.

    python -m benchmarks.chaos [--minutes 3] [--quick]

Real processes on PostgreSQL and a broker: the production server, a worker and beat, each in a
process group of its own. Every few seconds one of them is killed (SIGKILL, all its children with
it) and started again as a container engine would; or one child of it; or all connections to the
database or the broker are cut, or refused for some seconds. People ask again, with the same key,
what wasn't answered. Afterwards every label that the server said it has is looked for, pixel by
pixel. Exit status 1 unless nothing was lost, nothing doubled, and web, worker and beat were served
again in five seconds each time.

DATABASE_URL and CELERY_BROKER_URL name the services (PostgreSQL and RabbitMQ on 127.0.0.1 where
they name none); a database is made and dropped. BENCH_SEED is the seed. All labels are synthetic.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks._door import Door
from benchmarks._figures import figure
from benchmarks._insisting import Insisting
from benchmarks._kept import Kept, kept_labels
from benchmarks._queue_crowd import _free_port
from benchmarks._site import PATIENCE, Site, seconds_until
from benchmarks.queue import SERVER, scratch_database

SEED = int(os.environ.get("BENCH_SEED", "0"))
BROKER = "amqp://guest:guest@127.0.0.1:5672//"
PEOPLE, SIDE, SLUG = 16, 512, "bench"
PARTS = ("web", "worker", "beat")
AWAY = 4.0
"""Seconds for which a service refuses connections."""
REST = (2.0, 6.0)
"""Seconds between two faults."""
SERVED_IN = 5.0
"""Seconds at most until a part that was killed is served again."""


@dataclass(frozen=True)
class World:
    """What can fail, and how it is seen that it is back."""

    site: Site
    database: Door
    broker: Door
    cookie: str
    """Of a lead who is signed in."""

    def web_is_back(self) -> bool:
        return self.site.answers("/api/v1/me", self.cookie)

    def ready(self) -> bool:
        """Database, broker and storage can be reached from web."""
        return self.site.answers("/readyz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long faults go on")
    parser.add_argument("--quick", action="store_true", help="one minute")
    options = parser.parse_args()
    minutes = 1.0 if options.quick else options.minutes
    with scratch_installation() as (database, folder):
        well = run(database, folder, seconds=60 * minutes)
    sys.exit(0 if well else 1)


@contextmanager
def scratch_installation(**settings: str) -> Iterator[tuple[str, Path]]:
    """A new database and a folder, both gone afterwards, and what of them processes are told."""
    given = os.environ.get("DATABASE_URL", "")
    server = given if given.startswith("postgres") else SERVER
    with scratch_database(server) as database, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL") or BROKER,
            "WORKBENCH_VAR": folder,
            "STORAGE_URL": f"file://{folder}/blobs",
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
            **settings,
        }
        yield database, Path(folder)


def run(database: str, folder: Path, *, seconds: float) -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks._queue_rows import Size, fill, store_raster

    call_command("migrate", verbosity=0)
    sessions = fill(Size(open=20_000, closed=0, each=0, people=PEOPLE))
    store_raster(SEED)
    connection.close()
    stop = threading.Event()
    with installed(database, folder, sessions.lead) as world:
        crowd = [
            Insisting(world.site.port, key, SLUG, SIDE, (0.3, 1.2), SEED * 1000 + n, stop)
            for n, key in enumerate(sessions.annotators)
        ]
        recovered = troubled(world, crowd, stop, seconds=seconds)
        seconds_until(world.ready, "The installation")
        left = comparisons_left()
    return show(crowd, recovered, left, kept_labels(), seconds)


@contextmanager
def installed(database: str, folder: Path, session: str) -> Iterator[World]:
    """The installation, running, behind doors to its database and its broker."""
    broker = os.environ["CELERY_BROKER_URL"]
    with through(database, 5432) as (to_database, its_url), through(broker, 5672) as (door, url):
        environment = {"DATABASE_URL": its_url, "CELERY_BROKER_URL": url}
        site = Site(folder, port=_free_port(), environment=environment)
        world = World(site, to_database, door, f"sessionid={session}")
        try:
            site.start()
            seconds_until(world.ready, "The installation")
            yield world
        except RuntimeError:
            sys.stderr.write(site.last_lines())
            raise
        finally:
            site.stop()


@contextmanager
def through(url: str, port: int) -> Iterator[tuple[Door, str]]:
    """A door to the service that a URL names, and the URL through it."""
    parts = urlsplit(url)
    with Door(parts.hostname or "127.0.0.1", parts.port or port) as door:
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        yield door, parts._replace(netloc=f"{user}127.0.0.1:{door.port}").geturl()


def troubled(
    world: World, crowd: list[Insisting], stop: threading.Event, *, seconds: float
) -> dict[str, list[float]]:
    """Faults in random order while the crowd works; seconds until each was over, by fault."""
    dice, recovered = random.Random(SEED), defaultdict(list)
    acts = faults(world)
    waiting: list[str] = []
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(len(crowd)) as pool:
        working = [pool.submit(each.work) for each in crowd]
        try:
            while time.monotonic() < end:
                fail_early(working)
                time.sleep(dice.uniform(*REST))
                if not waiting:  # each fault once before any comes again
                    waiting = dice.sample(sorted(acts), len(acts))
                name = waiting.pop()
                recovered[name].append(acts[name]())
        finally:
            stop.set()
        for each in working:
            each.result()
    return recovered


def fail_early(working: list[Future[None]]) -> None:
    """Raises what one of the crowd ended with."""
    for each in working:
        if each.done():
            each.result()


def faults(world: World) -> dict[str, Callable[[], float]]:
    """Each fails something, waits until it is served again, and says how long that took."""
    return {
        "web": partial(lose_web, world),
        "web_child": partial(lose_web_child, world),
        "worker": partial(lose_until_said, world.site, "worker", "ready."),
        "worker_child": partial(lose_worker_child, world.site),
        "beat": partial(lose_until_said, world.site, "beat", "beat begins"),
        "database_cut": partial(cut, world, world.database),
        "database_away": partial(send_away, world, world.database),
        "broker_cut": partial(cut, world, world.broker),
        "broker_away": partial(send_away, world, world.broker),
    }


def lose_web(world: World) -> float:
    world.site.kill("web")
    world.site.start("web")
    return seconds_until(world.web_is_back, "web")


def lose_web_child(world: World) -> float:
    world.site.kill_child("web")
    return seconds_until(world.web_is_back, "web")


def lose_until_said(site: Site, name: str, words: str) -> float:
    """Its log says `words` once it works."""
    site.kill(name)
    start = site.log_size(name)
    site.start(name)
    return seconds_until(lambda: site.said_since(name, start, words), name)


def lose_worker_child(site: Site) -> float:
    before = site.children("worker")
    site.kill_child("worker")
    return seconds_until(lambda: site.replaced("worker", before), "worker's child")


def cut(world: World, door: Door) -> float:
    door.cut()
    return seconds_until(world.ready, "the connection")


def send_away(world: World, door: Door) -> float:
    door.leave()
    time.sleep(AWAY)
    door.come_back()
    return seconds_until(world.ready, "the connection")


def comparisons_left() -> int:
    """Handed-in labels that no worker has held against others, after what beat does minutes later.

    A message that was lost on the way is sent again by a sweep, once the label has waited long
    enough; here the sweep is told that it has.
    """
    from labelling.clock import now
    from labelling.models import Annotation
    from labelling.workflow.comparing import OVERDUE
    from labelling.workflow.sweep import sweep

    began = time.monotonic()
    waiting = Annotation.objects.filter(
        compared__isnull=True, task__isnull=False, author__isnull=False
    )
    while (left := waiting.count()) and time.monotonic() - began < PATIENCE:
        sweep(now=now() + 2 * OVERDUE)
        time.sleep(3)
    return left


def show(
    crowd: list[Insisting],
    recovered: dict[str, list[float]],
    left: int,
    kept: list[Kept],
    seconds: float,
) -> bool:
    """Print all figures; whether nothing was lost or doubled, and no part was away for long."""
    by_task = defaultdict(list)
    for each in kept:
        by_task[each.task].append(each)
    said = [(task, sha) for person in crowd for task, sha in person.handed_in.items()]
    lost = [task for task, sha in said if sha not in [each.planes for each in by_task[task]]]
    doubled = [task for task, labels in by_task.items() if len(labels) > 1]
    granted = [task for person in crowd for task in set(person.granted)]
    twice = len(granted) - len(set(granted))
    refused = [each for person in crowd for each in person.refused]
    faults = sum(len(each) for each in recovered.values())
    note = f"{len(said)} labels of {PEOPLE} people, {faults} faults in {seconds:.0f} s, synthetic"
    figure("chaos.labels_lost", len(lost), unit="labels", bar="== 0", note=note)
    figure("chaos.labels_doubled", len(doubled), unit="tasks", bar="== 0", note=note)
    figure("chaos.served_to_two", twice, unit="tiles", bar="== 0", note=note)
    figure(
        "chaos.refused", len(refused), unit="labels", bar="== 0", note=note, said=refused[:3],
    )  # fmt: skip
    figure("chaos.comparisons_left", left, unit="labels", bar="== 0", note=note)
    for name, took in sorted(recovered.items()):
        bar = f"<= {SERVED_IN:g}" if name in PARTS else ""
        told = f"{len(took)} times; the slowest until served again"
        figure(f"chaos.{name}_s", max(took), unit="s", bar=bar, note=told)
    if not said:
        sys.stderr.write("Nobody handed anything in: the run shows nothing.\n")
    slow = [name for name in PARTS if max(recovered.get(name, [0.0])) > SERVED_IN]
    if slow:
        sys.stderr.write(f"More than {SERVED_IN:g} s until served again: {', '.join(slow)}.\n")
    return bool(said) and not (lost or doubled or twice or refused or left or slow)


if __name__ == "__main__":
    main()
