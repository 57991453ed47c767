from __future__ import annotations

from labelling.models import record
from tests.factories import NOON


def test_details_that_may_tell_the_lane_are_for_overseers(ana, lea, in_hand):
    record(
        "changed",
        in_hand,
        campaign=in_hand.campaign,
        who=None,
        now=NOON,
        lane="control",
        annotation="a",
    )
    path = f"/api/v1/tasks/{in_hand.uuid}/history"

    seen = [client.get(path).json()["results"][-1]["detail"] for client in (ana, lea)]

    assert seen == [{"annotation": "a"}, {"annotation": "a", "lane": "control"}]
