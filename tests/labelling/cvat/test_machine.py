"""In whatever order workers, people and troubles come: in the end both sides are the same.

Hypothesis draws the steps; tiles and labels are synthetic. Each run is rolled back.
"""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.contract.fake import running
from tests.factories import CampaignFactory
from tests.labelling.cvat.fault_run import SERVER_TROUBLES, deadly, prepared

STEPS = ("push", "pull", "serve", "draw", "poke", "review", "edit_late", "sweep")


class CvatMachine(RuleBasedStateMachine):
    """Ana, Ben and Cleo draw on the fake server, Rita reviews, workers come and die."""

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.server = running()
        self.patch = pytest.MonkeyPatch()
        self.run = prepared(CampaignFactory(), self.server.__enter__(), tiles=3, seed=0)
        deadly(self.run, self.patch)
        self.run.live(self.run.push)

    @rule(step=st.sampled_from(STEPS))
    def somebody_acts(self, step: str) -> None:
        self.run.live(getattr(self.run, step))

    @rule(minutes=st.sampled_from([1, 40]))
    def time_goes_by(self, minutes: int) -> None:
        self.run.site.wait(minutes=minutes)

    @rule(trouble=st.sampled_from(SERVER_TROUBLES))
    def the_server_is_in_trouble(self, trouble: dict) -> None:
        self.run.site.server.fail(**trouble)

    @invariant()
    def nothing_is_doubled(self) -> None:
        if hasattr(self, "run"):
            assert self.run.doubled() == 0

    def teardown(self) -> None:
        if not hasattr(self, "run"):
            return
        try:
            self.run.site.server.faults.clear()
            self.run.run(most=40)
            result = self.run.result()
            assert not any(count for name, count in result.items() if name != "tiles"), result
        finally:
            self.patch.undo()
            self.server.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)


@pytest.mark.django_db
@pytest.mark.usefixtures("settings")
def test_both_sides_agree_in_the_end_whatever_happened():
    run_state_machine_as_test(
        CvatMachine,
        settings=settings(
            max_examples=2,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
