"""What a crashing program says may hold anything; it is kept all the same."""

from __future__ import annotations

import pytest

from labelling.models import DeadTask, Event, Job, record
from labelling.models.told import kept
from labelling.workflow.dead_tasks import note_failure
from labelling.workflow.leased import carry_out
from tests.factories import NOON, CampaignFactory
from tests.labelling.security.world import job

pytestmark = pytest.mark.django_db
SAID = "bad block \x00 in \x1b[0m é"
KEPT = "bad block \N{REPLACEMENT CHARACTER} in \x1b[0m é"


def test_a_job_that_fails_with_a_nul_in_its_error_ends_as_failed():
    held = Job.objects.get(uuid=job(CampaignFactory(), "export"))
    assert held.take(now=NOON)

    def crash(lease):
        raise ValueError(SAID)

    carry_out(held, crash, done=lambda *_: None, clock=lambda: NOON)

    held.refresh_from_db()
    assert (held.state, held.error) == ("failed", f"ValueError: {KEPT}")


def test_a_short_task_that_fails_so_again_and_again_is_one_row_that_tells_it():
    for _ in range(2):
        note_failure("labelling.sweep", {}, error=ValueError(SAID), now=NOON)

    dead = DeadTask.objects.get()
    assert (dead.times, dead.error) == (2, f"ValueError: {KEPT}")


def test_half_of_a_surrogate_pair_is_no_more_kept_than_a_nul():
    assert kept("a\udcffb\x00") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_an_event_keeps_it_too():
    campaign = CampaignFactory()

    record("failed", campaign, campaign=campaign, who=None, now=NOON, error=SAID)

    assert Event.objects.get(verb="failed").detail["error"] == KEPT
