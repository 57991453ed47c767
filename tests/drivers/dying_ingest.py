"""An ingest that can be told where to die; test_ingest_resume.py runs it in a folder of its own.

python -m tests.drivers.dying_ingest PRODUCT HOURS [MOMENT:COUNT]

It makes the database and the campaign where they aren't there, and prints what the ingest leaves
behind. HOURS after noon is the time, for leases. MOMENT is `tile` (so many are stored), `row` (so
many rows of tiles are about to be committed) or `end` (all are recorded).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command

from labelling.models import Campaign
from labelling.workflow.ingest import products as ingest
from labelling.workflow.ingest.hold import Hold
from tests.labelling.products import NOON, bring_in, campaign, left_behind


class Death:
    """Counts the moments until the one to die at."""

    def __init__(self, where: str) -> None:
        self.moment, _, count = where.partition(":")
        self.left = int(count or 1)

    def near(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def work(product: str, hours: str, where: str = "") -> None:
    call_command("migrate", verbosity=0, skip_checks=True)
    into, death = Campaign.objects.first() or campaign(), Death(where)
    save, finish = ingest.save, Hold.finish

    def saved(*given: Any) -> None:
        save(*given)
        death.near("row")

    def finished(hold: Hold, **changes: Any) -> None:
        death.near("end")
        finish(hold, **changes)

    ingest.save, Hold.finish = saved, finished
    now = NOON + timedelta(hours=int(hours))
    bring_in(Path(product), into, now=now, step=lambda tiles: death.near("tile"))
    sys.stdout.write(json.dumps(left_behind()))


if __name__ == "__main__":
    work(*sys.argv[1:])
