"""What other programs said, kept as text: whatever they said."""

from __future__ import annotations

import re
from typing import Any

from django.db import models

UNKEPT = "\N{REPLACEMENT CHARACTER}"
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def kept(text: str) -> str:
    """`text` with what no database keeps replaced: NUL, and halves of a surrogate pair."""
    return UNKEEPABLE.sub(UNKEPT, text)


class ToldText(models.TextField):
    """A column for errors of libraries and processes; PostgreSQL refuses a row with a NUL in it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return kept(value) if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        # For the database it is text as any other: no migration.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
