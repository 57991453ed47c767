"""What a child process logs, written by its parent: on its lines stand round, job and request."""

from __future__ import annotations

import logging
from typing import Any

ODD = logging.WARNING
"""Level of a line that names none."""


def pass_on(said: dict[str, Any]) -> None:
    """One `log` line of a child. What it says is data: no format, and nothing of it is trusted."""
    level = said.get("level")
    extra: dict[str, Any] = {"child": True}
    if traceback := said.get("traceback"):
        extra["traceback"] = str(traceback)
    logging.getLogger(str(said.get("logger", "labelling.child"))).log(
        level if isinstance(level, int) else ODD, "%s", said.get("message", ""), extra=extra
    )
