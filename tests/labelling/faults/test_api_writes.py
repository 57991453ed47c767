"""Every writing operation of the API, asked with what the schema allows and what it doesn't."""

from __future__ import annotations

import pytest

from tests.labelling.faults.asking import answered, ask_all, operations, reading
from tests.labelling.security.world import world

pytestmark = pytest.mark.django_db


def test_every_write_is_answered_as_the_schema_says(settings):
    settings.REQUESTS_A_MINUTE = dict.fromkeys(settings.REQUESTS_A_MINUTE, 10**9)
    names = [name for name in operations() if not reading(name)]

    told = ask_all(names, world())

    assert [name for name, each in told.items() if not each.statuses] == []
    assert [fault for each in told.values() for fault in each.faults] == []
    # Where all were refused at the door, nothing would have been tried.
    assert len(answered(told)) > 0.3 * len(names)
