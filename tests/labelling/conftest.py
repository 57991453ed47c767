from __future__ import annotations

import pytest

from tests.factories import CampaignFactory, person


@pytest.fixture(autouse=True)
def connections_stay(monkeypatch):
    """What a worker does between two tries would end the transaction that a test is in."""
    shared = ("workflow.sharing.hold", "workflow.sharing.stay")
    for module in ("tasks", "workflow.lease", "workflow.leased", *shared):
        monkeypatch.setattr(f"labelling.{module}.close_old_connections", lambda: None)


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north")


@pytest.fixture
def ana(campaign):
    return person("ana", campaign=campaign)


@pytest.fixture
def ben(campaign):
    return person("ben", campaign=campaign)
