from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_hashes(settings) -> None:
    """Hashing passwords slowly, as it should be, would be most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
