"""A server with painted tiles in a scratch installation, and a page that somebody draws on.

Run as a module it is that server: `python -m benchmarks._editor_server PORT TILES`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WINDOW = {"width": 1440, "height": 900}
SERVICES = ("DATABASE_URL", "CELERY_BROKER_URL", "STORAGE_URL")
ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def served(tiles: int) -> Iterator[Any]:
    """A signed-in page with the first of so many tiles before it."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        sys.exit("No Chromium found: install it (Debian: the package chromium).")
    with running(tiles) as (address, session), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        # Waiting for what the page measured takes an expression, which its policy forbids.
        context = browser.new_context(viewport=WINDOW, bypass_csp=True)
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/annotate/bench")
        page.locator("canvas.board:not(.waiting)").wait_for()
        yield page
        browser.close()


@contextmanager
def running(tiles: int, module: str = "benchmarks._editor_server") -> Iterator[tuple[str, str]]:
    """(address, session) of a server that is ready: that of `module`, called as this one's is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-editor-") as scratch:
        kept = {name: value for name, value in os.environ.items() if name not in SERVICES}
        server = subprocess.Popen(
            [sys.executable, "-m", module, str(port), str(tiles)],
            env={**kept, "WORKBENCH_VAR": scratch},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert server.stdout
            line = server.stdout.readline()
            if not line:
                sys.exit("The server ended before it was ready.")
            wait_for(port)
            yield f"http://127.0.0.1:{port}", json.loads(line)["session"]
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    import time

    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("The server does not answer.")


def main() -> None:
    serve(fill)


def serve(fill: Callable[[int], str]) -> None:
    """Fill an installation with argv's TILES, tell the session, and serve it at argv's PORT."""
    port, tiles = sys.argv[1], int(sys.argv[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps({"session": fill(tiles)}) + "\n")
    sys.stdout.flush()
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False, verbosity=0)


def fill(tiles: int) -> str:
    """Paint so many tiles, open a task on each; the session of who labels them."""
    from django.contrib.auth.models import User

    from labelling.clock import now
    from labelling.workflow.founding import admit, found_campaign

    campaign = found_campaign(slug="bench", name="Bench (synthetic)", now=now(), tile_size=512)
    ana = User.objects.create_user("ana", password=None)
    admit(ana, campaign=campaign, role="annotator", now=now())
    open_tasks(campaign, tiles)
    return session_of(ana)


def session_of(person: Any) -> str:
    """Key of a session in which the person is signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def open_tasks(campaign: Any, tiles: int) -> None:
    from dataclasses import replace

    from labelling.adapters.blobs import store
    from labelling.clock import now
    from labelling.imagery.painter import write_products
    from labelling.models import Ranking, Task, TaskRank, Tile
    from labelling.workflow.ingest.products import Intake, ingest_all
    from labelling.workflow.ingest.sources import find_sources

    with tempfile.TemporaryDirectory(prefix="bench-painted-") as folder:
        list(write_products(Path(folder), products=tiles, places=tiles, size=512, seed=1))
        sources = [replace(each, label=None) for each in find_sources([Path(folder)])]
        ingest_all(sources, Intake(campaign, store(), now()))
    ranking = Ranking.objects.create(campaign=campaign, n=1, created=now())
    for rank, tile in enumerate(Tile.objects.order_by("pk"), start=1):
        task = Task.objects.create(
            campaign=campaign,
            tile=tile,
            acquisition=tile.acquisition,
            lane="active",
            round_no=1,
            created=now(),
        )
        TaskRank.objects.create(ranking=ranking, task=task, rank=rank, lane="active")
    campaign.ranking = ranking
    campaign.save(update_fields=["ranking"])


if __name__ == "__main__":
    main()
