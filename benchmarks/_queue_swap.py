"""Rank every open task anew, in another process than the server's: python -m … SEED"""

from __future__ import annotations

import sys

import django
import numpy as np


def main(seed: int) -> None:
    django.setup()

    from labelling.clock import now
    from labelling.models import Campaign, Task
    from labelling.workflow.rankings import put_in_force

    campaign = Campaign.objects.get()
    tasks = list(Task.objects.filter(state="open").order_by("pk").values_list("pk", "lane"))
    order = np.random.default_rng(seed).permutation(len(tasks))
    put_in_force(campaign, (tasks[place] for place in order), now=now())
    sys.stdout.write(f"{len(tasks)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
