from __future__ import annotations

import pytest

from tests.factories import CampaignFactory, person


@pytest.fixture(autouse=True)
def quick_hashes(settings) -> None:
    """Hashing passwords slowly, as it should be, would be most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north")


@pytest.fixture
def ana(campaign):
    return person("ana", campaign=campaign)


@pytest.fixture
def ben(campaign):
    return person("ben", campaign=campaign)
