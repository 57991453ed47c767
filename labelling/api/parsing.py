"""How the body of a request is read where nothing else is said.

Apart from `operation`: the framework asks for it by name while that module is being imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from labelling.errors import BadInput

UNKEEPABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""NUL and halves of a surrogate pair: JSON can write them, and no database keeps them."""


class Json(JSONParser):
    """A body of JSON. What is nested beyond all sense is refused as what isn't JSON is; a text that
    nothing can keep, by the name of its field."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
            check_texts(body)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        return body


def check_texts(value: Any, field: str = "") -> None:
    """Raises BadInput for a text, or a name, with a character that can't be kept; `field` is then
    where it stands: "changes.0.value"."""
    if isinstance(value, str) and UNKEEPABLE.search(value):
        raise BadInput(
            "The text holds a NUL, or half a character, which can't be kept.", field=field
        )
    inner: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        for name in value:
            check_texts(name, field)
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return
    for place, each in inner:
        check_texts(each, f"{field}.{place}" if field else str(place))
