"""A campaign drawn in CVAT while everything fails that can: what is lost, doubled or changed.

Three simulated annotators draw on a fake CVAT server (real HTTP on loopback), a reviewer accepts
and rejects, and workers push, send and pull, while answers are lost, the server fails, is slow or
gone for minutes, webhooks come twice, late or never, and workers die. All of it is synthetic.
"""

from __future__ import annotations

import logging
import os
import time

from benchmarks._figures import figure

SEED = int(os.environ.get("BENCH_SEED", "0"))
FIGURES = {
    "lost": "lost", "doubled": "doubled", "pixels_different": "pixels", "held": "held",
    "differences": "differences",
}  # fmt: skip
"""{figure: what the run calls it}; the last is what `cvat reconcile` prints at the end."""
TICKS = 20
"""For each tile at most, before it is given up."""


def prove(tiles: int) -> int:
    """Run it and print the figures; 1 where one isn't 0.

    In an installation that was set up already (benchmarks._cvat_scratch).
    """
    import pytest

    from tests.contract.fake import running
    from tests.factories import CampaignFactory
    from tests.labelling.cvat.fault_run import deadly, prepared

    logging.disable(logging.ERROR)
    started = time.perf_counter()
    with running() as server, pytest.MonkeyPatch.context() as patch:
        run = prepared(CampaignFactory(slug="proof"), server, tiles=tiles, seed=SEED)
        deadly(run, patch)
        run.run(most=TICKS * tiles)
        result = run.result()
    seconds = time.perf_counter() - started
    troubles = ", ".join(f"{count} {kind}" for kind, count in sorted(run.seen.items()))
    note = f"{tiles} synthetic tiles, seed {SEED}, fake server; {troubles}"
    for name, told in FIGURES.items():
        figure(f"cvat.{name}", result[told], unit=told, bar="== 0", note=note)
    figure("cvat.proof_s", seconds, unit="s", note=note)
    return int(any(result[name] for name in result if name != "tiles"))
