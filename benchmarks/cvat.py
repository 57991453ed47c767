"""CVAT: a push of 200 tiles with context and pre-labels, and pulls, on the fake server.

    python -m benchmarks.cvat [--quick] [--proof [TILES]]

The fake server speaks real HTTP on loopback, as the recordings of a real one do; it runs in this
process. Tiles, masks and labels are synthetic. Times outside HTTP leave out what is spent waiting
on the server; composites are drawn before, as the pages that show a tile draw them. At last some
tiles go through all troubles that a network and two servers can make: exit status 1 unless all of
them come through, once, with every pixel.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks._cvat_proof import prove
from benchmarks._cvat_pull import pulls
from benchmarks._cvat_scratch import scratch
from benchmarks._figures import figure

TILES = 200
TROUBLED = 60
"""Tiles that go through all troubles; `--proof` takes as many as you like."""
POLL = "/api/requests/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 tiles")
    parser.add_argument(
        "--proof", type=int, nargs="?", const=1000, metavar="TILES",
        help="only the troubles, with so many tiles (1000)",
    )  # fmt: skip
    options = parser.parse_args()
    with scratch():
        if options.proof:
            sys.exit(prove(options.proof))
        push(20 if options.quick else TILES)
        pulls(quick=options.quick)
    # In an installation of its own: what is counted is all that there is.
    tiles = 10 if options.quick else TROUBLED
    words = [sys.executable, "-m", "benchmarks.cvat", "--proof", str(tiles)]
    sys.exit(subprocess.run(words, check=False).returncode)


def push(tiles: int) -> None:
    """Print what a push of one batch of `tiles` takes."""
    from django.conf import settings

    from benchmarks._cvat_tiles import BANDS, SIDE, fill
    from labelling.adapters.cvat import door
    from tests.contract.fake import running
    from tests.factories import CampaignFactory
    from tests.labelling.cvat.site import Site

    with running() as server:
        settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
        site = Site(CampaignFactory(slug="bench", bands=list(BANDS), tile_size=SIDE), server)
        site.connect(options={"batch": tiles})
        fill(site.campaign, tiles)
        transport = door._transport(server.url)
        waited, own = transport.seconds, time.thread_time()
        server.log.clear()
        started = time.perf_counter()
        site.push(limit=tiles)
        whole, own = time.perf_counter() - started, time.thread_time() - own
        http, asked = transport.seconds - waited, list(server.log)
        check(site, tiles)
    note = f"{tiles} synthetic tiles of {SIDE}², {len(BANDS)} bands, pre-labels of 4 classes, fake"
    told = {"note": note, "cpu_ms": round(1000 * own / tiles, 2)}
    outside = 1000 * (whole - http) / tiles
    figure("cvat.push_ms_outside_http_per_tile", outside, unit="ms", bar="<= 30", **told)
    polls = sum(POLL in line for line in asked)
    figure(
        f"cvat.push_requests_{tiles}", len(asked) - polls, unit="requests", bar="<= 20",
        note=note, polls=polls,
    )  # fmt: skip
    figure("cvat.push_s", whole, unit="s", note=note, http_s=round(http, 2))


def check(site, tiles: int) -> None:
    """Raise AssertionError unless everything is there: five context images and masks a tile."""
    from labelling.models import CvatBatch

    (task,) = site.server.state.tasks.values()
    assert CvatBatch.objects.get().state == "ready"
    assert {image.related for image in task.images} == {5}
    assert len(site.server.state.jobs) == len(task.images) == tiles
    assert all(site.server.state.shapes[job] for job in site.server.state.jobs)


if __name__ == "__main__":
    main()
