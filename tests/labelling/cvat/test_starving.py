"""Neither who draws longer than a lease nor what waits behind a failing request loses out."""

from __future__ import annotations

import pytest

from labelling.models import CvatUser, Outbox, Task
from labelling.workflow.cvat.pulling import pull
from tests.contract.fake import running
from tests.labelling.cvat.site import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(campaign, settings):
    with running() as server:
        settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
        site = Site(campaign, server)
        site.connect(options={"ahead": 0, "context": False})
        yield site


def test_who_draws_keeps_the_tile_though_a_pull_has_seen_it(site):
    (ana,) = site.people("ana")
    task = site.tile(hint=False)
    site.push()
    site.claim(ana)
    site.errands()
    site.wait(minutes=26)
    site.there(task).updated = site.server.state.now()
    pull(site.link, site.cvat, clock=site.clock)

    site.wait(minutes=10)
    site.errands()

    assert Task.objects.get(pk=task.pk).holder == ana


def test_a_request_that_the_server_fails_on_stops_no_other(site):
    people = site.people("ana", "ben")
    tasks = site.tiles(2, hint=False)
    site.push()
    for who in people:
        site.claim(who)
    bad, good = (site.there(task) for task in tasks)
    site.server.fail("status", path=f"/api/jobs/{bad.id}", status=500, times=9)

    for _ in range(4):
        site.errands()
        site.wait(minutes=1)

    assert good.assignee == CvatUser.objects.get(user=people[1]).remote
    # One message that waits longer and longer, not one more a minute.
    assert Outbox.objects.filter(sent=None).count() == 1
